//! One capture file of any format: its frames in order.

use std::ops::Range;

use crate::failure::{Failure, Problem};
use crate::file_kind;
use crate::input::{Input, Source};
use crate::pcap::{self, Pcap};
use crate::pcapng::{self, Pcapng};

/// Longest frame that is kept, in bytes; of a longer one the rest is skipped. The largest snapshot length of libpcap.
pub const MOST_FRAME: u32 = 262_144;

/// How many bytes of a file are looked at to tell what it is.
const BEGINNING: usize = 512;

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// The number at `at`, or 0 where there are no bytes: callers ask for lengths first.
    #[inline]
    pub fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let bytes = array(bytes, at);
        match self {
            ByteOrder::Little => u16::from_le_bytes(bytes),
            ByteOrder::Big => u16::from_be_bytes(bytes),
        }
    }

    /// As [`ByteOrder::u16`].
    #[inline]
    pub fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let bytes = array(bytes, at);
        match self {
            ByteOrder::Little => u32::from_le_bytes(bytes),
            ByteOrder::Big => u32::from_be_bytes(bytes),
        }
    }

    /// As [`ByteOrder::u16`].
    #[inline]
    pub fn u64(self, bytes: &[u8], at: usize) -> u64 {
        let bytes = array(bytes, at);
        match self {
            ByteOrder::Little => u64::from_le_bytes(bytes),
            ByteOrder::Big => u64::from_be_bytes(bytes),
        }
    }
}

#[inline]
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<N>())
        .copied()
        .unwrap_or([0; N])
}

/// A frame as it was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When, in ns since the epoch; a simple packet block does not say.
    pub time_ns: Option<i64>,
    /// Link type, of the registry of pcap.
    pub link: u32,
    /// Where its bytes are in the file's buffer until the next frame is asked for.
    pub bytes: Range<usize>,
    /// Whether the capture has only its beginning.
    pub is_cut: bool,
}

/// A file that is being read.
pub struct CaptureFile {
    input: Input,
    format: Format,
}

enum Format {
    Unknown,
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl CaptureFile {
    /// Begin to read; `buffer` is one of an earlier file, or empty.
    pub fn new(source: Box<dyn Source>, buffer: Vec<u8>) -> CaptureFile {
        CaptureFile {
            input: Input::new(source, buffer),
            format: Format::Unknown,
        }
    }

    /// The buffer, for the next file.
    pub fn into_buffer(self) -> Vec<u8> {
        self.input.into_buffer()
    }

    /// Bytes that were gone through.
    pub fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// Whether the next frame's beginning can be had without waiting.
    pub fn is_ready(&mut self) -> bool {
        let least = match &self.format {
            Format::Unknown => 1,
            Format::Pcap(pcap) => pcap.least_record(),
            Format::Pcapng(pcapng) => pcapng.least_block(),
        };
        self.input.is_ready(least)
    }

    /// The buffer that [`Frame::bytes`] is a range of.
    pub fn buffer(&self) -> &[u8] {
        self.input.buffer()
    }

    /// The bytes of the frame that was given last.
    pub fn bytes(&self, frame: &Frame) -> &[u8] {
        self.input.bytes(frame.bytes.clone())
    }

    /// The next frame; `None` at the end of the file. After a failure other than an interruption there is nothing more.
    ///
    /// # Errors
    /// The file is empty, no capture, cut off or damaged, or cannot be read.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Failure> {
        match &mut self.format {
            Format::Pcap(pcap) => pcap.next_frame(&mut self.input),
            Format::Pcapng(pcapng) => pcapng.next_frame(&mut self.input),
            Format::Unknown => {
                self.open()?;
                self.next_frame()
            }
        }
    }

    fn open(&mut self) -> Result<(), Failure> {
        // Four bytes tell a pcap file, and a pipe may not have more for a while.
        let beginning = self.input.ahead(4)?;
        if let Some(order) = pcap::order_of(beginning) {
            self.format = Format::Pcap(Pcap::open(&mut self.input, order)?);
            return Ok(());
        }
        if pcapng::is_beginning(beginning) && pcapng::is_beginning(self.input.ahead(12)?) {
            self.format = Format::Pcapng(Pcapng::default());
            return Ok(());
        }
        let beginning = self.input.ahead(BEGINNING)?;
        let problem = if beginning.is_empty() {
            Problem::Empty
        } else {
            Problem::Kind(file_kind::of(beginning))
        };
        Err(Failure { offset: 0, problem })
    }
}
