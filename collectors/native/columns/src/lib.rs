//! Records to Arrow record batches, and record batches to encoded messages.

pub mod arrays;
pub mod decode;
pub mod flows;
pub mod generated;
mod lz4;
pub mod message;
pub mod text;
pub mod wide;
