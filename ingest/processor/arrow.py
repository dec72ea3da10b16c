"""Arrow schemas of the record kinds, from the column registry, and arrays of one value repeated."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate

import pyarrow as pa
import pyarrow.compute as pc

from viflux.registry import KINDS, Type

TIME = pa.timestamp("ns", "UTC")

_TYPES = {
    Type.TIME: TIME,
    Type.TIME_OR_NULL: TIME,
    Type.UINT64: pa.uint64(),
    Type.COUNT: pa.uint64(),
    Type.COUNT_OR_NULL: pa.uint64(),
    Type.TOTAL: pa.uint64(),
    Type.UINT32: pa.uint32(),
    Type.UINT32_OR_NULL: pa.uint32(),
    Type.UINT16: pa.uint16(),
    Type.UINT16_OR_NULL: pa.uint16(),
    Type.UINT8: pa.uint8(),
    Type.UINT8_OR_NULL: pa.uint8(),
    Type.INT32: pa.int32(),
    Type.INT64: pa.int64(),
    Type.INT64_OR_NULL: pa.int64(),
    Type.MAC: pa.uint64(),
    Type.ADDRESS: pa.binary(16),
    Type.FLOAT64: pa.float64(),
    Type.FLOAT64_OR_NULL: pa.float64(),
    Type.BOOL: pa.bool_(),
    Type.TEXT: pa.string(),
    Type.LABEL: pa.string(),
    Type.ADDRESSES: pa.list_(pa.field("item", pa.binary(16), nullable=False)),
    Type.LENGTHS: pa.list_(pa.field("item", pa.uint8(), nullable=False)),
    Type.TAGS: pa.list_(pa.field("item", pa.uint32(), nullable=False)),
    Type.ELEMENTS: pa.map_(pa.string(), pa.string()),
}
_CODES = pa.dictionary(pa.uint8(), pa.string())


@cache
def schema_of(kind: str) -> pa.Schema:
    """Return the schema of a kind's batches; of a wide kind each column may be missing, and each value.

    Raises:
        KeyError: The kind is unknown.
    """
    of = KINDS[kind]
    # A narrow kind has few rows: it carries a code as its text.
    types = {**_TYPES, Type.CODE: _CODES if of.wide else pa.string()}
    return pa.schema(
        [pa.field(column.name, types[column.type], nullable=of.wide or column.nullable) for column in of.record_columns]
    )


def parts_of_rows(lengths: Sequence[int]) -> pa.Array:
    """Return for each row the number of the part that it is in.

    Args:
        lengths: Rows of each part, in order.
    """
    offsets = pa.array(accumulate(lengths, initial=0), pa.int32())
    return pc.list_parent_indices(pa.ListArray.from_arrays(offsets, pa.nulls(sum(lengths)))).cast(pa.int32())


def labels(values: Sequence[str], parts: pa.Array) -> pa.DictionaryArray:
    """Return for each row the text of its part, as one dictionary array.

    Args:
        values: One for each part.
        parts: What `parts_of_rows` returned.
    """
    distinct = {value: code for code, value in enumerate(dict.fromkeys(values))}
    codes = pa.array([distinct[value] for value in values], pa.int32())
    return pa.DictionaryArray.from_arrays(codes.take(parts), pa.array(distinct, pa.string()))


def numbers(values: Sequence[int], parts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return for each row the number of its part; the arguments are those of `labels`."""
    return pa.array(values, kind).take(parts)
