//! A flow message as it was encoded, checked through and through without being decoded for good.
//!
//! Every buffer is decompressed once, into memory that is used again, and checked against its type. What is learned of the rows
//! is what a processor has to know before it hands the message on as it is (see `joined`). Only the plain case is known here:
//! flat columns of the flows' schema, buffers as `flows` encodes them. Whatever else a message may be is `None`: it is
//! decoded the long way, which also has the words for what is wrong with it; so is the first message of each set of columns.

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::{
    root_as_message, Buffer, CompressionType, FieldNode, MessageHeader, MetadataVersion,
};
use arrow_schema::{ArrowError, DataType, TimeUnit};

use crate::flows::{CONTINUATION, END_OF_STREAM};
use crate::generated::flows;
use crate::lz4;

const MINUTE_NS: i64 = 60_000_000_000;
/// Sets of columns that are remembered.
const MOST_SHAPES: usize = 64;

/// What a column's values look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    /// So many bytes each.
    Fixed(usize),
    /// Bytes that say which of so many texts it is.
    Code(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Time,
    Duration,
    Received,
    Other,
}

/// What all messages of one set of columns share.
#[derive(Debug)]
pub struct Shape {
    /// The encoded schema with its dictionaries.
    head: Vec<u8>,
    /// A batch without rows: the schema, and the texts of codes.
    pub empty: RecordBatch,
    columns: Vec<(Values, Role)>,
}

/// What is known of a message's rows.
#[derive(Debug)]
pub struct Glance {
    pub shape: Arc<Shape>,
    pub rows: usize,
    pub time: (i64, i64),
    pub received_time: (i64, i64),
    /// Minutes since the epoch that hold the last nanosecond of a flow.
    pub minutes: Vec<i64>,
    /// What all columns take in memory once they are decoded, as Arrow counts it.
    pub value_bytes: usize,
    pub(crate) nodes: Vec<FieldNode>,
    pub(crate) buffers: Vec<Buffer>,
    pub(crate) body: std::ops::Range<usize>,
}

/// Looks at messages; keeps the memory that it takes, and the shapes that it met.
#[derive(Debug, Default)]
pub struct Glancer {
    shapes: Vec<Arc<Shape>>,
    room: Vec<u8>,
    valid: Vec<u8>,
    times: Vec<i64>,
}

impl Glancer {
    /// What is in a message; None where it is not a plain one, or not sound.
    pub fn look(&mut self, payload: &[u8]) -> Option<Glance> {
        let shape = self.shape_of(payload)?;
        let at = shape.head.len();
        let (metadata, body_at) = encapsulated(payload, at)?;
        let message = root_as_message(metadata).ok()?;
        let batch = message.header_as_record_batch()?;
        let end = body_at.checked_add(usize::try_from(message.bodyLength()).ok()?)?;
        let body = payload.get(body_at..end)?;
        let compression = batch.compression()?;
        let is_known = message.version() == MetadataVersion::V5
            && compression.codec() == CompressionType::LZ4_FRAME
            && payload.get(end..)? == END_OF_STREAM;
        let nodes: Vec<FieldNode> = batch.nodes()?.iter().copied().collect();
        let buffers: Vec<Buffer> = batch.buffers()?.iter().copied().collect();
        let rows = usize::try_from(batch.length())
            .ok()
            .filter(|rows| *rows > 0)?;
        if !is_known
            || nodes.len() != shape.columns.len()
            || buffers.len() != 2 * nodes.len()
            || batch
                .variadicBufferCounts()
                .is_some_and(|counts| !counts.is_empty())
        {
            return None;
        }
        let mut glance = Glance {
            rows,
            time: (0, 0),
            received_time: (0, 0),
            minutes: Vec::new(),
            value_bytes: shape.text_bytes(),
            body: body_at..end,
            nodes: Vec::new(),
            buffers: Vec::new(),
            shape: Arc::clone(&shape),
        };
        let mut has_received = false;
        self.times.clear();
        for (index, (values, role)) in shape.columns.iter().enumerate() {
            let (node, pair) = (nodes.get(index)?, buffers.get(2 * index..2 * index + 2)?);
            let missing = usize::try_from(node.null_count()).ok()?;
            if node.length() != batch.length() || missing > rows {
                return None;
            }
            let has_bitmap = self.read_valid(body, pair.first()?, rows, missing)?;
            if *role != Role::Other && *role != Role::Duration && missing > 0 {
                return None;
            }
            let width = match values {
                Values::Fixed(width) => *width,
                Values::Code(_) => 1,
            };
            let content = content(body, pair.get(1)?, &mut self.room)?;
            if content.len() != rows.checked_mul(width)? {
                return None;
            }
            glance.value_bytes += content.len() + if missing > 0 { self.valid.len() } else { 0 };
            let valid = has_bitmap.then_some(self.valid.as_slice());
            if let Values::Code(texts) = values {
                if !are_codes(content, valid, *texts) {
                    return None;
                }
            }
            match role {
                Role::Time => {
                    self.times.extend(numbers(content));
                    glance.time = bounds(&self.times)?;
                }
                Role::Duration => {
                    for (row, (time, lasted)) in
                        self.times.iter_mut().zip(numbers(content)).enumerate()
                    {
                        *time -=
                            i64::from(lasted != 0 && valid.is_none_or(|valid| bit(valid, row)));
                    }
                }
                Role::Received => {
                    has_received = true;
                    glance.received_time = numbers(content)
                        .fold((i64::MAX, i64::MIN), |(low, high), time| {
                            (low.min(time), high.max(time))
                        });
                }
                Role::Other => {}
            }
        }
        if self.times.len() != rows || !has_received {
            return None;
        }
        glance.minutes = minutes_of(&self.times);
        glance.nodes = nodes;
        glance.buffers = buffers;
        Some(glance)
    }

    /// Decompress a validity bitmap; None where it is not sound, else whether there is one.
    fn read_valid(
        &mut self,
        body: &[u8],
        place: &Buffer,
        rows: usize,
        missing: usize,
    ) -> Option<bool> {
        if place.length() == 0 {
            return (missing == 0).then_some(false);
        }
        let bitmap = content(body, place, &mut self.room)?.get(..rows.div_ceil(8))?;
        self.valid.clear();
        self.valid.extend_from_slice(bitmap);
        if !rows.is_multiple_of(8) {
            *self.valid.last_mut()? &= (1_u8 << (rows % 8)) - 1;
        }
        let there: usize = self
            .valid
            .iter()
            .map(|byte| byte.count_ones() as usize)
            .sum();
        (there == rows - missing).then_some(true)
    }

    fn shape_of(&self, payload: &[u8]) -> Option<Arc<Shape>> {
        self.shapes
            .iter()
            .find(|shape| payload.starts_with(&shape.head))
            .map(Arc::clone)
    }

    /// Remember the columns of a message, so that the next ones like it can be looked at. It must have been decoded and found to be
    /// sound: a schema is believed here. Where it has columns that are not plain, nothing is remembered.
    pub fn learn(&mut self, payload: &[u8]) {
        if self.shape_of(payload).is_some() {
            return;
        }
        if let Some(shape) = Shape::of(payload) {
            if self.shapes.len() >= MOST_SHAPES {
                self.shapes.clear();
            }
            self.shapes.push(Arc::new(shape));
        }
    }
}

impl Shape {
    fn of(payload: &[u8]) -> Option<Self> {
        let head = payload.get(..head_length(payload)?)?.to_vec();
        let whole = StreamReader::try_new(Cursor::new(payload), None)
            .ok()?
            .next()?
            .ok()?;
        let known = flows::schema();
        let schema = whole.schema();
        let mut columns = Vec::with_capacity(schema.fields().len());
        for (index, (field, column)) in schema.fields().iter().zip(whole.columns()).enumerate() {
            let wanted = known.field_with_name(field.name()).ok()?;
            let is_twice = schema
                .fields()
                .iter()
                .take(index)
                .any(|other| other.name() == field.name());
            if is_twice || wanted.data_type() != field.data_type() {
                return None;
            }
            let role = match field.name().as_str() {
                "time" => Role::Time,
                "duration_ns" => Role::Duration,
                "received_time" => Role::Received,
                _ => Role::Other,
            };
            // What is before the time cannot be told apart from it.
            if role == Role::Duration && !columns.iter().any(|(_, role)| *role == Role::Time) {
                return None;
            }
            columns.push((values_of(column.as_ref())?, role));
        }
        Some(Self {
            head,
            columns,
            empty: whole.slice(0, 0),
        })
    }

    /// Bytes of the texts of codes, and of where each begins; the end of the last one is not counted, as Arrow does not.
    fn text_bytes(&self) -> usize {
        self.empty
            .columns()
            .iter()
            .filter_map(|column| column.as_any_dictionary_opt())
            .filter_map(|codes| codes.values().as_string_opt::<i32>())
            .map(|texts| 4 * texts.len() + texts.value_data().len())
            .sum()
    }
}

fn values_of(column: &dyn Array) -> Option<Values> {
    match column.data_type() {
        DataType::Dictionary(key, _) if **key == DataType::UInt8 => {
            Some(Values::Code(column.as_any_dictionary_opt()?.values().len()))
        }
        DataType::FixedSizeBinary(width) => usize::try_from(*width).ok().map(Values::Fixed),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => Some(Values::Fixed(8)),
        other => other.primitive_width().map(Values::Fixed),
    }
}

/// Where the first record batch begins.
fn head_length(payload: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let (metadata, body_at) = encapsulated(payload, at)?;
        let message = root_as_message(metadata).ok()?;
        if message.header_type() == MessageHeader::RecordBatch {
            return Some(at);
        }
        at = body_at.checked_add(usize::try_from(message.bodyLength()).ok()?)?;
    }
}

/// The metadata of the message at a place, and where its body begins.
fn encapsulated(payload: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let head = payload.get(at..at.checked_add(8)?)?;
    let length = u32::from_le_bytes(head.get(4..8)?.try_into().ok()?) as usize;
    let body_at = at.checked_add(8)?.checked_add(length)?;
    let is_message = head.get(..4)? == CONTINUATION && length > 0;
    let metadata = payload.get(at + 8..body_at)?;
    is_message.then_some((metadata, body_at))
}

/// The bytes of a buffer, decompressed into `room` if need be.
fn content<'a>(body: &'a [u8], place: &Buffer, room: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let start = usize::try_from(place.offset()).ok()?;
    let bytes = body.get(start..start.checked_add(usize::try_from(place.length()).ok()?)?)?;
    let (told, rest) = bytes.split_first_chunk::<8>()?;
    match i64::from_le_bytes(*told) {
        -1 => Some(rest),
        told => lz4::read_frame(rest, usize::try_from(told).ok()?, room),
    }
}

fn numbers(content: &[u8]) -> impl Iterator<Item = i64> + '_ {
    let (whole, _) = content.as_chunks::<8>();
    whole.iter().map(|bytes| i64::from_le_bytes(*bytes))
}

fn bounds(times: &[i64]) -> Option<(i64, i64)> {
    Some((*times.iter().min()?, *times.iter().max()?))
}

fn bit(bitmap: &[u8], row: usize) -> bool {
    bitmap
        .get(row / 8)
        .is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}

fn are_codes(content: &[u8], valid: Option<&[u8]>, texts: usize) -> bool {
    let highest = content.iter().copied().max().unwrap_or(0);
    usize::from(highest) < texts
        || valid.is_some_and(|valid| {
            content
                .iter()
                .enumerate()
                .all(|(row, code)| usize::from(*code) < texts || !bit(valid, row))
        })
}

fn minutes_of(instants: &[i64]) -> Vec<i64> {
    let mut found: Vec<i64> = Vec::new();
    let (mut from, mut to) = (1, 0);
    for instant in instants {
        if !(from..to).contains(instant) {
            let minute = instant / MINUTE_NS;
            // Towards zero, as Arrow divides; before the epoch there is no flow.
            (from, to) = (minute * MINUTE_NS, (minute + 1) * MINUTE_NS);
            if !found.contains(&minute) {
                found.push(minute);
            }
        }
    }
    found
}

/// A new error of this room.
pub(crate) fn odd(what: &str) -> ArrowError {
    ArrowError::IpcError(what.to_owned())
}
