//! How long sampled packets took from one interface to another: pure state, without I/O; time is an argument.
//!
//! Samples go in as a program in the kernel timed them, rows of `latency` come out: one for each bucket of the histogram of a pair.

#![forbid(unsafe_code)]

pub mod bucket;
mod tally;

pub use tally::{Interval, Lost, Tally};
