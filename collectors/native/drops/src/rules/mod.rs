//! Which rule of nf_tables dropped a packet: what can be told from the rules as they stand, without a change to them.
//!
//! A rule is named only where no other one can have dropped the packet, or where counters say which one did.

mod attribution;
mod book;
mod packet;
mod ruleset;
mod walk;

pub use attribution::{Attribution, How, RuleName};
pub use book::{Book, Case};
pub use ruleset::{MapKey, Ruleset};
