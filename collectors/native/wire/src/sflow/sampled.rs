//! Flow structures: what a sample says of the packet that it is about.

use super::decoded::{SampledEthernet, SampledIp};
use super::extended::{Gateway, Mpls, Nat, NatPorts, Router, Switch, VlanTunnel};
use super::tunnel::{Outer, Tunnels};
use super::xdr::Reader;
use crate::fault::Fault;
use crate::packet::{self, Link, Packet};
use crate::rows::{header_problem, Flows};

/// Everything that the structures of one sample say. Of two structures of a kind the first holds.
#[derive(Default)]
pub(super) struct Sampled<'a> {
    header: Option<SampledHeader<'a>>,
    switch: Option<Switch>,
    /// What few samples have; most need not even be told that it is absent.
    pub(super) more: Option<More<'a>>,
    /// Structures that nobody knows.
    pub(super) unknown: u32,
}

/// What few samples say.
#[derive(Default)]
pub(super) struct More<'a> {
    ethernet: Option<SampledEthernet>,
    ip: Option<SampledIp>,
    router: Option<Router>,
    gateway: Option<Gateway>,
    mpls: Option<Mpls<'a>>,
    nat: Option<Nat>,
    nat_ports: Option<NatPorts>,
    vlans: Option<VlanTunnel<'a>>,
    tunnels: Tunnels,
    /// Where in the sampled header the packet inside a tunnel begins.
    inner_offset: Option<u32>,
    /// Why and where a packet was discarded, as texts.
    pub(super) function: Option<&'a [u8]>,
    pub(super) access_list: Option<&'a [u8]>,
    pub(super) trap: Option<&'a [u8]>,
    pub(super) kernel_reason: Option<&'a [u8]>,
}

/// The first bytes of a packet (0:1).
#[derive(Clone, Copy)]
pub(super) struct SampledHeader<'a> {
    protocol: u32,
    /// Length on the wire, with what was stripped.
    frame_length: u32,
    /// Bytes that were taken off before the header was cut; with Ethernet at least the 4 of the frame check.
    stripped: u32,
    bytes: &'a [u8],
}

impl<'a> Sampled<'a> {
    /// Reads the list of structures at the end of a sample.
    #[inline]
    pub(super) fn read(&mut self, sample: &mut Reader<'a>) -> Result<(), Fault> {
        // A structure has at least its tag and its length.
        for _ in 0..sample.count(8)? {
            let [format, length] = sample.words()?;
            let length = length as usize;
            match format {
                1 => {
                    let body = sample.part("sampled_header", length)?;
                    first(&mut self.header, SampledHeader::read(body)?);
                }
                1001 => {
                    let body = sample.part("extended_switch", length)?;
                    first(&mut self.switch, Switch::read(body)?);
                }
                _ => self.other(format, sample, length)?,
            }
        }
        Ok(())
    }

    /// Reads a structure that few samples have.
    #[inline(never)]
    fn other(&mut self, format: u32, sample: &mut Reader<'a>, length: usize) -> Result<(), Fault> {
        let Some(layer) = More::layer(format) else {
            sample.part("flow structure", length)?;
            self.unknown += u32::from(!is_known(format));
            return Ok(());
        };
        let body = sample.part(layer, length)?;
        self.more.get_or_insert_default().structure(format, body)
    }

    /// Whether anything says what the packet was. Samples of transactions of applications do not.
    #[inline]
    pub(super) fn has_packet(&self) -> bool {
        let told = |more: &More<'_>| more.ethernet.is_some() || more.ip.is_some();
        self.header.is_some() || self.more.as_ref().is_some_and(told)
    }

    /// Length of the packet as it is told, and what an interface's counter has for it.
    #[inline]
    pub(super) fn lengths(&self) -> (u64, u64) {
        match &self.header {
            Some(header) => header.lengths(),
            None => self.more.as_ref().map_or((0, 0), More::lengths),
        }
    }

    /// Reads the packet's headers into `packet`. Forgets a decoded IP header that a sampled one makes needless, so lengths come first.
    #[inline]
    pub(super) fn packet(&mut self, packet: &mut Packet) {
        match &self.header {
            Some(header) => self.unknown += u32::from(!header.packet(packet)),
            None => *packet = Packet::default(),
        }
        if self.more.is_some() {
            self.complete(packet);
        }
    }

    /// Fills in what few samples say.
    #[cold]
    fn complete(&mut self, packet: &mut Packet) {
        let Some(more) = &mut self.more else {
            return;
        };
        more.complete(self.header.as_ref(), packet);
        if more.vlans.is_some_and(|vlans| vlans.is_told()) {
            // What VLAN a switch sorts a frame into may be that of an inner tag.
            self.switch = self.switch.map(Switch::without_source);
        }
    }

    /// Writes what the structures say, behind the packet's own columns: where both say it, the structures hold.
    #[inline]
    pub(super) fn write(&self, row: usize, packet: &Packet, flows: &mut Flows) {
        if let Some(switch) = &self.switch {
            switch.write(row, flows);
        }
        if let Some(more) = &self.more {
            more.write(row, packet, flows);
        }
    }
}

/// Keeps the first of several.
#[inline]
fn first<T>(kept: &mut Option<T>, read: T) {
    if kept.is_none() {
        *kept = Some(read);
    }
}

impl<'a> SampledHeader<'a> {
    #[inline]
    fn read(mut body: Reader<'a>) -> Result<Self, Fault> {
        let [protocol, frame_length, stripped] = body.words()?;
        Ok(SampledHeader {
            protocol,
            frame_length,
            stripped,
            bytes: body.opaque()?,
        })
    }

    /// Length on the wire, and what of it an interface's counter has.
    #[inline]
    fn lengths(&self) -> (u64, u64) {
        let length = u64::from(self.frame_length);
        // The frame check is the last of what was stripped; an exporter that strips nothing never had it.
        let check = u64::from(self.stripped.min(FRAME_CHECK));
        (length, length.saturating_sub(check))
    }

    /// Reads the headers into `packet`; whether their link type is one that is known.
    #[inline]
    fn packet(&self, packet: &mut Packet) -> bool {
        let link = match self.protocol {
            1 => Link::Ethernet,
            11 => Link::Ipv4,
            12 => Link::Ipv6,
            13 => Link::Mpls,
            _ => {
                *packet = Packet::default();
                packet.problem = header_problem::UNKNOWN_LINK_TYPE;
                return false;
            }
        };
        packet::read(link, self.bytes, packet);
        true
    }
}

/// Bytes of Ethernet's frame check.
const FRAME_CHECK: u32 = 4;

/// Structures that are known and that no column takes: users, URLs, names of MPLS tunnels and circuits, 802.11, outer Ethernet headers
/// of tunnels, InfiniBand, VLAN stacks in and out, queues, transit delay, time stamps, sockets and applications.
const fn is_known(format: u32) -> bool {
    matches!(format, 1004 | 1005 | 1008..=1011 | 1013..=1016 | 1021 | 1022 | 1031..=1036 | 1039 | 1040 | 1043 | 2100..=2103 | 2200..=2210)
}

impl<'a> More<'a> {
    /// Name of a structure that is read here.
    fn layer(format: u32) -> Option<&'static str> {
        Some(match format {
            2 => "sampled_ethernet",
            3 => "sampled_ipv4",
            4 => "sampled_ipv6",
            1002 => "extended_router",
            1003 => "extended_gateway",
            1006 => "extended_mpls",
            1007 => "extended_nat",
            1012 => "extended_vlantunnel",
            1020 => "extended_nat_port",
            1023 => "extended_ipv4_tunnel_egress",
            1024 => "extended_ipv4_tunnel_ingress",
            1025 => "extended_ipv6_tunnel_egress",
            1026 => "extended_ipv6_tunnel_ingress",
            1027 => "extended_decapsulate_egress",
            1028 => "extended_decapsulate_ingress",
            1029 => "extended_vni_egress",
            1030 => "extended_vni_ingress",
            1037 => "extended_acl",
            1038 => "extended_function",
            1041 => "extended_hw_trap",
            1042 => "extended_linux_drop_reason",
            _ => return None,
        })
    }

    fn structure(&mut self, format: u32, mut body: Reader<'a>) -> Result<(), Fault> {
        let Tunnels { ingress, egress } = &mut self.tunnels;
        match format {
            2 => first(&mut self.ethernet, SampledEthernet::read(body)?),
            3 => first(&mut self.ip, SampledIp::read_ipv4(body)?),
            4 => first(&mut self.ip, SampledIp::read_ipv6(body)?),
            1002 => first(&mut self.router, Router::read(body)?),
            1003 => first(&mut self.gateway, Gateway::read(body)?),
            1006 => first(&mut self.mpls, Mpls::read(body)?),
            1007 => first(&mut self.nat, Nat::read(body)?),
            1020 => first(&mut self.nat_ports, NatPorts::read(body)?),
            1012 => first(&mut self.vlans, VlanTunnel::read(body)?),
            1023 => first(&mut egress.outer, Outer::new(&SampledIp::read_ipv4(body)?)),
            1024 => first(&mut ingress.outer, Outer::new(&SampledIp::read_ipv4(body)?)),
            1025 => first(&mut egress.outer, Outer::new(&SampledIp::read_ipv6(body)?)),
            1026 => first(&mut ingress.outer, Outer::new(&SampledIp::read_ipv6(body)?)),
            1027 | 1028 => first(&mut self.inner_offset, body.word()?),
            1029 => first(&mut egress.vni, body.word()?),
            1030 => first(&mut ingress.vni, body.word()?),
            1037 => {
                let [_number] = body.words()?;
                self.access_list = Some(body.opaque()?);
            }
            1038 => self.function = Some(body.opaque()?),
            1041 => {
                let _group = body.opaque()?;
                self.trap = Some(body.opaque()?);
            }
            _ => self.kernel_reason = Some(body.opaque()?),
        }
        Ok(())
    }

    fn lengths(&self) -> (u64, u64) {
        match (&self.ethernet, &self.ip) {
            (Some(ethernet), _) => ethernet.lengths(),
            (None, Some(ip)) => ip.lengths(),
            (None, None) => (0, 0),
        }
    }

    /// Fills in what a sampled header did not have, or did not say.
    fn complete(&mut self, header: Option<&SampledHeader<'_>>, packet: &mut Packet) {
        if let (Some(header), Some(offset)) = (header, self.inner_offset) {
            packet::read_inside(header.bytes, offset as usize, packet);
        }
        if let Some(vlans) = &self.vlans {
            vlans.complete(packet);
        }
        if let Some(ethernet) = &self.ethernet {
            ethernet.complete(packet);
        }
        // An IP header that was sampled says more; what remains of the other says that there was none.
        if packet.ip.version != 0 {
            self.ip = None;
        }
        if let Some(ip) = &self.ip {
            ip.complete(packet);
        }
    }

    #[inline(never)]
    fn write(&self, row: usize, packet: &Packet, flows: &mut Flows) {
        if self.ip.is_some() {
            // sampled_ipv4 and sampled_ipv6 do not have these.
            flows.ip_ttl.truncate(row);
            flows.ipv6_flow_label.truncate(row);
        }
        if let Some(mpls) = &self.mpls {
            mpls.write(row, packet, flows);
        }
        if let Some(router) = &self.router {
            router.write(row, flows);
        }
        if let Some(gateway) = &self.gateway {
            gateway.write(row, flows);
        }
        if let Some(nat) = &self.nat {
            nat.write(row, flows);
        }
        if let Some(ports) = &self.nat_ports {
            ports.write(row, flows);
        }
        self.tunnels.write(row, packet, flows);
    }
}
