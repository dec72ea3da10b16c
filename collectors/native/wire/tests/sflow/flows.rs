//! Flow samples as rows.

use crate::datagrams::*;
use crate::rows::{assert_whole, row, value};
use wire::rows::{header_problem, in_if_meaning, sampling_origin, source_kind};
use wire::sflow::{decode, Header, Output, SampleHead, SampleKind};

fn decoded(samples: &[Vec<u8>]) -> Output {
    let mut out = Output::default();
    decode(&datagram(samples), RECEIVED_NS, &mut out).expect("a header");
    assert_eq!(out.faults, []);
    assert_whole(&out);
    out
}

fn mapped(address: [u8; 4]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[10..12].fill(0xff);
    bytes[12..].copy_from_slice(&address);
    bytes
}

/// A datagram of 192.0.2.9 with one sample of a ping, written out byte by byte.
const LITERAL: &str = "
    00000005 00000001 c0000209 00000000 00000001 00001388 00000001
    00000001 00000060
      00000001 00000002 00000040 00000080 00000000 00000002 3fffffff 00000001
      00000001 00000038 00000001 00000066 00000004 00000026
        02005e005302 02005e005301 0800
        45000054 00004000 4001 0000 c0000201 c6336402
        0800 0000
      aaaa
";

#[test]
fn a_datagram_written_out_by_hand_is_one_row() {
    let digits: String = LITERAL.split_whitespace().collect();
    let bytes: Vec<u8> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex"))
        .collect();
    let mut out = Output::default();
    let header = decode(&bytes, RECEIVED_NS, &mut out).expect("a header");
    let agent_address = mapped([192, 0, 2, 9]);
    assert_eq!(
        header,
        Header {
            agent_address,
            sub_agent_id: 0,
            sequence: 1,
            uptime_ms: 5000,
            sample_count: 1
        }
    );
    assert_eq!(out.faults, []);
    assert_eq!(out.unknown_structures, 0);
    assert_eq!(out.observed, [2]);
    let source_kind = source_kind::SFLOW.to_string();
    let src_address = format!("{:?}", mapped([192, 0, 2, 1]));
    let dst_address = format!("{:?}", mapped([198, 51, 100, 2]));
    let expected = [
        ("time", "1700000000123456789"),
        ("duration_ns", "0"),
        ("received_time", "1700000000123456789"),
        ("source_kind", &source_kind),
        ("exporter_address", &format!("{agent_address:?}")),
        ("observation_domain_id", "0"),
        ("sequence_number", "1"),
        ("ether_type", "2048"),
        ("src_address", &src_address),
        ("dst_address", &dst_address),
        ("protocol", "1"),
        ("ip_tos", "0"),
        ("ip_ttl", "64"),
        ("bytes", "102"),
        ("packets", "1"),
        ("skb_bytes", "98"),
        ("sampling_rate", "64.0"),
        ("sampling_origin", "1"),
        ("in_if_index", "2"),
        ("out_if_meaning", "1"),
        ("src_mac", "2200600335105"),
        ("dst_mac", "2200600335106"),
        ("icmp_type", "8"),
        ("icmp_code", "0"),
        ("ip_fragment_id", "0"),
        ("ip_fragment_offset", "0"),
    ];
    let read = row(&out, 0);
    let read: Vec<_> = read
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(read, expected);
}

#[test]
fn a_sample_gives_its_head_even_without_a_row() {
    let out = decoded(&[flow(&[]), expanded_of([1, 1, 20, 0, 9, 8, 0, 1, 0, 2], &[])]);
    assert_eq!(out.flows.rows, 0);
    assert_eq!(
        out.samples,
        [
            SampleHead {
                kind: SampleKind::Flow,
                source_type: 0,
                source_index: 3,
                sequence: 11,
                sampling_rate: 400,
                pool: 4000,
                drops: 2
            },
            SampleHead {
                kind: SampleKind::Flow,
                source_type: 1,
                source_index: 20,
                sequence: 1,
                sampling_rate: 0,
                pool: 9,
                drops: 8
            },
        ]
    );
}

#[test]
fn a_rate_of_zero_is_unknown() {
    let out = decoded(&[
        flow_of([1, 3, 0, 0, 0, 3, 4], &[header()]),
        flow(&[header()]),
    ]);
    let unknown = sampling_origin::UNKNOWN.to_string();
    assert_eq!(value(&out, 0, "sampling_rate"), "");
    assert_eq!(value(&out, 0, "sampling_origin"), unknown);
    assert_eq!(value(&out, 1, "sampling_rate"), "400.0");
}

#[test]
fn an_interface_that_is_none_has_its_meaning() {
    let told = |input: u32, output: u32| {
        let out = decoded(&[flow_of([1, 3, 400, 0, 0, input, output], &[header()])]);
        [
            "in_if_index",
            "in_if_meaning",
            "out_if_index",
            "out_if_meaning",
            "out_if_detail",
        ]
        .map(|name| value(&out, 0, name))
    };
    let [internal, discarded, multiple, unknown] = [
        in_if_meaning::INTERNAL,
        in_if_meaning::DISCARDED,
        in_if_meaning::MULTIPLE,
        in_if_meaning::UNKNOWN,
    ]
    .map(|code| code.to_string());
    assert_eq!(told(5, 6), ["5", "", "6", "", ""]);
    assert_eq!(told(0, 0), ["", &unknown, "", &unknown, ""]);
    assert_eq!(
        told(0x3fff_ffff, 0x3fff_ffff),
        ["", &internal, "", &internal, ""]
    );
    assert_eq!(told(5, 1 << 30 | 258), ["5", "", "", &discarded, "258"]);
    assert_eq!(told(5, 2 << 30 | 7), ["5", "", "", &multiple, "7"]);
    assert_eq!(told(5, 2 << 30), ["5", "", "", &multiple, "0"]);
    assert_eq!(told(5, 3 << 30 | 7), ["5", "", "", &unknown, ""]);
}

#[test]
fn the_expanded_form_says_interfaces_in_two_words() {
    let told = |head: [u32; 4]| {
        let [in_format, input, out_format, output] = head;
        let head = [1, 0, 9, 400, 0, 0, in_format, input, out_format, output];
        let out = decoded(&[expanded_of(head, &[header()])]);
        [
            "in_if_index",
            "in_if_meaning",
            "out_if_index",
            "out_if_meaning",
            "out_if_detail",
        ]
        .map(|name| value(&out, 0, name))
    };
    let internal = in_if_meaning::INTERNAL.to_string();
    let multiple = in_if_meaning::MULTIPLE.to_string();
    let large = "1073741829";
    assert_eq!(told([0, 1 << 30 | 5, 0, 6]), [large, "", "6", "", ""]);
    assert_eq!(
        told([0, 0x3fff_ffff, 0, u32::MAX]),
        ["", &internal, "", &internal, ""]
    );
    assert_eq!(told([0, 5, 2, 12]), ["5", "", "", &multiple, "12"]);
}

#[test]
fn the_observing_interface_is_the_source_or_the_one_that_the_packet_came_by() {
    let told = |source: u32, input: u32, output: u32| {
        let out = decoded(&[flow_of([1, source, 400, 0, 0, input, output], &[header()])]);
        out.observed[0]
    };
    let (internal, multiple) = (0x3fff_ffff, 2 << 30 | 3);
    assert_eq!(told(3, 3, 4), 3);
    assert_eq!(told(4, 3, 4), 4);
    assert_eq!(told(9, internal, internal), 9);
    // A VLAN, a whole switch, and a source of index 0.
    for source in [1 << 24 | 7, 2 << 24 | 1000, 0] {
        assert_eq!(told(source, 3, 4), 3);
        assert_eq!(told(source, 3, multiple), 3);
        assert_eq!(told(source, 0, 4), 4);
        assert_eq!(told(source, internal, multiple), 0);
    }
}

#[test]
fn the_frame_check_is_left_out_where_it_was_counted() {
    let told = |header: Vec<u8>| {
        let out = decoded(&[flow(&[header])]);
        (value(&out, 0, "bytes"), value(&out, 0, "skb_bytes"))
    };
    let lengths = |bytes: &str, skb: &str| (bytes.to_owned(), skb.to_owned());
    assert_eq!(
        told(header_of(1, 1518, 4, &frame())),
        lengths("1518", "1514")
    );
    // A VLAN tag was stripped too.
    assert_eq!(
        told(header_of(1, 1522, 8, &frame())),
        lengths("1522", "1518")
    );
    assert_eq!(
        told(header_of(1, 1514, 0, &frame())),
        lengths("1514", "1514")
    );
    assert_eq!(told(header_of(1, 2, 4, &frame())), lengths("2", "0"));
    assert_eq!(
        told(header_of(11, 40, 0, &frame()[14..])),
        lengths("40", "40")
    );
    assert_eq!(told(ethernet()), lengths("64", "60"));
    assert_eq!(told(ip4(6)), lengths("100", "114"));
}

#[test]
fn headers_of_ip_and_mpls_begin_without_ethernet() {
    let labelled = join(&[words(&[16 << 12 | 0x140]), frame()[14..].to_vec()]);
    let out = decoded(&[
        flow(&[header_of(11, 40, 0, &frame()[14..])]),
        flow(&[header_of(13, 44, 0, &labelled)]),
    ]);
    for index in 0..2 {
        assert_eq!(value(&out, index, "dst_port"), "443");
        assert_eq!(value(&out, index, "src_mac"), "");
    }
    assert_eq!(value(&out, 1, "mpls_labels"), "[16]");
}

#[test]
fn a_header_of_another_link_type_is_a_row_with_a_problem() {
    let out = decoded(&[flow(&[header_of(7, 100, 0, &frame()), ip4(17)])]);
    let problem = header_problem::UNKNOWN_LINK_TYPE.to_string();
    assert_eq!(value(&out, 0, "header_problem"), problem);
    assert_eq!(value(&out, 0, "bytes"), "100");
    // What the exporter decoded itself stands in.
    assert_eq!(value(&out, 0, "dst_port"), "53");
    assert_eq!(out.unknown_structures, 1);
}

#[test]
fn a_cut_header_gives_what_could_be_read() {
    let out = decoded(&[flow(&[header_of(1, 1518, 4, &frame()[..20])])]);
    let problem = header_problem::CUT_IP.to_string();
    assert_eq!(value(&out, 0, "header_problem"), problem);
    assert_eq!(value(&out, 0, "src_mac"), "2200600335105");
    assert_eq!(value(&out, 0, "src_address"), "");
}

#[test]
fn several_headers_are_one_row_of_the_first() {
    let second = header_of(1, 999, 4, &frame()[..14]);
    let out = decoded(&[flow(&[header(), second, ethernet(), ip4(17)])]);
    assert_eq!(out.flows.rows, 1);
    assert_eq!(value(&out, 0, "bytes"), "1518");
    assert_eq!(value(&out, 0, "dst_port"), "443");
    assert_eq!(value(&out, 0, "ip_ttl"), "61");
}

#[test]
fn headers_that_the_exporter_decoded_are_rows_too() {
    let out = decoded(&[flow(&[ethernet(), ip6()]), flow(&[ip4(6)]), flow(&[ip4(1)])]);
    let told = |index: usize| {
        [
            "ether_type",
            "src_mac",
            "src_port",
            "dst_port",
            "protocol",
            "tcp_flags",
            "ip_tos",
            "ip_ttl",
        ]
        .map(|name| value(&out, index, name))
    };
    assert_eq!(
        told(0),
        ["34525", "2199023255553", "1000", "53", "17", "", "4", ""]
    );
    assert_eq!(told(1), ["2048", "", "1000", "53", "6", "18", "4", ""]);
    assert_eq!(told(2), ["2048", "", "", "", "1", "", "4", ""]);
    assert_eq!(value(&out, 0, "src_address"), format!("{V6_SRC:?}"));
    assert_eq!(
        value(&out, 1, "dst_address"),
        format!("{:?}", mapped([198, 51, 100, 4]))
    );
    for column in ["ip_fragment_id", "ip_fragment_offset", "ipv6_flow_label"] {
        assert_eq!(value(&out, 0, column), "");
    }
}

#[test]
fn samples_of_no_packet_have_no_row() {
    let operation = tagged(2202, &words(&[0; 12]));
    let out = decoded(&[flow(&[switch(), operation, router()])]);
    assert_eq!((out.flows.rows, out.observed.len()), (0, 0));
    assert_eq!(out.samples.len(), 1);
}

#[test]
fn the_switch_says_vlans_unless_they_are_none() {
    let tagged_frame = join(&[
        frame()[..12].to_vec(),
        vec![0x81, 0, 0, 99],
        frame()[12..].to_vec(),
    ]);
    let tagged_header = || header_of(1, 1522, 4, &tagged_frame);
    let switch_of = |src, dst| tagged(1001, &words(&[src, 7, dst, 7]));
    let told = |structures: &[Vec<u8>]| {
        let out = decoded(&[flow(structures)]);
        (value(&out, 0, "src_vlan"), value(&out, 0, "dst_vlan"))
    };
    let vlans = |src: &str, dst: &str| (src.to_owned(), dst.to_owned());
    assert_eq!(told(&[header(), switch()]), vlans("42", "43"));
    assert_eq!(told(&[tagged_header()]), vlans("99", ""));
    assert_eq!(told(&[tagged_header(), switch()]), vlans("42", "43"));
    assert_eq!(told(&[tagged_header(), switch_of(0, 0)]), vlans("99", ""));
    assert_eq!(told(&[header(), switch_of(u32::MAX, 4096)]), vlans("", ""));
    assert_eq!(told(&[header(), switch_of(1, 4095)]), vlans("1", "4095"));
}

#[test]
fn routes_are_told() {
    let out = decoded(&[flow(&[header(), router(), gateway()])]);
    let told = |name| value(&out, 0, name);
    assert_eq!(told("next_hop"), format!("{:?}", mapped([203, 0, 113, 1])));
    assert_eq!(told("bgp_next_hop"), format!("{V6_DST:?}"));
    let names = [
        "src_prefix_length",
        "dst_prefix_length",
        "src_as",
        "previous_as",
        "next_as",
        "dst_as",
    ];
    assert_eq!(
        names.map(told),
        ["24", "16", "64501", "64502", "64503", "64506"]
    );
}

#[test]
fn a_route_without_path_or_hop_leaves_them_missing() {
    let router = tagged(1002, &join(&[address(&[]), words(&[129, 0])]));
    let gateway = tagged(
        1003,
        &join(&[address(&[]), words(&[64500, 0, 0, 0, 0, 100])]),
    );
    let out = decoded(&[flow(&[header(), router, gateway])]);
    for name in [
        "next_hop",
        "bgp_next_hop",
        "src_prefix_length",
        "src_as",
        "previous_as",
        "next_as",
        "dst_as",
    ] {
        assert_eq!(value(&out, 0, name), "", "{name}");
    }
    assert_eq!(value(&out, 0, "dst_prefix_length"), "0");
}

#[test]
fn label_stacks_and_nat_are_told() {
    let out = decoded(&[flow(&[header(), mpls(), nat(), nat_ports()])]);
    let told = |name| value(&out, 0, name);
    assert_eq!(told("mpls_labels"), "[16, 17]");
    assert_eq!(told("next_hop"), format!("{:?}", mapped([203, 0, 113, 2])));
    assert_eq!(
        told("post_nat_src_address"),
        format!("{:?}", mapped([203, 0, 113, 3]))
    );
    assert_eq!(told("post_nat_dst_address"), format!("{V6_DST:?}"));
    assert_eq!(told("post_nat_src_port"), "2000");
    assert_eq!(told("post_nat_dst_port"), "2053");
    assert_eq!(told("src_port"), "51234");
}

#[test]
fn a_label_stack_is_kept_as_deep_as_a_packets() {
    let deep: Vec<u32> = (0..64).map(|label| label << 12).collect();
    let stacks = join(&[address(&[]), list(&deep), list(&deep)]);
    let out = decoded(&[flow(&[header(), tagged(1006, &stacks)])]);
    assert_eq!(
        value(&out, 0, "mpls_labels"),
        "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"
    );
}

#[test]
fn known_structures_that_no_column_takes_are_not_unknown() {
    let mut structures = vec![header()];
    structures.extend(
        [1004, 1005, 1008, 1009, 1010, 1011, 1021, 1022, 2203, 2207]
            .map(|format| tagged(format, &[0; 12])),
    );
    assert_eq!(decoded(&[flow(&structures)]).unknown_structures, 0);
}

#[test]
fn what_nobody_knows_is_counted_and_passed_over() {
    let private = |format: u32| tagged(9 << 12 | format, &[1; 20]);
    let out = decoded(&[
        tagged(4000, &[1; 40]),
        flow(&[private(1), header(), tagged(999, &[])]),
        private(1),
        counters(&[private(1), port_name(b"tap1")]),
        flow(&[private(7)]),
    ]);
    assert_eq!(out.unknown_structures, 6);
    assert_eq!((out.flows.rows, out.counters.len()), (1, 1));
}

#[test]
fn structures_that_grew_at_their_end_are_read() {
    let grown = |structure: Vec<u8>| {
        let format = u32::from_be_bytes([structure[0], structure[1], structure[2], structure[3]]);
        tagged(
            format,
            &join(&[structure[8..].to_vec(), words(&[0xffff_ffff; 3])]),
        )
    };
    let plain = [
        header(),
        switch(),
        router(),
        gateway(),
        mpls(),
        nat(),
        nat_ports(),
    ];
    let out = decoded(&[flow(&plain), flow(&plain.map(grown))]);
    assert_eq!(row(&out, 0), row(&out, 1));
}

#[test]
fn a_length_without_its_padding_is_taken_as_it_is() {
    // The header's 54 bytes need two of padding, which neither length counts.
    let body = join(&[words(&[1, 1518, 4, 54]), frame(), vec![0, 0]]);
    let structure = join(&[words(&[1, 70]), body]);
    let out = decoded(&[flow(&[structure, switch()])]);
    assert_eq!(value(&out, 0, "dst_port"), "443");
    assert_eq!(value(&out, 0, "dst_vlan"), "43");
}

#[test]
fn agents_of_ipv6_and_without_address_are_known() {
    for (agent, expected) in [(address(&V6_SRC), V6_SRC), (address(&[]), [0; 16])] {
        let bytes = join(&[words(&[5]), agent, words(&[1, 2, 3, 1]), flow(&[header()])]);
        let mut out = Output::default();
        let header = decode(&bytes, RECEIVED_NS, &mut out).expect("a header");
        assert_eq!((header.agent_address, header.sub_agent_id), (expected, 1));
        assert_eq!(value(&out, 0, "exporter_address"), format!("{expected:?}"));
    }
}

#[test]
fn datagrams_add_to_what_is_there() {
    let mut out = Output::default();
    for received_ns in [1, 2] {
        decode(&datagram(&rich()), received_ns, &mut out).expect("a header");
    }
    assert_whole(&out);
    assert_eq!(out.flows.rows, 8);
    assert_eq!(
        (value(&out, 3, "time"), value(&out, 4, "time")),
        ("1".into(), "2".into())
    );
    let without_time = |index| {
        let values = row(&out, index);
        values
            .into_iter()
            .filter(|(name, _)| !name.ends_with("time"))
            .collect::<Vec<_>>()
    };
    for index in 0..4 {
        assert_eq!(without_time(index), without_time(index + 4));
    }
}
