//! Counter samples: interfaces, VLANs, ports, hosts.

use crate::datagrams::*;
use wire::sflow::counters::{GenericCounters, OpenFlowPort, VlanCounters};
use wire::sflow::host::{Cpu, Memory, Net, Parent, Processor};
use wire::sflow::{decode, Output, SampleKind, MOST_TEXT_BYTES};

fn decoded(samples: &[Vec<u8>]) -> Output {
    let mut out = Output::default();
    decode(&datagram(samples), RECEIVED_NS, &mut out).expect("a header");
    assert_eq!(out.faults, []);
    out
}

fn pair(high: u64) -> u64 {
    high << 32 | (high + 1)
}

#[test]
fn an_interface_has_its_counters_and_its_name() {
    let structures = [
        generic(),
        ethernet_counters(),
        open_flow(),
        port_name(b"tap1"),
    ];
    let out = decoded(&[counters(&structures)]);
    let [sample] = out.counters.as_slice() else {
        panic!("{:?}", out.counters);
    };
    assert_eq!(sample.agent[12..], AGENT);
    assert_eq!(
        (sample.sub_agent, sample.source_type, sample.source_index),
        (7, 0, 3)
    );
    assert_eq!((sample.sequence, sample.received_ns), (21, RECEIVED_NS));
    assert_eq!(
        sample.generic,
        Some(GenericCounters {
            if_index: 3,
            if_type: 6,
            if_speed: 2 << 32 | 540_000_000,
            if_direction: 1,
            if_status: 3,
            in_octets: pair(101),
            in_unicast_packets: 103,
            in_multicast_packets: 104,
            in_broadcast_packets: 105,
            in_discards: 106,
            in_errors: 107,
            in_unknown_protocols: 108,
            out_octets: pair(109),
            out_unicast_packets: 111,
            out_multicast_packets: 112,
            out_broadcast_packets: 113,
            out_discards: 114,
            out_errors: 115,
            promiscuous_mode: 116,
        })
    );
    let ethernet = sample.ethernet.expect("counters");
    assert_eq!((ethernet.alignment_errors, ethernet.fcs_errors), (201, 202));
    assert_eq!(
        (ethernet.carrier_sense_errors, ethernet.symbol_errors),
        (210, 213)
    );
    let port = OpenFlowPort {
        datapath_id: 1 << 32 | 2,
        port_number: 65534,
    };
    assert_eq!(sample.open_flow, Some(port));
    assert_eq!(sample.name.as_deref(), Some("tap1"));
    assert_eq!(sample.vlan, None);
    assert!(out.hosts.is_empty());
    assert_eq!(out.samples[0].kind, SampleKind::Counters);
}

#[test]
fn one_sample_can_say_things_of_a_port_and_of_a_host() {
    let out = decoded(&[counters_expanded(&[vlan_counters(), processor()])]);
    let (counters, host) = (&out.counters[0], &out.hosts[0]);
    assert_eq!((counters.source_type, counters.source_index), (2, 70_000));
    assert_eq!((host.source_type, host.source_index), (2, 70_000));
    assert_eq!(
        counters.vlan,
        Some(VlanCounters {
            vlan_id: 301,
            octets: pair(302),
            unicast_packets: 304,
            multicast_packets: 305,
            broadcast_packets: 306,
            discards: 307,
        })
    );
    assert_eq!(
        host.processor,
        Some(Processor {
            busy_5s: Some(1250),
            busy_1m: None,
            busy_5m: Some(900),
            total_memory_bytes: 1 << 32,
            free_memory_bytes: 4096,
        })
    );
}

#[test]
fn a_host_has_its_description_and_its_readings() {
    let structures = [
        description(),
        adapters(),
        parent(),
        cpu(14),
        memory(),
        disk(),
        net(),
    ];
    let out = decoded(&[counters_expanded(&structures)]);
    assert!(out.counters.is_empty());
    let host = &out.hosts[0];
    let described = host.description.as_ref().expect("a description");
    assert_eq!(described.host_name, "leaf1");
    assert_eq!(described.os_release, "6.1.0-31-amd64");
    assert_eq!((described.machine_type, described.os_name), (3, 2));
    assert_eq!(described.uuid[15], 15);
    let macs = [(2, 0x0200_0000_0001), (2, 0x0200_0000_0002), (9, 0)];
    assert_eq!(host.adapters.as_deref(), Some(macs.as_slice()));
    let parent = Parent {
        container_type: 3,
        container_index: 77,
    };
    assert_eq!(host.parent, Some(parent));
    let cpu = host.cpu.expect("a processor");
    assert_eq!(
        (cpu.load_1m, cpu.load_5m, cpu.load_15m),
        (Some(0.5), Some(1.25), None)
    );
    assert_eq!(
        (cpu.cpu_count, cpu.uptime_seconds, cpu.idle_ms),
        (403, 405, 409)
    );
    assert_eq!((cpu.context_switches, cpu.steal_ms), (414, None));
    let memory = host.memory.expect("memory");
    let ends = Memory {
        total_bytes: pair(501),
        swap_out: 518,
        ..memory
    };
    assert_eq!(memory, ends);
    let disk = host.disk.expect("disks");
    assert_eq!(
        (disk.fullest_used, disk.read_bytes, disk.write_ms),
        (605, pair(607), 613)
    );
    let net = host.net.expect("interfaces");
    let ends = Net {
        in_bytes: pair(701),
        out_bytes: pair(706),
        out_drops: 710,
        ..net
    };
    assert_eq!(net, ends);
}

#[test]
fn newer_agents_say_more_of_the_processor() {
    let out = decoded(&[counters(&[cpu(17)])]);
    let newer = out.hosts[0].cpu.expect("a processor");
    let guest = (newer.steal_ms, newer.guest_ms, newer.guest_nice_ms);
    assert_eq!(guest, (Some(415), Some(416), Some(417)));
    let older = decoded(&[counters(&[cpu(14)])]).hosts[0]
        .cpu
        .expect("a processor");
    let without = Cpu {
        steal_ms: None,
        guest_ms: None,
        guest_nice_ms: None,
        ..newer
    };
    assert_eq!(older, without);
}

#[test]
fn a_name_is_short_and_safe_to_show() {
    let name = |bytes: &[u8]| {
        let mut out = decoded(&[counters(&[port_name(bytes)])]);
        out.counters.remove(0).name.expect("a name")
    };
    assert_eq!(name(b""), "");
    assert_eq!(name(b"eth\x1b[31m0\0\0"), "eth[31m0");
    assert_eq!(name("gr\u{fc}n".as_bytes()), "gr\u{fc}n");
    assert_eq!(name(&[b'x'; 1000]), "x".repeat(MOST_TEXT_BYTES));
    // Bytes that are no text grow to three each, and stay within the bound.
    let broken = name(&[0xff; 1000]);
    assert!(broken.len() <= MOST_TEXT_BYTES && broken.starts_with('\u{fffd}'));
}

#[test]
fn structures_of_open_vswitch_that_nothing_takes_are_no_trouble() {
    let out = decoded(&[counters(&[tagged(2203, &[0; 52]), tagged(2207, &[0; 24])])]);
    assert_eq!(
        (out.counters.len(), out.hosts.len(), out.unknown_structures),
        (0, 0, 0)
    );
    assert_eq!(out.samples.len(), 1);
}
