//! Bytes to records: netlink messages of the kernel. No I/O, no unsafe, no Arrow; hostile bytes cost CPU only.

pub mod alias;
pub mod identity;
pub mod record;
