//! Captures, one after the other, as one stream of UDP datagrams.

use std::ops::Range;

use crate::counts::Counts;
use crate::failure::Failure;
use crate::file::CaptureFile;
use crate::fragments::Fragments;
use crate::input::Source;
use crate::internet::{self, End, Packet, Udp};
use crate::link::{self, Inside};

/// A datagram that somebody sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Number of the packet within its file, from 1; of the last fragment where there were several.
    pub packet: u64,
    /// When it was captured, ns since the epoch; where the file does not say, as the packet before.
    pub time_ns: i64,
    pub source: End,
    pub destination: End,
    pub payload: &'a [u8],
    /// Whether the capture has only the beginning of the payload.
    pub is_cut: bool,
}

/// What a stream gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    Datagram(Datagram<'a>),
    /// Other packets were gone over for a while: there may be more, but this is a moment to look around.
    Pause,
    /// The file has ended; the next one may begin.
    EndOfFile,
}

/// Packets of something else after which a stream pauses.
const PAUSE_AFTER: u64 = 100_000;

/// The files of a stream share fragments and time.
#[derive(Default)]
pub struct Stream {
    file: Option<CaptureFile>,
    /// Of the file before.
    buffer: Vec<u8>,
    /// Bytes of the files before.
    bytes_before: u64,
    packet: u64,
    time_ns: i64,
    fragments: Fragments,
    whole: Vec<u8>,
    counts: Counts,
}

/// A datagram whose payload is in a buffer.
struct Found {
    source: End,
    destination: End,
    payload: Range<usize>,
    is_in_whole: bool,
    is_cut: bool,
}

impl Stream {
    /// Begin the next file; the one before is left, wherever it was.
    pub fn begin(&mut self, source: Box<dyn Source>) {
        self.leave();
        self.file = Some(CaptureFile::new(source, std::mem::take(&mut self.buffer)));
        self.packet = 0;
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        Counts {
            bytes: self.bytes_before + self.file.as_ref().map_or(0, CaptureFile::offset),
            lost_fragments: self.fragments.lost(),
            ..self.counts
        }
    }

    /// Whether something of the next packet is there; else asking for it may wait for whoever writes into a pipe.
    pub fn is_ready(&mut self) -> bool {
        self.file.as_mut().is_none_or(CaptureFile::is_ready)
    }

    /// The next datagram.
    ///
    /// # Errors
    /// The file could not be read (on), and is left; after an interruption the call can be made again.
    #[inline]
    pub fn step(&mut self) -> Result<Step<'_>, Failure> {
        let left_at = self.counts.packets + PAUSE_AFTER;
        let found = loop {
            if self.counts.packets == left_at {
                return Ok(Step::Pause);
            }
            match self.next_packet() {
                Ok(Some(Some(found))) => break found,
                Ok(Some(None)) => {}
                Ok(None) => {
                    self.leave();
                    return Ok(Step::EndOfFile);
                }
                Err(failure) => {
                    if !failure.is_interruption() {
                        self.leave();
                    }
                    return Err(failure);
                }
            }
        };
        self.counts.datagrams += 1;
        self.counts.cut_datagrams += u64::from(found.is_cut);
        let buffer = match &self.file {
            Some(file) if !found.is_in_whole => file.buffer(),
            _ => &self.whole,
        };
        Ok(Step::Datagram(Datagram {
            packet: self.packet,
            time_ns: self.time_ns,
            source: found.source,
            destination: found.destination,
            payload: buffer.get(found.payload).unwrap_or_default(),
            is_cut: found.is_cut,
        }))
    }

    /// Nothing more comes: fragments that wait for others are lost.
    pub fn finish(&mut self) {
        self.leave();
        self.fragments.finish();
    }

    fn leave(&mut self) {
        if let Some(file) = self.file.take() {
            self.bytes_before += file.offset();
            self.buffer = file.into_buffer();
        }
    }

    /// The next packet: none at the end of the file, and nothing in it if it has no datagram.
    #[inline]
    fn next_packet(&mut self) -> Result<Option<Option<Found>>, Failure> {
        let Some(file) = &mut self.file else {
            return Ok(None);
        };
        let Some(frame) = file.next_frame()? else {
            return Ok(None);
        };
        self.packet += 1;
        self.counts.packets += 1;
        if let Some(time_ns) = frame.time_ns {
            self.time_ns = time_ns;
        }
        let bytes = file.bytes(&frame);
        let packet = match link::inside(frame.link, bytes) {
            Inside::Ip(packet) => internet::inside(packet),
            Inside::Other => Packet::Other,
            Inside::Broken => Packet::Broken,
            Inside::Unknown => {
                self.counts.unknown_link_packets += 1;
                return Ok(Some(None));
            }
        };
        let found = match packet {
            Packet::Udp(udp) => Some(found(&udp, file.buffer(), false)),
            Packet::Other => {
                self.counts.other_packets += 1;
                None
            }
            Packet::Broken => {
                self.counts.broken_packets += 1;
                None
            }
            Packet::Fragment(fragment) => {
                self.counts.fragments += 1;
                let first = self.fragments.add(&fragment, self.time_ns, &mut self.whole);
                match first.map(|first| internet::inside_whole(&fragment.whole, first, &self.whole))
                {
                    Some(Packet::Udp(udp)) => Some(found(&udp, &self.whole, true)),
                    _ => None,
                }
            }
        };
        Ok(Some(found))
    }
}

/// Where a payload lies in the buffer that it is a part of.
fn found(udp: &Udp<'_>, buffer: &[u8], is_in_whole: bool) -> Found {
    let start = udp.payload.as_ptr().addr() - buffer.as_ptr().addr();
    Found {
        source: udp.source,
        destination: udp.destination,
        payload: start..start + udp.payload.len(),
        is_in_whole,
        is_cut: udp.is_cut,
    }
}
