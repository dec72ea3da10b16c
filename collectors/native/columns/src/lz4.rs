//! LZ4 frames of one block, as buffers of Arrow IPC messages have them.
//!
//! Source: LZ4 Frame Format Description 1.6.4; Arrow columnar format, "Message compression".

use lz4_flex::block::{compress_into_with_table, get_maximum_output_size, CompressTable};

/// Magic number; version 1, independent blocks, no checksums; blocks of at most 4 MiB; the checksum of these two bytes.
const HEADER: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73];
const END: [u8; 4] = [0; 4];
/// Longest block of such a frame.
pub const MOST_BYTES: usize = 4 << 20;

/// Makes frames; its memory is used again for each.
pub struct Compressor {
    table: CompressTable,
}

impl Default for Compressor {
    fn default() -> Self {
        Self {
            table: CompressTable::large(),
        }
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Compressor").finish_non_exhaustive()
    }
}

impl Compressor {
    /// Append a frame with `content`, of at most [`MOST_BYTES`]. Returns whether it is shorter than `content`; if not, nothing
    /// was appended.
    pub fn append(&mut self, frame: &mut Vec<u8>, content: &[u8]) -> bool {
        let start = frame.len();
        let block_at = start + HEADER.len() + 4;
        let most = get_maximum_output_size(content.len());
        frame.extend_from_slice(&HEADER);
        frame.resize(block_at + most, 0);
        let length = compress_into_with_table(content, &mut frame[block_at..], &mut self.table)
            .unwrap_or(most);
        if length + HEADER.len() + END.len() + 4 >= content.len() {
            frame.truncate(start);
            return false;
        }
        let field = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        frame[block_at - 4..block_at].copy_from_slice(&field);
        frame.truncate(block_at + length);
        frame.extend_from_slice(&END);
        true
    }
}
