//! Packets that the kernel dropped, as a program in it counted them: pure state, without I/O; time is an argument.
//!
//! Drained entries go in as they lay in the kernel, rows of `drops` come out.

#![forbid(unsafe_code)]

mod reasons;
mod row;
pub mod rules;
mod tally;

pub use reasons::{Meaning, Reasons};
pub use tally::{Interval, Key, Owner, Sum, Tally, Tuple};
