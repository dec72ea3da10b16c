//! Many flow messages as one Arrow IPC stream, each a record batch in it: their buffers are copied as they are.
//!
//! What a message's frame says of it goes into columns of their own, whose values are the same in all of its rows.

use std::sync::Arc;

use arrow_array::types::{Int32Type, UInt8Type};
use arrow_array::{
    ArrayRef, DictionaryArray, PrimitiveArray, RecordBatch, StringArray, UInt64Array,
};
use arrow_ipc::writer::{IpcWriteContext, IpcWriteOptions};
use arrow_ipc::{Buffer, FieldNode};
use arrow_schema::{ArrowError, Field, Schema};

use crate::flows::{head, metadata, CONTINUATION, END_OF_STREAM};
use crate::glance::{odd, Glance};
use crate::lz4::Compressor;

/// A message, what was seen of it, and what its frame says.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    pub glance: &'a Glance,
    pub payload: &'a [u8],
    pub host: &'a str,
    pub boot_id: &'a str,
    pub spool_id: &'a str,
    pub stream: &'a str,
    pub sequence: u64,
}

/// Names of the columns that are added, in their order.
pub const ADDED: [&str; 6] = [
    "time_origin",
    "host",
    "boot_id",
    "spool_id",
    "stream",
    "sequence",
];

/// One stream of all parts in their order; None where they have not all the same columns.
///
/// # Errors
///
/// A glance is of another message than its payload.
pub fn join(parts: &[Part]) -> Result<Option<Vec<u8>>, ArrowError> {
    let Some(first) = parts.first() else {
        return Ok(None);
    };
    let shape = &first.glance.shape;
    if parts
        .iter()
        .any(|part| !Arc::ptr_eq(&part.glance.shape, shape))
    {
        return Ok(None);
    }
    let labels: Vec<Labels> = [
        |part: &Part<'_>| part.host.to_owned(),
        |part: &Part<'_>| part.boot_id.to_owned(),
        |part: &Part<'_>| part.spool_id.to_owned(),
        |part: &Part<'_>| part.stream.to_owned(),
    ]
    .into_iter()
    .map(|of| Labels::of(parts.iter().map(of)))
    .collect();
    let mut stream = head_with(&shape.empty, &labels)?;
    stream.reserve(parts.iter().map(|part| part.payload.len()).sum::<usize>() + parts.len() * 4096);
    let mut compressor = Compressor::default();
    for (index, part) in parts.iter().enumerate() {
        append(&mut stream, part, index, &labels, &mut compressor)?;
    }
    stream.extend_from_slice(&END_OF_STREAM);
    Ok(Some(stream))
}

/// Distinct texts, and for each part which it has.
struct Labels {
    texts: Vec<String>,
    codes: Vec<i32>,
}

impl Labels {
    fn of(values: impl Iterator<Item = String>) -> Self {
        let (mut texts, mut codes) = (Vec::<String>::new(), Vec::new());
        for value in values {
            let at = texts
                .iter()
                .rposition(|text| *text == value)
                .unwrap_or_else(|| {
                    texts.push(value);
                    texts.len() - 1
                });
            codes.push(i32::try_from(at).unwrap_or(i32::MAX));
        }
        Self { texts, codes }
    }
}

/// Schema and dictionaries, with the columns that are added.
fn head_with(empty: &RecordBatch, labels: &[Labels]) -> Result<Vec<u8>, ArrowError> {
    let nothing = |texts: &[String]| -> ArrayRef {
        let keys = PrimitiveArray::<Int32Type>::from(Vec::<i32>::new());
        Arc::new(DictionaryArray::new(
            keys,
            Arc::new(StringArray::from_iter_values(texts)),
        ))
    };
    let origin = DictionaryArray::new(
        PrimitiveArray::<UInt8Type>::from(Vec::<u8>::new()),
        Arc::new(StringArray::from(vec!["event"])),
    );
    let mut added: Vec<ArrayRef> = vec![Arc::new(origin)];
    added.extend(labels.iter().map(|labels| nothing(&labels.texts)));
    added.push(Arc::new(UInt64Array::from(Vec::<u64>::new())));
    let mut fields: Vec<_> = empty.schema().fields().iter().cloned().collect();
    let mut columns = empty.columns().to_vec();
    for (name, column) in ADDED.into_iter().zip(added) {
        fields.push(Arc::new(Field::new(name, column.data_type().clone(), true)));
        columns.push(column);
    }
    let whole = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
    head(
        &whole,
        &IpcWriteOptions::default(),
        &mut IpcWriteContext::default(),
    )
}

fn append(
    stream: &mut Vec<u8>,
    part: &Part,
    index: usize,
    labels: &[Labels],
    compressor: &mut Compressor,
) -> Result<(), ArrowError> {
    let (glance, rows) = (part.glance, part.glance.rows);
    let old = part
        .payload
        .get(glance.body.clone())
        .ok_or_else(|| odd("a message is shorter than it was"))?;
    let mut body = Vec::with_capacity(old.len() + 2048);
    body.extend_from_slice(old);
    let mut nodes = glance.nodes.clone();
    let mut places = glance.buffers.clone();
    let mut add = |body: &mut Vec<u8>, value: &[u8]| {
        body.resize(body.len().next_multiple_of(8), 0);
        let start = body.len();
        let content = value.repeat(rows);
        body.extend_from_slice(&(content.len() as i64).to_le_bytes());
        if !compressor.append_rows(body, &content, value.len())
            && !compressor.append(body, &content)
        {
            body.truncate(start);
            body.extend_from_slice(&(-1_i64).to_le_bytes());
            body.extend_from_slice(&content);
        }
        nodes.push(FieldNode::new(rows as i64, 0));
        places.push(Buffer::new(start as i64, 0));
        places.push(Buffer::new(start as i64, (body.len() - start) as i64));
    };
    add(&mut body, &[0]);
    for labels in labels {
        let code = labels.codes.get(index).copied().unwrap_or(0);
        add(&mut body, &code.to_le_bytes());
    }
    add(&mut body, &part.sequence.to_le_bytes());
    body.resize(body.len().next_multiple_of(8), 0);
    let header = metadata(rows, &nodes, &places, body.len());
    let padded = (header.len() + 8).next_multiple_of(8) - 8;
    stream.extend_from_slice(&CONTINUATION);
    stream.extend_from_slice(&u32::try_from(padded).unwrap_or(u32::MAX).to_le_bytes());
    let at = stream.len();
    stream.extend_from_slice(&header);
    stream.resize(at + padded, 0);
    stream.extend_from_slice(&body);
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::flows::Encoder;
    use crate::glance::Glancer;
    use arrow_array::cast::AsArray;
    use arrow_array::types::UInt64Type;
    use arrow_ipc::reader::StreamReader;
    use std::io::Cursor;
    use wire::rows::{source_kind, Flows};

    fn message(count: usize, first: i64) -> Vec<u8> {
        let mut rows = Flows {
            rows: count,
            ..Flows::default()
        };
        rows.time
            .extend(0, (0..count as i64).map(|row| first + row * 1_000_000_000));
        rows.duration_ns.repeat(0, count, 7);
        rows.received_time.repeat(0, count, first + 5);
        rows.source_kind.repeat(0, count, source_kind::IPFIX);
        rows.exporter_address.repeat(0, count, [9; 16]);
        for row in (0..count).step_by(3) {
            rows.vni.set(row, 17);
        }
        Encoder::default().encode(rows).unwrap().remove(0).payload
    }

    #[test]
    fn what_is_joined_is_what_was_encoded_with_what_the_frames_say() {
        let mut glancer = Glancer::default();
        let payloads = [message(100, 60_000_000_000), message(31, 600_000_000_000)];
        assert!(glancer.look(&payloads[0]).is_none());
        glancer.learn(&payloads[0]);
        let seen: Vec<_> = payloads
            .iter()
            .map(|payload| glancer.look(payload).unwrap())
            .collect();
        assert_eq!(seen[0].time, (60_000_000_000, 159_000_000_000));
        // The first one ends with the minute before, for it lasted.
        assert_eq!(seen[0].minutes, [0, 1, 2]);
        assert_eq!(seen[0].received_time, (60_000_000_005, 60_000_000_005));
        let parts: Vec<_> = seen
            .iter()
            .zip(&payloads)
            .enumerate()
            .map(|(index, (glance, payload))| Part {
                glance,
                payload,
                host: ["a", "b"][index],
                boot_id: "boot",
                spool_id: "spool",
                stream: "flows.ipfix",
                sequence: 7 + index as u64,
            })
            .collect();
        let stream = join(&parts).unwrap().unwrap();
        let read: Vec<_> = StreamReader::try_new(Cursor::new(&stream), None)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(read.len(), 2);
        for (index, (batch, payload)) in read.iter().zip(&payloads).enumerate() {
            let alone = StreamReader::try_new(Cursor::new(payload), None)
                .unwrap()
                .next()
                .unwrap()
                .unwrap();
            let columns = alone.num_columns();
            assert_eq!(&batch.columns()[..columns], alone.columns());
            let names: Vec<_> = batch
                .schema()
                .fields()
                .iter()
                .skip(columns)
                .map(|field| field.name().clone())
                .collect();
            assert_eq!(names, ADDED);
            let host = batch
                .column_by_name("host")
                .unwrap()
                .as_dictionary::<Int32Type>();
            let texts = host.values().as_string::<i32>();
            assert!(host
                .keys()
                .values()
                .iter()
                .all(|key| texts.value(*key as usize) == ["a", "b"][index]));
            let sequences = batch
                .column_by_name("sequence")
                .unwrap()
                .as_primitive::<UInt64Type>();
            assert!(sequences
                .values()
                .iter()
                .all(|sequence| *sequence == 7 + index as u64));
            assert_eq!(sequences.len(), alone.num_rows());
        }
    }

    #[test]
    fn damaged_and_cut_messages_are_not_plain_and_no_panic() {
        let good = message(50, 60_000_000_000);
        let mut glancer = Glancer::default();
        glancer.learn(&good);
        assert!(glancer.look(&good).is_some());
        for length in 0..good.len() {
            assert!(glancer.look(&good[..length]).is_none());
        }
        // A damaged byte is seen, or it is in a value: then the message is as long as before.
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x55;
            if let Some(glance) = glancer.look(&bad) {
                assert_eq!(glance.rows, 50);
            }
        }
    }
}
