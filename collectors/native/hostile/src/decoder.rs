//! Datagrams of several exporters over time, and what is kept of them over a restart.

use exports::{Decoder, Extent, Settings, Source};

use xxhash_rust::xxh3::xxh3_64;

use crate::pieces;

/// Where a saved state has its checksum, and what that is of.
const CHECKSUM_AT: usize = 6;
const BODY_AT: usize = 14;

const BEGIN_NS: i64 = 1_795_000_000_000_000_000;

fn settings() -> Settings {
    Settings {
        park_bytes: 1 << 16,
        max_exporters: 8,
        max_templates: 16,
        raw_elements: true,
        keep_options: true,
        ..Settings::default()
    }
}

/// Datagrams one after the other: of each the first byte says who sent it and how long after the one before, the second what is
/// done behind it.
pub fn decoder(bytes: &[u8]) {
    let mut decoder = Decoder::new(settings(), BEGIN_NS);
    let mut now_ns = BEGIN_NS;
    let (mut rows, mut length) = (0, 0);
    for piece in pieces(bytes) {
        let [who, what, datagram @ ..] = piece else {
            continue;
        };
        now_ns += i64::from(who >> 4) * 5_000_000_000;
        let mut address = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1];
        address[15] = who & 3;
        let source = Source {
            address,
            port: 2_000 + u16::from(who >> 2 & 1),
            listener: 0,
        };
        length += datagram.len();
        decoder.datagram(source, now_ns, datagram);
        match what & 7 {
            0 => decoder.tick(now_ns),
            1 => rows += decoder.take_flows().rows,
            2 => drop(decoder.take_exporters(now_ns)),
            3 => drop((
                decoder.take_counters(),
                decoder.take_hosts(),
                decoder.take_drops(),
            )),
            4 => drop(decoder.take_inventory(now_ns, what & 8 != 0)),
            5 => again(&mut decoder, now_ns),
            6 => drop((decoder.take_options(), decoder.take_faults())),
            _ => {}
        }
    }
    decoder.finish();
    rows += decoder.take_flows().rows;
    assert!(rows <= 2 * length, "{rows} rows of {length} bytes");
    again(&mut decoder, now_ns);
}

/// What is saved is restored, by a decoder that has not heard of anybody.
fn again(decoder: &mut Decoder, now_ns: i64) {
    if let Some(saved) = decoder.save() {
        let mut other = Decoder::new(settings(), now_ns);
        if let Err(bad) = other.restore(&saved, Extent::All) {
            panic!("{bad:?}");
        }
        *decoder = other;
    }
}

/// The state that an earlier run left, as somebody may have changed it; also with a checksum that is right again.
pub fn state(bytes: &[u8]) {
    restored(bytes);
    if let Some(body) = bytes.get(BODY_AT..) {
        let mut mended = bytes.to_vec();
        mended[CHECKSUM_AT..BODY_AT].copy_from_slice(&xxh3_64(body).to_le_bytes());
        restored(&mended);
    }
}

fn restored(bytes: &[u8]) {
    for extent in [Extent::All, Extent::WithoutAccounts, Extent::WithoutNumbers] {
        let mut decoder = Decoder::new(settings(), BEGIN_NS);
        if decoder.restore(bytes, extent).is_ok() {
            decoder.tick(BEGIN_NS + 1);
            drop(decoder.take_inventory(BEGIN_NS + 1, true));
            drop(decoder.take_exporters(BEGIN_NS + 1));
            again(&mut decoder, BEGIN_NS + 2);
        }
    }
}
