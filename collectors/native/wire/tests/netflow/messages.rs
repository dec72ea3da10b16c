//! Messages made by hand, and an exporter that sends them.

use wire::netflow::{decode, decode_last, decode_parked, head, Bounds, Domain, Output};

/// When messages are made and received: 2026-11-22T10:00:00Z.
pub const EXPORTED_SECONDS: u32 = 1_795_341_600;
pub const RECEIVED_NS: i64 = EXPORTED_SECONDS as i64 * 1_000_000_000 + 250_000_000;
/// Milliseconds since the exporter's start at that time.
pub const UPTIME_MS: u32 = 1_000_000;
pub const EXPORTER: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1];
pub const DOMAIN: u32 = 77;
pub const SEQUENCE: u32 = 4711;

pub const BOUNDS: Bounds = Bounds {
    templates: 50,
    fields: 200,
    bytes: 1 << 20,
    age_ns: 3_600_000_000_000,
};

/// Field of a template and its value: enterprise, number, width, bytes.
pub type Told<'a> = (u32, u16, u16, &'a [u8]);

/// A length that each record tells.
pub const VARIABLE: u16 = 65535;

/// The biggest gain of these tests is that a set is given by its content; header and lengths are right.
pub fn set(id: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend((content.len() as u16 + 4).to_be_bytes());
    bytes.extend(content);
    bytes
}

pub fn ipfix(sets: &[Vec<u8>]) -> Vec<u8> {
    let content = sets.concat();
    let mut bytes = 10_u16.to_be_bytes().to_vec();
    bytes.extend((content.len() as u16 + 16).to_be_bytes());
    bytes.extend(EXPORTED_SECONDS.to_be_bytes());
    bytes.extend(SEQUENCE.to_be_bytes());
    bytes.extend(DOMAIN.to_be_bytes());
    bytes.extend(content);
    bytes
}

pub fn v9(count: u16, sets: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = 9_u16.to_be_bytes().to_vec();
    bytes.extend(count.to_be_bytes());
    bytes.extend(UPTIME_MS.to_be_bytes());
    bytes.extend(EXPORTED_SECONDS.to_be_bytes());
    bytes.extend(SEQUENCE.to_be_bytes());
    bytes.extend(DOMAIN.to_be_bytes());
    bytes.extend(sets.concat());
    bytes
}

fn fields(told: &[Told<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (enterprise, number, width, _) in told {
        let bit = if *enterprise == 0 { 0 } else { 0x8000 };
        bytes.extend((number | bit).to_be_bytes());
        bytes.extend(width.to_be_bytes());
        if *enterprise != 0 {
            bytes.extend(enterprise.to_be_bytes());
        }
    }
    bytes
}

/// A template record, of IPFIX or NetFlow v9.
pub fn template(id: u16, told: &[Told<'_>]) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend((told.len() as u16).to_be_bytes());
    bytes.extend(fields(told));
    bytes
}

/// An options template record of IPFIX.
pub fn options_template(id: u16, scopes: u16, told: &[Told<'_>]) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend((told.len() as u16).to_be_bytes());
    bytes.extend(scopes.to_be_bytes());
    bytes.extend(fields(told));
    bytes
}

/// A record with these values; variable ones with a length before them.
pub fn record(told: &[Told<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (_, _, width, value) in told {
        if *width == VARIABLE {
            bytes.push(value.len() as u8);
        }
        bytes.extend(*value);
    }
    bytes
}

/// One exporter's domain and what it has said.
pub struct Exporter {
    pub domain: Domain,
    pub out: Output,
}

impl Exporter {
    pub fn new() -> Self {
        Self::bounded(BOUNDS)
    }

    pub fn bounded(bounds: Bounds) -> Self {
        Exporter {
            domain: Domain::new(EXPORTER, bounds, false),
            out: Output::default(),
        }
    }

    pub fn raw() -> Self {
        Exporter {
            domain: Domain::new(EXPORTER, BOUNDS, true),
            out: Output::default(),
        }
    }

    pub fn hear(&mut self, bytes: &[u8]) -> &mut Self {
        self.hear_at(RECEIVED_NS, bytes)
    }

    pub fn hear_at(&mut self, received_ns: i64, bytes: &[u8]) -> &mut Self {
        let head = head(bytes).unwrap();
        decode(&head, bytes, received_ns, &mut self.domain, &mut self.out);
        self.check();
        self
    }

    pub fn take_up(&mut self, bytes: &[u8]) -> &mut Self {
        let head = head(bytes).unwrap();
        decode_parked(&head, bytes, RECEIVED_NS, &mut self.domain, &mut self.out);
        self.check();
        self
    }

    pub fn give_up(&mut self, bytes: &[u8]) -> &mut Self {
        let head = head(bytes).unwrap();
        decode_last(&head, bytes, RECEIVED_NS, &mut self.domain, &mut self.out);
        self.check();
        self
    }

    /// What must hold whatever was sent.
    pub fn check(&mut self) {
        let rows = self.out.flows.rows;
        assert_eq!(self.out.observed.len(), rows);
        assert!(self.out.selector.len() <= rows);
        assert!(self.out.record_rate.len() <= rows);
        let mut flows = self.out.flows.clone();
        flows.fill();
        assert_eq!(flows.source_kind.len(), rows);
        assert_eq!(flows.raw_elements.len(), rows);
        assert_eq!(flows.skb_bytes.len(), rows);
        assert_eq!(flows.mpls_labels.len(), rows);
    }

    pub fn rows(&self) -> usize {
        self.out.flows.rows
    }
}

/// The rows of one IPFIX record of these fields, with their template in the same message.
pub fn flow(told: &[Told<'_>]) -> Exporter {
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[
        set(2, &template(256, told)),
        set(256, &record(told)),
    ]));
    assert_eq!(exporter.out.faults, []);
    assert_eq!(exporter.out.records, 1);
    exporter
}

/// The same of NetFlow v9.
pub fn flow9(told: &[Told<'_>]) -> Exporter {
    let mut exporter = Exporter::new();
    exporter.hear(&v9(
        2,
        &[set(0, &template(256, told)), set(256, &record(told))],
    ));
    assert_eq!(exporter.out.faults, []);
    exporter
}

/// An IPv4 address as columns have it.
pub fn mapped(last: [u8; 4]) -> [u8; 16] {
    let mut address = [0; 16];
    address[10] = 255;
    address[11] = 255;
    address[12..].copy_from_slice(&last);
    address
}

/// A few fields of a usual flow: 29 bytes.
pub const USUAL: &[Told<'static>] = &[
    (0, 8, 4, &[192, 0, 2, 10]),
    (0, 12, 4, &[198, 51, 100, 20]),
    (0, 7, 2, &[0x30, 0x39]),
    (0, 11, 2, &[1, 187]),
    (0, 4, 1, &[6]),
    (0, 1, 8, &[0, 0, 0, 0, 0, 0, 5, 220]),
    (0, 2, 8, &[0, 0, 0, 0, 0, 0, 0, 3]),
];
