"""Arrow schemas of the record kinds, from the column registry, and arrays of one value repeated."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from viflux.registry import KINDS, Type

TIME = pa.timestamp("ns", "UTC")

_TYPES = {
    Type.TIME: TIME,
    Type.TIME_OR_NULL: TIME,
    Type.UINT64: pa.uint64(),
    Type.COUNT: pa.uint64(),
    Type.TOTAL: pa.uint64(),
    Type.UINT32: pa.uint32(),
    Type.UINT32_OR_NULL: pa.uint32(),
    Type.UINT16: pa.uint16(),
    Type.UINT16_OR_NULL: pa.uint16(),
    Type.UINT8: pa.uint8(),
    Type.UINT8_OR_NULL: pa.uint8(),
    Type.INT32: pa.int32(),
    Type.INT64: pa.int64(),
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


def labels(values: Sequence[str], lengths: Sequence[int]) -> pa.DictionaryArray:
    """Return each value repeated as often as its length says, as one dictionary array."""
    distinct = list(dict.fromkeys(values))
    indices = [
        pa.repeat(pa.scalar(distinct.index(value), pa.int32()), n) for value, n in zip(values, lengths, strict=True)
    ]
    joined = pa.concat_arrays(indices) if indices else pa.array([], pa.int32())
    return pa.DictionaryArray.from_arrays(joined, pa.array(distinct, pa.string()))


def numbers(values: Sequence[int], lengths: Sequence[int], kind: pa.DataType) -> pa.Array:
    """Return each number repeated as often as its length says."""
    repeated = [pa.repeat(pa.scalar(value, kind), n) for value, n in zip(values, lengths, strict=True)]
    return pa.concat_arrays(repeated) if repeated else pa.array([], kind)
