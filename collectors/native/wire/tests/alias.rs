//! Labels and rates in interface aliases.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use wire::alias::{labels, rate_bits_per_second, Labels};

/// All five labels are read, blanks and unknown pairs are passed over, the first of two equal keys holds.
#[test]
fn labels_are_read() {
    let alias = " owner = web team ;service=shop;tenant=blue;criticality=critical;rate=100mbit;service=later;x=y;;=;note";
    let expected = Labels {
        owner: "web team".into(),
        service: "shop".into(),
        tenant: "blue".into(),
        criticality: "critical".into(),
        rate_bits_per_second: Some(100_000_000),
    };
    assert_eq!(labels(alias), expected);
    assert_eq!(labels("just words; and more"), Labels::default());
    assert_eq!(labels("owner=a=b").owner, "a=b");
    assert_eq!(
        labels("rate=quick;rate=1gbit").rate_bits_per_second,
        Some(1_000_000_000)
    );
}

/// Units are those of tc(8).
#[test]
fn rates_are_read_as_tc_writes_them() {
    for (text, expected) in [
        ("100mbit", Some(100_000_000)),
        ("100Mbit", Some(100_000_000)),
        ("1.5 gbit", Some(1_500_000_000)),
        ("64kibit", Some(65_536)),
        ("8", Some(8)),
        ("8bit", Some(8)),
        ("1bps", Some(8)),
        ("10mbps", Some(80_000_000)),
        ("1mibps", Some(8_388_608)),
        ("4tbit", Some(4_000_000_000_000)),
        ("", None),
        ("mbit", None),
        ("0mbit", None),
        ("-1mbit", None),
        ("1ibit", None),
        ("1.2.3mbit", None),
        ("100megs", None),
        ("999999999999999999999tbit", None),
    ] {
        assert_eq!(rate_bits_per_second(text), expected, "{text}");
    }
}
