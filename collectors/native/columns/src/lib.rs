//! Records to Arrow record batches, and record batches to encoded messages.

pub mod arrays;
mod buffers;
pub mod decode;
pub mod flows;
pub mod generated;
mod lz4;
pub mod message;
mod repeats;
pub mod text;
pub mod wide;
