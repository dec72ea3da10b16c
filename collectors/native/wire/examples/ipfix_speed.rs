//! What decoding IPFIX costs from memory: `cargo run --release -p wire --example ipfix_speed [SHAPE]`.
//!
//! 20 flows a message of 20 fixed fields (69 bytes), all columns of the row included, those of the message too; each round begins
//! with an empty `Flows`, as after its rows were taken. Beside it: the same of several other shapes.

#![allow(clippy::expect_used)] // A measurement may stop.

use std::hint::black_box;
use std::time::Instant;
use wire::netflow::{decode, head, Bounds, Domain, Output};

const FLOWS: usize = 20;
const ROUNDS: usize = 60;

const BOUNDS: Bounds = Bounds {
    templates: 100,
    fields: 500,
    bytes: 1 << 20,
    age_ns: i64::MAX,
};

/// Element and width; 65535 is a variable length.
type Shape = &'static [(u16, u16)];

/// 69 bytes.
#[rustfmt::skip]
const USUAL: Shape = &[
    (8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (5, 1), (1, 8), (2, 8), (10, 4), (14, 4), (152, 8), (153, 8), (16, 4), (17, 4),
    (9, 1), (13, 1), (136, 1), (61, 1), (58, 2),
];
/// The flags in two bytes, uptimes, no VLAN, no direction.
#[rustfmt::skip]
const ROUTER: Shape = &[
    (8, 4), (12, 4), (15, 4), (10, 4), (14, 4), (1, 4), (2, 4), (22, 4), (21, 4), (7, 2), (11, 2), (6, 2), (4, 1), (5, 1), (16, 4),
    (17, 4), (9, 1), (13, 1), (89, 1), (136, 1),
];
#[rustfmt::skip]
const IPV6: Shape = &[
    (27, 16), (28, 16), (7, 2), (11, 2), (4, 1), (6, 1), (5, 1), (1, 8), (2, 8), (10, 4), (14, 4), (152, 8), (153, 8), (136, 1),
    (61, 1),
];
/// One template for both IP versions.
#[rustfmt::skip]
const DUAL: Shape = &[
    (60, 1), (8, 4), (12, 4), (27, 16), (28, 16), (7, 2), (11, 2), (4, 1), (6, 1), (5, 1), (1, 8), (2, 8), (10, 4), (14, 4), (152, 8),
    (153, 8), (15, 4), (62, 16),
];
#[rustfmt::skip]
const VARIABLE: Shape = &[
    (8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (5, 1), (1, 8), (2, 8), (10, 4), (14, 4), (152, 8), (153, 8), (16, 4), (17, 4),
    (9, 1), (13, 1), (136, 1), (96, 65535), (58, 2),
];

fn message(set: u16, content: &[u8]) -> Vec<u8> {
    let length = 16 + 4 + content.len();
    let mut bytes = Vec::new();
    bytes.extend(10_u16.to_be_bytes());
    bytes.extend((length as u16).to_be_bytes());
    bytes.extend(1_790_000_000_u32.to_be_bytes());
    bytes.extend(7_u32.to_be_bytes());
    bytes.extend(42_u32.to_be_bytes());
    bytes.extend(set.to_be_bytes());
    bytes.extend(((4 + content.len()) as u16).to_be_bytes());
    bytes.extend(content);
    bytes
}

fn template(shape: Shape) -> Vec<u8> {
    let mut content = Vec::new();
    content.extend(256_u16.to_be_bytes());
    content.extend((shape.len() as u16).to_be_bytes());
    for (number, width) in shape {
        content.extend(number.to_be_bytes());
        content.extend(width.to_be_bytes());
    }
    message(2, &content)
}

fn record(shape: Shape, index: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &(number, width) in shape {
        let value: u64 = match number {
            4 => [6, 17][index % 2],
            152 | 153 => 1_789_999_990_000 + index as u64,
            60 => [4, 6][index % 2],
            61 => index as u64 % 2,
            58 => 0,
            _ => 0x0102_0304_0506 * (index as u64 + 1),
        };
        match width {
            16 => bytes.extend(u128::from(value).to_be_bytes()),
            65535 => bytes.extend([5, b'h', b'e', b'l', b'l', b'o']),
            _ => bytes.extend(&value.to_be_bytes()[8 - usize::from(width)..]),
        }
    }
    bytes
}

fn measure(name: &str, shape: Shape, rows: usize, exporters: usize) {
    if std::env::args().nth(1).is_some_and(|only| only != name) {
        return;
    }
    let mut out = Output::default();
    let bytes = template(shape);
    let mut domains = Vec::new();
    for _ in 0..exporters {
        let mut domain = Domain::new([0; 16], BOUNDS, false);
        // For the shape with uptimes.
        domain.start_time_ns = Some(1_780_000_000_000_000_000);
        decode(
            &head(&bytes).expect("a head"),
            &bytes,
            1,
            &mut domain,
            &mut out,
        );
        domains.push(domain);
    }
    let content: Vec<_> = (0..FLOWS).flat_map(|index| record(shape, index)).collect();
    // As from a receive buffer: each message lies elsewhere.
    let messages: Vec<_> = (0..64).map(|_| message(256, &content)).collect();
    let (mut best, mut sum) = (f64::MAX, 0.0);
    for _ in 0..ROUNDS {
        let (mut done, mut turn) = (0, 0);
        let begin = Instant::now();
        while done < rows {
            for bytes in &messages {
                let head = head(bytes).expect("a head");
                let domain = &mut domains[turn % exporters];
                decode(&head, black_box(bytes), 5, domain, &mut out);
                turn += 1;
                done += FLOWS;
            }
        }
        black_box(&mut out).clear();
        let ns = begin.elapsed().as_secs_f64() * 1e9 / done as f64;
        best = best.min(ns);
        sum += ns;
    }
    let width = content.len() / FLOWS;
    println!(
        "{name:9} {width:3} B, {exporters:3} exporters, batches of {rows:6}: best {best:5.1} ns a flow, mean {:5.1}",
        sum / ROUNDS as f64
    );
}

fn main() {
    // The C library then keeps freed memory up to 62 MiB, as a long-running process should: else page faults are measured.
    drop(black_box(Vec::<u8>::with_capacity(31 << 20)));
    for rows in [5_000, 20_000, 100_000] {
        measure("usual", USUAL, rows, 1);
        measure("usual", USUAL, rows, 200);
    }
    measure("router", ROUTER, 20_000, 1);
    measure("IPv6", IPV6, 20_000, 1);
    measure("dual", DUAL, 20_000, 1);
    measure("variable", VARIABLE, 20_000, 1);
}
