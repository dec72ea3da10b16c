//! Headers that the exporter decoded itself (0:2 to 0:4), where no sampled one says more.

use super::xdr::Reader;
use crate::fault::Fault;
use crate::internet::mapped;
use crate::packet::{Ip, Packet};

/// An Ethernet header that the exporter decoded (0:2).
#[derive(Clone, Copy)]
pub(super) struct SampledEthernet {
    /// With frame check.
    length: u32,
    src_mac: u64,
    dst_mac: u64,
    ether_type: u32,
}

/// An IP header that the exporter decoded (0:3, 0:4).
#[derive(Clone, Copy)]
pub(super) struct SampledIp {
    pub(super) version: u8,
    length: u32,
    pub(super) protocol: u32,
    pub(super) src_address: [u8; 16],
    pub(super) dst_address: [u8; 16],
    src_port: u32,
    pub(super) dst_port: u32,
    tcp_flags: u32,
    tos: u32,
}

impl SampledEthernet {
    pub(super) fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        Ok(SampledEthernet {
            length: body.word()?,
            src_mac: body.mac()?,
            dst_mac: body.mac()?,
            ether_type: body.word()?,
        })
    }

    /// Length with and without frame check.
    pub(super) fn lengths(&self) -> (u64, u64) {
        let length = u64::from(self.length);
        (length, length.saturating_sub(FRAME_CHECK))
    }

    /// Stands in for the Ethernet header that a packet has not.
    pub(super) fn complete(&self, packet: &mut Packet) {
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
    pub(super) fn read_ipv4(mut body: Reader<'_>) -> Result<Self, Fault> {
        let [length, protocol] = body.words()?;
        let (src, dst) = (mapped(body.fixed()?), mapped(body.fixed()?));
        Ok(SampledIp::new(
            4,
            [length, protocol],
            [src, dst],
            body.words()?,
        ))
    }

    pub(super) fn read_ipv6(mut body: Reader<'_>) -> Result<Self, Fault> {
        let [length, protocol] = body.words()?;
        let addresses = [body.fixed()?, body.fixed()?];
        Ok(SampledIp::new(
            6,
            [length, protocol],
            addresses,
            body.words()?,
        ))
    }

    fn new(
        version: u8,
        [length, protocol]: [u32; 2],
        [src_address, dst_address]: [[u8; 16]; 2],
        [src_port, dst_port, tcp_flags, tos]: [u32; 4],
    ) -> Self {
        SampledIp {
            version,
            length,
            protocol,
            src_address,
            dst_address,
            src_port,
            dst_port,
            tcp_flags,
            tos,
        }
    }

    /// Length of the IP packet, and of the frame around it.
    pub(super) fn lengths(&self) -> (u64, u64) {
        let length = u64::from(self.length);
        (length, length + ETHERNET_HEADER)
    }

    /// Stands in for the IP header that a packet has not.
    pub(super) fn complete(&self, packet: &mut Packet) {
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

/// Bytes of Ethernet's frame check, and of its header.
const FRAME_CHECK: u64 = 4;
const ETHERNET_HEADER: u64 = 14;
const TCP: u8 = 6;
/// TCP, UDP, DCCP, SCTP, UDP-Lite. What other protocols have in place of ports is not said anywhere.
const WITH_PORTS: [u8; 5] = [TCP, 17, 33, 132, 136];
