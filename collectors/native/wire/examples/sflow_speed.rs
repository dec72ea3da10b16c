//! What decoding sFlow from memory costs: nanoseconds a sample, best and median of several runs.
//!
//! `cargo run --release -p wire --example sflow_speed -- [ROUNDS] [fresh]`. Datagrams have six samples with 128 bytes of header each,
//! like those of Open vSwitch and pmacct; there are 2,048 different ones of a kind, and a batch is taken away every 8,192 rows. With
//! `fresh` a batch's memory is given back and not used again, which costs page faults.

use std::hint::black_box;
use std::time::Instant;

use wire::rows::Flows;
use wire::sflow::{decode, Output};

#[path = "../tests/sflow/columns.rs"]
#[macro_use]
mod columns;

const DATAGRAMS: usize = 2048;
const SAMPLES: usize = 6;
const HEADER: usize = 128;
const BATCH_ROWS: usize = 8192;

/// Numbers that differ enough (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// What a frame carries.
#[derive(Clone, Copy)]
enum Kind {
    Tcp4,
    Udp6,
    Tagged4,
    Vxlan,
}

fn ip4(protocol: u8, length: u16, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = vec![0x45, 0];
    bytes.extend(length.to_be_bytes());
    bytes.extend((numbers.next() as u16).to_be_bytes());
    bytes.extend([0x40, 0, 64, protocol, 0, 0]);
    bytes.extend([192, 0, 2, numbers.next() as u8]);
    bytes.extend([198, 51, 100, numbers.next() as u8]);
    bytes
}

fn tcp(numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((numbers.next() as u16).to_be_bytes());
    bytes.extend(443_u16.to_be_bytes());
    bytes.extend(numbers.next().to_be_bytes());
    bytes.extend([0x50, 0x18, 0x10, 0, 0, 0, 0, 0]);
    bytes
}

fn udp(port: u16, length: u16, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((numbers.next() as u16 | 0x8000).to_be_bytes());
    bytes.extend(port.to_be_bytes());
    bytes.extend(length.to_be_bytes());
    bytes.extend([0, 0]);
    bytes
}

fn frame(kind: Kind, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = vec![0x02, 0, 0x5e, 0, 0x53, numbers.next() as u8];
    bytes.extend([0x02, 0, 0x5e, 0, 0x53, numbers.next() as u8]);
    match kind {
        Kind::Tcp4 => {
            bytes.extend([8, 0]);
            bytes.extend(ip4(6, 1486, numbers));
            bytes.extend(tcp(numbers));
        }
        Kind::Tagged4 => {
            bytes.extend([0x81, 0, 0, 42, 8, 0]);
            bytes.extend(ip4(6, 1482, numbers));
            bytes.extend(tcp(numbers));
        }
        Kind::Udp6 => {
            bytes.extend([0x86, 0xdd, 0x60, 0, 0, 0, 5, 166, 17, 64]);
            for _ in 0..2 {
                bytes.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0]);
                bytes.extend(numbers.next().to_be_bytes());
            }
            bytes.extend(udp(4433, 1446, numbers));
        }
        Kind::Vxlan => {
            bytes.extend([8, 0]);
            bytes.extend(ip4(17, 1486, numbers));
            bytes.extend(udp(4789, 1466, numbers));
            bytes.extend([8, 0, 0, 0, 0, 0, 7, 0]);
            bytes.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
            bytes.extend(ip4(6, 1436, numbers));
            bytes.extend(tcp(numbers));
        }
    }
    bytes.resize(HEADER, 0xab);
    bytes
}

fn words(bytes: &mut Vec<u8>, words: &[u32]) {
    for word in words {
        bytes.extend(word.to_be_bytes());
    }
}

fn datagram(
    sequence: u32,
    kinds: &[Kind],
    switch: bool,
    expanded: bool,
    numbers: &mut Numbers,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    words(
        &mut bytes,
        &[
            5,
            1,
            0xc000_0201,
            0,
            sequence,
            1000 + sequence,
            SAMPLES as u32,
        ],
    );
    for sample in 0..SAMPLES {
        let kind = kinds[sample % kinds.len()];
        let number = sequence * SAMPLES as u32 + sample as u32;
        let (input, output) = (
            3 + (numbers.next() % 40) as u32,
            3 + (numbers.next() % 40) as u32,
        );
        let mut body = Vec::new();
        if expanded {
            words(
                &mut body,
                &[number, 0, input, 64, number * 64, 0, 0, input, 0, output],
            );
        } else {
            words(
                &mut body,
                &[number, input, 64, number * 64, 0, input, output],
            );
        }
        words(&mut body, &[1 + u32::from(switch)]);
        words(
            &mut body,
            &[1, 16 + HEADER as u32, 1, 1504, 4, HEADER as u32],
        );
        body.extend(frame(kind, numbers));
        if switch {
            words(&mut body, &[1001, 16, 42, 0, 42, 0]);
        }
        words(
            &mut bytes,
            &[if expanded { 3 } else { 1 }, body.len() as u32],
        );
        bytes.extend(body);
    }
    bytes
}

fn clear(out: &mut Output) {
    macro_rules! clear {
        ($($column:ident),*) => {
            $(out.flows.$column.clear();)*
        };
    }
    columns!(clear);
    out.flows.rows = 0;
    out.observed.clear();
    out.samples.clear();
}

/// How it is measured.
struct Runs {
    rounds: usize,
    fresh: bool,
}

fn measure(name: &str, kinds: &[Kind], switch: bool, expanded: bool, runs: &Runs) {
    let mut numbers = Numbers(7);
    let datagrams: Vec<_> = (0..DATAGRAMS as u32)
        .map(|sequence| datagram(sequence, kinds, switch, expanded, &mut numbers))
        .collect();
    let mut figures = Vec::new();
    let mut out = Output::default();
    for _ in 0..runs.rounds {
        clear(&mut out);
        let mut rows = 0;
        let start = Instant::now();
        for (index, bytes) in datagrams.iter().enumerate() {
            let _ = black_box(decode(bytes, index as i64, &mut out));
            if out.flows.rows >= BATCH_ROWS {
                rows += out.flows.rows;
                black_box(&out.flows);
                if runs.fresh {
                    out.flows = Flows::default();
                }
                clear(&mut out);
            }
        }
        rows += out.flows.rows;
        let spent = start.elapsed();
        assert_eq!((rows, out.faults.len()), (DATAGRAMS * SAMPLES, 0));
        figures.push(spent.as_nanos() as f64 / rows as f64);
    }
    figures.sort_by(f64::total_cmp);
    println!(
        "{name:32} best {:6.1}  median {:6.1} ns a sample",
        figures[0],
        figures[figures.len() / 2]
    );
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let rounds = arguments.iter().find_map(|text| text.parse().ok());
    let runs = Runs {
        rounds: rounds.unwrap_or(200),
        fresh: arguments.iter().any(|text| text == "fresh"),
    };
    use Kind::{Tagged4, Tcp4, Udp6, Vxlan};
    measure("Ethernet IPv4 TCP", &[Tcp4], false, false, &runs);
    measure("the same with extended_switch", &[Tcp4], true, false, &runs);
    measure("the same, expanded samples", &[Tcp4], true, true, &runs);
    measure("Ethernet IPv6 UDP", &[Udp6], false, false, &runs);
    measure("VLAN IPv4 TCP", &[Tagged4], false, false, &runs);
    measure("VXLAN IPv4 TCP", &[Vxlan], false, false, &runs);
    let mixed = [Tcp4, Udp6, Tcp4, Tagged4, Tcp4, Vxlan];
    measure("mixed, with extended_switch", &mixed, true, false, &runs);
}
