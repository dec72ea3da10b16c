//! The pcapng file format (`draft-ietf-opsawg-pcapng`): sections of either byte order, several interfaces, all kinds of packet
//! blocks; other blocks are skipped.

use std::ops::Range;

use crate::failure::{Failure, Problem};
use crate::file::{ByteOrder, Frame, MOST_FRAME};
use crate::input::{Input, MOST_AHEAD};
use crate::time::Clock;

const SECTION: u32 = 0x0a0d_0d0a;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;

/// Type and length before a block's body, and the length again behind it.
const BLOCK_HEADER: usize = 8;
const BLOCK_OVERHEAD: u32 = 12;

/// More interfaces in one section are refused: each costs memory.
const MOST_INTERFACES: usize = 65_536;

/// A file's state: the section that it is in.
#[derive(Debug)]
pub struct Pcapng {
    order: ByteOrder,
    interfaces: Vec<Interface>,
    skipping: Option<Skip>,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: u32,
    snap_length: u32,
    clock: Clock,
}

/// A block that is too long for the buffer.
#[derive(Debug, Clone, Copy)]
struct Skip {
    offset: u64,
    length: u32,
    left: u64,
}

/// Whether a file that begins so is a pcapng file.
pub fn is_beginning(beginning: &[u8]) -> bool {
    beginning.first_chunk::<4>() == Some(&SECTION.to_be_bytes())
        && beginning
            .get(8..12)
            .is_none_or(|magic| order_of(magic).is_some())
}

fn order_of(magic: &[u8]) -> Option<ByteOrder> {
    [ByteOrder::Little, ByteOrder::Big]
        .into_iter()
        .find(|order| order.u32(magic, 0) == BYTE_ORDER)
}

impl Default for Pcapng {
    fn default() -> Pcapng {
        Pcapng {
            order: ByteOrder::Little,
            interfaces: Vec::new(),
            skipping: None,
        }
    }
}

impl Pcapng {
    /// How many bytes the next block has at least.
    pub fn least_block(&self) -> usize {
        BLOCK_OVERHEAD as usize
    }

    /// The next frame; `None` at the end of the file.
    ///
    /// # Errors
    /// The file ends in a block, or a block's lengths or interface cannot be.
    pub fn next_frame(&mut self, input: &mut Input) -> Result<Option<Frame>, Failure> {
        loop {
            if self.skipping.is_some() {
                self.skip(input)?;
            }
            let offset = input.offset();
            let header = input.ahead(BLOCK_HEADER + 4)?;
            if header.is_empty() {
                return Ok(None);
            }
            if header.len() < BLOCK_HEADER + 4 {
                return Err(cut(offset, BLOCK_HEADER as u64 + 4, header.len() as u64));
            }
            if header.starts_with(&SECTION.to_be_bytes()) {
                self.order = order_of(&header[8..]).ok_or_else(|| {
                    Failure::damaged(
                        offset,
                        "a section header",
                        "has no byte-order magic".to_owned(),
                    )
                })?;
                self.interfaces.clear();
            }
            let kind = self.order.u32(header, 0);
            let length = self.order.u32(header, 4);
            if length < BLOCK_OVERHEAD || !length.is_multiple_of(4) {
                let detail = format!("of type {kind} says that it has {length} bytes");
                return Err(Failure::damaged(offset, BLOCK, detail));
            }
            if length as usize > MOST_AHEAD {
                self.skipping = Some(Skip {
                    offset,
                    length,
                    left: u64::from(length) - 4,
                });
                continue;
            }
            let block = input.ahead(length as usize)?;
            if block.len() < length as usize {
                return Err(cut(offset, u64::from(length), block.len() as u64));
            }
            let again = self.order.u32(block, length as usize - 4);
            if again != length {
                return Err(unequal(offset, length, again));
            }
            let body = &block[BLOCK_HEADER..length as usize - 4];
            let packet = match kind {
                INTERFACE => {
                    self.interface(offset, body)?;
                    None
                }
                ENHANCED_PACKET | OLD_PACKET => Some(self.packet(offset, body, kind)?),
                SIMPLE_PACKET => Some(self.simple_packet(offset, body)?),
                _ => None,
            };
            let taken = input.take(length as usize);
            if let Some((mut frame, within)) = packet {
                let start = taken.start + BLOCK_HEADER;
                frame.bytes = start + within.start..start + within.end;
                return Ok(Some(frame));
            }
        }
    }

    fn skip(&mut self, input: &mut Input) -> Result<(), Failure> {
        let Some(skip) = &mut self.skipping else {
            return Ok(());
        };
        input.skip(&mut skip.left)?;
        let end = input.ahead(4)?;
        let (offset, length) = (skip.offset, skip.length);
        let end_present = end.len();
        if skip.left > 0 || end_present < 4 {
            let present = u64::from(length) - 4 - skip.left + end_present as u64;
            return Err(cut(offset, u64::from(length), present));
        }
        let again = self.order.u32(end, 0);
        if again != length {
            return Err(unequal(offset, length, again));
        }
        input.take(4);
        self.skipping = None;
        Ok(())
    }

    fn interface(&mut self, offset: u64, body: &[u8]) -> Result<(), Failure> {
        if body.len() < 8 {
            return Err(too_short(offset, "an interface description", body.len()));
        }
        if self.interfaces.len() == MOST_INTERFACES {
            let detail = format!("is one of more than {MOST_INTERFACES} in a section");
            return Err(Failure::damaged(offset, "an interface description", detail));
        }
        let (mut resolution, mut seconds) = (6, 0);
        let mut options = &body[8..];
        while let Some((header, rest)) = options.split_first_chunk::<4>() {
            let (code, length) = (self.order.u16(header, 0), self.order.u16(header, 2));
            let Some(value) = rest.get(..usize::from(length)) else {
                break;
            };
            match (code, value) {
                (0, _) => break,
                (TIME_RESOLUTION, [power, ..]) => resolution = *power,
                (TIME_OFFSET, value) if value.len() >= 8 => {
                    seconds = self.order.u64(value, 0).cast_signed();
                }
                _ => {}
            }
            options = rest
                .get(usize::from(length).next_multiple_of(4)..)
                .unwrap_or_default();
        }
        self.interfaces.push(Interface {
            link: u32::from(self.order.u16(body, 0)),
            snap_length: self.order.u32(body, 4),
            clock: Clock::new(resolution, seconds),
        });
        Ok(())
    }

    fn packet(
        &self,
        offset: u64,
        body: &[u8],
        kind: u32,
    ) -> Result<(Frame, Range<usize>), Failure> {
        const PART: &str = "a packet block";
        if body.len() < 20 {
            return Err(too_short(offset, PART, body.len()));
        }
        let number = if kind == OLD_PACKET {
            u32::from(self.order.u16(body, 0))
        } else {
            self.order.u32(body, 0)
        };
        let interface = self.described(offset, PART, number)?;
        let ticks = u64::from(self.order.u32(body, 4)) << 32 | u64::from(self.order.u32(body, 8));
        let (captured, original) = (self.order.u32(body, 12), self.order.u32(body, 16));
        let there = body.len() - 20;
        if captured as usize > there {
            let detail =
                format!("says that {captured} bytes were captured, it has room for {there}");
            return Err(Failure::damaged(offset, PART, detail));
        }
        let frame = Frame {
            time_ns: Some(interface.clock.ns(ticks)),
            link: interface.link,
            bytes: 0..0,
            is_cut: captured < original,
        };
        Ok((frame, 20..20 + captured.min(MOST_FRAME) as usize))
    }

    fn simple_packet(&self, offset: u64, body: &[u8]) -> Result<(Frame, Range<usize>), Failure> {
        const PART: &str = "a simple packet block";
        if body.len() < 4 {
            return Err(too_short(offset, PART, body.len()));
        }
        let interface = self.described(offset, PART, 0)?;
        let original = self.order.u32(body, 0) as usize;
        let most = match interface.snap_length {
            0 => usize::MAX,
            length => length as usize,
        };
        let captured = original.min(most).min(body.len() - 4);
        let frame = Frame {
            time_ns: None,
            link: interface.link,
            bytes: 0..0,
            is_cut: captured < original,
        };
        Ok((frame, 4..4 + captured))
    }

    fn described(
        &self,
        offset: u64,
        part: &'static str,
        number: u32,
    ) -> Result<&Interface, Failure> {
        let there = self.interfaces.len();
        self.interfaces.get(number as usize).ok_or_else(|| {
            let detail = format!("is of interface {number}, {there} were described before it");
            Failure::damaged(offset, part, detail)
        })
    }
}

const BLOCK: &str = "a block";

fn cut(offset: u64, needed: u64, present: u64) -> Failure {
    Failure {
        offset,
        problem: Problem::Cut {
            part: BLOCK,
            needed,
            present,
        },
    }
}

fn unequal(offset: u64, length: u32, again: u32) -> Failure {
    let detail = format!("has {length} bytes by its beginning and {again} by its end");
    Failure::damaged(offset, BLOCK, detail)
}

fn too_short(offset: u64, part: &'static str, length: usize) -> Failure {
    Failure::damaged(offset, part, format!("has a body of {length} bytes"))
}
