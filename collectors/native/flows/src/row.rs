//! One flow to one row.

use wire::flow_reading::Ticks;
use wire::flow_record::Flow;
use wire::rows::{header_problem, sampling_origin, source_kind, Flows};

use crate::interval::Interval;
use crate::key::Key;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const ICMP: u8 = 1;
const TCP: u8 = 6;
const ICMPV6: u8 = 58;
/// Protocols with ports at the start: TCP, UDP, DCCP, SCTP, UDP-Lite.
const WITH_PORTS: [u8; 5] = [TCP, 17, 33, 132, 136];

/// Why a row is written (IPFIX 136).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Idle = 1,
    Active = 2,
    Forced = 4,
}

/// What all rows of a drain share.
#[derive(Debug, Clone, Copy)]
pub struct Common {
    /// Real time minus the kernel's clock, ns.
    pub offset_ns: i64,
    pub received_ns: i64,
    pub ticks: Ticks,
}

/// One flow as it was counted.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    pub vif_id: u64,
    pub key: &'a Key,
    pub flow: &'a Flow,
    /// In which its packets were counted.
    pub interval: Interval,
    /// For so many packets each one stands.
    pub sampling_rate: f64,
    pub end: End,
}

/// Append the row of a flow.
pub fn push(rows: &mut Flows, common: Common, counted: Counted<'_>) {
    let Counted { key, flow, .. } = counted;
    let at = rows.rows;
    let real = |tick: u64| common.offset_ns + common.ticks.ns(tick);
    // Two processors may write the last time in the wrong order.
    let last_tick = flow.last_tick.max(flow.first_tick);
    let (first_ns, last_ns) = (real(flow.first_tick), real(last_tick));
    let is_egress = key.is_egress();
    let Interval { start_ns, end_ns } = counted.interval;
    rows.time.set(at, end_ns);
    rows.duration_ns.set(at, (end_ns - start_ns) as u64);
    rows.vif_id.set(at, counted.vif_id);
    rows.received_time.set(at, common.received_ns);
    rows.source_kind.set(at, source_kind::EBPF);
    rows.flow_start_time.set(at, first_ns);
    rows.flow_end_time.set(at, last_ns);
    let ether_type = match (key.is_other(), key.is_ipv6) {
        (true, _) => key.key.src_port,
        (false, true) => IPV6,
        (false, false) => IPV4,
    };
    rows.ether_type.set(at, ether_type);
    if !key.is_other() {
        rows.src_address.set(at, key.key.src_address);
        rows.dst_address.set(at, key.key.dst_address);
        rows.protocol.set(at, key.key.protocol);
        rows.ip_tos.set(at, flow.ip_tos);
        rows.ip_ttl.set(at, flow.ip_ttl);
    }
    if !key.is_other() && WITH_PORTS.contains(&key.key.protocol) {
        rows.src_port.set(at, key.key.src_port);
        rows.dst_port.set(at, key.key.dst_port);
    }
    if !key.is_other() && key.key.protocol == TCP {
        rows.tcp_flags.set(at, flow.tcp_flags);
    }
    if !key.is_other() && matches!(key.key.protocol, ICMP | ICMPV6) && !key.has_no_ports() {
        let [kind, code] = key.key.src_port.to_be_bytes();
        rows.icmp_type.set(at, kind);
        rows.icmp_code.set(at, code);
    }
    rows.bytes.set(at, flow.skb_bytes + flow.more_bytes);
    rows.packets.set(at, flow.packets >> 32);
    rows.skb_bytes.set(at, flow.skb_bytes);
    rows.skb_packets.set(at, flow.packets & 0xffff_ffff);
    rows.sampling_rate.set(at, counted.sampling_rate);
    rows.sampling_origin.set(at, sampling_origin::MEASURED);
    let (index, vlan) = if is_egress {
        (&mut rows.out_if_index, &mut rows.dst_vlan)
    } else {
        (&mut rows.in_if_index, &mut rows.src_vlan)
    };
    index.set(at, key.key.ifindex);
    if key.key.vlan != 0 {
        vlan.set(at, key.key.vlan);
    }
    if key.key.customer_vlan != 0 {
        rows.customer_vlan.set(at, key.key.customer_vlan);
    }
    rows.direction.set(at, u8::from(is_egress));
    if flow.macs != [0; 12] {
        let mac = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        rows.dst_mac.set(at, mac(&flow.macs[..6]));
        rows.src_mac.set(at, mac(&flow.macs[6..]));
    }
    if key.is_cut() {
        let problem = match (key.is_other(), ether_type) {
            (true, IPV4 | IPV6) => header_problem::CUT_IP,
            (true, _) => header_problem::CUT_ETHERNET,
            (false, _) => header_problem::CUT_TRANSPORT,
        };
        rows.header_problem.set(at, problem);
    }
    rows.flow_end_reason.set(at, counted.end as u8);
    rows.rows += 1;
}
