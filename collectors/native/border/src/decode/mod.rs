//! `viflux decode`: capture files to batches of rows, and batches to text or Arrow.

mod counters;
mod errors;
mod face;
mod kind;
mod options;
mod origin;
mod pipe;
mod session;
mod writer;
mod writer_face;

pub use face::{DecodeCounts, DecodeFiles, DecodedBatch};
pub use writer_face::DecodeWriter;
