//! NetFlow v5, NetFlow v9 (RFC 3954) and IPFIX (RFC 7011, 7012): messages to flow rows.
//!
//! ```text
//! head(bytes) ─▶ Head ─▶ the caller finds the Domain of (exporter, domain_id) ─▶ decode(head, bytes, …, domain, out)
//! ```
//!
//! A template is compiled to a plan when it is announced ([`plan`]); a data set is then decoded column by column ([`step`]).
//! What a message has wrong is a fault; what came complete before it is decoded.

mod choice;
mod decode;
mod derived;
mod domain;
mod either;
mod element;
mod elements;
mod head;
mod icmp;
mod instant;
mod layout;
pub mod number;
mod options;
mod output;
mod plan;
mod rate;
mod records;
mod rows;
mod sets;
mod spans;
mod step;
mod template;
mod v5;

pub use decode::{decode, decode_last, decode_parked};
pub use domain::{Bounds, Definition, Domain};
pub use head::{head, Head};
pub use output::{OptionField, OptionRecord, Output, V9_SCOPE};
