//! Flow rows to encoded messages, at a cost that is a fraction of decoding them.
//!
//! Each message is one Arrow IPC stream, like those of `message`; other kinds have few rows and are compressed as well as can be
//! (ZSTD), flows have many: LZ4, and only the buffers in which it finds much. What repeats from row to row costs next to nothing to
//! compress, times and byte counts cost ten times as much and shrink by half. Any reader of Arrow can read it: each buffer says
//! whether it is compressed.

use std::collections::hash_map::DefaultHasher;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::writer::{
    write_message, DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions,
};
use arrow_ipc::{
    BodyCompressionBuilder, BodyCompressionMethod, Buffer, CompressionType, FieldNode,
    MessageBuilder, MessageHeader, MetadataVersion, RecordBatchBuilder,
};
use arrow_schema::{ArrowError, SchemaRef};
use flatbuffers::FlatBufferBuilder;
use wire::rows::Flows;

use crate::buffers::{Piece, Pieces};
use crate::generated::flows;
use crate::lz4::{self, Compressor};
use crate::message::{time_range, Message, MOST_BYTES};
use crate::wide;

/// A buffer stays compressed as long as it shrinks to a third: below that a byte saved costs more than writing it.
const WORTH: usize = 3;
/// How many messages a buffer that was not worth it is left alone.
const PAUSE: u8 = 63;
/// Buffers shorter than this are left alone.
const FEWEST_BYTES: usize = 128;
/// Sets of columns whose experience is kept.
const MOST_SHAPES: usize = 64;
/// Bytes a row at first: what a message may have is found out with each one.
const FIRST_ROW_BYTES: f64 = 160.0;
pub(crate) const CONTINUATION: [u8; 4] = [0xff; 4];
pub(crate) const END_OF_STREAM: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// What all messages of one set of columns share.
#[derive(Debug)]
struct Shape {
    /// The encoded schema with its dictionaries; the texts of codes are the same in all batches.
    head: Vec<u8>,
    /// By buffer: for how many more messages it is left alone.
    pauses: Vec<u8>,
    /// Of the last message.
    row_bytes: f64,
}

/// Encodes flows, and learns which of their buffers are worth compressing.
#[derive(Debug)]
pub struct Encoder {
    options: IpcWriteOptions,
    context: IpcWriteContext,
    schema: SchemaRef,
    shapes: HashMap<u64, Shape>,
    compressor: Compressor,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            options: IpcWriteOptions::default(),
            context: IpcWriteContext::default(),
            schema: flows::schema(),
            shapes: HashMap::new(),
            compressor: Compressor::default(),
        }
    }
}

impl Encoder {
    /// Encode rows in as many messages of at most [`MOST_BYTES`] as it takes; none for no rows.
    ///
    /// # Errors
    ///
    /// One row alone is larger than a message.
    pub fn encode(&mut self, rows: Flows) -> Result<Vec<Message>, ArrowError> {
        let count = rows.rows;
        if count == 0 {
            return Ok(Vec::new());
        }
        let batch = wide::batch(&self.schema, flows::arrays(rows), count)?;
        let key = key_of(&batch);
        if self.shapes.len() >= MOST_SHAPES && !self.shapes.contains_key(&key) {
            self.shapes.clear();
        }
        let mut shape = match self.shapes.remove(&key) {
            Some(shape) => shape,
            None => self.shape(&batch)?,
        };
        let mut messages = Vec::new();
        let mut first = 0;
        while first < count {
            let room = (MOST_BYTES - MOST_BYTES / 16) as f64;
            let mut length = ((room / shape.row_bytes) as usize).clamp(1, count - first);
            let message = loop {
                let message = self.message(&batch, first, length, &mut shape)?;
                if message.payload.len() <= MOST_BYTES {
                    break message;
                }
                if length == 1 {
                    return Err(ArrowError::InvalidArgumentError(format!(
                        "one row is larger than a message of {MOST_BYTES} bytes"
                    )));
                }
                length /= 2;
            };
            first += length;
            messages.push(message);
        }
        self.shapes.insert(key, shape);
        Ok(messages)
    }

    /// What messages of a set of columns begin with.
    fn shape(&mut self, batch: &RecordBatch) -> Result<Shape, ArrowError> {
        Ok(Shape {
            head: head(&batch.slice(0, 0), &self.options, &mut self.context)?,
            pauses: Vec::new(),
            row_bytes: FIRST_ROW_BYTES,
        })
    }

    fn message(
        &mut self,
        batch: &RecordBatch,
        first: usize,
        rows: usize,
        shape: &mut Shape,
    ) -> Result<Message, ArrowError> {
        let Pieces { nodes, buffers } = Pieces::of(batch, first, rows)?;
        shape.pauses.resize(buffers.len(), 0);
        // The metadata comes before the body and says where its buffers are. Its length depends on how many they are alone.
        let nowhere = vec![Buffer::new(1, 1); buffers.len()];
        let metadata_bytes = metadata(rows, &nodes, &nowhere, 1).len();
        let guess = (rows as f64 * shape.row_bytes) as usize + metadata_bytes;
        let mut payload = Vec::with_capacity(shape.head.len() + guess + guess / 32 + 1024);
        payload.extend_from_slice(&shape.head);
        payload.extend_from_slice(&CONTINUATION);
        let field_at = payload.len();
        // It is padded so that the body begins at a multiple of 8.
        let body_at = (field_at + 4 + metadata_bytes).next_multiple_of(8);
        let padded = u32::try_from(body_at - field_at - 4).unwrap_or(u32::MAX);
        payload.extend_from_slice(&padded.to_le_bytes());
        payload.resize(body_at, 0);
        let mut places = nowhere;
        let compressor = &mut self.compressor;
        for ((buffer, place), pause) in buffers.iter().zip(&mut places).zip(&mut shape.pauses) {
            let at = payload.len();
            append_buffer(&mut payload, buffer, pause, compressor);
            *place = Buffer::new((at - body_at) as i64, (payload.len() - at) as i64);
            payload.resize(payload.len().next_multiple_of(8), 0);
        }
        let metadata = metadata(rows, &nodes, &places, payload.len() - body_at);
        payload
            .get_mut(field_at + 4..field_at + 4 + metadata.len())
            .filter(|room| room.len() <= padded as usize)
            .ok_or_else(|| ArrowError::IpcError("the metadata of a message grew".into()))?
            .copy_from_slice(&metadata);
        payload.extend_from_slice(&END_OF_STREAM);
        shape.row_bytes = (payload.len() as f64 / rows as f64).max(1.0);
        let (first_time_ns, last_time_ns) = time_range(&batch.slice(first, rows));
        Ok(Message {
            payload,
            rows,
            first_time_ns,
            last_time_ns,
        })
    }
}

/// What a stream begins with: its schema and dictionaries, as a batch without rows has them.
pub(crate) fn head(
    empty: &RecordBatch,
    options: &IpcWriteOptions,
    context: &mut IpcWriteContext,
) -> Result<Vec<u8>, ArrowError> {
    let generator = IpcDataGenerator::default();
    let mut tracker = DictionaryTracker::new(false);
    let schema = generator.schema_to_bytes_with_dictionary_tracker(
        empty.schema_ref(),
        &mut tracker,
        options,
    );
    let (dictionaries, _) = generator.encode(empty, &mut tracker, options, context)?;
    let mut head = Vec::new();
    for part in [schema].into_iter().chain(dictionaries) {
        write_message(&mut head, part, options)?;
    }
    Ok(head)
}

/// The header of a record batch.
pub(crate) fn metadata(
    rows: usize,
    nodes: &[FieldNode],
    places: &[Buffer],
    body_bytes: usize,
) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let compression = {
        let mut compression = BodyCompressionBuilder::new(&mut builder);
        compression.add_method(BodyCompressionMethod::BUFFER);
        compression.add_codec(CompressionType::LZ4_FRAME);
        compression.finish()
    };
    let places = builder.create_vector(places);
    let nodes = builder.create_vector(nodes);
    let header = {
        let mut header = RecordBatchBuilder::new(&mut builder);
        header.add_length(rows as i64);
        header.add_nodes(nodes);
        header.add_buffers(places);
        header.add_compression(compression);
        header.finish().as_union_value()
    };
    let mut message = MessageBuilder::new(&mut builder);
    message.add_version(MetadataVersion::V5);
    message.add_header_type(MessageHeader::RecordBatch);
    message.add_bodyLength(body_bytes as i64);
    message.add_header(header);
    let root = message.finish();
    builder.finish(root, None);
    builder.finished_data().to_vec()
}

/// Append a buffer with its length before it; -1 says that it is not compressed.
fn append_buffer(body: &mut Vec<u8>, piece: &Piece, pause: &mut u8, compressor: &mut Compressor) {
    let content = piece.content.as_slice();
    if content.is_empty() {
        return;
    }
    let start = body.len();
    if content.len() >= FEWEST_BYTES && content.len() <= lz4::MOST_BYTES && *pause == 0 {
        body.extend_from_slice(&(content.len() as i64).to_le_bytes());
        if compressor.append_rows(body, content, piece.width) {
            return;
        }
        let is_shorter = compressor.append(body, content);
        if !is_shorter || (body.len() - start) * WORTH > content.len() {
            *pause = PAUSE;
        }
        if is_shorter {
            return;
        }
        body.truncate(start);
    }
    *pause = pause.saturating_sub(1);
    body.extend_from_slice(&(-1_i64).to_le_bytes());
    body.extend_from_slice(content);
}

/// Tells sets of columns apart.
fn key_of(batch: &RecordBatch) -> u64 {
    let mut hasher = DefaultHasher::new();
    for field in batch.schema_ref().fields() {
        Arc::as_ptr(field).cast::<u8>().hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use arrow_ipc::reader::StreamReader;
    use arrow_select::concat::concat_batches;
    use std::io::Cursor;

    fn rows(count: usize, noise: u64) -> Flows {
        let mut state = noise | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut rows = Flows {
            rows: count,
            ..Flows::default()
        };
        rows.time.extend(0, (0..count as i64).map(|row| row * 10));
        rows.duration_ns.repeat(0, count, 7);
        rows.source_kind.repeat(0, count, 3);
        rows.exporter_address.repeat(0, count, [9; 16]);
        rows.bytes.extend(0, (0..count).map(|_| next()));
        let mut address = || {
            let mut address = [0; 16];
            address[8..].copy_from_slice(&next().to_be_bytes());
            address
        };
        rows.src_address.extend(0, (0..count).map(|_| address()));
        for row in (0..count).step_by(3) {
            rows.mpls_labels.set(row, vec![row as u32, 5]);
            rows.vni.set(row, 17);
            rows.raw_elements.set(row, vec![(9, 5, vec![1, 2])]);
        }
        rows
    }

    fn batch_of(rows: Flows) -> RecordBatch {
        let count = rows.rows;
        wide::batch(&flows::schema(), flows::arrays(rows), count).unwrap()
    }

    #[test]
    fn what_is_read_back_is_what_was_encoded_in_messages_of_bounded_size() {
        let mut encoder = Encoder::default();
        for (count, noise) in [(1, 3), (40, 5), (30_000, 7), (30_000, 11)] {
            let messages = encoder.encode(rows(count, noise)).unwrap();
            let mut read = Vec::new();
            let mut end = 0;
            for message in &messages {
                assert!(message.payload.len() <= MOST_BYTES);
                let mut reader =
                    StreamReader::try_new(Cursor::new(&message.payload), None).unwrap();
                let batch = reader.next().unwrap().unwrap();
                assert!(reader.next().is_none());
                assert_eq!(batch.num_rows(), message.rows);
                assert!(message.first_time_ns + 7 >= end);
                end = message.last_time_ns;
                read.push(batch);
            }
            let whole = batch_of(rows(count, noise));
            let read = concat_batches(whole.schema_ref(), &read).unwrap();
            assert_eq!(read, whole);
            assert_eq!(end, (count as i64 - 1) * 10 + 7);
        }
    }

    #[test]
    fn messages_are_filled_once_their_size_is_known() {
        let mut encoder = Encoder::default();
        encoder.encode(rows(30_000, 3)).unwrap();
        let messages = encoder.encode(rows(30_000, 5)).unwrap();
        let full = &messages[..messages.len() - 1];
        assert!(!full.is_empty());
        assert!(full
            .iter()
            .all(|message| message.payload.len() > MOST_BYTES / 2));
    }

    #[test]
    fn no_rows_are_no_message() {
        assert!(Encoder::default()
            .encode(Flows::default())
            .unwrap()
            .is_empty());
    }
}
