//! Counter samples, and what they say of interfaces, VLANs and switch ports.

use super::host::HostSample;
use super::xdr::{hyper, text, Reader};
use super::{source, Datagram, Output, SampleHead, SampleKind};
use crate::fault::Fault;

/// What one counter sample says of an interface, VLAN or port; counters as on the wire, not differences.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CounterSample {
    /// The agent, IPv4 mapped into IPv6.
    pub agent: [u8; 16],
    pub sub_agent: u32,
    /// One of [`super::source_type`].
    pub source_type: u32,
    pub source_index: u32,
    pub sequence: u32,
    pub received_ns: i64,
    pub generic: Option<GenericCounters>,
    pub ethernet: Option<EthernetCounters>,
    pub vlan: Option<VlanCounters>,
    pub open_flow: Option<OpenFlowPort>,
    /// The port's name, at most [`super::MOST_TEXT_BYTES`] bytes of UTF-8 without control characters.
    pub name: Option<String>,
}

/// Generic interface counters (0:1). An unknown counter is all ones, as agents send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GenericCounters {
    pub if_index: u32,
    /// IANAifType; 6 is Ethernet.
    pub if_type: u32,
    /// Bits per second.
    pub if_speed: u64,
    /// 0 unknown, 1 full duplex, 2 half duplex, 3 in, 4 out.
    pub if_direction: u32,
    /// Bit 0: admin up; bit 1: operationally up.
    pub if_status: u32,
    pub in_octets: u64,
    pub in_unicast_packets: u32,
    pub in_multicast_packets: u32,
    pub in_broadcast_packets: u32,
    pub in_discards: u32,
    pub in_errors: u32,
    pub in_unknown_protocols: u32,
    pub out_octets: u64,
    pub out_unicast_packets: u32,
    pub out_multicast_packets: u32,
    pub out_broadcast_packets: u32,
    pub out_discards: u32,
    pub out_errors: u32,
    pub promiscuous_mode: u32,
}

/// Ethernet interface counters (0:2), EtherLike-MIB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EthernetCounters {
    pub alignment_errors: u32,
    pub fcs_errors: u32,
    pub single_collision_frames: u32,
    pub multiple_collision_frames: u32,
    pub sqe_test_errors: u32,
    pub deferred_transmissions: u32,
    pub late_collisions: u32,
    pub excessive_collisions: u32,
    pub internal_mac_transmit_errors: u32,
    pub carrier_sense_errors: u32,
    pub frame_too_longs: u32,
    pub internal_mac_receive_errors: u32,
    pub symbol_errors: u32,
}

/// VLAN counters (0:5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VlanCounters {
    pub vlan_id: u32,
    pub octets: u64,
    pub unicast_packets: u32,
    pub multicast_packets: u32,
    pub broadcast_packets: u32,
    pub discards: u32,
}

/// Port of an OpenFlow switch (0:1004).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenFlowPort {
    pub datapath_id: u64,
    pub port_number: u32,
}

/// Reads a counters_sample (0:2).
pub(super) fn compact(
    mut body: Reader<'_>,
    datagram: &Datagram,
    out: &mut Output,
) -> Result<(), Fault> {
    let [sequence, source_word] = body.words()?;
    let (source_type, source_index) = source(source_word);
    read(body, [sequence, source_type, source_index], datagram, out)
}

/// Reads a counters_sample_expanded (0:4).
pub(super) fn expanded(
    mut body: Reader<'_>,
    datagram: &Datagram,
    out: &mut Output,
) -> Result<(), Fault> {
    let head = body.words()?;
    read(body, head, datagram, out)
}

/// Reads the structures. One sample can say things of an interface and of a host.
fn read(
    mut body: Reader<'_>,
    [sequence, source_type, source_index]: [u32; 3],
    datagram: &Datagram,
    out: &mut Output,
) -> Result<(), Fault> {
    out.samples.push(SampleHead {
        kind: SampleKind::Counters,
        source_type,
        source_index,
        sequence,
        sampling_rate: 0,
        pool: 0,
        drops: 0,
    });
    let mut counters = CounterSample {
        agent: datagram.header.agent_address,
        sub_agent: datagram.header.sub_agent_id,
        source_type,
        source_index,
        sequence,
        received_ns: datagram.received_ns,
        ..CounterSample::default()
    };
    let mut host = HostSample {
        agent: counters.agent,
        sub_agent: counters.sub_agent,
        source_type,
        source_index,
        sequence,
        received_ns: datagram.received_ns,
        ..HostSample::default()
    };
    let mut unknown = 0;
    // A structure has at least its tag and its length.
    for _ in 0..body.count(8)? {
        let [format, length] = body.words()?;
        let length = length as usize;
        if let Some(layer) = layer(format) {
            counters.structure(format, body.part(layer, length)?)?;
        } else if let Some(layer) = super::host::layer(format) {
            host.structure(format, body.part(layer, length)?)?;
        } else {
            body.part("counter structure", length)?;
            unknown += u64::from(!is_known(format));
        }
    }
    if counters.says_something() {
        out.counters.push(counters);
    }
    if host.says_something() {
        out.hosts.push(host);
    }
    out.unknown_structures += unknown;
    Ok(())
}

/// Name of a structure that is about an interface, VLAN or port.
fn layer(format: u32) -> Option<&'static str> {
    Some(match format {
        1 => "if_counters",
        2 => "ethernet_counters",
        5 => "vlan_counters",
        1004 => "of_port",
        1005 => "port_name",
        _ => return None,
    })
}

/// Structures that are known and that nothing takes: token ring, 100BaseVG, 802.11, LACP, optics, InfiniBand, radio, queue lengths,
/// virtual machines, MIB-II groups, GPUs, Java, applications (Open vSwitch's resources 2203), Open vSwitch's datapath (2207), energy.
const fn is_known(format: u32) -> bool {
    matches!(format, 3 | 4 | 6..=10 | 1002 | 1003 | 2007..=2010 | 2100..=2105 | 2200..=2209 | 3000..=3003)
}

impl CounterSample {
    fn says_something(&self) -> bool {
        self.generic.is_some()
            || self.ethernet.is_some()
            || self.vlan.is_some()
            || self.open_flow.is_some()
            || self.name.is_some()
    }

    fn structure(&mut self, format: u32, mut body: Reader<'_>) -> Result<(), Fault> {
        match format {
            1 => self.generic = Some(GenericCounters::read(body)?),
            2 => self.ethernet = Some(EthernetCounters::read(body)?),
            5 => self.vlan = Some(VlanCounters::read(body)?),
            1004 => {
                let [high, low, port_number] = body.words()?;
                self.open_flow = Some(OpenFlowPort {
                    datapath_id: hyper(high, low),
                    port_number,
                });
            }
            _ => self.name = Some(text(body.opaque()?)),
        }
        Ok(())
    }
}

impl GenericCounters {
    fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        let [if_index, if_type] = body.words()?;
        let if_speed = body.hyper()?;
        let [if_direction, if_status] = body.words()?;
        let in_octets = body.hyper()?;
        let [in_unicast_packets, in_multicast_packets, in_broadcast_packets, in_discards, in_errors, in_unknown_protocols] =
            body.words()?;
        let out_octets = body.hyper()?;
        let [out_unicast_packets, out_multicast_packets, out_broadcast_packets, out_discards, out_errors, promiscuous_mode] =
            body.words()?;
        Ok(GenericCounters {
            if_index,
            if_type,
            if_speed,
            if_direction,
            if_status,
            in_octets,
            in_unicast_packets,
            in_multicast_packets,
            in_broadcast_packets,
            in_discards,
            in_errors,
            in_unknown_protocols,
            out_octets,
            out_unicast_packets,
            out_multicast_packets,
            out_broadcast_packets,
            out_discards,
            out_errors,
            promiscuous_mode,
        })
    }
}

impl EthernetCounters {
    fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        let [alignment_errors, fcs_errors, single_collision_frames, multiple_collision_frames, sqe_test_errors, deferred_transmissions, late_collisions, excessive_collisions, internal_mac_transmit_errors, carrier_sense_errors, frame_too_longs, internal_mac_receive_errors, symbol_errors] =
            body.words()?;
        Ok(EthernetCounters {
            alignment_errors,
            fcs_errors,
            single_collision_frames,
            multiple_collision_frames,
            sqe_test_errors,
            deferred_transmissions,
            late_collisions,
            excessive_collisions,
            internal_mac_transmit_errors,
            carrier_sense_errors,
            frame_too_longs,
            internal_mac_receive_errors,
            symbol_errors,
        })
    }
}

impl VlanCounters {
    fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        let vlan_id = body.word()?;
        let octets = body.hyper()?;
        let [unicast_packets, multicast_packets, broadcast_packets, discards] = body.words()?;
        Ok(VlanCounters {
            vlan_id,
            octets,
            unicast_packets,
            multicast_packets,
            broadcast_packets,
            discards,
        })
    }
}
