//! LZ4 blocks of rows of one width, from what is known of such rows: where they differ, and that most are like the one before.
//!
//! A general compressor looks at each position for anything that was there before. Here each match is one row back, or as many
//! rows back as the same value was: a tenth of the work, for nearly the same size. Every LZ4 decoder reads the block.
//!
//! Source: LZ4 Block Format Description 1.6.4: sequences of a token, literals, a distance and a match of at least
//! 4 bytes; the last 5 bytes are literals, and no match begins in the last 12.

use std::ops::{BitOr, BitXor};

const SHORTEST_MATCH: usize = 4;
const LAST_LITERALS: usize = 5;
const LAST_MATCH: usize = 12;
/// Lengths from here on do not fit into a token.
const LONG: usize = 15;
/// Buffers shorter than this are left alone.
const FEWEST_BYTES: usize = 64;
/// A distance has 16 bits: so many rows of 16 bytes back.
const FARTHEST_ROWS: u32 = 4_095;
const TABLE_BITS: u32 = 12;
/// How many bytes of a row's value the table holds.
const SHORT_VALUE: usize = 4;

/// Finds what repeats; its memory is used again for each buffer.
pub struct Finder {
    /// Values (the upper half) by their hash, with the row at which they were last (the lower half), counted over all buffers.
    table: Vec<u64>,
    /// The first row of the next buffer in that count: too far behind for all that are in the table.
    first_row: u32,
}

impl Default for Finder {
    fn default() -> Self {
        Self {
            table: vec![0; 1 << TABLE_BITS],
            first_row: FARTHEST_ROWS + 1,
        }
    }
}

/// Rows of one width as numbers, of which the first byte is the lowest.
trait Row: Copy + Eq + Default + BitXor<Output = Self> + BitOr<Output = Self> {
    const BYTES: usize;
    fn read(bytes: &[u8]) -> Self;
    /// Of the bytes that are not 0, the first, and the one behind the last.
    fn span(self) -> (usize, usize);
    /// The bytes between the first and the one behind the last of a span.
    fn between(self, span: (usize, usize)) -> u128;
}

macro_rules! rows {
    ($($number:ty),*) => {$(
        impl Row for $number {
            const BYTES: usize = size_of::<$number>();

            #[inline(always)]
            fn read(bytes: &[u8]) -> Self {
                let mut array = [0; size_of::<$number>()];
                array.copy_from_slice(bytes);
                <$number>::from_le_bytes(array)
            }

            fn span(self) -> (usize, usize) {
                let first = self.trailing_zeros() as usize / 8;
                (first, Self::BYTES - self.leading_zeros() as usize / 8)
            }

            #[inline(always)]
            fn between(self, (first, end): (usize, usize)) -> u128 {
                let bits = 8 * (end - first);
                (u128::from(self) >> (8 * first)) & ((1 << bits) - 1)
            }
        }
    )*};
}

rows!(u8, u16, u32, u64, u128);

/// How the rows of a buffer differ.
struct Survey {
    /// Every byte that differs anywhere from the row before: the first, and the one behind the last.
    span: (usize, usize),
    /// Rows that differ from the one before.
    changes: usize,
}

impl Finder {
    /// Write a block with `content` to the beginning of `room`, which grows where it must. Returns its length, or `None` where it
    /// would be longer than five eighths of `content`.
    pub fn block(&mut self, room: &mut Vec<u8>, content: &[u8], width: usize) -> Option<usize> {
        if content.len() < FEWEST_BYTES.max(4 * width) || !content.len().is_multiple_of(width) {
            return None;
        }
        match width {
            1 => self.rows::<u8>(room, content),
            2 => self.rows::<u16>(room, content),
            4 => self.rows::<u32>(room, content),
            8 => self.rows::<u64>(room, content),
            16 => self.rows::<u128>(room, content),
            _ => None,
        }
    }

    fn rows<T: Row>(&mut self, room: &mut Vec<u8>, content: &[u8]) -> Option<usize> {
        let Survey { span, changes } = survey::<T>(content);
        let varying = span.1 - span.0;
        // A token, a distance, and a byte more of a long length.
        let as_runs = (changes + 1) * (varying + 4) + content.len() / 255 + T::BYTES;
        let rows = content.len() / T::BYTES;
        let is_short = T::BYTES >= varying + SHORTEST_MATCH;
        let as_rows = if is_short {
            rows * (varying + 3) + 3 * T::BYTES
        } else {
            usize::MAX
        };
        if as_runs.min(as_rows) > content.len() / 8 * 5 {
            return None;
        }
        let most = as_runs.min(as_rows) + 4 * T::BYTES + 64;
        if room.len() < most {
            room.resize(most, 0);
        }
        let mut out = Out { room, at: 0 };
        if as_runs <= as_rows {
            runs::<T>(&mut out, content, span);
        } else if T::BYTES == 16 && varying <= SHORT_VALUE {
            self.seen_before::<T>(&mut out, content, span);
        } else {
            each_row::<T>(&mut out, content, span);
        }
        Some(out.at)
    }

    /// Each row is like the one before but for a few bytes, or like an earlier one.
    fn seen_before<T: Row>(&mut self, out: &mut Out<'_>, content: &[u8], span: (usize, usize)) {
        let rows = content.len() / T::BYTES;
        let Some(next) = u32::try_from(rows).ok().and_then(|rows| {
            self.first_row
                .checked_add(rows)?
                .checked_add(FARTHEST_ROWS + 1)
        }) else {
            self.table.fill(0);
            self.first_row = FARTHEST_ROWS + 1;
            each_row::<T>(out, content, span);
            return;
        };
        let miss = Sequence::of::<T>(span);
        let hit = (T::BYTES - SHORTEST_MATCH) as u64;
        let end = miss.begin::<T>(out, content);
        let following = content[2 * T::BYTES..end * T::BYTES].chunks_exact(T::BYTES);
        for (number, bytes) in (self.first_row + 2..).zip(following) {
            let value = T::read(bytes).between(span) as u64;
            let slot = (value as u32).wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS);
            let entry = std::mem::replace(
                &mut self.table[slot as usize],
                value << 32 | u64::from(number),
            );
            let distance = number.wrapping_sub(entry as u32);
            let is_hit = entry >> 32 == value && distance <= FARTHEST_ROWS;
            let far = hit | (u64::from(distance) * T::BYTES as u64) << 8;
            let near = miss.with(value);
            out.put(
                if is_hit { far } else { near },
                if is_hit { 3 } else { miss.bytes },
            );
        }
        out.literals(&content[end * T::BYTES + span.0..]);
        self.first_row = next;
    }
}

fn survey<T: Row>(content: &[u8]) -> Survey {
    if content[T::BYTES..] == content[..content.len() - T::BYTES] {
        return Survey {
            span: (0, 0),
            changes: 0,
        };
    }
    let mut before = T::read(&content[..T::BYTES]);
    let mut varying = T::default();
    let mut changes = 0;
    for bytes in content.chunks_exact(T::BYTES) {
        let row = T::read(bytes);
        let differs = row ^ before;
        varying = varying | differs;
        changes += usize::from(differs != T::default());
        before = row;
    }
    Survey {
        span: varying.span(),
        changes,
    }
}

/// Few rows differ from the one before.
fn runs<T: Row>(out: &mut Out<'_>, content: &[u8], span: (usize, usize)) {
    let mut literals_at = 0;
    // Everything from here on is as it was one row before, as far as it is known.
    let mut match_at = T::BYTES;
    let mut match_end = content.len();
    let mut before = T::read(&content[..T::BYTES]);
    let rows = if span.1 > 0 { content } else { &[] };
    for (number, bytes) in rows.chunks_exact(T::BYTES).enumerate().skip(1) {
        let row = T::read(bytes);
        if row == before {
            continue;
        }
        before = row;
        let at = number * T::BYTES + span.0;
        if at + LAST_MATCH > content.len() {
            match_end = at;
            break;
        }
        if at >= match_at + SHORTEST_MATCH {
            out.sequence(&content[literals_at..match_at], T::BYTES, at - match_at);
            literals_at = at;
        }
        match_at = number * T::BYTES + span.1;
    }
    match_end = match_end.min(content.len() - LAST_LITERALS);
    if match_at + LAST_MATCH <= content.len() && match_end >= match_at + SHORTEST_MATCH {
        out.sequence(
            &content[literals_at..match_at],
            T::BYTES,
            match_end - match_at,
        );
        literals_at = match_end;
    }
    out.literals(&content[literals_at..]);
}

/// Each row is like the one before but for a few bytes.
fn each_row<T: Row>(out: &mut Out<'_>, content: &[u8], span: (usize, usize)) {
    let sequence = Sequence::of::<T>(span);
    let end = sequence.begin::<T>(out, content);
    for bytes in content[2 * T::BYTES..end * T::BYTES].chunks_exact(T::BYTES) {
        let value = T::read(bytes).between(span);
        if T::BYTES <= 8 {
            out.put(sequence.with(value as u64), sequence.bytes);
        } else {
            out.put_long(sequence.with_long(value), sequence.bytes);
        }
    }
    out.literals(&content[end * T::BYTES + span.0..]);
}

/// The bytes of a row in which it differs from the one before, and a match up to those of the next row.
struct Sequence {
    span: (usize, usize),
    token: u8,
    distance: u128,
    bytes: usize,
}

impl Sequence {
    fn of<T: Row>(span: (usize, usize)) -> Self {
        let varying = span.1 - span.0;
        Self {
            span,
            token: (varying << 4 | (T::BYTES - varying - SHORTEST_MATCH)) as u8,
            distance: (T::BYTES as u128) << (8 * (varying + 1)),
            bytes: varying + 3,
        }
    }

    /// Write the first two rows. Returns the number of the row up to which others can follow; the match of the row before it ends
    /// where its own bytes begin.
    fn begin<T: Row>(&self, out: &mut Out<'_>, content: &[u8]) -> usize {
        let match_at = T::BYTES + self.span.1;
        out.sequence(
            &content[..match_at],
            T::BYTES,
            T::BYTES - (self.span.1 - self.span.0),
        );
        // The match of the last row but two or three ends early enough, whatever the width.
        (content.len() - LAST_MATCH) / T::BYTES - 1
    }

    #[inline(always)]
    fn with(&self, value: u64) -> u64 {
        u64::from(self.token) | value << 8 | self.distance as u64
    }

    #[inline(always)]
    fn with_long(&self, value: u128) -> u128 {
        u128::from(self.token) | value << 8 | self.distance
    }
}

/// Where a block is written; there is room for all of it, and 16 bytes more.
struct Out<'a> {
    room: &'a mut Vec<u8>,
    at: usize,
}

impl Out<'_> {
    #[inline(always)]
    fn put(&mut self, bytes: u64, count: usize) {
        self.room[self.at..self.at + 8].copy_from_slice(&bytes.to_le_bytes());
        self.at += count;
    }

    #[inline(always)]
    fn put_long(&mut self, bytes: u128, count: usize) {
        self.room[self.at..self.at + 16].copy_from_slice(&bytes.to_le_bytes());
        self.at += count;
    }

    fn byte(&mut self, byte: u8) {
        self.room[self.at] = byte;
        self.at += 1;
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.room[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// What of a length does not fit into a token.
    fn rest(&mut self, length: usize) {
        let Some(mut rest) = length.checked_sub(LONG) else {
            return;
        };
        while rest >= 255 {
            self.byte(255);
            rest -= 255;
        }
        self.byte(rest as u8);
    }

    fn sequence(&mut self, literals: &[u8], distance: usize, length: usize) {
        let more = length - SHORTEST_MATCH;
        self.byte((literals.len().min(LONG) << 4 | more.min(LONG)) as u8);
        self.rest(literals.len());
        self.bytes(literals);
        self.byte(distance as u8);
        self.byte((distance >> 8) as u8);
        self.rest(more);
    }

    /// The end of a block.
    fn literals(&mut self, literals: &[u8]) {
        self.byte((literals.len().min(LONG) << 4) as u8);
        self.rest(literals.len());
        self.bytes(literals);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use lz4_flex::block::decompress;

    /// Rows that differ from the one before in the bytes of a span, and do so in `changing` of 100.
    fn content(width: usize, rows: usize, span: (usize, usize), changing: u64) -> Vec<u8> {
        let mut state = 88_172_645_463_325_252_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state >> 8
        };
        let mut row: Vec<u8> = (0..width).map(|_| next() as u8).collect();
        let mut content = row.clone();
        for _ in 1..rows {
            if next() % 100 < changing {
                // Of few values, so that some come again.
                let value = (next() % 700)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .to_le_bytes();
                for (byte, new) in row[span.0..span.1].iter_mut().zip(value.iter().cycle()) {
                    *byte = *new;
                }
            }
            content.extend(&row);
        }
        content
    }

    #[test]
    fn what_is_read_back_is_what_was_written_for_all_widths_spans_and_lengths() {
        let mut finder = Finder::default();
        let mut room = Vec::new();
        let mut written = 0;
        for width in [1, 2, 4, 8, 16] {
            for (first, end) in
                (0..width).flat_map(|first| (first + 1..=width).map(move |end| (first, end)))
            {
                for rows in [4, 5, 7, 31, 64, 65, 900] {
                    for changing in [0, 1, 30, 100] {
                        let content = content(width, rows, (first, end), changing);
                        let Some(length) = finder.block(&mut room, &content, width) else {
                            continue;
                        };
                        assert_eq!(decompress(&room[..length], content.len()).unwrap(), content);
                        written += 1;
                    }
                }
            }
        }
        assert!(written > 2_000, "{written}");
    }

    #[test]
    fn values_farther_back_than_a_distance_reaches_are_not_meant() {
        let mut finder = Finder::default();
        let mut room = Vec::new();
        for period in [4_094_u32, 4_095, 4_096, 5_000] {
            let content: Vec<u8> = (0..3 * period)
                .flat_map(|row| (u128::from(row % period) << 96).to_le_bytes())
                .collect();
            let length = finder.block(&mut room, &content, 16).unwrap();
            assert_eq!(decompress(&room[..length], content.len()).unwrap(), content);
        }
    }

    #[test]
    fn the_count_of_rows_over_all_buffers_may_end() {
        let mut finder = Finder::default();
        let mut room = Vec::new();
        let content = content(16, 900, (14, 16), 100);
        for first_row in [u32::MAX - 10_000, u32::MAX - 4_500, FARTHEST_ROWS + 1] {
            finder.first_row = first_row;
            for _ in 0..3 {
                let length = finder.block(&mut room, &content, 16).unwrap();
                assert_eq!(decompress(&room[..length], content.len()).unwrap(), content);
            }
        }
    }

    #[test]
    fn noise_is_left_alone() {
        let noise = content(8, 900, (0, 8), 100);
        assert_eq!(Finder::default().block(&mut Vec::new(), &noise, 8), None);
    }
}
