//! Packets that another hand built, read as another dissector reads them: see `tests/packets` of the project.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use wire::packet::{decode, Ip, Link, Packet};

const VECTORS: &str = include_str!("../vectors/packets.txt");

type Facts = BTreeMap<String, String>;

fn address(octets: [u8; 16]) -> String {
    let address = Ipv6Addr::from(octets);
    match address.to_ipv4_mapped() {
        Some(four) => four.to_string(),
        None => address.to_string(),
    }
}

fn mac(address: u64) -> String {
    let bytes = address.to_be_bytes();
    let pairs: Vec<String> = bytes[2..]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    pairs.join(":")
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn ip_facts(level: &str, ip: &Ip) -> Facts {
    let mut facts = Facts::new();
    let mut tell = |name: &str, text: String| facts.insert(format!("{level}{name}"), text);
    if ip.version == 0 {
        return Facts::new();
    }
    tell("src_address", address(ip.src_address));
    tell("dst_address", address(ip.dst_address));
    tell("protocol", ip.protocol.to_string());
    if let Some((src, dst)) = ip.ports {
        tell("src_port", src.to_string());
        tell("dst_port", dst.to_string());
    }
    if !level.is_empty() {
        return facts;
    }
    tell("ip_ttl", ip.ttl.to_string());
    tell("ip_tos", ip.tos.to_string());
    if ip.version == 6 {
        tell("ipv6_flow_label", ip.flow_label.to_string());
    }
    if let Some(id) = ip.fragment_id {
        tell("ip_fragment_id", id.to_string());
    }
    if let Some(flags) = ip.tcp_flags {
        tell("tcp_flags", flags.to_string());
    }
    if let Some((kind, code)) = ip.icmp {
        tell("icmp_type", kind.to_string());
        tell("icmp_code", code.to_string());
    }
    facts
}

fn facts(packet: &Packet) -> Facts {
    let mut facts = ip_facts("", &packet.ip);
    facts.extend(ip_facts("inner_", &packet.inner));
    let mut tell = |name: &str, text: Option<String>| {
        if let Some(text) = text {
            facts.insert(name.to_owned(), text);
        }
    };
    tell("src_mac", packet.has_ethernet.then(|| mac(packet.src_mac)));
    tell("dst_mac", packet.has_ethernet.then(|| mac(packet.dst_mac)));
    let has_frame = packet.has_inner_ethernet;
    tell(
        "inner_src_mac",
        has_frame.then(|| mac(packet.inner_src_mac)),
    );
    tell(
        "inner_dst_mac",
        has_frame.then(|| mac(packet.inner_dst_mac)),
    );
    tell("src_vlan", packet.vlan.map(|id| id.to_string()));
    tell(
        "customer_vlan",
        packet.customer_vlan.map(|id| id.to_string()),
    );
    tell("vni", packet.vni.map(|vni| vni.to_string()));
    let labels = &packet.mpls_labels[..usize::from(packet.mpls_count)];
    let labels: Vec<String> = labels.iter().map(u32::to_string).collect();
    tell(
        "mpls_labels",
        (!labels.is_empty()).then(|| labels.join(",")),
    );
    facts
}

#[test]
fn another_dissector_reads_the_same() {
    let mut count = 0;
    for line in VECTORS.lines() {
        let mut parts = line.split('\t');
        let name = parts.next().unwrap();
        let bytes = bytes_of(parts.next().unwrap());
        let expected: Facts = parts
            .map(|fact| fact.split_once('=').unwrap())
            .map(|(column, text)| (column.to_owned(), text.to_owned()))
            .collect();
        let packet = decode(Link::Ethernet, &bytes);
        assert_eq!(facts(&packet), expected, "{name}");
        assert_eq!(packet.problem, 0, "{name}");
        count += 1;
    }
    assert!(count > 30, "{count}");
}
