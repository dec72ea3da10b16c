//! Flows that a program in the kernel counted, over time: pure state, without I/O; time is an argument.
//!
//! Drained maps go in as they lay in the kernel, rows of `flows` come out when they are due.

#![forbid(unsafe_code)]

mod interval;
mod key;
mod lost;
mod row;
mod sampling;
mod table;
mod visibility;
mod watched;

pub use lost::{Losses, Lost};
pub use sampling::Sampling;
pub use table::{Cut, Instant, Table, Timeouts};
pub use visibility::{Reading, Sight, Visibility, Volume};
pub use watched::Watched;
