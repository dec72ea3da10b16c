//! Bytes to records: netlink messages of the kernel, datagrams of flow exporters. No I/O, no unsafe, no Arrow; hostile bytes cost CPU only.
//!
//! Every parser takes the body of one message (see [`netlink::messages`]) and gives a record, `None` for a message that is about
//! something else, or a [`flaw::Flaw`]. None of them panics, and none allocates more than the message is long.

#![forbid(unsafe_code)]

pub mod address;
pub mod alias;
pub mod btf;
pub mod clsact;
pub mod column;
pub mod conntrack;
pub mod drop_record;
pub mod fault;
pub mod flaw;
pub mod flow_reading;
pub mod flow_record;
pub mod hex;
pub mod identity;
pub mod internet;
pub mod link;
pub mod netflow;
pub mod netlink;
pub mod nftables;
pub mod nsid;
pub mod packet;
pub mod qdisc;
pub mod record;
pub mod request;
pub mod route;
pub mod rows;
pub mod rtnetlink;
pub mod sflow;
pub mod stats;
pub mod tcp_record;
pub mod transit_record;
pub mod vxlan;
