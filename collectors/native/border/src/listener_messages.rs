//! Rows of the decoder to messages of the spool, by stream.

use std::collections::{HashMap, VecDeque};

use arrow_schema::ArrowError;
use columns::flows::Encoder;
use columns::generated::exporters;
use columns::message::{encode, Message, MOST_BYTES};
use exports::Decoder;

/// Messages in the order in which they were made, with their streams.
#[derive(Debug, Default)]
pub struct Messages {
    waiting: VecDeque<(String, Message)>,
    bytes: usize,
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

    /// The oldest ones, up to about `most` bytes, grouped by stream in the order of their first.
    pub fn take(&mut self, most: usize) -> Vec<(String, Vec<Message>)> {
        let mut groups: Vec<(String, Vec<Message>)> = Vec::new();
        let mut taken = 0;
        while let Some((stream, message)) = self.waiting.pop_front() {
            taken += message.payload.len();
            match groups.iter_mut().find(|(name, _)| *name == stream) {
                Some((_, group)) => group.push(message),
                None => groups.push((stream, vec![message])),
            }
            if taken >= most {
                break;
            }
        }
        self.bytes -= taken;
        groups
    }

    /// Put newer ones behind these.
    pub fn append(&mut self, newer: Messages) {
        self.bytes += newer.bytes;
        self.waiting.extend(newer.waiting);
    }

    fn add(&mut self, stream: &str, messages: Vec<Message>) {
        for message in messages {
            self.bytes += message.payload.len();
            self.waiting.push_back((stream.to_owned(), message));
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
