//! Columns of the decoders to Arrow arrays without a copy; a column without any value becomes no array at all.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, MapBuilder, MapFieldNames, StringBuilder, UInt32Builder};
use arrow_array::types::{
    ArrowPrimitiveType, Float64Type, TimestampNanosecondType, UInt16Type, UInt32Type, UInt64Type,
    UInt8Type,
};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, FixedSizeBinaryArray, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringArray,
};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use wire::column::{Column, RawElement};
use wire::hex::hex;

/// A batch of the columns that have a value, in the order of `schema`.
///
/// An error means that the arrays differ in length or in type from the schema.
pub fn batch(
    schema: &SchemaRef,
    arrays: Vec<Option<ArrayRef>>,
    rows: usize,
) -> Result<RecordBatch, ArrowError> {
    let (fields, arrays): (Vec<_>, Vec<_>) = schema
        .fields()
        .iter()
        .zip(arrays)
        .filter_map(|(field, array)| array.map(|array| (Arc::clone(field), array)))
        .unzip();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(
        Arc::new(Schema::new_with_metadata(fields, HashMap::new())),
        arrays,
        &options,
    )
}

fn nulls(rows: usize, missing: &[(usize, usize)]) -> Option<NullBuffer> {
    if missing.is_empty() {
        return None;
    }
    let mut valid = BooleanBufferBuilder::new(rows);
    let mut at = 0;
    for &(first, end) in missing {
        valid.append_n(first - at, true);
        valid.append_n(end - first, false);
        at = end;
    }
    valid.append_n(rows - at, true);
    Some(NullBuffer::new(valid.finish()))
}

/// The column in its whole length; none if it has no value, and then it is not made longer either.
fn told<T: Clone + Default>(mut column: Column<T>, rows: usize) -> Option<Column<T>> {
    if column.is_untold() {
        return None;
    }
    column.fill(rows);
    Some(column)
}

fn primitives<T: ArrowPrimitiveType>(
    column: Column<T::Native>,
    rows: usize,
) -> Option<PrimitiveArray<T>>
where
    T::Native: Clone + Default,
{
    let (values, missing) = told(column, rows)?.into_parts();
    let nulls = nulls(values.len(), &missing);
    Some(PrimitiveArray::new(ScalarBuffer::from(values), nulls))
}

fn array(array: Option<impl Array + 'static>) -> Option<ArrayRef> {
    array.map(|array| Arc::new(array) as ArrayRef)
}

/// UTC nanoseconds since the epoch.
pub fn times(column: Column<i64>, rows: usize) -> Option<ArrayRef> {
    array(
        primitives::<TimestampNanosecondType>(column, rows).map(|times| times.with_timezone("UTC")),
    )
}

/// 64-bit numbers.
pub fn uint64s(column: Column<u64>, rows: usize) -> Option<ArrayRef> {
    array(primitives::<UInt64Type>(column, rows))
}

/// 32-bit numbers.
pub fn uint32s(column: Column<u32>, rows: usize) -> Option<ArrayRef> {
    array(primitives::<UInt32Type>(column, rows))
}

/// 16-bit numbers.
pub fn uint16s(column: Column<u16>, rows: usize) -> Option<ArrayRef> {
    array(primitives::<UInt16Type>(column, rows))
}

/// 8-bit numbers.
pub fn uint8s(column: Column<u8>, rows: usize) -> Option<ArrayRef> {
    array(primitives::<UInt8Type>(column, rows))
}

/// Floating-point numbers.
pub fn float64s(column: Column<f64>, rows: usize) -> Option<ArrayRef> {
    array(primitives::<Float64Type>(column, rows))
}

/// 16-byte addresses, IPv4 mapped into IPv6.
pub fn addresses(column: Column<[u8; 16]>, rows: usize) -> Option<ArrayRef> {
    let (values, missing) = told(column, rows)?.into_parts();
    let nulls = nulls(values.len(), &missing);
    let bytes = Buffer::from_vec(values.into_flattened());
    array(FixedSizeBinaryArray::try_new(16, bytes, nulls).ok())
}

/// Texts by code: the dictionary is always the whole table of texts, so that those of any two batches are the same.
pub fn codes(column: Column<u8>, rows: usize, names: &[&str]) -> Option<ArrayRef> {
    let codes = primitives::<UInt8Type>(column, rows)?;
    let names = Arc::new(StringArray::from_iter_values(names));
    array(DictionaryArray::try_new(codes, names).ok())
}

/// Lists of 32-bit numbers; a missing one is empty.
pub fn tags(column: Column<Vec<u32>>, rows: usize) -> Option<ArrayRef> {
    let column = told(column, rows)?;
    let item = Field::new("item", DataType::UInt32, false);
    let mut lists = ListBuilder::new(UInt32Builder::new()).with_field(item);
    for tags in column.values() {
        lists.values().append_slice(tags);
        lists.append(true);
    }
    array(Some(lists.finish()))
}

/// Elements by `enterprise/number`, their bytes in hex; a missing one is an empty map.
pub fn elements(column: Column<RawElement>, rows: usize) -> Option<ArrayRef> {
    let column = told(column, rows)?;
    let mut maps = elements_builder();
    for elements in column.values() {
        for (enterprise, number, bytes) in elements {
            maps.keys().append_value(format!("{enterprise}/{number}"));
            maps.values().append_value(hex(bytes));
        }
        maps.append(true).ok()?;
    }
    array(Some(maps.finish()))
}

/// The Arrow type of `elements`.
pub fn elements_type() -> DataType {
    elements_builder().finish().data_type().clone()
}

/// A builder of maps of that type.
pub fn elements_builder() -> MapBuilder<StringBuilder, StringBuilder> {
    let names = MapFieldNames {
        entry: "entries".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::generated::flows;
    use wire::rows::{source_kind, Flows};

    #[test]
    fn a_batch_has_the_columns_that_somebody_told() {
        let mut rows = Flows {
            rows: 3,
            ..Flows::default()
        };
        rows.time.extend(0, [5, 6, 7].into_iter());
        rows.source_kind.repeat(0, 3, source_kind::IPFIX);
        rows.src_port.set(1, 80);
        rows.mpls_labels.set(2, vec![16, 17]);
        let batch = batch(&flows::schema(), flows::arrays(rows), 3).unwrap();
        let names: Vec<_> = batch
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        assert_eq!(names, ["time", "source_kind", "src_port", "mpls_labels"]);
        let ports = batch.column_by_name("src_port").unwrap();
        assert_eq!(
            (0..3).map(|row| ports.is_null(row)).collect::<Vec<_>>(),
            [true, false, true]
        );
    }
}
