//! Whose an address is, as seen from a namespace.

use std::collections::{HashMap, HashSet};

use vifs::{Change, Device, Dump, Elsewhere, Event, NamespaceFacts, Reach, Table};
use wire::identity::Boot;
use wire::record::{Address, Link};

const HOST: u64 = 1;
const RED: u64 = 2;
const BLUE: u64 = 3;
const TEN: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1];
const ELEVEN: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 11, 0, 0, 1];

fn link(ifindex: u32, name: &str, peer: u32, netnsid: Option<i32>) -> Link {
    Link {
        ifindex,
        name: name.into(),
        kind: "veth".into(),
        link: peer,
        link_netnsid: netnsid,
        ..Link::default()
    }
}

/// A host with a veth into each of two namespaces, both of which use 10.0.0.1 inside; `RED` has 11.0.0.1 too.
fn table() -> Table {
    let boot = Boot {
        machine_id: [1; 16],
        boot_id: [2; 16],
    };
    let mut table = Table::new("h", boot, 10_000_000_000);
    for (cookie, name, nsid) in [
        (HOST, "", None),
        (RED, "red", Some(1)),
        (BLUE, "blue", Some(2)),
    ] {
        table.namespace_seen(
            NamespaceFacts {
                cookie,
                name: name.into(),
                nsid,
                is_home: cookie == HOST,
                workload: String::new(),
                is_heard: true,
            },
            0,
        );
    }
    for namespace in [RED, BLUE] {
        table.elsewhere_seen(namespace, &[(0, Elsewhere::Home)]);
    }
    for (namespace, links) in [
        (
            HOST,
            vec![
                link(7, "to_red", 2, Some(1)),
                link(8, "to_blue", 2, Some(2)),
            ],
        ),
        (RED, vec![link(2, "eth0", 7, Some(0))]),
        (BLUE, vec![link(2, "eth0", 8, Some(0))]),
    ] {
        let devices = links
            .iter()
            .map(|link| {
                let inode = Some(namespace * 100 + u64::from(link.ifindex));
                (
                    link.ifindex,
                    Device {
                        inode,
                        ..Device::default()
                    },
                )
            })
            .collect();
        let dump = Dump {
            namespace,
            time_ns: 1,
            links,
            devices,
            ..Dump::default()
        };
        table.dump_seen(dump, &HashSet::new());
    }
    table.look_complete(1, true);
    let mut events: Vec<Event> = [(RED, TEN), (BLUE, TEN), (RED, ELEVEN)]
        .map(|(namespace, address)| Event {
            namespace,
            time_ns: 2,
            change: Change::NewAddress(Address {
                ifindex: 2,
                address,
                prefix_length: 24,
            }),
        })
        .into();
    table.apply(&mut events, 3, &HashMap::new());
    table
}

fn vif(table: &Table, namespace: u64, ifindex: u32) -> u64 {
    table.vif_at(namespace, ifindex, 3).unwrap_or(0)
}

#[test]
fn an_address_that_two_namespaces_use_is_each_ones_own() {
    let table = table();
    let holders = table.holders_of_addresses();
    assert_eq!(holders.of(RED, &TEN), (vif(&table, RED, 2), Reach::Own));
    assert_eq!(holders.of(BLUE, &TEN), (vif(&table, BLUE, 2), Reach::Own));
    assert_ne!(vif(&table, RED, 2), vif(&table, BLUE, 2));
}

#[test]
fn seen_from_the_host_it_is_told_that_nobody_knows() {
    let table = table();
    assert_eq!(
        table.holders_of_addresses().of(HOST, &TEN),
        (0, Reach::Ambiguous)
    );
}

#[test]
fn of_a_pair_the_end_in_the_namespace_holds() {
    let table = table();
    assert_eq!(
        table.holders_of_addresses().of(HOST, &ELEVEN),
        (vif(&table, HOST, 7), Reach::Link)
    );
}

#[test]
fn the_only_one_of_the_host_is_told_though_it_is_further_away() {
    let table = table();
    assert_eq!(
        table.holders_of_addresses().of(BLUE, &ELEVEN),
        (vif(&table, RED, 2), Reach::Only)
    );
}

#[test]
fn an_address_of_nobody_is_of_nobody() {
    assert_eq!(
        table().holders_of_addresses().of(HOST, &[9; 16]),
        (0, Reach::Unknown)
    );
}
