//! What ctnetlink says of connection tracking (linux/netfilter/nfnetlink_conntrack.h). Numbers are big-endian.

use std::net::Ipv4Addr;

use crate::flaw::{Flaw, Result};
use crate::netlink::{after_fixed, array_at, attributes, Attribute};
use crate::request::{finished, message, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST};

/// Message types: subsystem 1, then IPCTNL_MSG_CT_….
pub const CT_NEW: u16 = SUBSYSTEM;
pub const CT_GET: u16 = SUBSYSTEM | 1;
pub const CT_GET_STATS_CPU: u16 = SUBSYSTEM | 4;
pub const CT_GET_STATS: u16 = SUBSYSTEM | 5;

const SUBSYSTEM: u16 = 1 << 8;
/// `struct nfgenmsg`: family, version, and a number that is the processor's in statistics.
const NFGENMSG: usize = 4;
const ANY_FAMILY: [u8; NFGENMSG] = [0; NFGENMSG];

/// How full the table of a namespace is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Occupancy {
    pub entries: u32,
    /// `nf_conntrack_max`, the host's: the kernel holds each namespace's own number against it. 0 is without limit; `None` before
    /// Linux 5.11.
    pub max: Option<u32>,
}

/// What happened in a namespace since it was made, all processors together.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Packets dropped, for the table was full and no entry could be thrown out, or for want of memory.
    pub dropped: u64,
    /// Entries thrown out of the full table to make room.
    pub early_dropped: u64,
    /// Entries that could not be made, for one with the same addresses was there already; their packets are dropped.
    pub insert_failed: u64,
    /// Packets that belong to no connection that could be.
    pub invalid: u64,
}

/// Where a connection came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// 0 where there are no zones.
    pub zone: u16,
    /// Source of the first packet, before any translation; IPv4 mapped (RFC 4291 2.5.5.2).
    pub address: [u8; 16],
}

/// Asks for [`Occupancy`]. The kernel marks its one answer as a part of many, and sends no end: the acknowledgement is it.
pub fn occupancy_request(sequence: u32) -> Vec<u8> {
    let flags = NLM_F_REQUEST | NLM_F_ACK;
    finished(message(CT_GET_STATS, flags, sequence, &ANY_FAMILY))
}

/// Asks for [`Counters`], a message a processor, also of those that are offline.
pub fn counters_request(sequence: u32) -> Vec<u8> {
    let flags = NLM_F_REQUEST | NLM_F_DUMP;
    finished(message(CT_GET_STATS_CPU, flags, sequence, &ANY_FAMILY))
}

/// Asks for all entries. They come in the order of their hash, which is keyed by a secret of the boot: the first of them are as
/// good as drawn by lot.
pub fn entries_request(sequence: u32) -> Vec<u8> {
    let flags = NLM_F_REQUEST | NLM_F_DUMP;
    finished(message(CT_GET, flags, sequence, &ANY_FAMILY))
}

/// Reads an answer to [`occupancy_request`].
///
/// # Errors
/// A part is cut, or the number is missing.
pub fn occupancy(body: &[u8]) -> Result<Occupancy> {
    let mut entries = None;
    let mut max = None;
    for attribute in attributes(after_fixed(body, NFGENMSG, "nfgenmsg")?) {
        let attribute = attribute?;
        match attribute.kind {
            1 => entries = Some(be32(&attribute, "CTA_STATS_GLOBAL_ENTRIES")?),
            2 => max = Some(be32(&attribute, "CTA_STATS_GLOBAL_MAX_ENTRIES")?),
            _ => {}
        }
    }
    let entries = entries.ok_or(MISSING_ENTRIES)?;
    Ok(Occupancy { entries, max })
}

const MISSING_ENTRIES: Flaw = Flaw::Short {
    part: "CTA_STATS_GLOBAL_ENTRIES",
    needed: 4,
    present: 0,
};

/// Adds one processor's answer to [`counters_request`].
///
/// # Errors
/// A part is cut.
pub fn add_counters(body: &[u8], sum: &mut Counters) -> Result<()> {
    for attribute in attributes(after_fixed(body, NFGENMSG, "nfgenmsg")?) {
        let attribute = attribute?;
        let into = match attribute.kind {
            4 => &mut sum.invalid,
            9 => &mut sum.insert_failed,
            10 => &mut sum.dropped,
            11 => &mut sum.early_dropped,
            _ => continue,
        };
        *into += u64::from(be32(&attribute, "CTA_STATS_…")?);
    }
    Ok(())
}

/// Reads where an entry came from, of an answer to [`entries_request`]; `None` of one that is neither IPv4 nor IPv6.
///
/// # Errors
/// A part is cut.
#[inline]
pub fn origin(body: &[u8]) -> Result<Option<Origin>> {
    let mut address = None;
    let mut zone = 0;
    for attribute in attributes(after_fixed(body, NFGENMSG, "nfgenmsg")?) {
        let attribute = attribute?;
        match attribute.kind {
            CTA_TUPLE_ORIG => {
                for part in attributes(attribute.value) {
                    let part = part?;
                    match part.kind {
                        CTA_TUPLE_IP => address = source(part.value)?,
                        CTA_TUPLE_ZONE => zone = be16(&part, "CTA_TUPLE_ZONE")?,
                        _ => {}
                    }
                }
            }
            CTA_ZONE => zone = be16(&attribute, "CTA_ZONE")?,
            _ => {}
        }
    }
    Ok(address.map(|address| Origin { zone, address }))
}

const CTA_TUPLE_ORIG: u16 = 1;
const CTA_ZONE: u16 = 18;
const CTA_TUPLE_IP: u16 = 1;
const CTA_TUPLE_ZONE: u16 = 3;
const CTA_IP_V4_SRC: u16 = 1;
const CTA_IP_V6_SRC: u16 = 3;

fn source(tuple: &[u8]) -> Result<Option<[u8; 16]>> {
    for attribute in attributes(tuple) {
        let attribute = attribute?;
        match attribute.kind {
            CTA_IP_V4_SRC => {
                let octets: [u8; 4] = array_at(attribute.value, 0, "CTA_IP_V4_SRC")?;
                return Ok(Some(Ipv4Addr::from(octets).to_ipv6_mapped().octets()));
            }
            CTA_IP_V6_SRC => return array_at(attribute.value, 0, "CTA_IP_V6_SRC").map(Some),
            _ => {}
        }
    }
    Ok(None)
}

fn be32(attribute: &Attribute<'_>, part: &'static str) -> Result<u32> {
    Ok(u32::from_be_bytes(array_at(attribute.value, 0, part)?))
}

fn be16(attribute: &Attribute<'_>, part: &'static str) -> Result<u16> {
    Ok(u16::from_be_bytes(array_at(attribute.value, 0, part)?))
}
