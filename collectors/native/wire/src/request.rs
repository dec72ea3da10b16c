//! Requests to the kernel, as bytes. Each takes the sequence number that its answers will bear.

use crate::internet::unmapped;
use crate::netlink::aligned;
use crate::route::{RTA_DST, RTA_OIF};
use crate::rtnetlink::{
    AF_BRIDGE, AF_INET, AF_INET6, AF_UNSPEC, RTM_GETADDR, RTM_GETLINK, RTM_GETNEIGH, RTM_GETNSID,
    RTM_GETQDISC, RTM_GETROUTE, RTM_GETSTATS, RTM_GETTCLASS, RTM_NEWNSID,
};

pub(crate) const NLM_F_REQUEST: u16 = 0x1;
pub(crate) const NLM_F_ACK: u16 = 0x4;
pub(crate) const NLM_F_DUMP: u16 = 0x300;

const NETNSA_NSID: u16 = 1;
const NETNSA_FD: u16 = 3;
const NETNSA_TARGET_NSID: u16 = 4;
/// Lets the kernel choose the number.
const ANY_NSID: i32 = -1;

/// `IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64)`.
const LINK_64: u32 = 1;

/// All links with statistics.
pub fn links(sequence: u32) -> Vec<u8> {
    dump(RTM_GETLINK, sequence, &[0; 16])
}

/// All addresses of both families.
pub fn addresses(sequence: u32) -> Vec<u8> {
    dump(RTM_GETADDR, sequence, &[0; 8])
}

/// All queues of all links.
pub fn qdiscs(sequence: u32) -> Vec<u8> {
    dump(RTM_GETQDISC, sequence, &[0; 20])
}

/// All classes of one link's queues.
pub fn classes(sequence: u32, ifindex: u32) -> Vec<u8> {
    let mut tcmsg = [0; 20];
    tcmsg[4..8].copy_from_slice(&ifindex.to_ne_bytes());
    dump(RTM_GETTCLASS, sequence, &tcmsg)
}

/// The 64-bit statistics of all links, and nothing else of them.
pub fn stats(sequence: u32) -> Vec<u8> {
    let mut if_stats_msg = [0; 12];
    if_stats_msg[8..12].copy_from_slice(&LINK_64.to_ne_bytes());
    dump(RTM_GETSTATS, sequence, &if_stats_msg)
}

/// How a packet to an address would go, by the interface `ifindex` if that is not 0: one answer, as the kernel would route it.
pub fn route_to(sequence: u32, address: &[u8; 16], ifindex: u32) -> Vec<u8> {
    let short = unmapped(address);
    let (family, destination) = match &short {
        Some(four) => (AF_INET, &four[..]),
        None => (AF_INET6, &address[..]),
    };
    let mut rtmsg = [0; 12];
    rtmsg[0] = family;
    rtmsg[1] = (destination.len() * 8) as u8;
    let mut bytes = message(RTM_GETROUTE, NLM_F_REQUEST, sequence, &rtmsg);
    attribute(&mut bytes, RTA_DST, destination);
    if ifindex != 0 {
        attribute(&mut bytes, RTA_OIF, &ifindex.to_ne_bytes());
    }
    finished(bytes)
}

/// The forwarding database of one interface.
pub fn forwarding(sequence: u32, ifindex: u32) -> Vec<u8> {
    let mut ndmsg = [0; 12];
    ndmsg[0] = AF_BRIDGE;
    ndmsg[4..8].copy_from_slice(&ifindex.to_ne_bytes());
    dump(RTM_GETNEIGH, sequence, &ndmsg)
}

/// Gives the namespace behind `descriptor` any free nsid.
pub fn assign_nsid(sequence: u32, descriptor: i32) -> Vec<u8> {
    let mut bytes = message(
        RTM_NEWNSID,
        NLM_F_REQUEST | NLM_F_ACK,
        sequence,
        &[AF_UNSPEC, 0, 0, 0],
    );
    attribute(&mut bytes, NETNSA_NSID, &ANY_NSID.to_ne_bytes());
    attribute(&mut bytes, NETNSA_FD, &descriptor.to_ne_bytes());
    finished(bytes)
}

/// The nsid of the namespace behind `descriptor`.
pub fn nsid_of(sequence: u32, descriptor: i32) -> Vec<u8> {
    let mut bytes = message(RTM_GETNSID, NLM_F_REQUEST, sequence, &[AF_UNSPEC, 0, 0, 0]);
    attribute(&mut bytes, NETNSA_FD, &descriptor.to_ne_bytes());
    finished(bytes)
}

/// The nsid of the namespace behind `descriptor` in the namespace whose nsid here is `target`.
pub fn nsid_of_in(sequence: u32, descriptor: i32, target: i32) -> Vec<u8> {
    let mut bytes = message(RTM_GETNSID, NLM_F_REQUEST, sequence, &[AF_UNSPEC, 0, 0, 0]);
    attribute(&mut bytes, NETNSA_FD, &descriptor.to_ne_bytes());
    attribute(&mut bytes, NETNSA_TARGET_NSID, &target.to_ne_bytes());
    finished(bytes)
}

/// All nsids of the namespace whose nsid here is `target`, each with the number of the same namespace here.
pub fn nsids_in(sequence: u32, target: i32) -> Vec<u8> {
    let mut bytes = message(
        RTM_GETNSID,
        NLM_F_REQUEST | NLM_F_DUMP,
        sequence,
        &[AF_UNSPEC, 0, 0, 0],
    );
    attribute(&mut bytes, NETNSA_TARGET_NSID, &target.to_ne_bytes());
    finished(bytes)
}

pub(crate) fn dump(kind: u16, sequence: u32, fixed: &[u8]) -> Vec<u8> {
    finished(message(kind, NLM_F_REQUEST | NLM_F_DUMP, sequence, fixed))
}

/// A request without attributes yet; [`finished`] ends it.
pub(crate) fn message(kind: u16, flags: u16, sequence: u32, fixed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(&flags.to_ne_bytes());
    bytes.extend_from_slice(&sequence.to_ne_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(fixed);
    bytes
}

/// Appends an attribute, of less than 64 KiB.
pub(crate) fn attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = 4 + value.len();
    bytes.extend_from_slice(&(length as u16).to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(value);
    bytes.resize(aligned(bytes.len()), 0);
}

/// Writes the length, which is known only now.
pub(crate) fn finished(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = bytes.len();
    bytes.resize(aligned(length), 0);
    // No request here comes near 4 GiB.
    bytes[0..4].copy_from_slice(&(length as u32).to_ne_bytes());
    bytes
}
