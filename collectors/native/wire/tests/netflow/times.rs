//! All forms of time.

use crate::messages::{
    flow, flow9, ipfix, options_template, record, set, template, Exporter, Told, EXPORTED_SECONDS,
    RECEIVED_NS, UPTIME_MS,
};

const EXPORTED_NS: i64 = EXPORTED_SECONDS as i64 * 1_000_000_000;
const MS: i64 = 1_000_000;

fn start(told: &[Told<'_>]) -> Option<i64> {
    flow(told).out.flows.flow_start_time.get(0).copied()
}

fn ends(exporter: &Exporter) -> (Option<i64>, Option<i64>, i64, u64) {
    let flows = &exporter.out.flows;
    (
        flows.flow_start_time.get(0).copied(),
        flows.flow_end_time.get(0).copied(),
        flows.time.get(0).copied().unwrap(),
        flows.duration_ns.get(0).copied().unwrap(),
    )
}

#[test]
fn since_the_epoch() {
    let seconds = (EXPORTED_SECONDS - 5).to_be_bytes();
    assert_eq!(
        start(&[(0, 150, 4, &seconds)]),
        Some(EXPORTED_NS - 5_000 * MS)
    );
    let millis = 1_795_341_599_123_u64.to_be_bytes();
    assert_eq!(start(&[(0, 152, 8, &millis)]), Some(1_795_341_599_123 * MS));
    let both = flow(&[(0, 150, 4, &seconds), (0, 153, 8, &millis)]);
    let end = 1_795_341_599_123 * MS;
    assert_eq!(
        ends(&both),
        (
            Some(EXPORTED_NS - 5_000 * MS),
            Some(end),
            end,
            4_123_000_000
        )
    );
}

#[test]
fn ntp_fractions_round_to_their_unit() {
    let seconds = u64::from(EXPORTED_SECONDS) + 2_208_988_800;
    for micros in [0_u64, 1, 5, 499_999, 999_999] {
        let ntp = (seconds << 32) | ((micros << 32) / 1_000_000);
        let expected = EXPORTED_NS + micros as i64 * 1_000;
        assert_eq!(
            start(&[(0, 154, 8, &ntp.to_be_bytes())]),
            Some(expected),
            "{micros} µs"
        );
        // The lowest 11 bits of the fraction say nothing.
        let noise = (ntp & !0x7ff) | 0x555;
        assert_eq!(
            start(&[(0, 154, 8, &noise.to_be_bytes())]),
            Some(expected),
            "{micros} µs"
        );
    }
    for nanos in [0_u64, 1, 123_456_789, 999_999_999] {
        let ntp = (seconds << 32) | ((nanos << 32) / 1_000_000_000);
        let told = flow(&[(0, 157, 8, &ntp.to_be_bytes())]);
        assert_eq!(
            told.out.flows.flow_end_time.get(0),
            Some(&(EXPORTED_NS + nanos as i64)),
            "{nanos} ns"
        );
    }
}

#[test]
fn ntp_begins_again_in_2036() {
    let era = 4_294_967_296_i64 - 2_208_988_800;
    let ntp = (5_u64 << 32).to_be_bytes();
    assert_eq!(start(&[(0, 156, 8, &ntp)]), Some((era + 5) * 1_000_000_000));
}

#[test]
fn microseconds_before_the_export() {
    let told: &[Told<'_>] = &[
        (0, 158, 4, &2_500_000_u32.to_be_bytes()),
        (0, 159, 4, &500_u32.to_be_bytes()),
    ];
    let (start, end) = (EXPORTED_NS - 2_500 * MS, EXPORTED_NS - 500_000);
    assert_eq!(
        ends(&flow(told)),
        (Some(start), Some(end), end, 2_499_500_000)
    );
}

#[test]
fn uptimes_of_netflow_9_count_from_its_header() {
    let told: &[Told<'_>] = &[
        (0, 22, 4, &(UPTIME_MS - 9_000).to_be_bytes()),
        (0, 21, 4, &(UPTIME_MS - 10).to_be_bytes()),
    ];
    let (start, end) = (EXPORTED_NS - 9_000 * MS, EXPORTED_NS - 10 * MS);
    assert_eq!(
        ends(&flow9(told)),
        (Some(start), Some(end), end, 8_990_000_000)
    );
}

#[test]
fn uptimes_wrap_and_may_be_a_little_ahead() {
    let wrapped = UPTIME_MS.wrapping_sub(2_000_000).to_be_bytes();
    let ahead = (UPTIME_MS + 40).to_be_bytes();
    let told: &[Told<'_>] = &[(0, 22, 4, &wrapped), (0, 21, 4, &ahead)];
    let exporter = flow9(told);
    assert_eq!(
        exporter.out.flows.flow_start_time.get(0),
        Some(&(EXPORTED_NS - 2_000_000 * MS))
    );
    assert_eq!(
        exporter.out.flows.flow_end_time.get(0),
        Some(&(EXPORTED_NS + 40 * MS))
    );
}

#[test]
fn uptimes_of_ipfix_count_from_the_start_in_the_record() {
    let begun = (u64::from(EXPORTED_SECONDS) * 1_000 - 50_000).to_be_bytes();
    let told: &[Told<'_>] = &[(0, 22, 4, &40_000_u32.to_be_bytes()), (0, 160, 8, &begun)];
    assert_eq!(start(told), Some(EXPORTED_NS - 10_000 * MS));
    assert_eq!(start(&told[..1]), None);
    assert_eq!(flow(&told[..1]).out.flows.time.get(0), Some(&RECEIVED_NS));
}

#[test]
fn uptimes_of_ipfix_wrap_every_fifty_days() {
    // 60 days up: the counter has begun anew once.
    let up = 60 * 86_400_000_u64;
    let begun = (u64::from(EXPORTED_SECONDS) * 1_000 - up).to_be_bytes();
    let raw = ((up - 3_000) as u32).to_be_bytes();
    assert_eq!(
        start(&[(0, 22, 4, &raw), (0, 160, 8, &begun)]),
        Some(EXPORTED_NS - 3_000 * MS)
    );
}

#[test]
fn the_start_of_the_exporter_from_option_data() {
    let begun = (u64::from(EXPORTED_SECONDS) * 1_000 - 50_000).to_be_bytes();
    let option: &[Told<'_>] = &[(0, 143, 4, &[0, 0, 0, 1]), (0, 160, 8, &begun)];
    let data: &[Told<'_>] = &[(0, 21, 4, &49_000_u32.to_be_bytes())];
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[
        set(3, &options_template(400, 1, option)),
        set(2, &template(256, data)),
        set(400, &record(option)),
        set(256, &record(data)),
    ]));
    assert_eq!(
        exporter.out.flows.flow_end_time.get(0),
        Some(&(EXPORTED_NS - 1_000 * MS))
    );
    assert_eq!(
        exporter.domain.start_time_ns,
        Some(EXPORTED_NS - 50_000 * MS)
    );
}

#[test]
fn a_length_gives_the_end_that_is_not_told() {
    let millis = u64::from(EXPORTED_SECONDS) * 1_000;
    let at = millis.to_be_bytes();
    let length = 1_500_u32.to_be_bytes();
    let from_start = flow(&[(0, 161, 4, &length), (0, 152, 8, &at)]);
    assert_eq!(
        ends(&from_start),
        (
            Some(EXPORTED_NS),
            Some(EXPORTED_NS + 1_500 * MS),
            EXPORTED_NS + 1_500 * MS,
            1_500_000_000
        )
    );
    let from_end = flow(&[(0, 162, 4, &length), (0, 153, 8, &at)]);
    assert_eq!(
        ends(&from_end),
        (
            Some(EXPORTED_NS - 1_500_000),
            Some(EXPORTED_NS),
            EXPORTED_NS,
            1_500_000
        )
    );
    let alone = flow(&[(0, 161, 4, &length)]);
    assert_eq!(ends(&alone), (None, None, RECEIVED_NS, 1_500_000_000));
    let both = flow(&[
        (0, 161, 4, &length),
        (0, 152, 8, &(millis - 7).to_be_bytes()),
        (0, 153, 8, &at),
    ]);
    assert_eq!(ends(&both).3, 7_000_000);
}

#[test]
fn an_event_ends_when_it_was_seen() {
    let at = (u64::from(EXPORTED_SECONDS) * 1_000 - 20).to_be_bytes();
    let exporter = flow(&[(0, 323, 8, &at), (0, 230, 1, &[1])]);
    assert_eq!(
        ends(&exporter),
        (None, Some(EXPORTED_NS - 20 * MS), EXPORTED_NS - 20 * MS, 0)
    );
}

#[test]
fn impossible_instants_are_missing() {
    assert_eq!(start(&[(0, 152, 8, &[0; 8])]), None);
    assert_eq!(start(&[(0, 152, 8, &[255; 8])]), None);
    assert_eq!(start(&[(0, 158, 8, &[255; 8])]), None);
    let told: &[Told<'_>] = &[
        (0, 152, 8, &2_000_u64.to_be_bytes()),
        (0, 153, 8, &1_000_u64.to_be_bytes()),
    ];
    assert_eq!(ends(&flow(told)).3, 0, "an end before the start");
}

#[test]
fn one_unknown_instant_among_known_ones() {
    let told: &[Told<'_>] = &[(0, 153, 8, &[])];
    let known = 1_000_u64.to_be_bytes();
    let mut exporter = Exporter::new();
    let data = [known, [0; 8], known, [0; 8]].concat();
    exporter.hear(&ipfix(&[set(2, &template(256, told)), set(256, &data)]));
    let flows = &exporter.out.flows;
    let times: Vec<_> = (0..4)
        .map(|row| flows.flow_end_time.get(row).copied())
        .collect();
    assert_eq!(times, [Some(1_000 * MS), None, Some(1_000 * MS), None]);
    let times: Vec<_> = (0..4)
        .map(|row| flows.time.get(row).copied().unwrap())
        .collect();
    assert_eq!(times, [1_000 * MS, RECEIVED_NS, 1_000 * MS, RECEIVED_NS]);
}
