//! XDR (RFC 4506) as sFlow uses it: big-endian words, opaque data padded to words, lists with their count before them.

use crate::fault::{Fault, Reason};
use crate::internet::mapped;

/// Longest text that is kept, in bytes.
pub const MOST_TEXT_BYTES: usize = 255;

/// Reads one structure from its start; never beyond its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    /// What the structure is called in faults.
    layer: &'static str,
    /// Where it begins in the datagram.
    offset: usize,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(layer: &'static str, offset: usize, bytes: &'a [u8]) -> Self {
        Reader {
            layer,
            offset,
            bytes,
            at: 0,
        }
    }

    /// Bytes that were not read yet.
    #[inline]
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The bytes that were not read yet.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// Where the next byte is in the datagram.
    #[inline]
    pub(super) fn position(&self) -> usize {
        self.offset + self.at
    }

    /// A fault about this structure, which needs `more` bytes behind what was read.
    #[cold]
    pub(super) fn fault(&self, reason: Reason, more: usize) -> Fault {
        Fault {
            protocol: "sflow",
            layer: self.layer,
            offset: self.offset,
            needed: self.at.saturating_add(more),
            present: self.bytes.len(),
            reason,
        }
    }

    /// The next `count` bytes.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        match self.rest().get(..count) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => Err(self.fault(Reason::Short, count)),
        }
    }

    /// The next `N` words of 32 bits.
    #[inline(always)]
    pub(super) fn words<const N: usize>(&mut self) -> Result<[u32; N], Fault> {
        let (words, _) = self.take(4 * N)?.as_chunks::<4>();
        match words.first_chunk::<N>() {
            Some(words) => Ok(words.map(u32::from_be_bytes)),
            None => Err(self.fault(Reason::Short, 4 * N)),
        }
    }

    /// The next word.
    #[inline]
    pub(super) fn word(&mut self) -> Result<u32, Fault> {
        self.words::<1>().map(|[word]| word)
    }

    /// The next 64 bits.
    #[inline]
    pub(super) fn hyper(&mut self) -> Result<u64, Fault> {
        self.words().map(|[high, low]| hyper(high, low))
    }

    /// The next `N` bytes; `N` is a multiple of 4.
    #[inline]
    pub(super) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        match self.take(N)?.first_chunk::<N>() {
            Some(bytes) => Ok(*bytes),
            None => Err(self.fault(Reason::Short, N)),
        }
    }

    /// A MAC address, 6 bytes and 2 of padding, in the low 48 bits.
    pub(super) fn mac(&mut self) -> Result<u64, Fault> {
        self.hyper().map(|bits| bits >> 16)
    }

    /// How many elements a list has. Each takes at least `least` bytes, so a count that cannot be true is found out at once.
    #[inline]
    pub(super) fn count(&mut self, least: usize) -> Result<usize, Fault> {
        let count = self.word()? as usize;
        if count > self.left() / least {
            return Err(self.fault(Reason::Count, count.saturating_mul(least)));
        }
        Ok(count)
    }

    /// The structure of `length` bytes that comes next, without its padding. Padding that is not there is not missed.
    #[inline(always)]
    pub(super) fn part(&mut self, layer: &'static str, length: usize) -> Result<Self, Fault> {
        let offset = self.position();
        let rest = self.rest();
        let Some(bytes) = rest.get(..length) else {
            return Err(Reader::new(layer, offset, rest).cut(length, Reason::Length));
        };
        self.at += rest.len().min(length + padding(length));
        Ok(Reader::new(layer, offset, bytes))
    }

    /// A fault about this structure, of which only what it reads is there.
    #[cold]
    pub(super) fn cut(&self, needed: usize, reason: Reason) -> Fault {
        Fault {
            needed,
            ..self.fault(reason, 0)
        }
    }

    /// Opaque data or text: its length, its bytes, padding.
    #[inline]
    pub(super) fn opaque(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.word()? as usize;
        let rest = self.rest();
        match rest.get(..length) {
            Some(bytes) => {
                self.at += rest.len().min(length + padding(length));
                Ok(bytes)
            }
            None => Err(self.fault(Reason::Length, length)),
        }
    }

    /// A list of words.
    #[inline]
    pub(super) fn list(&mut self) -> Result<&'a [[u8; 4]], Fault> {
        let count = self.count(4)?;
        Ok(self.take(count * 4)?.as_chunks().0)
    }

    /// An address, IPv4 mapped into IPv6; `None` for one that is unknown.
    pub(super) fn address(&mut self) -> Result<Option<[u8; 16]>, Fault> {
        match self.word()? {
            0 => Ok(None),
            1 => self.fixed::<4>().map(|address| Some(mapped(address))),
            2 => self.fixed::<16>().map(Some),
            _ => Err(self.cut(0, Reason::Value)),
        }
    }
}

/// Bytes that fill `length` up to whole words.
#[inline]
fn padding(length: usize) -> usize {
    length.wrapping_neg() & 3
}

/// 64 bits from two words.
#[inline]
pub(super) const fn hyper(high: u32, low: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

/// Text that is safe to show: at most [`MOST_TEXT_BYTES`] bytes of UTF-8, control characters left out.
pub(super) fn text(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(MOST_TEXT_BYTES)];
    let mut text = String::new();
    for character in String::from_utf8_lossy(bytes).chars() {
        if text.len() + character.len_utf8() > MOST_TEXT_BYTES {
            break;
        }
        if !character.is_control() {
            text.push(character);
        }
    }
    text
}
