//! One column of a batch, and how its values are written.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float64Type, Int32Type, Int64Type, TimestampNanosecondType, UInt16Type, UInt32Type, UInt64Type,
    UInt8Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, ListArray, MapArray, StringArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, TimeUnit};

use super::{address, number, time, Form, Shown};

/// The values of a column.
pub struct Cell<'a> {
    values: Values<'a>,
    nulls: Option<&'a NullBuffer>,
    form: Form,
}

enum Values<'a> {
    Times(&'a [i64]),
    Ids(&'a [u64]),
    Macs(&'a [u64]),
    Unsigned64(&'a [u64]),
    Unsigned32(&'a [u32]),
    Unsigned16(&'a [u16]),
    Unsigned8(&'a [u8]),
    Signed64(&'a [i64]),
    Signed32(&'a [i32]),
    Floats(&'a [f64]),
    Booleans(&'a BooleanArray),
    Addresses(&'a FixedSizeBinaryArray),
    Texts(&'a StringArray),
    /// Codes, and what is written for each.
    Codes(&'a [u8], Vec<Vec<u8>>),
    Lists(&'a ListArray, Box<Cell<'a>>),
    Maps(&'a MapArray),
}

/// What is written for no value.
pub fn nothing(form: Form) -> &'static [u8] {
    match form {
        Form::Json => b"null",
        Form::Csv => b"",
    }
}

impl<'a> Cell<'a> {
    /// The cells of a column.
    ///
    /// # Errors
    /// Its type has no text.
    pub fn new(array: &'a ArrayRef, shown: Shown, form: Form) -> Result<Cell<'a>, ArrowError> {
        let values = match array.data_type() {
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                Values::Times(array.as_primitive::<TimestampNanosecondType>().values())
            }
            DataType::UInt64 => {
                let values = array.as_primitive::<UInt64Type>().values();
                match shown {
                    Shown::AsNumber => Values::Unsigned64(values),
                    Shown::AsId => Values::Ids(values),
                    Shown::AsMac => Values::Macs(values),
                }
            }
            DataType::UInt32 => Values::Unsigned32(array.as_primitive::<UInt32Type>().values()),
            DataType::UInt16 => Values::Unsigned16(array.as_primitive::<UInt16Type>().values()),
            DataType::UInt8 => Values::Unsigned8(array.as_primitive::<UInt8Type>().values()),
            DataType::Int64 => Values::Signed64(array.as_primitive::<Int64Type>().values()),
            DataType::Int32 => Values::Signed32(array.as_primitive::<Int32Type>().values()),
            DataType::Float64 => Values::Floats(array.as_primitive::<Float64Type>().values()),
            DataType::Boolean => Values::Booleans(array.as_boolean()),
            DataType::Utf8 => Values::Texts(array.as_string()),
            DataType::FixedSizeBinary(16) => Values::Addresses(array.as_fixed_size_binary()),
            DataType::Dictionary(..) => {
                let Some(codes) = array
                    .as_any_dictionary()
                    .keys()
                    .as_primitive_opt::<UInt8Type>()
                else {
                    return Err(unknown(array));
                };
                let names = array.as_any_dictionary().values().as_string_opt::<i32>();
                let names = names.ok_or_else(|| unknown(array))?;
                let texts = (0..names.len()).map(|code| written(names.value(code), form));
                Values::Codes(codes.values(), texts.collect())
            }
            DataType::List(_) => {
                let lists = array.as_list::<i32>();
                let items = Cell::new(lists.values(), Shown::AsNumber, Form::Json)?;
                Values::Lists(lists, Box::new(items))
            }
            DataType::Map(..) => Values::Maps(array.as_map()),
            _ => return Err(unknown(array)),
        };
        Ok(Cell {
            values,
            nulls: array.nulls(),
            form,
        })
    }

    /// Append a value.
    #[inline]
    pub fn write(&self, row: usize, out: &mut Vec<u8>) {
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            out.extend_from_slice(nothing(self.form));
            return;
        }
        match &self.values {
            Values::Unsigned64(values) => number::unsigned(values[row], out),
            Values::Unsigned32(values) => number::unsigned(u64::from(values[row]), out),
            Values::Unsigned16(values) => number::unsigned(u64::from(values[row]), out),
            Values::Unsigned8(values) => number::unsigned(u64::from(values[row]), out),
            Values::Signed64(values) => number::signed(values[row], out),
            Values::Signed32(values) => number::signed(i64::from(values[row]), out),
            Values::Floats(values) if values[row].is_finite() => number::float(values[row], out),
            Values::Floats(_) => out.extend_from_slice(nothing(self.form)),
            Values::Booleans(values) => {
                out.extend_from_slice(if values.value(row) { b"true" } else { b"false" });
            }
            Values::Codes(codes, texts) => match texts.get(usize::from(codes[row])) {
                Some(text) => out.extend_from_slice(text),
                None => out.extend_from_slice(nothing(self.form)),
            },
            Values::Texts(values) => text(values.value(row), self.form, out),
            Values::Times(values) => self.in_quotes(out, |out| time::rfc3339(values[row], out)),
            Values::Ids(values) => self.in_quotes(out, |out| number::id(values[row], out)),
            Values::Macs(values) => self.in_quotes(out, |out| number::mac(values[row], out)),
            Values::Addresses(values) => match values.value(row).first_chunk::<16>() {
                Some(value) => self.in_quotes(out, |out| address::write(value, out)),
                None => out.extend_from_slice(nothing(self.form)),
            },
            Values::Lists(lists, items) => self.list(lists, items, row, out),
            Values::Maps(maps) => self.map(maps, row, out),
        }
    }

    #[inline]
    fn in_quotes(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        if self.form == Form::Json {
            out.push(b'"');
            write(out);
            out.push(b'"');
        } else {
            write(out);
        }
    }

    fn list(&self, lists: &ListArray, items: &Cell<'_>, row: usize, out: &mut Vec<u8>) {
        let offsets = lists.value_offsets();
        let (first, end) = (offsets[row] as usize, offsets[row + 1] as usize);
        if first == end {
            out.extend_from_slice(nothing(self.form));
            return;
        }
        let mut text = vec![b'['];
        for item in first..end {
            if item > first {
                text.push(b',');
            }
            items.write(item, &mut text);
        }
        text.push(b']');
        self.json(&text, out);
    }

    fn map(&self, maps: &MapArray, row: usize, out: &mut Vec<u8>) {
        let offsets = maps.value_offsets();
        let (first, end) = (offsets[row] as usize, offsets[row + 1] as usize);
        let (Some(keys), Some(values)) = (
            maps.keys().as_string_opt::<i32>(),
            maps.values().as_string_opt::<i32>(),
        ) else {
            out.extend_from_slice(nothing(self.form));
            return;
        };
        if first == end {
            out.extend_from_slice(nothing(self.form));
            return;
        }
        let mut text = vec![b'{'];
        for entry in first..end {
            if entry > first {
                text.push(b',');
            }
            quoted(keys.value(entry), &mut text);
            text.push(b':');
            quoted(values.value(entry), &mut text);
        }
        text.push(b'}');
        self.json(&text, out);
    }

    fn json(&self, text: &[u8], out: &mut Vec<u8>) {
        match self.form {
            Form::Json => out.extend_from_slice(text),
            Form::Csv => in_csv(text, out),
        }
    }
}

fn unknown(array: &ArrayRef) -> ArrowError {
    ArrowError::NotYetImplemented(format!("text of {}", array.data_type()))
}

fn written(value: &str, form: Form) -> Vec<u8> {
    let mut out = Vec::new();
    if value.is_empty() {
        out.extend_from_slice(nothing(form));
    } else {
        text(value, form, &mut out);
    }
    out
}

fn text(value: &str, form: Form, out: &mut Vec<u8>) {
    match form {
        Form::Json => quoted(value, out),
        Form::Csv => in_csv(value.as_bytes(), out),
    }
}

/// Append a JSON string.
pub fn quoted(value: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in value.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 | 0x7f => {
                out.extend_from_slice(b"\\u00");
                out.push(b'0' + (byte >> 4));
                out.push(b"0123456789abcdef"[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Append a field of CSV (RFC 4180).
fn in_csv(value: &[u8], out: &mut Vec<u8>) {
    let needs_quotes = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if !value.iter().any(needs_quotes) {
        out.extend_from_slice(value);
        return;
    }
    out.push(b'"');
    for byte in value {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}
