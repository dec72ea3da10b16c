//! Records to Arrow record batches, and record batches to encoded messages.

pub mod arrays;
mod buffers;
pub mod decode;
pub mod flows;
pub mod generated;
pub mod glance;
pub mod joined;
mod lz4;
pub mod message;
mod repeats;
pub mod text;
pub mod wide;
