//! Headers of a packet, from a sampled piece of its beginning.
//!
//! What is cut off is not guessed: the fields that could be read are there, and `problem` says where it ended. Bytes behind an IP
//! packet's own end pad the frame and are not read. At most two packets are read, the outer one and the first inside a tunnel.
//! Every loop is bounded, nothing is allocated, and no input panics.

mod ethernet;
mod extension;
mod fields;
mod geneve;
mod gre;
mod ip;
mod ip4;
mod ip6;
mod layers;
mod mpls;
mod plausible;
mod pppoe;
mod pseudowire;
mod row;
mod transport;
mod tunnel;
mod view;
mod vlan;
mod vxlan;

pub use fields::{Ip, Packet, MOST_LABELS};
pub use row::write;

use view::Problem;

/// Read the headers of a packet, or of its first bytes.
///
/// Never fails: `problem` of the packet says what stopped the reading. With [`Link::Ipv4`] and [`Link::Ipv6`] a packet of the other
/// version is `bad_ip_version`. `ether_type` is set also where no Ethernet header is.
#[inline]
pub fn decode(link: Link, header: &[u8]) -> Packet {
    let mut packet = Packet::NOTHING;
    read(link, header, &mut packet);
    packet
}

/// As [`decode`], into a packet that is used again and again: to return one costs a copy of 250 bytes, a quarter of the whole.
pub fn read(link: Link, header: &[u8], packet: &mut Packet) {
    *packet = Packet::NOTHING;
    if let Err(Problem { code, offset }) = layers::read(link, header, packet) {
        packet.problem = code;
        packet.problem_offset = u16::try_from(offset).unwrap_or(u16::MAX);
    }
}

/// Read the packet inside that is told to begin at `offset` of the header, behind a tunnel that [`read`] does not know.
///
/// What it begins with is not told, so it has to prove itself, as below MPLS labels. Nothing is done where a tunnel was found, where
/// the reading ended early, or where `offset` is not behind the outer packet's header.
#[cold]
pub fn read_inside(header: &[u8], offset: usize, packet: &mut Packet) {
    if packet.tunnel != 0 || packet.problem != 0 || packet.ip.version == 0 {
        return;
    }
    if let Err(Problem { code, offset }) = layers::read_inside(header, offset, packet) {
        packet.problem = code;
        packet.problem_offset = u16::try_from(offset).unwrap_or(u16::MAX);
    }
}

/// What the first byte of a sampled header belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Ethernet,
    Ipv4,
    Ipv6,
    Mpls,
}
