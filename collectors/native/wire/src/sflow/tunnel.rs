//! Tunnels that are told beside a sampled packet: headers that were taken off before it was seen, or are put on after (0:1023 to
//! 0:1026, 0:1029, 0:1030).
//!
//! The packet stays in the main columns as its interface saw it.

use super::decoded::SampledIp;
use crate::internet::mapped;
use crate::packet::Packet;
use crate::rows::{tunnel, Flows};

/// The tunnels that a packet came through and goes through.
#[derive(Default)]
pub(super) struct Tunnels {
    pub(super) ingress: Tunnel,
    pub(super) egress: Tunnel,
}

/// What is told of one of them.
#[derive(Default)]
pub(super) struct Tunnel {
    pub(super) outer: Option<Outer>,
    /// Network identifier.
    pub(super) vni: Option<u32>,
}

/// An outer header.
#[derive(Clone, Copy)]
pub(super) struct Outer {
    /// One of `rows::tunnel`.
    kind: u8,
    src_address: [u8; 16],
    dst_address: [u8; 16],
}

impl Outer {
    pub(super) fn new(header: &SampledIp) -> Self {
        Outer {
            kind: kind(header.version, header.protocol, header.dst_port),
            src_address: header.src_address,
            dst_address: header.dst_address,
        }
    }
}

/// The tunnel that an outer header's protocol and destination port are of.
fn kind(version: u8, protocol: u32, dst_port: u32) -> u8 {
    match (protocol, dst_port) {
        (0, _) => 0,
        (4, _) => tunnel::IPIP,
        (41, _) if version == 4 => tunnel::SIX_IN_FOUR,
        (41, _) => tunnel::IPIP,
        (47, _) => tunnel::GRE,
        (17, port) if is_port(port, &[4789, 8472]) => tunnel::VXLAN,
        (17, port) if is_port(port, &[6081]) => tunnel::GENEVE,
        _ => tunnel::OTHER,
    }
}

/// Whether a port is one of these. Open vSwitch on a little-endian machine writes the two bytes of a tunnel's port in the wrong order.
fn is_port(port: u32, ports: &[u16]) -> bool {
    let Ok(port) = u16::try_from(port) else {
        return false;
    };
    ports.contains(&port) || ports.contains(&port.swap_bytes())
}

impl Tunnels {
    /// Of two tunnels the one that the packet came through.
    fn told(&self) -> &Tunnel {
        match self.ingress {
            Tunnel {
                outer: None,
                vni: None,
            } => &self.egress,
            _ => &self.ingress,
        }
    }

    /// Writes it. Kind and network of a tunnel that is in the packet itself hold.
    pub(super) fn write(&self, row: usize, packet: &Packet, flows: &mut Flows) {
        let told = self.told();
        if let Some(outer) = &told.outer {
            if is_told(&outer.src_address) {
                flows.tunnel_src_address.set(row, outer.src_address);
            }
            if is_told(&outer.dst_address) {
                flows.tunnel_dst_address.set(row, outer.dst_address);
            }
            if packet.tunnel == 0 && outer.kind != 0 {
                flows.tunnel.set(row, outer.kind);
            }
        }
        if let (Some(vni), None) = (told.vni, packet.vni) {
            flows.vni.set(row, vni);
        }
    }
}

/// An end that the exporter does not know is written as all zeros.
fn is_told(address: &[u8; 16]) -> bool {
    *address != [0; 16] && *address != mapped([0; 4])
}
