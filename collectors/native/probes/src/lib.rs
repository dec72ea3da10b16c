//! Where the kernel is asked: namespaces, netlink, sysfs, inotify, `/proc`, and programs that run in it (eBPF). All unsafe code of the native core lives here.
//!
//! Everything starts from a [`Home`], the namespace that this process lives in. Other namespaces are named by a
//! [`NamespacePlace`], which holds no descriptor: it is entered for one question and left again, so that a namespace that was
//! deleted meanwhile is freed at once.

pub mod attachment;
pub mod bpf;
pub mod capability;
pub mod clock;
pub mod clsact;
pub mod conntrack;
pub mod discovery;
pub mod drop;
pub mod dump;
pub mod failure;
pub mod flow;
pub mod folder;
pub mod host;
pub mod memory;
pub mod monitor;
pub mod namespace;
pub mod nftables;
pub mod nsid;
mod object;
mod socket;
pub mod sweep;
pub mod sysfs;
pub mod tap;
pub mod tcp;
pub mod tcx;
pub mod traces;
pub mod transit;
pub mod udp;
pub mod udp_area;
pub mod udp_pace;
pub mod udp_queue;
pub mod udp_receiver;
pub mod udp_senders;
pub mod underlay;
pub mod wait;
pub mod workload;

pub use discovery::{discover, Discovery};
pub use failure::{Failure, Kind};
pub use namespace::{Home, NamespaceId, NamespacePlace};
