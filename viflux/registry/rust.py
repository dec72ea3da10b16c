"""Render the batch schemas as Rust: `python -m viflux.registry.rust` prints `columns/src/generated.rs`."""

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
    Type.TOTAL: "uint64s",
    Type.UINT32: "uint32s",
    Type.UINT32_OR_NULL: "uint32s_or_null",
    Type.UINT16_OR_NULL: "uint16s_or_null",
    Type.UINT16: "uint16s",
    Type.INT32: "int32s",
    Type.BOOL: "booleans",
    Type.TEXT: "texts",
    Type.LABEL: "texts",
    Type.ADDRESSES: "address_lists",
    Type.LENGTHS: "length_lists",
}


def render() -> str:
    """Return the Rust source: one module a record kind that has batches."""
    return _HEAD + "".join(_module(kind) for kind in KINDS.values() if kind.record)


def _module(kind: Kind) -> str:
    fields = "".join(_member(column) for column in kind.record_columns)
    schema = "".join(
        f'            Field::new("{column.name}", {column.type.value.arrow}, {str(column.nullable).lower()}),\n'
        for column in kind.record_columns
    )
    arrays = "".join(
        f"                arrays::{_ARRAYS[column.type]}(self.{column.name}),\n" for column in kind.record_columns
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
    return f"{comment}        pub {column.name}: Vec<{column.type.value.rust}>,\n"


if __name__ == "__main__":
    sys.stdout.write(render())
