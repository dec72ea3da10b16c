//! The records of a data set, and the values of a field of all of them.

use super::layout::{Slot, Span};

/// Records of one data set.
#[derive(Debug, Clone, Copy)]
pub enum Records<'a> {
    /// All equally long.
    Fixed { bytes: &'a [u8], stride: usize },
    /// Each with its own lengths.
    Placed {
        bytes: &'a [u8],
        spans: &'a [Span],
        parts: usize,
        count: usize,
    },
}

impl<'a> Records<'a> {
    pub fn count(&self) -> usize {
        match *self {
            Records::Fixed { bytes, stride } => bytes.len().checked_div(stride).unwrap_or(0),
            Records::Placed { count, .. } => count,
        }
    }

    /// The bytes of a field of a record; none where there are not so many.
    #[inline]
    pub fn field(&self, record: usize, slot: &Slot) -> &'a [u8] {
        let (bytes, from, length) = match *self {
            Records::Fixed { bytes, stride } => (bytes, record * stride, 0),
            Records::Placed {
                bytes,
                spans,
                parts,
                ..
            } => match spans.get(record * parts + slot.part as usize) {
                Some(&(from, length)) => (bytes, from as usize, length as usize),
                None => return &[],
            },
        };
        let from = from + slot.offset as usize;
        let length = slot.width.map_or(length, usize::from);
        bytes.get(from..from + length).unwrap_or_default()
    }

    /// The records from `first` to before `end`.
    pub fn range(&self, first: usize, end: usize) -> Records<'a> {
        match *self {
            Records::Fixed { bytes, stride } => Records::Fixed {
                bytes: bytes.get(first * stride..end * stride).unwrap_or_default(),
                stride,
            },
            Records::Placed {
                bytes,
                spans,
                parts,
                ..
            } => Records::Placed {
                bytes,
                spans: spans.get(first * parts..end * parts).unwrap_or_default(),
                parts,
                count: end - first,
            },
        }
    }
}

/// The values of a field of known length, of records that are all equally long.
#[inline]
pub fn strided<'a, const N: usize>(
    bytes: &'a [u8],
    stride: usize,
    slot: &Slot,
) -> impl Iterator<Item = [u8; N]> + use<'a, N> {
    let offset = slot.offset as usize;
    bytes.chunks_exact(stride).map(move |record| {
        record
            .get(offset..offset + N)
            .and_then(|value| value.try_into().ok())
            .unwrap_or([0; N])
    })
}

/// The same, of records that have been placed.
#[inline]
pub fn placed<'a, const N: usize>(
    bytes: &'a [u8],
    spans: &'a [Span],
    parts: usize,
    slot: &Slot,
) -> impl Iterator<Item = [u8; N]> + use<'a, N> {
    let (part, offset) = (slot.part as usize, slot.offset as usize);
    spans.chunks_exact(parts).map(move |spans| {
        spans
            .get(part)
            .and_then(|&(from, _)| bytes.get(from as usize + offset..))
            .and_then(|value| value.first_chunk().copied())
            .unwrap_or([0; N])
    })
}
