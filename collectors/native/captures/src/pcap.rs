//! The pcap file format (`draft-ietf-opsawg-pcap`): both byte orders, micro- and nanoseconds, and the patched records of old
//! Linux tools.

use crate::failure::{Failure, Problem};
use crate::file::{ByteOrder, Frame, MOST_FRAME};
use crate::input::Input;
use crate::time::Clock;

const FILE_HEADER: usize = 24;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Kuznetsov's patch: interface, protocol and packet type follow each record's header.
const PATCHED: u32 = 0xa1b2_cd34;

/// The low bits of the field that holds the link type; above are what is said of the frame check.
const LINK_TYPE: u32 = 0x03ff_ffff;

/// What the header of a file says.
#[derive(Debug)]
pub struct Pcap {
    order: ByteOrder,
    clock: Clock,
    link: u32,
    record_header: usize,
    most_captured: u32,
    swap: Swap,
    to_skip: u64,
}

/// Which of a record's lengths comes first: before format 2.3 the original one, in 2.3 either.
#[derive(Debug, PartialEq)]
enum Swap {
    Never,
    Always,
    IfLarger,
}

/// The byte order of a file that begins so, if it is a pcap file.
pub fn order_of(beginning: &[u8]) -> Option<ByteOrder> {
    let magic = beginning.first_chunk::<4>()?;
    [ByteOrder::Little, ByteOrder::Big]
        .into_iter()
        .find(|order| matches!(order.u32(magic, 0), MICROSECONDS | NANOSECONDS | PATCHED))
}

impl Pcap {
    /// Read the header of a file.
    ///
    /// # Errors
    /// The file ends in it, or it is of a version that never was.
    pub fn open(input: &mut Input, order: ByteOrder) -> Result<Pcap, Failure> {
        let header = input.ahead(FILE_HEADER)?;
        if header.len() < FILE_HEADER {
            return Err(cut(0, "the header of the file", FILE_HEADER, header.len()));
        }
        let magic = order.u32(header, 0);
        let (major, minor) = (order.u16(header, 4), order.u16(header, 6));
        if major != 2 {
            let detail = format!("is of version {major}.{minor}; versions 2.x are known");
            return Err(Failure::damaged(0, "the header of the file", detail));
        }
        let pcap = Pcap {
            order,
            clock: Clock::new(if magic == NANOSECONDS { 9 } else { 6 }, 0),
            link: order.u32(header, 20) & LINK_TYPE,
            record_header: if magic == PATCHED { 24 } else { 16 },
            most_captured: order.u32(header, 16).max(MOST_FRAME),
            swap: match minor {
                0..3 => Swap::Always,
                3 => Swap::IfLarger,
                _ => Swap::Never,
            },
            to_skip: 0,
        };
        input.take(FILE_HEADER);
        Ok(pcap)
    }

    /// How many bytes the next record has at least.
    pub fn least_record(&self) -> usize {
        self.record_header
    }

    /// The next frame; `None` at the end of the file.
    ///
    /// # Errors
    /// The file ends in a record, or a record is longer than the file's header allows.
    pub fn next_frame(&mut self, input: &mut Input) -> Result<Option<Frame>, Failure> {
        if self.to_skip > 0 {
            self.skip(input)?;
        }
        let offset = input.offset();
        let header = input.ahead(self.record_header)?;
        if header.is_empty() {
            return Ok(None);
        }
        if header.len() < self.record_header {
            return Err(cut(offset, RECORD, self.record_header, header.len()));
        }
        let seconds = self.order.u32(header, 0);
        let fraction = self.order.u32(header, 4);
        let (mut captured, mut original) = (self.order.u32(header, 8), self.order.u32(header, 12));
        if self.swap == Swap::Always || self.swap == Swap::IfLarger && captured > original {
            (captured, original) = (original, captured);
        }
        if captured > self.most_captured {
            let most = self.most_captured;
            let detail =
                format!("says that {captured} bytes were captured, {most} at most are possible");
            return Err(Failure::damaged(offset, RECORD, detail));
        }
        let kept = captured.min(MOST_FRAME) as usize;
        let needed = self.record_header + kept;
        let there = input.ahead(needed)?.len();
        if there < needed {
            let whole = self.record_header + captured as usize;
            return Err(cut(offset, RECORD, whole, there));
        }
        input.take(self.record_header);
        let bytes = input.take(kept);
        self.to_skip = u64::from(captured) - kept as u64;
        // A fraction may exceed a second in files that were badly written; it is added all the same.
        let time_ns = i64::from(seconds) * 1_000_000_000 + self.clock.ns(u64::from(fraction));
        Ok(Some(Frame {
            time_ns: Some(time_ns),
            link: self.link,
            bytes,
            is_cut: captured < original,
        }))
    }

    fn skip(&mut self, input: &mut Input) -> Result<(), Failure> {
        let offset = input.offset();
        input.skip(&mut self.to_skip)?;
        match std::mem::take(&mut self.to_skip) {
            0 => Ok(()),
            left => {
                let skipped = input.offset() - offset;
                Err(Failure {
                    offset,
                    problem: Problem::Cut {
                        part: "the rest of a packet",
                        needed: skipped + left,
                        present: skipped,
                    },
                })
            }
        }
    }
}

const RECORD: &str = "a packet record";

fn cut(offset: u64, part: &'static str, needed: usize, present: usize) -> Failure {
    Failure {
        offset,
        problem: Problem::Cut {
            part,
            needed: needed as u64,
            present: present as u64,
        },
    }
}
