//! Messages as exporters send them.

#![allow(dead_code, reason = "each test file uses some of it")]

use exports::{Decoder, Settings, Source};

pub const SECOND: i64 = 1_000_000_000;
/// 2026-11-22 12:00:00 UTC.
pub const NOON: i64 = 1_795_348_800 * SECOND;

pub fn address(last: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, last]
}

pub fn source(last: u8, port: u16) -> Source {
    Source {
        address: address(last),
        port,
        listener: 0,
    }
}

pub fn settings() -> Settings {
    Settings {
        listeners: vec!["127.0.0.1:4739".into()],
        ..Settings::default()
    }
}

pub fn decoder() -> Decoder {
    Decoder::new(settings(), NOON)
}

/// A set, with its header.
pub fn set(id: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend(((content.len() + 4) as u16).to_be_bytes());
    bytes.extend(content);
    bytes
}

pub fn ipfix(domain: u32, sequence: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let body = sets.concat();
    let mut bytes = 10_u16.to_be_bytes().to_vec();
    bytes.extend(((body.len() + 16) as u16).to_be_bytes());
    bytes.extend(((NOON / SECOND) as u32).to_be_bytes());
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(domain.to_be_bytes());
    bytes.extend(body);
    bytes
}

pub fn v9(domain: u32, sequence: u32, uptime_ms: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = 9_u16.to_be_bytes().to_vec();
    bytes.extend((sets.len() as u16).to_be_bytes());
    bytes.extend(uptime_ms.to_be_bytes());
    bytes.extend(((NOON / SECOND) as u32).to_be_bytes());
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(domain.to_be_bytes());
    bytes.extend(sets.concat());
    bytes
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// Elements and lengths of the flows of these tests: addresses, bytes, packets, in and out interface; perhaps a selector.
const FLOW: [(u16, u16); 6] = [(8, 4), (12, 4), (1, 4), (2, 4), (10, 4), (14, 4)];

/// A template set of flows; `extra` elements come last.
pub fn flow_template(set_id: u16, id: u16, extra: &[(u16, u16)]) -> Vec<u8> {
    let fields: Vec<u16> = FLOW
        .iter()
        .chain(extra)
        .flat_map(|(id, length)| [*id, *length])
        .collect();
    let mut content = words(&[id, (FLOW.len() + extra.len()) as u16]);
    content.extend(words(&fields));
    set(set_id, &content)
}

/// One flow of `bytes` bytes, with what comes for the extra elements.
pub fn flow(bytes: u32, in_if: u32, out_if: u32, extra: &[u8]) -> Vec<u8> {
    let mut record = vec![198, 51, 100, 1, 203, 0, 113, 9];
    for number in [bytes, 1, in_if, out_if] {
        record.extend(number.to_be_bytes());
    }
    record.extend(extra);
    record
}

/// A data set.
pub fn flows(id: u16, records: &[Vec<u8>]) -> Vec<u8> {
    set(id, &records.concat())
}

/// An IPFIX options template set: scope and other elements.
pub fn options_template(id: u16, scope: &[(u16, u16)], fields: &[(u16, u16)]) -> Vec<u8> {
    let mut content = words(&[id, (scope.len() + fields.len()) as u16, scope.len() as u16]);
    for (element, length) in scope.iter().chain(fields) {
        content.extend(words(&[*element, *length]));
    }
    set(3, &content)
}

/// A NetFlow v9 options template set.
pub fn v9_options_template(id: u16, scope: &[(u16, u16)], fields: &[(u16, u16)]) -> Vec<u8> {
    let mut content = words(&[id, (scope.len() * 4) as u16, (fields.len() * 4) as u16]);
    for (element, length) in scope.iter().chain(fields) {
        content.extend(words(&[*element, *length]));
    }
    set(1, &content)
}

pub fn v5(sequence: u32, uptime_ms: u32, sampling: u16, records: u16) -> Vec<u8> {
    let mut bytes = words(&[5, records]);
    bytes.extend(uptime_ms.to_be_bytes());
    bytes.extend(((NOON / SECOND) as u32).to_be_bytes());
    bytes.extend(0_u32.to_be_bytes());
    bytes.extend(sequence.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(sampling.to_be_bytes());
    for _ in 0..records {
        let mut record = vec![198, 51, 100, 1, 203, 0, 113, 9, 0, 0, 0, 0, 0, 3, 0, 4];
        record.extend(7_u32.to_be_bytes());
        record.extend(700_u32.to_be_bytes());
        record.resize(48, 0);
        bytes.extend(record);
    }
    bytes
}

/// The rates of all rows that were not taken: (rate, origin).
pub fn rates(decoder: &mut Decoder) -> Vec<(f64, &'static str)> {
    let mut flows = decoder.take_flows();
    flows.fill();
    (0..flows.rows)
        .map(|row| {
            let origin = *flows.sampling_origin.get(row).unwrap();
            (
                flows.sampling_rate.get(row).copied().unwrap_or(0.0),
                wire::rows::sampling_origin::NAMES[usize::from(origin)],
            )
        })
        .collect()
}
