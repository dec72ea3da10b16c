//! Flow structures: what a sample says of the packet that it is about.

use super::xdr::{mapped, Reader};
use crate::fault::Fault;
use crate::packet::{self, Ip, Link, Packet};
use crate::rows::header_problem;

/// Everything that the structures of one sample say. Of two structures of a kind the first holds.
#[derive(Default)]
pub(super) struct Sampled<'a> {
    pub(super) header: Option<SampledHeader<'a>>,
    pub(super) switch: Option<Switch>,
    /// What few samples have; most need not even be told that it is absent.
    pub(super) more: Option<More<'a>>,
    /// Structures that nobody knows.
    pub(super) unknown: u32,
}

/// What few samples say.
#[derive(Default)]
pub(super) struct More<'a> {
    pub(super) ethernet: Option<SampledEthernet>,
    pub(super) ip: Option<SampledIp>,
    pub(super) router: Option<Router>,
    pub(super) gateway: Option<Gateway>,
    pub(super) mpls: Option<Mpls<'a>>,
    /// Source and destination address behind a NAT.
    pub(super) nat: Option<[Option<[u8; 16]>; 2]>,
    /// Source and destination port behind a NAT.
    pub(super) nat_ports: Option<[u32; 2]>,
    /// Network identifier that the packet came with, or goes with; of the way in if both are told.
    pub(super) vni: Option<u32>,
    /// Why and where a packet was discarded, as texts.
    pub(super) function: Option<&'a [u8]>,
    pub(super) access_list: Option<&'a [u8]>,
    pub(super) trap: Option<&'a [u8]>,
    pub(super) kernel_reason: Option<&'a [u8]>,
}

/// The first bytes of a packet (0:1).
#[derive(Clone, Copy)]
pub(super) struct SampledHeader<'a> {
    pub(super) protocol: u32,
    /// Length on the wire, with what was stripped.
    pub(super) frame_length: u32,
    /// Bytes that were taken off before the header was cut; with Ethernet at least the 4 of the frame check.
    pub(super) stripped: u32,
    pub(super) bytes: &'a [u8],
}

/// An Ethernet header that the exporter decoded (0:2).
#[derive(Clone, Copy)]
pub(super) struct SampledEthernet {
    /// With frame check.
    pub(super) length: u32,
    pub(super) src_mac: u64,
    pub(super) dst_mac: u64,
    pub(super) ether_type: u32,
}

/// An IP header that the exporter decoded (0:3, 0:4).
#[derive(Clone, Copy)]
pub(super) struct SampledIp {
    pub(super) version: u8,
    pub(super) length: u32,
    pub(super) protocol: u32,
    pub(super) src_address: [u8; 16],
    pub(super) dst_address: [u8; 16],
    pub(super) src_port: u32,
    pub(super) dst_port: u32,
    pub(super) tcp_flags: u32,
    pub(super) tos: u32,
}

/// VLAN ids in and out (0:1001).
#[derive(Clone, Copy)]
pub(super) struct Switch {
    pub(super) src_vlan: u32,
    pub(super) dst_vlan: u32,
}

/// The route that was taken (0:1002).
#[derive(Clone, Copy)]
pub(super) struct Router {
    pub(super) next_hop: Option<[u8; 16]>,
    pub(super) src_prefix_length: u32,
    pub(super) dst_prefix_length: u32,
}

/// The BGP route that was taken (0:1003); autonomous systems, 0 for not told.
#[derive(Clone, Copy)]
pub(super) struct Gateway {
    pub(super) next_hop: Option<[u8; 16]>,
    pub(super) src_as: u32,
    pub(super) src_peer_as: u32,
    /// First and last of the path to the destination.
    pub(super) dst_peer_as: u32,
    pub(super) dst_as: u32,
}

/// Label stacks (0:1006).
#[derive(Clone, Copy)]
pub(super) struct Mpls<'a> {
    pub(super) next_hop: Option<[u8; 16]>,
    /// Entries of the received stack from the top, 4 bytes each as on the wire (RFC 3032).
    pub(super) in_stack: &'a [u8],
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
                1 => self.header(sample.part("sampled_header", length)?)?,
                1001 => self.switch(sample.part("extended_switch", length)?)?,
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

    #[inline]
    fn header(&mut self, mut body: Reader<'a>) -> Result<(), Fault> {
        let [protocol, frame_length, stripped] = body.words()?;
        let bytes = body.opaque()?;
        if self.header.is_none() {
            self.header = Some(SampledHeader {
                protocol,
                frame_length,
                stripped,
                bytes,
            });
        }
        Ok(())
    }

    #[inline]
    fn switch(&mut self, mut body: Reader<'a>) -> Result<(), Fault> {
        let [src_vlan, _, dst_vlan, _] = body.words()?;
        self.switch.get_or_insert(Switch { src_vlan, dst_vlan });
        Ok(())
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
            Some(header) => {
                let length = u64::from(header.frame_length);
                // The frame check is the last of what was stripped; an exporter that strips nothing never had it.
                let check = u64::from(header.stripped.min(FRAME_CHECK));
                (length, length.saturating_sub(check))
            }
            None => self.more.as_ref().map_or((0, 0), More::lengths),
        }
    }

    /// Reads the packet's headers into `packet`. Forgets a decoded IP header that a sampled one makes needless, so lengths come first.
    #[inline]
    pub(super) fn packet(&mut self, packet: &mut Packet) {
        match &self.header {
            Some(header) => match header.protocol {
                1 => packet::read(Link::Ethernet, header.bytes, packet),
                11 => packet::read(Link::Ipv4, header.bytes, packet),
                12 => packet::read(Link::Ipv6, header.bytes, packet),
                13 => packet::read(Link::Mpls, header.bytes, packet),
                _ => {
                    self.unknown += 1;
                    *packet = Packet {
                        problem: header_problem::UNKNOWN_LINK_TYPE,
                        ..Packet::default()
                    };
                }
            },
            None => *packet = Packet::default(),
        }
        if let Some(more) = &mut self.more {
            more.complete(packet);
        }
    }
}

/// Structures that are known and that no column takes: users, URLs, names of MPLS tunnels and circuits, stripped VLAN tags, 802.11,
/// headers that a tunnel adds or took off (the main columns are the packet as its interface saw it), InfiniBand, priority tags,
/// queues, transit delay, time stamps, sockets and applications.
const fn is_known(format: u32) -> bool {
    matches!(format, 1004 | 1005 | 1008..=1016 | 1021..=1028 | 1031..=1036 | 1039 | 1040 | 1043 | 2100..=2103 | 2200..=2210)
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
            1020 => "extended_nat_port",
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
        match format {
            2 => self.ethernet(body)?,
            3 => self.ipv4(body)?,
            4 => self.ipv6(body)?,
            1002 => self.router(body)?,
            1003 => self.gateway(body)?,
            1006 => self.mpls(body)?,
            1007 => self.nat(body)?,
            1020 => {
                let ports = body.words()?;
                self.nat_ports.get_or_insert(ports);
            }
            1029 => {
                let vni = body.word()?;
                self.vni.get_or_insert(vni);
            }
            1030 => self.vni = Some(body.word()?),
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

    fn ethernet(&mut self, mut body: Reader<'a>) -> Result<(), Fault> {
        let [length] = body.words()?;
        let (src_mac, dst_mac) = (body.mac()?, body.mac()?);
        let ether_type = body.word()?;
        self.ethernet.get_or_insert(SampledEthernet {
            length,
            src_mac,
            dst_mac,
            ether_type,
        });
        Ok(())
    }

    fn ipv4(&mut self, mut body: Reader<'a>) -> Result<(), Fault> {
        let [length, protocol] = body.words()?;
        let (src, dst) = (body.fixed()?, body.fixed()?);
        let rest = body.words()?;
        self.ip(4, length, protocol, mapped(src), mapped(dst), rest);
        Ok(())
    }

    fn ipv6(&mut self, mut body: Reader<'a>) -> Result<(), Fault> {
        let [length, protocol] = body.words()?;
        let (src, dst) = (body.fixed()?, body.fixed()?);
        let rest = body.words()?;
        self.ip(6, length, protocol, src, dst, rest);
        Ok(())
    }

    fn ip(
        &mut self,
        version: u8,
        length: u32,
        protocol: u32,
        src_address: [u8; 16],
        dst_address: [u8; 16],
        [src_port, dst_port, tcp_flags, tos]: [u32; 4],
    ) {
        self.ip.get_or_insert(SampledIp {
            version,
            length,
            protocol,
            src_address,
            dst_address,
            src_port,
            dst_port,
            tcp_flags,
            tos,
        });
    }

    fn router(&mut self, mut body: Reader<'a>) -> Result<(), Fault> {
        let next_hop = body.address()?;
        let [src_prefix_length, dst_prefix_length] = body.words()?;
        self.router.get_or_insert(Router {
            next_hop,
            src_prefix_length,
            dst_prefix_length,
        });
        Ok(())
    }

    fn gateway(&mut self, mut body: Reader<'a>) -> Result<(), Fault> {
        let next_hop = body.address()?;
        let [_own_as, src_as, src_peer_as] = body.words()?;
        let (mut dst_peer_as, mut dst_as) = (0, 0);
        // A segment has at least its type and its count.
        for segment in 0..body.count(8)? {
            let [_kind] = body.words()?;
            let numbers = body.list()?;
            if let (0, Some(&first)) = (segment, numbers.first()) {
                dst_peer_as = u32::from_be_bytes(first);
            }
            if let Some(&last) = numbers.last() {
                dst_as = u32::from_be_bytes(last);
            }
        }
        let _communities = body.list()?;
        let [_local_preference] = body.words()?;
        self.gateway.get_or_insert(Gateway {
            next_hop,
            src_as,
            src_peer_as,
            dst_peer_as,
            dst_as,
        });
        Ok(())
    }

    fn mpls(&mut self, mut body: Reader<'a>) -> Result<(), Fault> {
        let next_hop = body.address()?;
        let in_stack = body.list()?.as_flattened();
        let _out_stack = body.list()?;
        self.mpls.get_or_insert(Mpls { next_hop, in_stack });
        Ok(())
    }

    fn nat(&mut self, mut body: Reader<'a>) -> Result<(), Fault> {
        let addresses = [body.address()?, body.address()?];
        self.nat.get_or_insert(addresses);
        Ok(())
    }

    fn lengths(&self) -> (u64, u64) {
        if let Some(ethernet) = &self.ethernet {
            let length = u64::from(ethernet.length);
            (length, length.saturating_sub(u64::from(FRAME_CHECK)))
        } else if let Some(ip) = &self.ip {
            let length = u64::from(ip.length);
            (length, length + ETHERNET_HEADER)
        } else {
            (0, 0)
        }
    }

    /// Fills in what a sampled header did not have.
    fn complete(&mut self, packet: &mut Packet) {
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
}

/// Bytes of Ethernet's frame check, and of its header.
const FRAME_CHECK: u32 = 4;
const ETHERNET_HEADER: u64 = 14;

impl SampledEthernet {
    /// Stands in for the Ethernet header that a packet has not.
    fn complete(&self, packet: &mut Packet) {
        if packet.has_ethernet {
            return;
        }
        packet.has_ethernet = true;
        packet.src_mac = self.src_mac;
        packet.dst_mac = self.dst_mac;
        if packet.ether_type == 0 {
            packet.ether_type = u16::try_from(self.ether_type).unwrap_or_default();
        }
    }
}

impl SampledIp {
    /// Stands in for the IP header that a packet has not.
    fn complete(&self, packet: &mut Packet) {
        let protocol = u8::try_from(self.protocol).unwrap_or_default();
        let port = |value| u16::try_from(value).unwrap_or_default();
        packet.ip = Ip {
            version: self.version,
            src_address: self.src_address,
            dst_address: self.dst_address,
            protocol,
            tos: u8::try_from(self.tos).unwrap_or_default(),
            bytes: self.length,
            ports: WITH_PORTS
                .contains(&protocol)
                .then_some((port(self.src_port), port(self.dst_port))),
            tcp_flags: (protocol == TCP).then_some(port(self.tcp_flags)),
            ..Ip::default()
        };
        if packet.ether_type == 0 {
            packet.ether_type = if self.version == 4 { 0x0800 } else { 0x86dd };
        }
    }
}

const TCP: u8 = 6;
/// TCP, UDP, DCCP, SCTP, UDP-Lite. What other protocols have in place of ports is not said anywhere.
const WITH_PORTS: [u8; 5] = [TCP, 17, 33, 132, 136];

impl Mpls<'_> {
    /// The labels of the received stack, 20 bits each, as many as a packet's.
    pub(super) fn labels(&self) -> Vec<u32> {
        let (entries, _) = self.in_stack.as_chunks::<4>();
        entries
            .iter()
            .take(packet::MOST_LABELS)
            .map(|&entry| u32::from_be_bytes(entry) >> 12)
            .collect()
    }
}
