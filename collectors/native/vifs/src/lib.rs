//! The table of this host's virtual interfaces over time: pure state, without I/O; time is an argument.
//!
//! Dumps and events go in, rows of `inventory`, `counters` and `events` come out as proposals that are committed when they
//! are written for good.

mod batch;
mod counters;
mod delta;
mod dump;
mod graph;
mod history;
mod holder;
mod home;
mod links;
mod namespace;
mod readings;
mod restore;
mod state;
mod table;
mod topology;
mod vif;

pub use batch::{Applied, Change, Event};
pub use counters::{NamespaceReading, Proposal};
pub use dump::{Dump, Look};
pub use history::Happening;
pub use holder::{Holders, Reach};
pub use home::{HomeInterface, HomeReading};
pub use namespace::{Elsewhere, NamespaceFacts};
pub use table::Table;
pub use vif::{Coordinate, Device};
