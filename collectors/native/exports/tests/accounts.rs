//! Whatever comes, every datagram is accounted for once, and nothing grows without bound.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use columns::generated::exporters::Rows;
use common::*;
use exports::{Decoder, Extent, Settings};
use proptest::prelude::*;

/// Something that happens to a decoder.
#[derive(Debug, Clone)]
enum Happening {
    Datagram {
        exporter: u8,
        what: u8,
        cut: usize,
        flip: Option<(usize, u8)>,
    },
    Refused {
        exporter: u8,
        datagrams: u64,
    },
    Shed {
        exporter: u8,
        datagrams: u64,
    },
    Later {
        seconds: i64,
    },
    Told,
    Restarted,
    /// After its rows were written; what was counted was not told.
    Killed,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        20 => (0..12_u8, 0..9_u8, 0..400_usize, proptest::option::weighted(0.2, (0..200_usize, any::<u8>())))
            .prop_map(|(exporter, what, cut, flip)| Happening::Datagram { exporter, what, cut, flip }),
        1 => (0..12_u8, 1..9_u64).prop_map(|(exporter, datagrams)| Happening::Refused { exporter, datagrams }),
        1 => (0..12_u8, 1..9_u64).prop_map(|(exporter, datagrams)| Happening::Shed { exporter, datagrams }),
        2 => (0..90_i64).prop_map(|seconds| Happening::Later { seconds }),
        1 => Just(Happening::Told),
        1 => Just(Happening::Restarted),
        1 => Just(Happening::Killed),
    ]
}

fn sflow(sequence: u32) -> Vec<u8> {
    let mut words = vec![5, 1, 0xc000_0209, 3, sequence, 1_000, 1];
    words.extend([1, 32 + 8 + 16 + 16, sequence, 3, 64, 64, 0, 3, 4, 1]);
    words.extend([1, 16 + 16, 1, 64, 4, 14]);
    words.extend([0x0200_0000, 0x0001_0200, 0x0000_0002, 0x0806_0000]);
    words
        .iter()
        .flat_map(|word: &u32| word.to_be_bytes())
        .collect()
}

fn message(what: u8, sequence: u32) -> Vec<u8> {
    let data = |id| flows(id, &[flow(1, 3, 4, &[]), flow(2, 5, 6, &[])]);
    match what {
        0 => ipfix(1, sequence, &[flow_template(2, 256, &[])]),
        1 => ipfix(1, sequence, &[data(256)]),
        2 => ipfix(1, sequence, &[data(256), data(257)]),
        3 => ipfix(1, sequence, &[flow_template(2, 257, &[])]),
        4 => {
            let rate = [1_u32.to_be_bytes(), 50_u32.to_be_bytes()].concat();
            ipfix(
                1,
                sequence,
                &[
                    options_template(300, &[(144, 4)], &[(34, 4)]),
                    set(300, &rate),
                ],
            )
        }
        5 => v9(2, sequence, 1_000, &[flow_template(0, 256, &[]), data(256)]),
        6 => v9(2, sequence, 1_000, &[data(258)]),
        7 => v5(sequence, 1_000, 0x4064, 3),
        _ => sflow(sequence),
    }
}

/// Sums over all rows so far, and what is parked by the newest ones.
#[derive(Debug, Default)]
struct Sums {
    received: u64,
    settled: u64,
    flows: u64,
}

impl Sums {
    fn add(&mut self, rows: &Rows) -> u64 {
        self.received += rows.received_datagrams_count.iter().sum::<u64>();
        self.flows += rows.flows_count.iter().sum::<u64>();
        for column in [
            &rows.decoded_datagrams_count,
            &rows.refused_datagrams_count,
            &rows.undecodable_datagrams_count,
            &rows.parked_dropped_datagrams_count,
            &rows.shed_packets,
        ] {
            self.settled += column.iter().sum::<u64>();
        }
        rows.parked_datagrams_count.iter().sum()
    }
}

fn settings(max_exporters: usize, park_bytes: usize) -> Settings {
    Settings {
        max_exporters,
        park_bytes,
        ..common::settings()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_datagram_is_accounted_for_once(
        happenings in prop::collection::vec(happening(), 1..300),
        max_exporters in 1..20_usize,
        park_bytes in prop::sample::select(vec![0_usize, 20_000, 1 << 20]),
    ) {
        let mut decoder = Decoder::new(settings(max_exporters, park_bytes), NOON);
        let mut now = NOON;
        let (mut sent, mut rows, mut sums) = (0, 0, Sums::default());
        for (sequence, happening) in (0..).zip(happenings) {
            now += SECOND / 10;
            match happening {
                Happening::Datagram { exporter, what, cut, flip } => {
                    let mut bytes = message(what, sequence);
                    if let Some((at, value)) = flip {
                        let at = at % bytes.len();
                        bytes[at] = value;
                    }
                    let end = if cut < 20 { cut } else { bytes.len() };
                    decoder.datagram(source(exporter / 3, u16::from(exporter)), now, &bytes[..end.min(bytes.len())]);
                    sent += 1;
                }
                Happening::Refused { exporter, datagrams } => {
                    decoder.refused(source(exporter, 1), datagrams, 100 * datagrams, now);
                    sent += datagrams;
                }
                Happening::Shed { exporter, datagrams } => {
                    decoder.shed(source(exporter / 3, u16::from(exporter)), datagrams, 100 * datagrams, now);
                    sent += datagrams;
                }
                Happening::Later { seconds } => {
                    now += seconds * SECOND;
                    decoder.tick(now);
                }
                Happening::Told => {
                    let parked = sums.add(&decoder.take_exporters(now));
                    prop_assert_eq!(sums.received, sent);
                    prop_assert_eq!(sums.received, sums.settled + parked);
                    rows += decoder.take_flows().rows as u64;
                    prop_assert_eq!(sums.flows, rows);
                }
                Happening::Killed => {
                    rows += decoder.take_flows().rows as u64;
                    let saved = decoder.save();
                    decoder = Decoder::new(settings(max_exporters, park_bytes), now);
                    if let Some(saved) = saved {
                        decoder.restore(&saved, Extent::All).unwrap();
                    }
                }
                Happening::Restarted => {
                    decoder.finish();
                    let parked = sums.add(&decoder.take_exporters(now));
                    prop_assert_eq!(parked, 0);
                    rows += decoder.take_flows().rows as u64;
                    let saved = decoder.save();
                    decoder = Decoder::new(settings(max_exporters, park_bytes), now);
                    if let Some(saved) = saved {
                        decoder.restore(&saved, Extent::All).unwrap();
                    }
                }
            }
        }
        decoder.finish();
        let parked = sums.add(&decoder.take_exporters(now));
        prop_assert_eq!((sums.received, parked), (sent, 0));
        prop_assert_eq!(sums.settled, sent);
        prop_assert_eq!(sums.flows, rows + decoder.take_flows().rows as u64);
    }
}
