//! Bytes to records: netlink messages of the kernel. No I/O, no unsafe, no Arrow; hostile bytes cost CPU only.
//!
//! Every parser takes the body of one message (see [`netlink::messages`]) and gives a record, `None` for a message that is about
//! something else, or a [`flaw::Flaw`]. None of them panics, and none allocates more than the message is long.

#![forbid(unsafe_code)]

pub mod address;
pub mod alias;
pub mod flaw;
pub mod identity;
pub mod link;
pub mod netlink;
pub mod nsid;
pub mod qdisc;
pub mod record;
pub mod request;
pub mod rtnetlink;
pub mod stats;
