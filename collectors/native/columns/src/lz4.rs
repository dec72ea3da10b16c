//! LZ4 frames of one block, as buffers of Arrow IPC messages have them.
//!
//! Source: LZ4 Frame Format Description 1.6.4; Arrow columnar format, "Message compression".

use lz4_flex::block::{
    compress_into_with_table, decompress_into, get_maximum_output_size, CompressTable,
};

use crate::repeats;

/// Magic number; version 1, independent blocks, no checksums; blocks of at most 4 MiB; the checksum of these two bytes.
const HEADER: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73];
const END: [u8; 4] = [0; 4];
/// Longest block of such a frame.
pub const MOST_BYTES: usize = 4 << 20;

/// Makes frames; its memory is used again for each.
pub struct Compressor {
    table: CompressTable,
    repeats: repeats::Finder,
    room: Vec<u8>,
}

impl Default for Compressor {
    fn default() -> Self {
        Self {
            table: CompressTable::large(),
            repeats: repeats::Finder::default(),
            room: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Compressor").finish_non_exhaustive()
    }
}

impl Compressor {
    /// Append a frame with `content`, rows of `width` bytes, of at most [`MOST_BYTES`] in all, if what repeats from row to row
    /// makes it five eighths as long at most. Returns whether it did; if not, nothing was appended.
    pub fn append_rows(&mut self, frame: &mut Vec<u8>, content: &[u8], width: usize) -> bool {
        match self.repeats.block(&mut self.room, content, width) {
            Some(length) if (length + OVERHEAD) * 8 <= content.len() * 5 => {
                append_block(frame, &self.room[..length]);
                true
            }
            _ => false,
        }
    }

    /// Append a frame with `content`, of at most [`MOST_BYTES`]. Returns whether it is shorter than `content`; if not, nothing
    /// was appended.
    pub fn append(&mut self, frame: &mut Vec<u8>, content: &[u8]) -> bool {
        let most = get_maximum_output_size(content.len());
        if self.room.len() < most {
            self.room.resize(most, 0);
        }
        let length = compress_into_with_table(content, &mut self.room, &mut self.table);
        match length {
            Ok(length) if length + OVERHEAD < content.len() => {
                append_block(frame, &self.room[..length]);
                true
            }
            _ => false,
        }
    }
}

/// What a frame has besides its block.
const OVERHEAD: usize = HEADER.len() + 4 + END.len();

/// Decompress a frame as [`Compressor`] makes them, of one block, into `room`; None for any other frame, for damaged bytes, and where
/// there are not `length` bytes in it.
pub fn read_frame<'a>(frame: &[u8], length: usize, room: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let block = frame.strip_prefix(&HEADER)?;
    let (told, rest) = block.split_first_chunk::<4>()?;
    let block = rest.strip_suffix(&END)?;
    if length > MOST_BYTES || u32::from_le_bytes(*told) as usize != block.len() {
        return None;
    }
    if room.len() < length {
        room.resize(length, 0);
    }
    let content = room.get_mut(..length)?;
    (decompress_into(block, content).ok()? == length).then_some(content)
}

fn append_block(frame: &mut Vec<u8>, block: &[u8]) {
    frame.extend_from_slice(&HEADER);
    frame.extend_from_slice(&u32::try_from(block.len()).unwrap_or(u32::MAX).to_le_bytes());
    frame.extend_from_slice(block);
    frame.extend_from_slice(&END);
}
