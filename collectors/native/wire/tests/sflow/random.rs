//! Whatever bytes come, and whatever a good datagram turns into.

use crate::datagrams::*;
use crate::rows::{assert_whole, row};
use proptest::collection::vec;
use proptest::prelude::*;
use wire::sflow::{decode, Output};

/// Decodes behind a good datagram, and checks what holds of any.
fn survives(bytes: &[u8]) -> Output {
    let mut out = Output::default();
    let good = datagram(&[flow(&[header(), router()])]);
    decode(&good, RECEIVED_NS, &mut out).expect("a header");
    let before = row(&out, 0);
    let result = decode(bytes, RECEIVED_NS, &mut out);
    assert_whole(&out);
    assert_eq!(row(&out, 0), before);
    for fault in out.faults.iter().chain(result.as_ref().err()) {
        assert!(fault.offset + fault.present <= bytes.len(), "{fault:?}");
        assert!(
            fault.needed == 0 || fault.needed > fault.present,
            "{fault:?}"
        );
    }
    // A sample has at least 8 bytes, and of one that is kept at least its fixed part.
    assert!(out.faults.len() <= bytes.len() / 8 + 1);
    assert!(out.samples.len() <= bytes.len() / 20 + 1);
    assert!(out.flows.rows <= out.samples.len());
    assert!(out.unknown_structures <= bytes.len() as u64 / 8);
    for host in &out.hosts {
        assert!(host
            .adapters
            .as_ref()
            .is_none_or(|adapters| adapters.len() <= bytes.len() / 8));
    }
    let mut again = Output::default();
    assert_eq!(decode(bytes, RECEIVED_NS, &mut again), result);
    assert_eq!(again.flows.rows + 1, out.flows.rows);
    for index in 0..again.flows.rows {
        assert_eq!(row(&again, index), row(&out, index + 1));
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..600)) {
        survives(&bytes);
    }

    #[test]
    fn any_bytes_as_samples_are_survived(format in 1_u32..6, body in vec(0_u32..40, 0..100)) {
        survives(&datagram(&[tagged(format, &words(&body))]));
    }

    #[test]
    fn any_bytes_as_a_structure_are_survived(
        sample in 0_usize..3,
        format in prop_oneof![0_u32..8, 1000_u32..1045, 2000_u32..2010],
        body in vec(prop_oneof![0_u32..8, any::<u32>()], 0..40),
    ) {
        let sample = [flow, counters, discarded][sample];
        survives(&datagram(&[sample(&[tagged(format, &words(&body))]), flow(&[header()])]));
    }

    #[test]
    fn a_good_datagram_with_changed_bytes_is_survived(changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = datagram(&rich());
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        survives(&bytes);
    }

    #[test]
    fn a_good_datagram_with_changed_words_is_survived(
        changes in vec((any::<prop::sample::Index>(), prop_oneof![0_u32..64, any::<u32>()]), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = datagram(&rich());
        for (index, value) in changes {
            let at = index.index(bytes.len() / 4) * 4;
            bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
        }
        survives(&bytes);
        survives(&bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn samples_are_decoded_alike_in_one_datagram_and_in_several(chosen in vec(0_usize..8, 0..12)) {
        let kinds = rich();
        let samples: Vec<_> = chosen.iter().map(|&index| kinds[index].clone()).collect();
        let together = survives(&datagram(&samples));
        let mut apart = Output::default();
        for sample in &samples {
            prop_assert!(decode(&datagram(std::slice::from_ref(sample)), RECEIVED_NS, &mut apart).is_ok());
        }
        prop_assert_eq!(&together.faults, &apart.faults);
        prop_assert_eq!(&together.samples[1..], apart.samples.as_slice());
        prop_assert_eq!(&together.counters, &apart.counters);
        prop_assert_eq!(&together.hosts, &apart.hosts);
        prop_assert_eq!(&together.discards, &apart.discards);
        prop_assert_eq!(together.unknown_structures, apart.unknown_structures);
        for index in 0..apart.flows.rows {
            prop_assert_eq!(row(&together, index + 1), row(&apart, index));
        }
    }
}
