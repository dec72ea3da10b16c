//! Flow exporters over time: what their datagrams mean given what they said before. Pure state, no I/O; time is an argument.
//!
//! Datagrams go in, rows of `flows`, `counters`, `hosts`, `drops`, `inventory` and `exporters` come out.

#![forbid(unsafe_code)]

mod decoder;
mod options;
mod sequence;
mod settings;
mod source;

pub use decoder::{BadState, Decoder};
pub use options::ExportedOption;
pub use settings::{ByteLayer, Interfaces, Known, LocalInterface, Settings};
pub use source::{ExportFault, Source};
