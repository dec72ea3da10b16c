"""Render the batch schemas as Rust.

`python -m viflux.registry.rust` prints `columns/src/generated.rs`; with `rows` it prints `wire/src/rows.rs`, the
columns of the wide kinds as the decoders fill them.
"""

from __future__ import annotations

import sys

from viflux.registry.column import Column, Type
from viflux.registry.kinds import KINDS, Kind

_HEAD = """//! Batch schemas, rendered from the column registry by `make generate`. Do not edit.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::arrays;
"""

_ARRAYS = {
    Type.TIME: "times",
    Type.TIME_OR_NULL: "times_or_null",
    Type.UINT64: "uint64s",
    Type.COUNT: "uint64s",
    Type.COUNT_OR_NULL: "uint64s_or_null",
    Type.TOTAL: "uint64s",
    Type.UINT32: "uint32s",
    Type.UINT32_OR_NULL: "uint32s_or_null",
    Type.UINT16_OR_NULL: "uint16s_or_null",
    Type.UINT16: "uint16s",
    Type.INT32: "int32s",
    Type.INT64: "int64s",
    Type.INT64_OR_NULL: "int64s_or_null",
    Type.MAC: "uint64s",
    Type.BOOL: "booleans",
    Type.TEXT: "texts",
    Type.LABEL: "texts",
    Type.ADDRESSES: "address_lists",
    Type.LENGTHS: "length_lists",
    Type.UINT8: "uint8s",
    Type.UINT8_OR_NULL: "uint8s_or_null",
    Type.ADDRESS: "addresses",
    Type.FLOAT64: "float64s",
    Type.FLOAT64_OR_NULL: "float64s_or_null",
}

# Wide kinds: from a column of the decoders.
_TAKERS = {
    Type.TIME: "times",
    Type.UINT64: "uint64s",
    Type.COUNT: "uint64s",
    Type.UINT32: "uint32s",
    Type.UINT32_OR_NULL: "uint32s",
    Type.UINT16: "uint16s",
    Type.UINT16_OR_NULL: "uint16s",
    Type.UINT8: "uint8s",
    Type.UINT8_OR_NULL: "uint8s",
    Type.FLOAT64: "float64s",
    Type.MAC: "uint64s",
    Type.ADDRESS: "addresses",
    Type.TAGS: "tags",
    Type.ELEMENTS: "elements",
}

_ROWS_HEAD = """//! Rows of the wide record kinds, rendered from the column registry by `make generate`. Do not edit.

use crate::column::Column;
"""


def render() -> str:
    """Return the Rust source: one module a record kind that has batches."""
    return _HEAD + "".join(_wide_module(kind) if kind.wide else _module(kind) for kind in KINDS.values() if kind.record)


def render_rows() -> str:
    """Return the Rust source of the wide kinds' rows, which knows nothing of Arrow."""
    return _ROWS_HEAD + "".join(_rows(kind) for kind in KINDS.values() if kind.wide)


def _rows(kind: Kind) -> str:
    name = kind.name.capitalize()
    members = "".join(_wide_member(column) for column in kind.record_columns)
    codes = "".join(_code(column) for column in kind.record_columns if column.type is Type.CODE)
    fills = "".join(f"        self.{column.name}.fill(rows);\n" for column in kind.record_columns)
    likes = "".join(f"            {column.name}: self.{column.name}.empty_like(),\n" for column in kind.record_columns)
    appends = "".join(
        f"        self.{column.name}.append(rows, &mut other.{column.name});\n" for column in kind.record_columns
    )
    memory = " + ".join(f"self.{column.name}.memory_bytes()" for column in kind.record_columns)
    return f"""
/// {kind.meaning} Columns grow on their own; `rows` says how many rows there are.
#[derive(Debug, Default, Clone)]
pub struct {name} {{
    /// How many rows are complete.
    pub rows: usize,
{members}}}

impl {name} {{
    /// Bring every column to the length of `rows`, with missing values where it had none.
    pub fn fill(&mut self) {{
        let rows = self.rows;
{fills}    }}

    /// No rows, and room for as many as these in the columns that have a value here.
    pub fn empty_like(&self) -> Self {{
        Self {{
            rows: 0,
{likes}        }}
    }}

    /// Move all rows of `other` behind the own ones.
    pub fn append(&mut self, other: &mut Self) {{
        let rows = self.rows;
{appends}        self.rows += std::mem::take(&mut other.rows);
    }}

    /// Memory of all columns in bytes, without what lists point to.
    pub fn memory_bytes(&self) -> usize {{
        {memory}
    }}
}}
{codes}"""


def _wide_member(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    comment = f"    /// {column.meaning}{unit} Source: {column.source}.\n"
    return f"{comment}    pub {column.name}: Column<{column.rust_element}>,\n"


def _code(column: Column) -> str:
    texts = "".join(f'        "{text}",\n' for text in column.names)
    constants = "".join(
        f"    pub const {(text or 'none').upper().replace('6IN4', 'SIX_IN_FOUR')}: u8 = {at};\n"
        for at, text in enumerate(column.names)
    )
    return f"""
/// Codes of `{column.name}`.
pub mod {column.name} {{
    /// The texts, by code.
    pub const NAMES: [&str; {len(column.names)}] = [
{texts}    ];
{constants}}}
"""


def _wide_module(kind: Kind) -> str:
    fields = "".join(
        f'            Field::new("{column.name}", {column.type.value.arrow}, true),\n' for column in kind.record_columns
    )
    takes = "".join(f"            {_take(column)},\n" for column in kind.record_columns)
    return f"""
/// {kind.meaning}
pub mod {kind.name} {{
    #[allow(unused_imports)]
    use super::*;

    use arrow_array::ArrayRef;
    use wire::rows::{{self, {kind.name.capitalize()}}};

    use crate::wide;

    /// The record kind's name, which is its table's name too.
    pub const NAME: &str = "{kind.name}";
    /// Version of this schema.
    pub const VERSION: u16 = {kind.version};

    /// The Arrow schema of a batch that has every column.
    pub fn schema() -> SchemaRef {{
        Arc::new(Schema::new(vec![
{fields}        ]))
    }}

    /// The columns of a batch in the order of the schema, `None` for a column without any value.
    pub fn arrays(rows: {kind.name.capitalize()}) -> Vec<Option<ArrayRef>> {{
        let count = rows.rows;
        vec![
{takes}        ]
    }}
}}
"""


def _take(column: Column) -> str:
    if column.type is Type.CODE:
        return f"wide::codes(rows.{column.name}, count, &rows::{column.name}::NAMES)"
    return f"wide::{_TAKERS[column.type]}(rows.{column.name}, count)"


def _module(kind: Kind) -> str:
    fields = "".join(_member(column) for column in kind.record_columns)
    schema = "".join(
        f'            Field::new("{column.name}", {_narrow(column).value.arrow}, {str(column.nullable).lower()}),\n'
        for column in kind.record_columns
    )
    arrays = "".join(
        f"                arrays::{_ARRAYS[_narrow(column)]}(self.{column.name}),\n" for column in kind.record_columns
    )
    fills = "".join(
        f"            self.{name}.resize(rows, Default::default());\n" for name in kind.record if name != kind.record[0]
    )
    return f"""
/// {kind.meaning}
pub mod {kind.name} {{
    #[allow(unused_imports)]
    use super::*;

    /// The record kind's name, which is its table's name too.
    pub const NAME: &str = "{kind.name}";
    /// Version of this schema.
    pub const VERSION: u16 = {kind.version};

    /// Rows in columns; all vectors have the same length.
    #[derive(Debug, Default, Clone)]
    pub struct Rows {{
{fields}    }}

    /// The Arrow schema of a batch.
    pub fn schema() -> SchemaRef {{
        Arc::new(Schema::new(vec![
{schema}        ]))
    }}

    impl Rows {{
        /// How many rows there are.
        pub fn len(&self) -> usize {{
            self.{kind.record[0]}.len()
        }}

        /// Whether there is no row.
        pub fn is_empty(&self) -> bool {{
            self.len() == 0
        }}

        /// Bring every column to the length of `{kind.record[0]}`, with null, 0 or nothing where it had no value.
        pub fn fill(&mut self) {{
            let rows = self.len();
{fills}        }}

        /// Turn the rows into a record batch; an error means that the vectors differ in length.
        pub fn into_batch(self) -> Result<RecordBatch, ArrowError> {{
            RecordBatch::try_new(
                schema(),
                vec![
{arrays}                ],
            )
        }}
    }}
}}
"""


def _member(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    comment = f"        /// {column.meaning}{unit} Source: {column.source}.\n"
    return f"{comment}        pub {column.name}: Vec<{_narrow(column).value.rust}>,\n"


def _narrow(column: Column) -> Type:
    """Return how a narrow kind carries a column: a text's code saves nothing where rows are few."""
    return Type.LABEL if column.type is Type.CODE else column.type


if __name__ == "__main__":
    sys.stdout.write(render_rows() if sys.argv[1:] == ["rows"] else render())
