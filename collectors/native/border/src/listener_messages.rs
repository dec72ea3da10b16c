//! Rows of the decoder to messages of the spool, by stream.

use std::collections::{HashMap, VecDeque};

use arrow_schema::ArrowError;
use columns::flows::Encoder;
use columns::generated::exporters;
use columns::message::{encode, Message, MOST_BYTES};
use exports::Decoder;

use crate::listener_totals::Totals;

/// What holds behind the messages before it: all that was decoded until then is in them.
#[derive(Debug, Default)]
pub struct Mark {
    /// What a later run must know; `None` where it was not saved, or nothing changed since the mark before.
    pub saved: Option<Vec<u8>>,
    pub totals: Totals,
    /// What came before this instant is in the messages, or parked; 0 where that is not known.
    pub settled_ns: i64,
}

#[derive(Debug)]
enum Entry {
    Message(String, Message),
    Mark(Box<Mark>),
}

/// Messages in the order in which they were made, with their streams and marks.
#[derive(Debug, Default)]
pub struct Messages {
    waiting: VecDeque<Entry>,
    bytes: usize,
}

/// Messages up to a mark, by stream.
#[derive(Debug, Default)]
pub struct Marked {
    pub messages: Vec<(String, Vec<Message>)>,
    /// The one that they end at; its state is that of this very point, or `None`.
    pub mark: Option<Mark>,
}

/// Rows of flows that are encoded together, at most and at first.
const MOST_ROWS: usize = 16_384;
const FIRST_ROWS: usize = 4_096;
const LEAST_ROWS: usize = 512;

/// How many rows of flows make a message that is nearly full; one that is too long has to be encoded again in two halves.
#[derive(Debug)]
pub struct Fill {
    pub rows: usize,
    encoder: Encoder,
}

impl Default for Fill {
    fn default() -> Self {
        Self {
            rows: FIRST_ROWS,
            encoder: Encoder::default(),
        }
    }
}

impl Fill {
    fn learn(&mut self, messages: &[Message]) {
        let rows: usize = messages.iter().map(|message| message.rows).sum();
        let bytes: usize = messages.iter().map(|message| message.payload.len()).sum();
        // A few rows say little: what is the same in all of them weighs too much.
        if rows >= LEAST_ROWS {
            self.rows = (MOST_BYTES * 4 / 5 * rows / bytes.max(1)).clamp(LEAST_ROWS, MOST_ROWS);
        }
    }
}

impl Messages {
    /// Payload bytes that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The oldest ones, up to the last mark within `most` bytes, or to the first one where that is beyond; grouped by stream in
    /// the order of their first. What no mark is behind stays.
    pub fn take(&mut self, most: usize) -> Marked {
        let mut taken = Marked::default();
        for _ in 0..self.until_mark(most) {
            match self.waiting.pop_front() {
                Some(Entry::Message(stream, message)) => {
                    self.bytes -= message.payload.len();
                    if let Some(mark) = &mut taken.mark {
                        mark.saved = None;
                    }
                    match taken.messages.iter_mut().find(|(name, _)| *name == stream) {
                        Some((_, group)) => group.push(message),
                        None => taken.messages.push((stream, vec![message])),
                    }
                }
                Some(Entry::Mark(mark)) => {
                    let before = taken.mark.take().and_then(|mark| mark.saved);
                    let saved = mark.saved.or(before);
                    taken.mark = Some(Mark { saved, ..*mark });
                }
                None => break,
            }
        }
        taken
    }

    /// How many entries there are to the mark at which a taking of `most` bytes ends.
    fn until_mark(&self, most: usize) -> usize {
        let (mut bytes, mut end) = (0, 0);
        for (at, entry) in self.waiting.iter().enumerate() {
            match entry {
                Entry::Message(_, message) => bytes += message.payload.len(),
                Entry::Mark(_) => end = at + 1,
            }
            if bytes > most && end > 0 {
                break;
            }
        }
        end
    }

    /// Whether a mark is behind all of them.
    pub fn ends_at_mark(&self) -> bool {
        matches!(self.waiting.back(), Some(Entry::Mark(_)))
    }

    /// Say what holds behind all that is there.
    pub fn mark(&mut self, mark: Mark) {
        self.waiting.push_back(Entry::Mark(Box::new(mark)));
    }

    /// Put newer ones behind these.
    pub fn append(&mut self, newer: Messages) {
        self.bytes += newer.bytes;
        self.waiting.extend(newer.waiting);
    }

    fn add(&mut self, stream: &str, messages: Vec<Message>) {
        for message in messages {
            self.bytes += message.payload.len();
            self.waiting
                .push_back(Entry::Message(stream.to_owned(), message));
        }
    }

    /// Encode the flows that the decoder has.
    pub fn take_flows(
        &mut self,
        stream: &str,
        decoder: &mut Decoder,
        fill: &mut Fill,
    ) -> Result<(), ArrowError> {
        let rows = decoder.take_flows();
        let messages = fill.encoder.encode(rows)?;
        fill.learn(&messages);
        self.add(stream, messages);
        Ok(())
    }

    /// Encode what else the decoder has, but exporters.
    pub fn take_others(
        &mut self,
        decoder: &mut Decoder,
        now_ns: i64,
        whole: bool,
    ) -> Result<(), ArrowError> {
        let rows = decoder.take_counters();
        if !rows.is_empty() {
            self.add(
                "counters.sflow",
                encode(&rows.into_batch()?, &HashMap::new())?,
            );
        }
        let rows = decoder.take_hosts();
        if !rows.is_empty() {
            self.add("hosts.sflow", encode(&rows.into_batch()?, &HashMap::new())?);
        }
        let rows = decoder.take_drops();
        if !rows.is_empty() {
            self.add("drops.sflow", encode(&rows.into_batch()?, &HashMap::new())?);
        }
        let rows = decoder.take_inventory(now_ns, whole);
        if !rows.is_empty() {
            self.add(
                "inventory.exports",
                encode(&rows.into_batch()?, &HashMap::new())?,
            );
        }
        Ok(())
    }

    /// Encode rows of exporters.
    pub fn add_exporters(&mut self, rows: exporters::Rows) -> Result<(), ArrowError> {
        if !rows.is_empty() {
            self.add(
                "exporters.agent",
                encode(&rows.into_batch()?, &HashMap::new())?,
            );
        }
        Ok(())
    }
}
