//! Capture files to the UDP datagrams in them: pcap and pcapng, the usual link types, IP fragments put together again.
//!
//! Files are read once, from the front, through one buffer of fixed size, so pipes can be read and memory does not grow with a
//! file or with what it says of itself. Nothing here panics; what is wrong with a file is a [`Failure`] with its place.

#![forbid(unsafe_code)]

pub mod counts;
pub mod failure;
pub mod file;
pub mod file_kind;
pub mod fragments;
pub mod input;
pub mod internet;
pub mod link;
pub mod pcap;
pub mod pcapng;
pub mod stream;
pub mod time;

pub use counts::Counts;
pub use failure::Failure;
pub use input::Source;
pub use stream::{Datagram, Step, Stream};
