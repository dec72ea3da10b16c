//! Vectors of Rust values to Arrow arrays, one function a column type of the registry.

use std::sync::Arc;

use arrow_array::builder::{FixedSizeBinaryBuilder, ListBuilder, UInt8Builder};
use arrow_array::{
    ArrayRef, BooleanArray, FixedSizeBinaryArray, Float64Array, Int32Array, Int64Array,
    StringArray, TimestampNanosecondArray, UInt16Array, UInt32Array, UInt64Array, UInt8Array,
};
use arrow_buffer::Buffer;
use arrow_schema::{DataType, Field};

/// UTC nanoseconds since the epoch.
pub fn times(values: Vec<i64>) -> ArrayRef {
    Arc::new(TimestampNanosecondArray::from(values).with_timezone("UTC"))
}

/// UTC nanoseconds since the epoch, or null.
pub fn times_or_null(values: Vec<Option<i64>>) -> ArrayRef {
    Arc::new(TimestampNanosecondArray::from(values).with_timezone("UTC"))
}

/// 64-bit identifiers, counts and readings.
pub fn uint64s(values: Vec<u64>) -> ArrayRef {
    Arc::new(UInt64Array::from(values))
}

/// 64-bit counts, or null.
pub fn uint64s_or_null(values: Vec<Option<u64>>) -> ArrayRef {
    Arc::new(UInt64Array::from(values))
}

/// 32-bit numbers.
pub fn uint32s(values: Vec<u32>) -> ArrayRef {
    Arc::new(UInt32Array::from(values))
}

/// 32-bit numbers, or null.
pub fn uint32s_or_null(values: Vec<Option<u32>>) -> ArrayRef {
    Arc::new(UInt32Array::from(values))
}

/// 16-bit numbers.
pub fn uint16s(values: Vec<u16>) -> ArrayRef {
    Arc::new(UInt16Array::from(values))
}

/// 16-bit numbers, or null.
pub fn uint16s_or_null(values: Vec<Option<u16>>) -> ArrayRef {
    Arc::new(UInt16Array::from(values))
}

/// 8-bit numbers.
pub fn uint8s(values: Vec<u8>) -> ArrayRef {
    Arc::new(UInt8Array::from(values))
}

/// 8-bit numbers, or null.
pub fn uint8s_or_null(values: Vec<Option<u8>>) -> ArrayRef {
    Arc::new(UInt8Array::from(values))
}

/// Floating-point numbers.
pub fn float64s(values: Vec<f64>) -> ArrayRef {
    Arc::new(Float64Array::from(values))
}

/// Floating-point numbers, or null.
pub fn float64s_or_null(values: Vec<Option<f64>>) -> ArrayRef {
    Arc::new(Float64Array::from(values))
}

/// 16-byte addresses, IPv4 mapped into IPv6.
pub fn addresses(values: Vec<[u8; 16]>) -> ArrayRef {
    let bytes = Buffer::from_vec(values.into_flattened());
    Arc::new(FixedSizeBinaryArray::new(16, bytes, None))
}

/// Signed 32-bit numbers.
pub fn int32s(values: Vec<i32>) -> ArrayRef {
    Arc::new(Int32Array::from(values))
}

/// Signed 64-bit numbers.
pub fn int64s(values: Vec<i64>) -> ArrayRef {
    Arc::new(Int64Array::from(values))
}

/// Signed 64-bit numbers that may be missing.
pub fn int64s_or_null(values: Vec<Option<i64>>) -> ArrayRef {
    Arc::new(Int64Array::from(values))
}

/// Truth values.
pub fn booleans(values: Vec<bool>) -> ArrayRef {
    Arc::new(BooleanArray::from(values))
}

/// Texts and labels.
pub fn texts<T: AsRef<str>>(values: Vec<T>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// Lists of 16-byte addresses, IPv4 mapped into IPv6.
pub fn address_lists(values: Vec<Vec<[u8; 16]>>) -> ArrayRef {
    let item = Field::new("item", DataType::FixedSizeBinary(16), false);
    let mut lists = ListBuilder::new(FixedSizeBinaryBuilder::new(16)).with_field(item);
    for addresses in values {
        for address in addresses {
            // The builder refuses only another width than the one it was made for.
            let _ = lists.values().append_value(address);
        }
        lists.append(true);
    }
    Arc::new(lists.finish())
}

/// Lists of prefix lengths.
pub fn length_lists(values: Vec<Vec<u8>>) -> ArrayRef {
    let item = Field::new("item", DataType::UInt8, false);
    let mut lists = ListBuilder::new(UInt8Builder::new()).with_field(item);
    for lengths in values {
        lists.values().append_slice(&lengths);
        lists.append(true);
    }
    Arc::new(lists.finish())
}
