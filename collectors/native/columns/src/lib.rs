//! Records to Arrow record batches, and record batches to encoded messages.

pub mod arrays;
pub mod decode;
pub mod generated;
pub mod message;
pub mod text;
pub mod wide;
