//! The bytes that are there, and why there are no more.

use crate::rows::header_problem::BAD_IP_LENGTH;

/// What stopped the reading: one of `rows::header_problem`, and where the structure begins that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Problem {
    pub code: u8,
    pub offset: usize,
}

impl Problem {
    /// A problem as a failed reading.
    #[cold]
    pub fn at<T>(code: u8, offset: usize) -> Result<T, Problem> {
        Err(Problem { code, offset })
    }
}

/// A sampled header up to some end. Offsets count from its first byte everywhere, so that problems can name them.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    bytes: &'a [u8],
    /// Whether the packet itself ends here, because an IP length says so, and not only the sample of it.
    ends: bool,
}

impl<'a> View<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        View { bytes, ends: false }
    }

    /// `N` bytes at `offset`, if they are there.
    #[inline]
    pub fn at<const N: usize>(&self, offset: usize) -> Option<&'a [u8; N]> {
        self.bytes.get(offset..)?.first_chunk()
    }

    /// `N` bytes of the structure that begins at `offset`.
    ///
    /// # Errors
    /// `cut` where the sample is too short, `bad_ip_length` where the packet is.
    #[inline]
    pub fn need<const N: usize>(&self, offset: usize, cut: u8) -> Result<&'a [u8; N], Problem> {
        match self.at(offset) {
            Some(bytes) => Ok(bytes),
            None => Err(self.short(offset, cut)),
        }
    }

    /// Assure that the structure that begins at `offset` has all its `size` bytes.
    ///
    /// # Errors
    /// As [`View::need`].
    #[inline]
    pub fn reach(&self, offset: usize, size: usize, cut: u8) -> Result<(), Problem> {
        if offset + size <= self.bytes.len() {
            Ok(())
        } else {
            Err(self.short(offset, cut))
        }
    }

    /// Why a structure that begins at `offset` is not all there.
    #[cold]
    pub fn short(&self, offset: usize, cut: u8) -> Problem {
        let code = if self.ends { BAD_IP_LENGTH } else { cut };
        Problem { code, offset }
    }

    /// Whether the packet itself has no more than `size` bytes from `offset` on; padding behind it is not read.
    pub fn ends_before(&self, offset: usize, size: usize) -> bool {
        self.ends && offset + size > self.bytes.len()
    }

    /// The same bytes up to `end`, where the packet ends, or, of a fragment that others follow, only this part of it.
    #[inline]
    pub fn until(self, end: usize, goes_on: bool) -> Self {
        match self.bytes.get(..end) {
            Some(bytes) => View {
                bytes,
                ends: !goes_on,
            },
            None => self,
        }
    }

    /// The same bytes, of a packet that goes on in other fragments.
    pub fn goes_on(self) -> Self {
        View {
            ends: false,
            ..self
        }
    }
}

/// Two bytes of network order.
#[inline]
pub(super) fn u16_of(bytes: &[u8], at: usize) -> u16 {
    match bytes.get(at..at + 2) {
        Some(&[high, low]) => u16::from_be_bytes([high, low]),
        _ => 0,
    }
}

/// Four bytes of network order.
#[inline]
pub(super) fn u32_of(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]),
        _ => 0,
    }
}
