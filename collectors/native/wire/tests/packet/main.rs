//! Decoding of packet headers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cut;
mod frames;
mod hostile;
mod oracle;
mod pseudowire;
mod rows;
mod samples;
mod stops;
