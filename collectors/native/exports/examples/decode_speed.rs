//! What the whole decoder costs from memory: `cargo run --release -p exports --example decode_speed -- [ROUNDS] [NAME]`.
//!
//! IPFIX with 20 flows of 20 fixed fields (69 bytes) a message, sFlow with 6 raw headers of 128 bytes a datagram; of one exporter
//! and of 200, whose datagrams alternate. Each is a UDP source of its own. Rows are taken each 20,000, as an agent does;
//! `and encoded` is the same with messages for the spool made of them.

#![allow(clippy::expect_used, reason = "a measurement may stop")]

use std::hint::black_box;

use columns::flows::Encoder;
use exports::{Decoder, Settings, Source};
use wire::rows::Flows;

const DATAGRAMS: usize = 2_000;
const BATCH_ROWS: usize = 20_000;
const NOW_NS: i64 = 1_795_348_800_000_000_000;

#[rustfmt::skip]
const FIELDS: [(u16, u16); 20] = [
    (8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (5, 1), (1, 8), (2, 8), (10, 4), (14, 4), (152, 8), (153, 8), (16, 4), (17, 4),
    (9, 1), (13, 1), (136, 1), (61, 1), (58, 2),
];
/// The scheduler's clock ticks each 4 ms: a round is long against that.
const PASSES: usize = 40;
const FLOWS: usize = 20;
const SAMPLES: usize = 6;

fn source(exporter: usize) -> Source {
    let [high, low] = (exporter as u16).to_be_bytes();
    let mut address = [0; 16];
    address[10..].copy_from_slice(&[0xff, 0xff, 10, 0, high, low]);
    Source {
        address,
        port: 40_000 + exporter as u16,
        listener: 0,
    }
}

fn ipfix(domain: u32, sequence: u32, set: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = 10_u16.to_be_bytes().to_vec();
    bytes.extend(((20 + content.len()) as u16).to_be_bytes());
    bytes.extend(((NOW_NS / 1_000_000_000) as u32).to_be_bytes());
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(domain.to_be_bytes());
    bytes.extend(set.to_be_bytes());
    bytes.extend(((4 + content.len()) as u16).to_be_bytes());
    bytes.extend(content);
    bytes
}

fn flow_template() -> Vec<u8> {
    let mut content = 256_u16.to_be_bytes().to_vec();
    content.extend((FIELDS.len() as u16).to_be_bytes());
    for (number, width) in FIELDS {
        content.extend(number.to_be_bytes());
        content.extend(width.to_be_bytes());
    }
    content
}

fn flow(at: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, width) in FIELDS {
        let value: u64 = match number {
            4 => [6, 17][at % 2],
            10 | 14 => 1 + (at as u64 * 7 + u64::from(number)) % 48,
            61 => at as u64 % 2,
            152 | 153 => (NOW_NS / 1_000_000) as u64 - 1_000 + at as u64 % 900,
            _ => 0x0102_0304_0506 * (at as u64 + 1),
        };
        bytes.extend(&value.to_be_bytes()[8 - usize::from(width)..]);
    }
    bytes
}

/// Datagrams with their sources, and the first ones of each exporter.
struct Load {
    first: Vec<(Source, Vec<u8>)>,
    rest: Vec<(Source, Vec<u8>)>,
    rows: usize,
}

fn ipfix_load(exporters: usize) -> Load {
    let mut sequences = vec![0_u32; exporters];
    let first = (0..exporters)
        .flat_map(|exporter| {
            let domain = exporter as u32;
            let rate = [1_u32.to_be_bytes(), 100_u32.to_be_bytes()].concat();
            sequences[exporter] = 1;
            [
                (source(exporter), ipfix(domain, 0, 2, &flow_template())),
                (
                    source(exporter),
                    ipfix(
                        domain,
                        0,
                        3,
                        &[1, 44, 0, 2, 0, 1, 0, 144, 0, 4, 0, 34, 0, 4],
                    ),
                ),
                (source(exporter), ipfix(domain, 0, 300, &rate)),
            ]
        })
        .collect();
    let rest = (0..DATAGRAMS)
        .map(|at| {
            let exporter = at % exporters;
            let content: Vec<u8> = (0..FLOWS)
                .flat_map(|flow_at| flow(at * FLOWS + flow_at))
                .collect();
            let sequence = sequences[exporter];
            sequences[exporter] += FLOWS as u32;
            let message = ipfix(exporter as u32, sequence, 256, &content);
            (source(exporter), message)
        })
        .collect();
    Load {
        first,
        rest,
        rows: DATAGRAMS * FLOWS,
    }
}

fn words(bytes: &mut Vec<u8>, words: &[u32]) {
    for word in words {
        bytes.extend(word.to_be_bytes());
    }
}

fn frame(at: usize) -> Vec<u8> {
    let [a, b, c, d] = (at as u32).wrapping_mul(2_654_435_761).to_be_bytes();
    let mut bytes = vec![2, 0, 0x5e, 0, 0x53, a, 2, 0, 0x5e, 0, 0x53, b, 8, 0];
    bytes.extend([
        0x45, 0, 5, 0xdc, c, d, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, a, 198, 51, 100, b,
    ]);
    bytes.extend([
        c, d, 1, 187, a, b, c, d, 0, 0, 0, 0, 0x50, 0x18, 1, 0, 0, 0, 0, 0,
    ]);
    bytes.resize(128, 0);
    bytes
}

fn sflow_load(exporters: usize) -> Load {
    let rest = (0..DATAGRAMS)
        .map(|at| {
            let exporter = at % exporters;
            let turn = (at / exporters) as u32;
            let address = source(exporter).address;
            let mut bytes = Vec::new();
            words(&mut bytes, &[5, 1]);
            bytes.extend(&address[12..]);
            words(&mut bytes, &[0, turn + 1, 1_000 * turn, SAMPLES as u32]);
            for sample in 0..SAMPLES as u32 {
                let header = frame(at * SAMPLES + sample as usize);
                words(&mut bytes, &[1, 32 + 8 + 16 + 128]);
                let number = turn * SAMPLES as u32 + sample;
                let [input, output] = [1 + number % 24, 25 + number % 24];
                words(
                    &mut bytes,
                    &[number, 3, 64, 64 * number, 0, input, output, 1],
                );
                words(&mut bytes, &[1, 16 + 128, 1, 1518, 4, 128]);
                bytes.extend(header);
            }
            (source(exporter), bytes)
        })
        .collect();
    Load {
        first: Vec::new(),
        rest,
        rows: DATAGRAMS * SAMPLES,
    }
}

/// CPU time of this thread, which other processes do not lengthen.
fn cpu_ns() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number")
}

fn measure(name: &str, load: &Load, rounds: usize, mut sink: impl FnMut(Flows)) -> f64 {
    let mut decoder = Decoder::new(Settings::default(), NOW_NS);
    for (source, bytes) in &load.first {
        decoder.datagram(*source, NOW_NS, bytes);
    }
    let mut rounds: Vec<f64> = (0..rounds)
        .map(|_| {
            let begin = cpu_ns();
            let mut rows = 0;
            for _ in 0..PASSES {
                for (source, bytes) in &load.rest {
                    decoder.datagram(*source, NOW_NS, black_box(bytes));
                    if decoder.flows_rows() >= BATCH_ROWS {
                        let flows = decoder.take_flows();
                        rows += flows.rows;
                        sink(flows);
                    }
                }
            }
            let flows = decoder.take_flows();
            rows += flows.rows;
            sink(flows);
            assert_eq!(rows, load.rows * PASSES, "all rows are there");
            (cpu_ns() - begin) / rows as f64
        })
        .collect();
    assert!(decoder.take_faults().is_empty(), "the datagrams are right");
    rounds.sort_by(f64::total_cmp);
    let (best, median) = (rounds[0], rounds[rounds.len() / 2]);
    println!("{name:28} best {best:5.1} ns of CPU a row, median {median:5.1}");
    median
}

fn main() {
    // The C library then keeps freed memory up to 62 MiB, as a process that runs for long does: else page faults are measured.
    drop(black_box(Vec::<u8>::with_capacity(31 << 20)));
    let rounds = std::env::args()
        .nth(1)
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(15);
    let only = std::env::args().nth(2).unwrap_or_default();
    for (name, load) in [
        (
            "IPFIX, 20 flows a datagram",
            ipfix_load as fn(usize) -> Load,
        ),
        ("sFlow, 6 samples a datagram", sflow_load),
    ] {
        if !name.contains(&only) {
            continue;
        }
        let drop = |flows| {
            black_box(flows);
        };
        let one = measure(name, &load(1), rounds, drop);
        let many = measure("  of 200 exporters", &load(200), rounds, drop);
        println!("  200 exporters cost {:.2} of one", many / one);
        let mut encoder = Encoder::default();
        let (mut bytes, mut rows) = (0, 0);
        measure("  and encoded", &load(1), rounds, |flows| {
            rows += flows.rows;
            let messages = encoder.encode(flows).expect("rows of usual length");
            bytes += messages
                .iter()
                .map(|message| message.payload.len())
                .sum::<usize>();
            black_box(messages);
        });
        println!("  {:.0} bytes a row", bytes as f64 / rows as f64);
    }
}
