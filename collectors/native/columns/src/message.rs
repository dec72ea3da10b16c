//! Record batches to encoded messages: each is one Arrow IPC stream with compressed buffers, of bounded size.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampNanosecondType, UInt64Type};
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_ipc::CompressionType;
use arrow_schema::ArrowError;

/// Largest encoded message in bytes; what a bus takes as one message must hold it.
pub const MOST_BYTES: usize = 512 * 1024;

/// One message, and what a frame says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One Arrow IPC stream of one record batch.
    pub payload: Vec<u8>,
    pub rows: usize,
    /// Earliest event time among the rows, ns; 0 for no rows.
    pub first_time_ns: i64,
    /// Latest event end (`time`, plus `duration_ns` where there is one) among the rows, ns.
    pub last_time_ns: i64,
}

/// Encode a batch, in as many messages as it takes; none for no rows.
///
/// `metadata` goes into the schema of each message. An error means that the batch cannot be encoded, or that one row alone
/// is larger than a message.
pub fn encode(
    batch: &RecordBatch,
    metadata: &HashMap<String, String>,
) -> Result<Vec<Message>, ArrowError> {
    let schema = Arc::new(
        batch
            .schema()
            .as_ref()
            .clone()
            .with_metadata(metadata.clone()),
    );
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(schema, batch.columns().to_vec(), &options)?;
    let mut messages = Vec::new();
    encode_into(&mut messages, &batch, MOST_BYTES)?;
    Ok(messages)
}

fn encode_into(
    messages: &mut Vec<Message>,
    batch: &RecordBatch,
    most: usize,
) -> Result<(), ArrowError> {
    let rows = batch.num_rows();
    if rows == 0 {
        return Ok(());
    }
    let payload = Some(stream_of(batch)?).filter(|payload| payload.len() <= most);
    match payload {
        Some(payload) => {
            let (first_time_ns, last_time_ns) = time_range(batch);
            messages.push(Message {
                payload,
                rows,
                first_time_ns,
                last_time_ns,
            });
            Ok(())
        }
        None if rows == 1 => Err(ArrowError::InvalidArgumentError(format!(
            "one row is larger than a message of {most} bytes"
        ))),
        None => {
            let half = rows / 2;
            for (start, length) in [(0, half), (half, rows - half)] {
                encode_into(messages, &batch.slice(start, length), most)?;
            }
            Ok(())
        }
    }
}

fn stream_of(batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD))?;
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), batch.schema_ref(), options)?;
    writer.write(batch)?;
    writer.into_inner()
}

pub(crate) fn time_range(batch: &RecordBatch) -> (i64, i64) {
    let Some(times) = batch
        .column_by_name("time")
        .and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>())
    else {
        return (0, 0);
    };
    let durations = batch
        .column_by_name("duration_ns")
        .and_then(|column| column.as_primitive_opt::<UInt64Type>());
    let first = times.values().iter().copied().min().unwrap_or(0);
    let last = match durations {
        Some(durations) => times
            .values()
            .iter()
            .zip(durations.values())
            .map(|(time, duration)| time.saturating_add_unsigned(*duration))
            .max(),
        None => times.values().iter().copied().max(),
    };
    let last = last.unwrap_or(0);
    (first, last)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::decode;
    use crate::generated::counters;

    fn rows(count: u64) -> counters::Rows {
        let mut rows = counters::Rows::default();
        let mut noise = 88_172_645_463_325_252_u64;
        let mut next = || {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            noise
        };
        for row in 0..count {
            rows.time.push(i64::try_from(row).unwrap() * 10);
            rows.duration_ns.push(7);
            rows.vif_id.push(next());
            rows.delta_kind.push("clean".into());
        }
        for column in rows.counters_mut() {
            column.extend((0..count).map(|_| next()));
        }
        rows
    }

    #[test]
    fn a_large_batch_becomes_messages_of_bounded_size_with_all_rows_in_order() {
        let sent = rows(5_000);
        let messages = encode(&sent.clone().into_batch().unwrap(), &HashMap::new()).unwrap();
        assert!(messages.len() > 1);
        let mut received = Vec::new();
        let mut end = 0;
        for message in &messages {
            assert!(message.payload.len() <= MOST_BYTES);
            assert!(message.first_time_ns + 7 >= end);
            let decoded = decode::counters(&message.payload).unwrap();
            assert_eq!(decoded.rows.len(), message.rows);
            assert_eq!(message.first_time_ns, decoded.rows.time[0]);
            end = message.last_time_ns;
            assert_eq!(end, decoded.rows.time[message.rows - 1] + 7);
            received.extend(decoded.rows.vif_id);
        }
        assert_eq!(received, sent.vif_id);
    }

    #[test]
    fn metadata_comes_back_and_no_rows_are_no_message() {
        let metadata = HashMap::from([("a".to_owned(), "b".to_owned())]);
        let messages = encode(&rows(3).into_batch().unwrap(), &metadata).unwrap();
        let decoded = decode::counters(&messages[0].payload).unwrap();
        assert_eq!(decoded.metadata, metadata);
        let none = encode(&counters::Rows::default().into_batch().unwrap(), &metadata).unwrap();
        assert!(none.is_empty());
    }

    #[test]
    fn damaged_bytes_are_an_error_and_no_panic() {
        let good = encode(&rows(20).into_batch().unwrap(), &HashMap::new())
            .unwrap()
            .remove(0)
            .payload;
        for length in 0..good.len().min(4_000) {
            let _ = decode::counters(&good[..length]);
        }
        assert!(decode::counters(b"not arrow at all").is_err());
        assert!(decode::inventory(&good).is_err());
    }
}
