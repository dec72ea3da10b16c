//! A file read from the front through one buffer of fixed size.

use std::io::Read;
use std::ops::Range;

use crate::failure::{Failure, Problem};

/// What a capture is read from.
pub trait Source: Read + Send {
    /// Whether a read would return at once; a pipe whose writer has nothing yet would wait.
    fn is_ready(&mut self) -> bool {
        true
    }
}

impl Source for std::fs::File {}
impl<T: AsRef<[u8]> + Send> Source for std::io::Cursor<T> {}

/// Most bytes that can be asked for at once.
pub const MOST_AHEAD: usize = 512 * 1024;

/// Twice what is asked for at most: then what is left over is moved to the front once for half a buffer of reading.
const BUFFER_BYTES: usize = 2 * MOST_AHEAD;

/// A source, its buffer, and the place in it.
pub struct Input {
    source: Box<dyn Source>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    has_ended: bool,
}

impl Input {
    /// Begin to read; `buffer` is one of an earlier input, or empty.
    pub fn new(source: Box<dyn Source>, mut buffer: Vec<u8>) -> Input {
        buffer.resize(BUFFER_BYTES, 0);
        Input {
            source,
            buffer,
            start: 0,
            end: 0,
            offset: 0,
            has_ended: false,
        }
    }

    /// The buffer, for the next input.
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Bytes before the present place.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the next `count` bytes can be had without waiting.
    pub fn is_ready(&mut self, count: usize) -> bool {
        self.has_ended || self.end - self.start >= count || self.source.is_ready()
    }

    /// The whole buffer.
    pub fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Up to `count` bytes from the present place on, at most [`MOST_AHEAD`]; fewer only where the file ends.
    ///
    /// # Errors
    /// The system would not read, or was interrupted: then the call can be made again.
    #[inline]
    pub fn ahead(&mut self, count: usize) -> Result<&[u8], Failure> {
        let count = count.min(MOST_AHEAD);
        if self.end - self.start < count {
            self.read(count)?;
        }
        let end = self.end.min(self.start + count);
        Ok(&self.buffer[self.start..end])
    }

    #[cold]
    fn read(&mut self, count: usize) -> Result<(), Failure> {
        if self.start + count > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < count && !self.has_ended {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.has_ended = true,
                Ok(count) => self.end += count,
                Err(error) => {
                    return Err(Failure {
                        offset: self.offset + (self.end - self.start) as u64,
                        problem: Problem::Unreadable(error),
                    })
                }
            }
        }
        Ok(())
    }

    /// Go over bytes that [`Input::ahead`] showed. Their range in the buffer holds until the next call that reads.
    #[inline]
    pub fn take(&mut self, count: usize) -> Range<usize> {
        let from = self.start;
        self.start = self.end.min(from + count);
        self.offset += (self.start - from) as u64;
        from..self.start
    }

    /// The bytes of a range that [`Input::take`] gave.
    #[inline]
    pub fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// Go over `count` bytes without keeping any, and count them down; what is left of `count` is beyond the file's end.
    ///
    /// # Errors
    /// As of [`Input::ahead`]; after an interruption `count` says how many are still to be skipped.
    pub fn skip(&mut self, count: &mut u64) -> Result<(), Failure> {
        while *count > 0 {
            let part = usize::try_from(*count).unwrap_or(MOST_AHEAD);
            let there = self.ahead(part)?.len();
            if there == 0 {
                break;
            }
            self.take(there);
            *count -= there as u64;
        }
        Ok(())
    }
}
