//! The ids are those of `tests/vectors/vif_id.json`, which the Python side computes for itself with xxhash.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fmt::Write;

use wire::identity::{exported_vif_id, link_id, vif_id, Boot, Identity};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/vif_id.json");

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Renders the vectors. `VIFLUX_BLESS=1 cargo test -p wire` writes them, for a new version of the layout only.
fn vectors() -> String {
    let counting = Boot {
        machine_id: std::array::from_fn(|position| position as u8),
        boot_id: std::array::from_fn(|position| 0xf0 + position as u8),
    };
    let zero = Boot {
        machine_id: [0; 16],
        boot_id: [0; 16],
    };
    let mut lines = Vec::new();
    for boot in [counting, zero] {
        let of_boot = format!(
            "\"machine_id\": \"{}\", \"boot_id\": \"{}\"",
            hexadecimal(&boot.machine_id),
            hexadecimal(&boot.boot_id)
        );
        for inode in [0, 1, 4711, u64::from(u32::MAX), u64::MAX] {
            let id = vif_id(boot, Identity::Sysfs { inode });
            lines.push(format!(
                "{{\"origin\": \"sysfs\", {of_boot}, \"inode\": {inode}, \"vif_id\": \"{id:016x}\"}}"
            ));
        }
        for (netns_cookie, ifindex, incarnation) in [
            (0, 0, 0),
            (1, 2, 0),
            (1, 2, 1),
            (u64::MAX, u32::MAX, u64::MAX),
        ] {
            let identity = Identity::Cookie {
                netns_cookie,
                ifindex,
                incarnation,
            };
            let id = vif_id(boot, identity);
            lines.push(format!(
                "{{\"origin\": \"cookie\", {of_boot}, \"netns_cookie\": {netns_cookie}, \"ifindex\": {ifindex}, \
                 \"incarnation\": {incarnation}, \"vif_id\": \"{id:016x}\"}}"
            ));
        }
    }
    for (one, other) in [
        (1, 2),
        (2, 1),
        (0xdead_beef_0000_0001, 7),
        (u64::MAX, u64::MAX),
    ] {
        let id = link_id(one, other);
        lines.push(format!(
            "{{\"origin\": \"link\", \"one_vif_id\": \"{one:016x}\", \"other_vif_id\": \"{other:016x}\", \
             \"link_id\": \"{id:016x}\"}}"
        ));
    }
    let long = "a site's name may be longer than what is hashed without a copy of it".repeat(3);
    let mut mapped = [0; 16];
    mapped[10..].copy_from_slice(&[0xff, 0xff, 192, 0, 2, 1]);
    for (site, exporter, domain, if_index) in [
        ("", mapped, 0, 0),
        ("", mapped, 0, 1),
        ("", mapped, 256, 1),
        ("berlin", mapped, 0, 1),
        ("z\u{fc}rich", counting.machine_id, u32::MAX, u32::MAX),
        (long.as_str(), mapped, 1, 2),
    ] {
        let id = exported_vif_id(site, exporter, domain, if_index);
        lines.push(format!(
            "{{\"origin\": \"exporter\", \"site\": \"{site}\", \"exporter_address\": \"{}\", \
             \"observation_domain_id\": {domain}, \"if_index\": {if_index}, \"vif_id\": \"{id:016x}\"}}",
            hexadecimal(&exporter)
        ));
    }
    format!("[\n  {}\n]\n", lines.join(",\n  "))
}

/// An id that changes would cut every VIF's history in two, so the committed file is compared byte for byte.
#[test]
fn ids_are_the_committed_ones() {
    if std::env::var("VIFLUX_BLESS").as_deref() == Ok("1") {
        std::fs::write(FILE, vectors()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(FILE).unwrap(), vectors());
}

/// Each member of the layout counts, and a link's id does not depend on the order of its ends.
#[test]
fn ids_tell_devices_apart() {
    let boot = Boot {
        machine_id: [1; 16],
        boot_id: [2; 16],
    };
    let other_boot = Boot {
        boot_id: [3; 16],
        ..boot
    };
    let cookie = |netns_cookie, ifindex, incarnation| Identity::Cookie {
        netns_cookie,
        ifindex,
        incarnation,
    };
    let mut ids = vec![
        vif_id(boot, Identity::Sysfs { inode: 5 }),
        vif_id(other_boot, Identity::Sysfs { inode: 5 }),
        vif_id(boot, Identity::Sysfs { inode: 6 }),
        vif_id(boot, cookie(5, 1, 0)),
        vif_id(boot, cookie(6, 1, 0)),
        vif_id(boot, cookie(5, 2, 0)),
        vif_id(boot, cookie(5, 1, 1)),
        link_id(5, 6),
        link_id(5, 7),
        exported_vif_id("", [5; 16], 0, 1),
        exported_vif_id("", [5; 16], 1, 0),
        exported_vif_id("", [6; 16], 0, 1),
        exported_vif_id("a", [5; 16], 0, 1),
    ];
    assert_eq!(link_id(5, 6), link_id(6, 5));
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert!(!ids.contains(&0));
}
