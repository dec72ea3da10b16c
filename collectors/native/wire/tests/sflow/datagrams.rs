//! Datagrams put together structure by structure, as the specification draws them.

pub const AGENT: [u8; 4] = [192, 0, 2, 9];
pub const RECEIVED_NS: i64 = 1_700_000_000_123_456_789;

pub fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

pub fn join(parts: &[Vec<u8>]) -> Vec<u8> {
    parts.concat()
}

/// Opaque data or text: length, bytes, padding.
pub fn opaque(bytes: &[u8]) -> Vec<u8> {
    let mut padded = words(&[bytes.len() as u32]);
    padded.extend(bytes);
    padded.resize(padded.len().next_multiple_of(4), 0);
    padded
}

/// A list of words with its count.
pub fn list(values: &[u32]) -> Vec<u8> {
    join(&[words(&[values.len() as u32]), words(values)])
}

/// A structure, or a sample: format, length, body.
pub fn tagged(format: u32, body: &[u8]) -> Vec<u8> {
    join(&[words(&[format, body.len() as u32]), body.to_vec()])
}

/// A datagram of an IPv4 agent: sub-agent 7, number 1000, uptime 5 s. Its header has 28 bytes.
pub fn datagram(samples: &[Vec<u8>]) -> Vec<u8> {
    let head = words(&[
        5,
        1,
        u32::from_be_bytes(AGENT),
        7,
        1000,
        5000,
        samples.len() as u32,
    ]);
    join(&[head, samples.concat()])
}

/// A flow_sample: number 11, source ifIndex 3, rate 400, pool 4000, drops 2, in by 3, out by 4.
pub fn flow(structures: &[Vec<u8>]) -> Vec<u8> {
    flow_of([11, 3, 400, 4000, 2, 3, 4], structures)
}

pub fn flow_of(head: [u32; 7], structures: &[Vec<u8>]) -> Vec<u8> {
    let count = words(&[structures.len() as u32]);
    tagged(1, &join(&[words(&head), count, structures.concat()]))
}

/// A flow_sample_expanded: number, source type and index, rate, pool, drops, in format and value, out format and value.
pub fn expanded_of(head: [u32; 10], structures: &[Vec<u8>]) -> Vec<u8> {
    let count = words(&[structures.len() as u32]);
    tagged(3, &join(&[words(&head), count, structures.concat()]))
}

/// A counters_sample: number 21, source ifIndex 3.
pub fn counters(structures: &[Vec<u8>]) -> Vec<u8> {
    let head = words(&[21, 3, structures.len() as u32]);
    tagged(2, &join(&[head, structures.concat()]))
}

/// A counters_sample_expanded: number 22, source physical entity 70000.
pub fn counters_expanded(structures: &[Vec<u8>]) -> Vec<u8> {
    let head = words(&[22, 2, 70_000, structures.len() as u32]);
    tagged(4, &join(&[head, structures.concat()]))
}

/// A discarded_packet: number 31, source ifIndex 3, drops 5, in by 3, out by 0, reason acl.
pub fn discarded(structures: &[Vec<u8>]) -> Vec<u8> {
    let head = words(&[31, 0, 3, 5, 3, 0, 258, structures.len() as u32]);
    tagged(5, &join(&[head, structures.concat()]))
}

/// Ethernet, IPv4, TCP SYN from 192.0.2.1:51234 to 198.51.100.2:443; 54 bytes.
pub fn frame() -> Vec<u8> {
    let mut bytes = vec![0x02, 0, 0x5e, 0, 0x53, 2, 0x02, 0, 0x5e, 0, 0x53, 1, 8, 0];
    bytes.extend([0x45, 0xb8, 0, 40, 0x12, 0x34, 0x40, 0, 61, 6, 0x3e, 0xad]);
    bytes.extend([192, 0, 2, 1, 198, 51, 100, 2]);
    bytes.extend([0xc8, 0x22, 1, 187, 0, 0, 0, 1, 0, 0, 0, 0]);
    bytes.extend([0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0]);
    bytes
}

/// A sampled_header of Ethernet: frame length 1518, 4 bytes stripped.
pub fn header() -> Vec<u8> {
    header_of(1, 1518, 4, &frame())
}

pub fn header_of(protocol: u32, frame_length: u32, stripped: u32, bytes: &[u8]) -> Vec<u8> {
    let head = words(&[protocol, frame_length, stripped]);
    tagged(1, &join(&[head, opaque(bytes)]))
}

/// An address: its type and its bytes.
pub fn address(bytes: &[u8]) -> Vec<u8> {
    let kind = match bytes.len() {
        0 => 0,
        4 => 1,
        _ => 2,
    };
    join(&[words(&[kind]), bytes.to_vec()])
}

pub const V6_SRC: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
pub const V6_DST: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

/// A sampled_ethernet of 64 bytes with type IPv6.
pub fn ethernet() -> Vec<u8> {
    let macs = vec![2, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0];
    tagged(2, &join(&[words(&[64]), macs, words(&[0x86dd])]))
}

/// A sampled_ipv4: 100 bytes, protocol, 192.0.2.3:1000 to 198.51.100.4:53, flags 0x12, TOS 4.
pub fn ip4(protocol: u32) -> Vec<u8> {
    let addresses = vec![192, 0, 2, 3, 198, 51, 100, 4];
    let head = words(&[100, protocol]);
    tagged(3, &join(&[head, addresses, words(&[1000, 53, 0x12, 4])]))
}

/// A sampled_ipv6 of UDP, like [`ip4`].
pub fn ip6() -> Vec<u8> {
    let head = words(&[100, 17]);
    let tail = words(&[1000, 53, 0, 4]);
    tagged(4, &join(&[head, V6_SRC.to_vec(), V6_DST.to_vec(), tail]))
}

/// The outer IPv4 header of a tunnel (1023 or 1024) from 203.0.113.8:40000 to 203.0.113.9, of no length, as Open vSwitch writes it.
pub fn outer4(format: u32, protocol: u32, dst_port: u32) -> Vec<u8> {
    let addresses = vec![203, 0, 113, 8, 203, 0, 113, 9];
    let head = words(&[0, protocol]);
    tagged(
        format,
        &join(&[head, addresses, words(&[40_000, dst_port, 0, 0])]),
    )
}

/// The outer IPv6 header of a tunnel (1025 or 1026), like [`outer4`].
pub fn outer6(format: u32, protocol: u32) -> Vec<u8> {
    let tail = words(&[40_000, 4789, 0, 0]);
    let head = words(&[0, protocol]);
    tagged(
        format,
        &join(&[head, V6_SRC.to_vec(), V6_DST.to_vec(), tail]),
    )
}

pub fn switch() -> Vec<u8> {
    tagged(1001, &words(&[42, 0, 43, 0]))
}

pub fn router() -> Vec<u8> {
    tagged(1002, &join(&[address(&[203, 0, 113, 1]), words(&[24, 16])]))
}

/// Own AS 64500, source 64501 by 64502; to 64506 by 64503, over a set; two communities.
pub fn gateway() -> Vec<u8> {
    let segments = join(&[
        words(&[2]),
        join(&[words(&[2]), list(&[64503, 64504])]),
        join(&[words(&[1]), list(&[64505, 64506])]),
    ]);
    let rest = join(&[list(&[1, 2]), words(&[100])]);
    let head = join(&[address(&V6_DST), words(&[64500, 64501, 64502])]);
    tagged(1003, &join(&[head, segments, rest]))
}

/// Labels 16 and 17 in, 18 out.
pub fn mpls() -> Vec<u8> {
    let stack = |labels: &[u32]| {
        let entries: Vec<_> = labels.iter().map(|label| label << 12 | 0x1ff).collect();
        list(&entries)
    };
    let hop = address(&[203, 0, 113, 2]);
    tagged(1006, &join(&[hop, stack(&[16, 17]), stack(&[18])]))
}

pub fn nat() -> Vec<u8> {
    let (src, dst) = (address(&[203, 0, 113, 3]), address(&V6_DST));
    tagged(1007, &join(&[src, dst]))
}

pub fn nat_ports() -> Vec<u8> {
    tagged(1020, &words(&[2000, 2053]))
}

pub fn acl() -> Vec<u8> {
    tagged(1037, &join(&[words(&[9]), opaque(b"edge-in"), words(&[1])]))
}

pub fn function() -> Vec<u8> {
    tagged(1038, &opaque(b"nf_hook_slow"))
}

pub fn trap() -> Vec<u8> {
    tagged(
        1041,
        &join(&[opaque(b"acl_drops"), opaque(b"ingress_flow_action_drop")]),
    )
}

pub fn kernel_reason() -> Vec<u8> {
    tagged(1042, &opaque(b"NETFILTER_DROP"))
}

/// Counting up from `first`.
fn numbers(first: u32, count: u32) -> Vec<u8> {
    words(&(first..first + count).collect::<Vec<_>>())
}

/// Generic counters of ifIndex 3: words 1 to 22, 64-bit ones with a high word of theirs.
pub fn generic() -> Vec<u8> {
    let head = words(&[3, 6, 2, 540_000_000, 1, 3]);
    tagged(1, &join(&[head, numbers(101, 16)]))
}

pub fn ethernet_counters() -> Vec<u8> {
    tagged(2, &numbers(201, 13))
}

pub fn vlan_counters() -> Vec<u8> {
    tagged(5, &numbers(301, 7))
}

pub fn open_flow() -> Vec<u8> {
    tagged(1004, &words(&[1, 2, 65534]))
}

pub fn port_name(name: &[u8]) -> Vec<u8> {
    tagged(1005, &opaque(name))
}

pub fn processor() -> Vec<u8> {
    tagged(1001, &words(&[1250, u32::MAX, 900, 1, 0, 0, 4096]))
}

pub fn description() -> Vec<u8> {
    let uuid: Vec<u8> = (0..16).collect();
    let parts = [
        opaque(b"leaf1"),
        uuid,
        words(&[3, 2]),
        opaque(b"6.1.0-31-amd64"),
    ];
    tagged(2000, &join(&parts))
}

/// ifIndex 2 with two addresses, ifIndex 9 with none.
pub fn adapters() -> Vec<u8> {
    let macs = vec![2, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0];
    tagged(2001, &join(&[words(&[2, 2, 2]), macs, words(&[9, 0])]))
}

pub fn parent() -> Vec<u8> {
    tagged(2002, &words(&[3, 77]))
}

/// Loads 0.5, 1.25 and unknown; then words from 401.
pub fn cpu(words_after: u32) -> Vec<u8> {
    let loads = words(&[0.5_f32, 1.25, -1.0].map(f32::to_bits));
    tagged(2003, &join(&[loads, numbers(401, words_after)]))
}

pub fn memory() -> Vec<u8> {
    tagged(2004, &numbers(501, 18))
}

pub fn disk() -> Vec<u8> {
    tagged(2005, &numbers(601, 13))
}

pub fn net() -> Vec<u8> {
    tagged(2006, &numbers(701, 10))
}

/// Everything, in eight samples.
pub fn rich() -> Vec<Vec<u8>> {
    vec![
        flow(&[header(), switch()]),
        counters(&[
            generic(),
            ethernet_counters(),
            open_flow(),
            port_name(b"tap1"),
        ]),
        expanded_of(
            [12, 0, 70_000, 64, 640, 0, 0, 70_000, 0, 70_001],
            &[header(), router(), gateway(), mpls(), nat(), nat_ports()],
        ),
        flow(&[ethernet(), ip6()]),
        discarded(&[header(), acl(), function(), trap(), kernel_reason()]),
        counters_expanded(&[
            description(),
            adapters(),
            parent(),
            cpu(17),
            memory(),
            disk(),
            net(),
            processor(),
            vlan_counters(),
        ]),
        flow(&[ip4(6)]),
        tagged(4 << 12 | 20, &words(&[1, 2, 3])),
    ]
}
