//! Flow exporters over time: what their datagrams mean given what they said before. Pure state, no I/O; time is an argument.
//!
//! Datagrams go in, rows of `flows`, `counters`, `hosts`, `drops`, `inventory` and `exporters` come out.

#![forbid(unsafe_code)]

mod account;
mod announce;
mod cache;
mod decoder;
mod drops;
mod elsewhere;
mod exporter;
mod harvest;
mod hosts;
mod interfaces;
mod known;
mod local;
mod netflow;
mod numbers;
mod options;
mod park;
mod place;
mod readings;
mod registry;
mod sampling;
mod saved;
mod senders;
mod sequence;
mod settings;
mod settle;
mod sflow;
mod source;
mod waiting;

pub use decoder::Decoder;
pub use options::ExportedOption;
pub use place::ExportedInterface;
pub use saved::{BadState, Extent};
pub use settings::{ByteLayer, Direction, Interfaces, Known, LocalInterface, Settings};
pub use source::{ExportFault, Source};
