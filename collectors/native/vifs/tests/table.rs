//! The table of VIFs against the rules of identity, sides, history and counters; time is an argument.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{HashMap, HashSet};

use columns::generated::{counters, inventory};
use vifs::{Change, Device, Dump, Elsewhere, Event, Look, NamespaceFacts, NamespaceReading, Table};
use wire::identity::Boot;
use wire::record::{Link, LinkStats, Qdisc, QdiscStats};

const HOME: u64 = 1;
const BLUE: u64 = 2;
const SECOND: i64 = 1_000_000_000;
const START: i64 = 1_700_000_000 * SECOND;

fn boot() -> Boot {
    Boot {
        machine_id: [1; 16],
        boot_id: [2; 16],
    }
}

/// A table with the agent's namespace and one that is called `blue`, and a finished first look.
struct World {
    table: Table,
    now: i64,
}

impl World {
    fn new() -> Self {
        let mut world = Self::bare();
        world.dump(HOME, vec![]);
        world.dump(BLUE, vec![]);
        world.table.look_complete(world.now, true);
        world.rows();
        world
    }

    fn bare() -> Self {
        let mut table = Table::new("h", boot(), 10 * SECOND.unsigned_abs());
        let facts = |cookie, name: &str, nsid, is_home| NamespaceFacts {
            cookie,
            name: name.into(),
            nsid,
            is_home,
            workload: String::new(),
            is_heard: true,
        };
        table.namespace_seen(facts(HOME, "", None, true), START);
        table.namespace_seen(facts(BLUE, "blue", Some(5), false), START);
        table.elsewhere_seen(BLUE, &[(0, Elsewhere::Home)]);
        Self { table, now: START }
    }

    fn at(&mut self, seconds: i64) -> &mut Self {
        self.now = START + seconds * SECOND;
        self
    }

    fn dump(&mut self, namespace: u64, links: Vec<(Link, u64)>) -> Vec<String> {
        let devices = links
            .iter()
            .map(|(link, inode)| (link.ifindex, device(*inode)))
            .collect();
        let dump = Dump {
            namespace,
            time_ns: self.now,
            links: links.into_iter().map(|(link, _)| link).collect(),
            devices,
            ..Dump::default()
        };
        self.table.dump_seen(dump, &HashSet::new())
    }

    fn events(&mut self, events: Vec<(u64, Change)>, devices: &[(u64, u32, u64)]) {
        let mut events: Vec<Event> = events
            .into_iter()
            .map(|(namespace, change)| Event {
                namespace,
                time_ns: self.now,
                change,
            })
            .collect();
        let devices = devices
            .iter()
            .map(|(namespace, ifindex, inode)| ((*namespace, *ifindex), device(*inode)))
            .collect();
        let count = events.len();
        self.table.apply(&mut events, count, &devices);
    }

    /// What would be written now, written.
    fn rows(&mut self) -> inventory::Rows {
        let rows = self.table.propose_inventory(self.now, false);
        self.table.commit();
        rows
    }

    fn sweep(&mut self, readings: &[(u64, u32, LinkStats)]) -> counters::Rows {
        let rows = self.propose(readings);
        self.table.commit();
        rows
    }

    fn propose(&mut self, readings: &[(u64, u32, LinkStats)]) -> counters::Rows {
        let mut links: HashMap<u64, Vec<(u32, LinkStats)>> = HashMap::new();
        for (namespace, ifindex, stats) in readings {
            links
                .entry(*namespace)
                .or_default()
                .push((*ifindex, *stats));
        }
        let readings: Vec<NamespaceReading<'_>> = links
            .iter()
            .map(|(namespace, links)| NamespaceReading {
                namespace: *namespace,
                time_ns: self.now,
                links,
                qdiscs: &[],
            })
            .collect();
        self.table.propose_counters(&readings, &HashSet::new()).rows
    }
}

fn device(inode: u64) -> Device {
    Device {
        inode: Some(inode),
        ..Device::default()
    }
}

fn link(ifindex: u32, name: &str, kind: &str) -> Link {
    Link {
        ifindex,
        name: name.into(),
        kind: kind.into(),
        mtu_bytes: 1500,
        ..Link::default()
    }
}

/// A veth end whose peer is `peer`, in the same namespace or behind a local nsid.
fn veth(ifindex: u32, name: &str, peer: u32, netnsid: Option<i32>) -> Link {
    Link {
        link: peer,
        link_netnsid: netnsid,
        ..link(ifindex, name, "veth")
    }
}

fn new(link: Link) -> Change {
    Change::NewLink(Box::new(link))
}

fn died(link: Link, stats: LinkStats) -> Change {
    Change::DelLink(Box::new(Link {
        stats: Some(stats),
        ..link
    }))
}

fn sent(tx_packets: u64) -> LinkStats {
    LinkStats {
        tx_packets,
        tx_bytes: tx_packets * 100,
        ..LinkStats::default()
    }
}

fn row_of(rows: &inventory::Rows, name: &str) -> usize {
    rows.ifname
        .iter()
        .rposition(|ifname| ifname == name)
        .unwrap_or_else(|| panic!("no row of {name} in {:?}", rows.ifname))
}

#[test]
fn a_birth_is_a_row_that_holds_from_then_on_and_counts_from_zero() {
    let mut world = World::new();
    world.at(3);
    world.events(vec![(HOME, new(link(7, "tap0", "tun")))], &[(HOME, 7, 100)]);
    let rows = world.rows();
    assert_eq!(rows.change, ["born"]);
    assert_eq!(rows.born_time, [Some(START + 3 * SECOND)]);
    assert_eq!(rows.valid_from_time, [START + 3 * SECOND]);
    let counted = world.at(10).sweep(&[(HOME, 7, sent(40))]);
    assert_eq!(counted.delta_kind, ["new"]);
    assert_eq!(
        (counted.tx_packets[0], counted.tx_packets_total[0]),
        (40, 40)
    );
    assert_eq!(counted.time, [START + 3 * SECOND]);
    assert_eq!(counted.duration_ns, [7 * SECOND.unsigned_abs()]);
}

#[test]
fn what_was_there_before_has_a_baseline() {
    let mut world = World::bare();
    world.dump(HOME, vec![(link(1, "eth0", ""), 10)]);
    let rows = world.rows();
    assert_eq!(
        (rows.change[0].as_ref(), rows.born_time[0]),
        ("baseline", None)
    );
    let counted = world.sweep(&[(HOME, 1, sent(1_000))]);
    assert_eq!(
        (counted.delta_kind[0].as_ref(), counted.duration_ns[0]),
        ("new", 0)
    );
    assert_eq!(
        (counted.tx_packets[0], counted.tx_packets_total[0]),
        (0, 1_000)
    );
    let counted = world.at(10).sweep(&[(HOME, 1, sent(1_010))]);
    assert_eq!(
        (counted.delta_kind[0].as_ref(), counted.tx_packets[0]),
        ("clean", 10)
    );
}

#[test]
fn an_inode_above_the_last_look_was_born_since_and_one_below_was_not() {
    let mut world = World::bare();
    world.dump(HOME, vec![(link(1, "eth0", ""), 50)]);
    world.table.look_complete(START, true);
    world.rows();
    world.at(60);
    world.dump(
        HOME,
        vec![
            (link(1, "eth0", ""), 50),
            (link(2, "young", "bridge"), 51),
            (link(3, "old", "bridge"), 49),
        ],
    );
    let rows = world.rows();
    let (young, old) = (row_of(&rows, "young"), row_of(&rows, "old"));
    assert_eq!(
        (rows.change[young].as_ref(), rows.valid_from_time[young]),
        ("born", START + 60 * SECOND)
    );
    assert_eq!(rows.change[old], "baseline");
    assert_eq!(rows.born_time[young], None);
    let counted = world.sweep(&[(HOME, 2, sent(7)), (HOME, 3, sent(9))]);
    let kinds: HashMap<u64, (&str, u64)> = counted
        .vif_id
        .iter()
        .enumerate()
        .map(|(at, id)| {
            (
                *id,
                (counted.delta_kind[at].as_ref(), counted.tx_packets[at]),
            )
        })
        .collect();
    assert_eq!(kinds[&rows.vif_id[young]], ("gap", 7));
    assert_eq!(kinds[&rows.vif_id[old]], ("new", 0));
}

#[test]
fn an_id_lasts_over_rename_and_move_and_ends_with_the_device() {
    let mut world = World::new();
    world.events(vec![(HOME, new(link(7, "a", "bridge")))], &[(HOME, 7, 100)]);
    let id = world.rows().vif_id[0];
    world.at(100);
    world.events(vec![(HOME, new(link(7, "b", "bridge")))], &[]);
    let rows = world.rows();
    assert_eq!((rows.vif_id[0], rows.change[0].as_ref()), (id, "renamed"));
    assert_eq!(rows.valid_from_time, [START + 100 * SECOND]);
    world.at(200);
    let moved = Change::Moved {
        ifindex: 7,
        to: Some(BLUE),
        new_ifindex: 3,
    };
    world.events(
        vec![(HOME, moved), (BLUE, new(link(3, "b", "bridge")))],
        &[(BLUE, 3, 100)],
    );
    let rows = world.rows();
    assert_eq!(
        (rows.vif_id.as_slice(), rows.change[0].as_ref()),
        ([id].as_slice(), "moved")
    );
    assert_eq!(
        (rows.namespace[0].as_ref(), rows.ifindex[0], rows.nsid[0]),
        ("blue", 3, 5)
    );
    world.at(300);
    world.events(
        vec![
            (BLUE, died(link(3, "b", "bridge"), sent(5))),
            (BLUE, new(link(3, "b", "bridge"))),
        ],
        &[(BLUE, 3, 101)],
    );
    let rows = world.rows();
    assert_eq!(rows.change, ["gone", "born"]);
    assert_eq!(rows.vif_id[0], id);
    assert_ne!(rows.vif_id[1], id);
    assert_eq!(rows.vif_key[0], rows.vif_key[1]);
    assert_eq!(rows.gone_time, [Some(START + 300 * SECOND), None]);
}

#[test]
fn a_move_to_a_namespace_that_is_not_known_yet_makes_no_second_id() {
    let mut world = World::new();
    let moved = Change::Moved {
        ifindex: 7,
        to: None,
        new_ifindex: 2,
    };
    world.events(
        vec![(HOME, new(link(7, "tmp", "macvlan"))), (HOME, moved)],
        &[],
    );
    assert!(world.rows().is_empty(), "who it is is not known yet");
    world.events(
        vec![(BLUE, new(link(2, "eth0", "macvlan")))],
        &[(BLUE, 2, 100)],
    );
    let rows = world.rows();
    assert_eq!(rows.identity_origin, ["sysfs"]);
    assert_eq!(rows.change, ["born"]);
}

#[test]
fn a_link_that_dies_on_arrival_is_the_one_that_left() {
    let mut world = World::new();
    world.events(vec![(HOME, new(link(7, "a", "bridge")))], &[(HOME, 7, 100)]);
    let id = world.rows().vif_id[0];
    let moved = Change::Moved {
        ifindex: 7,
        to: Some(BLUE),
        new_ifindex: 3,
    };
    world.events(vec![(HOME, moved)], &[]);
    let arrives_and_dies = vec![
        (BLUE, new(link(3, "b", "bridge"))),
        (BLUE, died(link(3, "b", "bridge"), sent(5))),
    ];
    world.events(arrives_and_dies, &[]);
    let rows = world.rows();
    assert!(rows.vif_id.iter().all(|seen| *seen == id));
    assert_eq!(rows.change.last().map(AsRef::as_ref), Some("gone"));
}

#[test]
fn a_move_through_several_events_before_sysfs_could_be_asked_is_one_vif() {
    let mut world = World::new();
    let moved = Change::Moved {
        ifindex: 7,
        to: Some(BLUE),
        new_ifindex: 2,
    };
    let events = vec![
        (HOME, new(link(7, "tmp", "macvlan"))),
        (HOME, moved),
        (BLUE, new(link(2, "tmp", "macvlan"))),
        (BLUE, new(link(2, "eth0", "macvlan"))),
    ];
    let as_events: Vec<Event> = events
        .iter()
        .map(|(namespace, change)| Event {
            namespace: *namespace,
            time_ns: START,
            change: change.clone(),
        })
        .collect();
    let wanted = world.table.wanted(&as_events);
    assert_eq!(
        wanted.len(),
        1,
        "only the link that is there in the end can be asked for"
    );
    assert_eq!((wanted[0].0, wanted[0].1.name.as_str()), (BLUE, "eth0"));
    world.events(events, &[(BLUE, 2, 100)]);
    let rows = world.rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows.ifname[0].as_ref(), rows.change[0].as_ref()),
        ("eth0", "born")
    );
    assert_eq!(rows.identity_origin, ["sysfs"]);
}

#[test]
fn events_behind_a_link_that_is_not_identified_wait_for_it() {
    let mut world = World::new();
    let event = |change| Event {
        namespace: HOME,
        time_ns: START,
        change,
    };
    let mut events = vec![
        event(new(link(6, "short", "bridge"))),
        event(new(link(7, "late", "bridge"))),
        event(died(link(6, "short", "bridge"), sent(1))),
    ];
    let none = HashMap::new();
    let count = world.table.first_unidentified(&events, &none);
    assert_eq!(
        count, 1,
        "the first one is known to be gone, the second must be asked for"
    );
    let applied = world.table.apply(&mut events, count, &none);
    assert!(
        applied.touched.contains(&(HOME, 7)),
        "what waits is newer than a dump"
    );
    assert!(applied.unsettled.is_empty());
    assert_eq!(events.len(), 2);
    events.push(event(died(link(7, "late", "bridge"), sent(2))));
    let count = world.table.first_unidentified(&events, &none);
    assert_eq!(count, 3);
    world.table.apply(&mut events, count, &none);
    assert_eq!(world.rows().change, ["born", "gone", "born", "gone"]);
}

#[test]
fn one_that_lived_too_short_to_be_asked_for_is_told_with_a_lesser_id() {
    let mut world = World::new();
    world.at(5);
    world.events(
        vec![
            (HOME, new(link(7, "flash", "bridge"))),
            (HOME, died(link(7, "flash", "bridge"), sent(3))),
            (HOME, new(link(7, "flash", "bridge"))),
        ],
        &[(HOME, 7, 100)],
    );
    let last = world.table.propose_last_readings();
    let rows = world.rows();
    assert_eq!(rows.change, ["born", "gone", "born"]);
    assert_eq!(rows.identity_origin, ["cookie", "cookie", "sysfs"]);
    assert_eq!(
        (last.tx_packets.as_slice(), last.vif_id[0]),
        ([3].as_slice(), rows.vif_id[0])
    );
}

fn pair(world: &mut World) -> inventory::Rows {
    world.events(
        vec![
            (BLUE, new(veth(2, "eth0", 0, None))),
            (HOME, new(veth(7, "veth7", 2, Some(5)))),
        ],
        &[(BLUE, 2, 101), (HOME, 7, 100)],
    );
    world.rows()
}

#[test]
fn the_end_in_the_agents_namespace_is_the_counting_point_and_the_other_gives_the_key() {
    let mut world = World::new();
    let rows = pair(&mut world);
    let (inner, outer) = (row_of(&rows, "eth0"), row_of(&rows, "veth7"));
    assert_eq!(
        (rows.side[outer].as_ref(), rows.counting_point[outer]),
        ("host", true)
    );
    assert_eq!(
        (rows.side[inner].as_ref(), rows.counting_point[inner]),
        ("workload", false)
    );
    assert_eq!(rows.peer_vif_id[outer], rows.vif_id[inner]);
    assert_eq!(rows.peer_vif_id[inner], rows.vif_id[outer]);
    assert_eq!(rows.link_id[inner], rows.link_id[outer]);
    assert_ne!(rows.link_id[inner], 0);
    assert_eq!(rows.vif_key[inner], "h/blue/eth0");
    assert_eq!(rows.vif_key[outer], "h/blue/eth0");
}

#[test]
fn the_lineage_of_a_pair_in_one_namespace_outlasts_re_creation() {
    for devices in [[200, 201], [203, 202]] {
        let mut world = World::new();
        world.events(
            vec![
                (BLUE, new(veth(2, "a0", 3, None))),
                (BLUE, new(veth(3, "b0", 2, None))),
            ],
            &[(BLUE, 2, devices[0]), (BLUE, 3, devices[1])],
        );
        let rows = world.rows();
        let counting = rows.counting_point.iter().filter(|point| **point).count();
        assert_eq!(counting, 1);
        assert_eq!(rows.vif_key, ["h/blue/a0", "h/blue/a0"]);
    }
}

#[test]
fn a_declared_uplink_counts_as_a_physical_port_and_what_is_beyond_it_does_not_count() {
    let mut world = World::new();
    world.table = std::mem::replace(&mut world.table, Table::new("h", boot(), 1))
        .with_uplinks(["veth7".to_owned()]);
    let rows = pair(&mut world);
    let (beyond, uplink) = (row_of(&rows, "eth0"), row_of(&rows, "veth7"));
    assert_eq!(
        (rows.side[uplink].as_ref(), rows.counting_point[uplink]),
        ("uplink", false)
    );
    assert_eq!(
        (rows.side[beyond].as_ref(), rows.counting_point[beyond]),
        ("host", false)
    );
}

#[test]
fn a_bridge_port_comes_before_the_agents_namespace() {
    let mut world = World::new();
    pair(&mut world);
    world.at(20);
    let port = Link {
        master: 9,
        ..veth(2, "eth0", 7, Some(0))
    };
    world.events(
        vec![(BLUE, new(link(9, "br0", "bridge"))), (BLUE, new(port))],
        &[(BLUE, 9, 102)],
    );
    let rows = world.rows();
    let (inner, outer) = (row_of(&rows, "eth0"), row_of(&rows, "veth7"));
    assert_eq!(
        (rows.side[inner].as_ref(), rows.counting_point[inner]),
        ("host", true)
    );
    assert_eq!(
        (rows.side[outer].as_ref(), rows.counting_point[outer]),
        ("workload", false)
    );
    assert_eq!(rows.bridge_vif_id[inner], rows.vif_id[row_of(&rows, "br0")]);
    assert_eq!(rows.vif_key[inner], "h//veth7");
    // Settled within a minute of the birth: it holds from the birth, and the changed end is still the later row.
    assert_eq!(rows.valid_from_time[inner], START);
    assert_eq!(rows.time[inner], START + 20 * SECOND);
}

#[test]
fn with_both_ends_in_one_namespace_the_lower_id_counts() {
    let mut world = World::new();
    world.events(
        vec![
            (HOME, new(veth(7, "a", 8, None))),
            (HOME, new(veth(8, "b", 7, None))),
        ],
        &[(HOME, 7, 100), (HOME, 8, 101)],
    );
    let rows = world.rows();
    let (a, b) = (row_of(&rows, "a"), row_of(&rows, "b"));
    assert_ne!(rows.counting_point[a], rows.counting_point[b]);
    assert_eq!(rows.counting_point[a], rows.vif_id[a] < rows.vif_id[b]);
}

#[test]
fn kinds_have_their_side_and_only_some_count() {
    let mut world = World::new();
    let tap = Link {
        is_tap: true,
        ..link(20, "tap0", "tun")
    };
    let loopback = Link {
        hardware_type: 772,
        ..link(21, "lo", "")
    };
    let links = [
        (tap, "tap", "host", true),
        (loopback, "loopback", "host", false),
        (link(22, "eth0", ""), "physical", "uplink", false),
        (link(23, "mv0", "macvlan"), "macvlan", "workload", true),
        (link(24, "iv0", "ipvlan"), "ipvlan", "workload", true),
        (link(25, "br0", "bridge"), "bridge", "bridge", false),
        (link(26, "bond0", "bond"), "bond", "bridge", false),
        (link(27, "vx0", "vxlan"), "vxlan", "overlay", false),
        (link(28, "tun0", "tun"), "tun", "overlay", false),
        (link(29, "odd0", "newkind"), "newkind", "host", false),
    ];
    let dumped = links
        .iter()
        .map(|(link, ..)| (link.clone(), u64::from(link.ifindex)))
        .collect();
    world.dump(HOME, dumped);
    let rows = world.rows();
    for (link, kind, side, counting_point) in links {
        let at = row_of(&rows, &link.name);
        assert_eq!(
            (
                rows.kind[at].as_ref(),
                rows.side[at].as_ref(),
                rows.counting_point[at]
            ),
            (kind, side, counting_point),
            "{}",
            link.name
        );
    }
}

#[test]
fn a_namespace_without_a_name_never_enters_a_key() {
    let mut world = World::new();
    let nameless = |workload: &str| NamespaceFacts {
        cookie: 3,
        name: "net:[4026532999]".into(),
        nsid: Some(6),
        is_home: false,
        workload: workload.into(),
        is_heard: true,
    };
    world.table.namespace_seen(nameless(""), START);
    world.dump(
        3,
        vec![
            (veth(2, "eth0", 7, Some(0)), 101),
            (link(5, "mv0", "macvlan"), 103),
        ],
    );
    world.events(
        vec![(HOME, new(veth(7, "veth7", 2, Some(6))))],
        &[(HOME, 7, 100)],
    );
    let rows = world.rows();
    assert_eq!(rows.vif_key[row_of(&rows, "veth7")], "h//veth7");
    assert_eq!(rows.vif_key[row_of(&rows, "eth0")], "h//veth7");
    assert_eq!(rows.vif_key[row_of(&rows, "mv0")], "h/?/mv0");
    world.at(9);
    world.table.namespace_seen(nameless("pod:1234"), world.now);
    let rows = world.rows();
    assert_eq!(rows.vif_key[row_of(&rows, "eth0")], "h/pod:1234/eth0");
    assert_eq!(rows.vif_key[row_of(&rows, "veth7")], "h/pod:1234/eth0");
    assert_eq!(rows.workload[row_of(&rows, "veth7")], "pod:1234");
}

#[test]
fn a_promised_rate_comes_from_the_queue_then_the_alias_then_the_ports_speed() {
    let mut world = World::new();
    let port = Link {
        alias: "rate=100mbit".into(),
        ..link(1, "eth0", "")
    };
    let queue = |rate| Qdisc {
        ifindex: 1,
        kind: "tbf".into(),
        rate_bytes_per_second: Some(rate),
        ..Qdisc::default()
    };
    let mut rate = |alias: &str, qdiscs: Vec<Qdisc>, speed| {
        let device = Device {
            inode: Some(10),
            speed_bits_per_second: speed,
            driver: "mlx5_core".into(),
        };
        let dump = Dump {
            namespace: HOME,
            time_ns: START,
            links: vec![Link {
                alias: alias.into(),
                ..port.clone()
            }],
            qdiscs,
            devices: HashMap::from([(1, device)]),
            ..Dump::default()
        };
        world.table.dump_seen(dump, &HashSet::new());
        let rows = world.rows();
        (
            rows.provisioned_rate_bits_per_second[0],
            rows.provisioned_rate_origin[0].clone().into_owned(),
        )
    };
    assert_eq!(
        rate("rate=100mbit", vec![queue(1_000)], 10_000),
        (8_000, "tbf".into())
    );
    assert_eq!(
        rate("rate=100mbit", vec![], 10_000),
        (100_000_000, "alias".into())
    );
    assert_eq!(rate("", vec![], 10_000), (10_000, "link_speed".into()));
    assert_eq!(rate("", vec![], 0), (0, String::new()));
}

#[test]
fn what_was_not_written_is_proposed_again() {
    let mut world = World::new();
    world.events(vec![(HOME, new(link(7, "a", "bridge")))], &[(HOME, 7, 100)]);
    assert_eq!(world.table.propose_inventory(START, false).len(), 1);
    world.table.discard();
    assert_eq!(world.rows().len(), 1);
    assert_eq!(world.rows().len(), 0);
    world.at(10).sweep(&[(HOME, 7, sent(10))]);
    assert_eq!(
        world.at(20).propose(&[(HOME, 7, sent(30))]).tx_packets,
        [20]
    );
    world.table.discard();
    let later = world.at(30).propose(&[(HOME, 7, sent(35))]);
    assert_eq!(
        (later.tx_packets[0], later.delta_kind[0].as_ref()),
        (25, "gap")
    );
    assert_eq!(later.duration_ns, [20 * SECOND.unsigned_abs()]);
    world.table.discard();
    world.events(vec![(HOME, died(link(7, "a", "bridge"), sent(50)))], &[]);
    assert_eq!(world.table.propose_last_readings().tx_packets, [40]);
    assert_eq!(world.table.propose_inventory(START, false).change, ["gone"]);
    world.table.discard();
    assert_eq!(world.table.propose_last_readings().tx_packets, [40]);
    assert_eq!(world.rows().change, ["gone"]);
    assert_eq!(world.table.propose_last_readings().len(), 0);
}

#[test]
fn a_sweep_is_whole_also_when_an_interface_could_not_be_read() {
    let mut world = World::new();
    world.events(vec![(HOME, new(link(7, "a", "bridge")))], &[(HOME, 7, 100)]);
    world.at(10).sweep(&[(HOME, 7, sent(10))]);
    let rows = world.at(20).sweep(&[]);
    assert_eq!(
        (
            rows.tx_packets[0],
            rows.duration_ns[0],
            rows.tx_packets_total[0]
        ),
        (0, 0, 10)
    );
    assert_eq!(rows.time, [START + 10 * SECOND]);
    let rows = world.at(30).sweep(&[(HOME, 7, sent(15))]);
    assert_eq!(
        (rows.tx_packets[0], rows.delta_kind[0].as_ref()),
        (5, "gap")
    );
}

#[test]
fn a_clock_that_is_set_back_makes_a_gap_without_duration() {
    let mut world = World::new();
    world.events(vec![(HOME, new(link(7, "a", "bridge")))], &[(HOME, 7, 100)]);
    world.at(100).sweep(&[(HOME, 7, sent(10))]);
    let rows = world.at(50).sweep(&[(HOME, 7, sent(12))]);
    assert_eq!((rows.tx_packets[0], rows.duration_ns[0]), (2, 0));
    assert_eq!(
        (rows.delta_kind[0].as_ref(), rows.time[0]),
        ("gap", START + 50 * SECOND)
    );
    assert_eq!(
        world.at(60).sweep(&[(HOME, 7, sent(13))]).delta_kind,
        ["clean"]
    );
}

#[test]
fn a_pair_that_ends_has_received_what_the_other_end_sent() {
    let mut world = World::new();
    let rows = pair(&mut world);
    let (inner, outer) = (
        rows.vif_id[row_of(&rows, "eth0")],
        rows.vif_id[row_of(&rows, "veth7")],
    );
    let both = |packets| LinkStats {
        rx_packets: packets,
        rx_bytes: packets * 100,
        ..sent(packets)
    };
    world
        .at(10)
        .sweep(&[(BLUE, 2, both(10)), (HOME, 7, both(10))]);
    world.at(15);
    // The kernel forgets the peer before it tells of the end: nothing was received, it says, and no peer is named.
    world.events(
        vec![
            (HOME, new(veth(7, "veth7", 0, None))),
            (HOME, died(veth(7, "veth7", 0, None), sent(30))),
            (BLUE, died(veth(2, "eth0", 0, None), sent(40))),
        ],
        &[],
    );
    let last = world.table.propose_last_readings();
    let rows = world.rows();
    let at = |id| last.vif_id.iter().position(|of| *of == id).unwrap();
    assert_eq!(
        (last.rx_packets[at(outer)], last.tx_packets[at(outer)]),
        (30, 20)
    );
    assert_eq!(
        (last.rx_packets[at(inner)], last.tx_packets[at(inner)]),
        (20, 30)
    );
    assert_eq!(last.delta_kind, ["clean", "clean"]);
    assert_eq!(rows.change, ["gone", "gone"]);
    // The last state is that of the whole pair, not of what was left of it on the way.
    assert!(rows
        .peer_vif_id
        .iter()
        .all(|peer| *peer == inner || *peer == outer));
    assert_eq!(
        rows.counting_point.iter().filter(|counts| **counts).count(),
        1
    );
}

#[test]
fn an_ended_namespace_takes_its_links_along_and_a_port_that_falls_back_lives_on() {
    let mut world = World::new();
    world.events(
        vec![
            (BLUE, new(link(4, "eth1", ""))),
            (BLUE, new(link(6, "br0", "bridge"))),
        ],
        &[(BLUE, 4, 100), (BLUE, 6, 101)],
    );
    let born = world.rows();
    world
        .at(10)
        .sweep(&[(BLUE, 4, sent(10)), (BLUE, 6, sent(10))]);
    world.at(12);
    world.events(
        vec![
            (BLUE, Change::NamespaceGone),
            (HOME, new(link(4, "eth1", ""))),
        ],
        &[(HOME, 4, 100)],
    );
    assert_eq!(world.table.propose_last_readings().len(), 0);
    let rows = world.rows();
    assert_eq!(rows.change, ["gone", "moved"]);
    assert_eq!(
        (rows.ifname[0].as_ref(), rows.ifname[1].as_ref()),
        ("br0", "eth1")
    );
    assert_eq!(rows.vif_id[1], born.vif_id[row_of(&born, "eth1")]);
    assert_eq!(world.table.namespace_count(), 1);
    let counted = world.at(20).sweep(&[(HOME, 4, sent(15))]);
    assert_eq!(
        (counted.tx_packets[0], counted.delta_kind[0].as_ref()),
        (5, "clean")
    );
}

#[test]
fn a_resync_corrects_and_counts_what_events_missed() {
    let mut world = World::new();
    world.events(vec![(HOME, new(link(7, "a", "bridge")))], &[(HOME, 7, 100)]);
    world.rows();
    assert!(world
        .dump(HOME, vec![(link(7, "a", "bridge"), 100)])
        .is_empty());
    assert_eq!(world.rows().len(), 0);
    let changed = Link {
        mtu_bytes: 9000,
        ..link(7, "a", "bridge")
    };
    assert_eq!(
        world
            .at(60)
            .dump(HOME, vec![(changed, 100), (link(8, "b", "bridge"), 101)]),
        ["h//a: mtu_bytes", "h//b: born"]
    );
    assert_eq!(world.rows().len(), 2);
    assert_eq!(
        world
            .at(120)
            .dump(HOME, vec![(link(8, "c", "bridge"), 102)]),
        ["h//c: another device than h//b", "h//a: gone"]
    );
    let rows = world.rows();
    assert_eq!(
        rows.change
            .iter()
            .filter(|change| *change == "gone")
            .count(),
        2
    );
    assert_eq!(rows.change[row_of(&rows, "c")], "born");
}

#[test]
fn events_are_newer_than_the_dump_that_was_made_meanwhile() {
    let mut world = World::new();
    world.events(
        vec![(HOME, new(link(7, "new", "bridge")))],
        &[(HOME, 7, 100)],
    );
    let dump = Dump {
        namespace: HOME,
        time_ns: START,
        links: vec![link(7, "old", "bridge")],
        ..Dump::default()
    };
    assert!(world
        .table
        .dump_seen(dump, &HashSet::from([(HOME, 7)]))
        .is_empty());
    assert_eq!(world.rows().ifname, ["new"]);
}

/// Everything that was written, read back as another run would.
fn restarted(
    written: &[&inventory::Rows],
    counted: &[&counters::Rows],
    look: Option<Look>,
) -> World {
    let mut world = World::bare();
    for rows in counted {
        world.table.restore_counters(rows);
    }
    for rows in written {
        world.table.restore_inventory(rows);
    }
    world.table.restore_look(look, 0);
    world
}

#[test]
fn after_a_restart_births_and_baselines_are_kept_and_what_vanished_is_gone() {
    let mut world = World::new();
    world.at(1);
    world.events(
        vec![
            (HOME, new(link(7, "stays", "bridge"))),
            (HOME, new(link(8, "goes", "bridge"))),
        ],
        &[(HOME, 7, 100), (HOME, 8, 101)],
    );
    let written = world.rows();
    let counted = world
        .at(10)
        .sweep(&[(HOME, 7, sent(10)), (HOME, 8, sent(10))]);
    world.table.look_complete(world.now, true);
    let (look, _) = world.table.look();
    let mut world = restarted(&[&written], &[&counted], look);
    world.at(600);
    // Same ifindex and name as the one that went: only the inode tells.
    world.dump(
        HOME,
        vec![
            (link(7, "stays", "bridge"), 100),
            (link(8, "goes", "bridge"), 102),
        ],
    );
    world.dump(BLUE, vec![]);
    world.table.look_complete(world.now, true);
    let rows = world.table.propose_inventory(world.now, true);
    let at = |change: &str| rows.change.iter().position(|of| of == change).unwrap();
    assert_eq!(rows.born_time[at("restated")], Some(START + SECOND));
    assert_eq!(rows.valid_from_time[at("restated")], START + SECOND);
    assert_eq!(
        rows.vif_id[at("gone")],
        written.vif_id[row_of(&written, "goes")]
    );
    assert_ne!(rows.vif_id[at("born")], rows.vif_id[at("gone")]);
    assert_eq!(rows.vif_key[at("born")], rows.vif_key[at("gone")]);
    let (stays, fresh) = (rows.vif_id[at("restated")], rows.vif_id[at("born")]);
    let counted = world.sweep(&[(HOME, 7, sent(300)), (HOME, 8, sent(4))]);
    let of = |id| counted.vif_id.iter().position(|of| *of == id).unwrap();
    assert_eq!(
        (
            counted.tx_packets[of(stays)],
            counted.delta_kind[of(stays)].as_ref()
        ),
        (290, "gap")
    );
    assert_eq!(
        (
            counted.tx_packets[of(fresh)],
            counted.delta_kind[of(fresh)].as_ref()
        ),
        (4, "gap")
    );
    assert_eq!(counted.time[of(fresh)], START + 10 * SECOND);
    assert_eq!(counted.len(), 2);
}

#[test]
fn a_birth_that_was_written_but_never_read_still_counts_from_zero() {
    let mut world = World::new();
    world.at(1);
    world.events(vec![(HOME, new(link(7, "a", "bridge")))], &[(HOME, 7, 100)]);
    let written = world.rows();
    let mut world = restarted(&[&written], &[], None);
    world.at(5);
    world.dump(HOME, vec![(link(7, "a", "bridge"), 100)]);
    let counted = world.sweep(&[(HOME, 7, sent(9))]);
    assert_eq!(
        (counted.tx_packets[0], counted.delta_kind[0].as_ref()),
        (9, "new")
    );
    assert_eq!(counted.time, [START + SECOND]);
}

#[test]
fn where_newer_readings_were_lost_nothing_is_counted_twice() {
    let mut world = World::new();
    world.at(1);
    world.events(vec![(HOME, new(link(7, "a", "bridge")))], &[(HOME, 7, 100)]);
    let written = world.rows();
    let mut world = restarted(&[&written], &[], None);
    world.table.restore_without_counters();
    world.at(5);
    world.dump(HOME, vec![(link(7, "a", "bridge"), 100)]);
    let first = world.sweep(&[(HOME, 7, sent(9))]);
    assert_eq!(
        (
            first.tx_packets[0],
            first.duration_ns[0],
            first.delta_kind[0].as_ref()
        ),
        (0, 0, "new")
    );
    let next = world.at(15).sweep(&[(HOME, 7, sent(12))]);
    assert_eq!(
        (next.tx_packets[0], next.delta_kind[0].as_ref()),
        (3, "clean")
    );
}

#[test]
fn what_may_not_be_seen_any_more_is_not_called_gone() {
    let mut world = World::new();
    world.events(vec![(BLUE, new(link(7, "a", "bridge")))], &[(BLUE, 7, 100)]);
    let written = world.rows();
    let mut world = restarted(&[&written], &[], None);
    world.dump(HOME, vec![]);
    world.table.look_complete(world.now, false);
    assert_eq!(world.rows().len(), 0);
}

#[test]
fn links_without_sysfs_keep_their_ids_over_a_restart() {
    let seen = |world: &mut World| {
        let dump = Dump {
            namespace: HOME,
            time_ns: world.now,
            links: vec![link(7, "a", "bridge")],
            devices: HashMap::from([(7, Device::default())]),
            ..Dump::default()
        };
        world.table.dump_seen(dump, &HashSet::new());
    };
    let mut world = World::new();
    seen(&mut world);
    let written = world.rows();
    assert_eq!(written.identity_origin, ["cookie"]);
    let (_, incarnation) = world.table.look();
    let mut world = restarted(&[&written], &[], None);
    world.table.restore_look(None, incarnation);
    seen(&mut world);
    assert_eq!(
        world.table.propose_inventory(START, true).vif_id,
        written.vif_id
    );
    world.table.commit();
    // Deleted and made again under the same ifindex it is another one.
    world.events(vec![(HOME, died(link(7, "a", "bridge"), sent(0)))], &[]);
    seen(&mut world);
    assert_ne!(
        world.table.propose_inventory(START, true).vif_id[1],
        written.vif_id[0]
    );
}

#[test]
fn queue_counters_join_the_links() {
    let mut world = World::new();
    world.events(vec![(HOME, new(link(7, "a", "bridge")))], &[(HOME, 7, 100)]);
    world.rows();
    let queue = |packets, drops| QdiscStats {
        ifindex: 7,
        packets,
        drops,
        backlog_bytes: 77,
        backlog_packets: 3,
        ..QdiscStats::default()
    };
    let mut read = |now: i64, packets, drops| {
        let reading = NamespaceReading {
            namespace: HOME,
            time_ns: START + now * SECOND,
            links: &[(7, sent(packets))],
            qdiscs: &[queue(packets, drops)],
        };
        let proposal = world.table.propose_counters(&[reading], &HashSet::new());
        world.table.commit();
        proposal
    };
    let first = read(10, 10, u32::MAX - 4);
    assert!(
        first.stale.contains(&HOME),
        "a queue that was not known is read anew"
    );
    let second = read(20, 20, 5).rows;
    assert_eq!(
        (
            second.qdisc_dropped_packets[0],
            second.delta_kind[0].as_ref()
        ),
        (10, "wrap")
    );
    assert_eq!(
        (
            second.qdisc_backlog_bytes[0],
            second.qdisc_backlog_packets[0]
        ),
        (77, 3)
    );
    let third = read(30, 5, 0).rows;
    assert_eq!(
        (third.qdisc_dropped_packets[0], third.delta_kind[0].as_ref()),
        (0, "reset")
    );
    let told = world.table.propose_events();
    assert_eq!(
        (told.event[0].as_ref(), told.subject[0].as_str()),
        ("counters_reset", "h//a")
    );
}

#[test]
fn whose_reading_it_is_is_not_guessed() {
    let mut world = World::new();
    world.events(vec![(HOME, new(link(7, "a", "bridge")))], &[(HOME, 7, 100)]);
    world.at(10).sweep(&[(HOME, 7, sent(1_000))]);
    // While the sweep was made the link died and another one took its ifindex.
    let reading = NamespaceReading {
        namespace: HOME,
        time_ns: START + 20 * SECOND,
        links: &[(7, sent(3))],
        qdiscs: &[],
    };
    let rows = world
        .table
        .propose_counters(&[reading], &HashSet::from([(HOME, 7)]))
        .rows;
    assert_eq!(
        (
            rows.tx_packets[0],
            rows.tx_packets_total[0],
            rows.duration_ns[0]
        ),
        (0, 1_000, 0)
    );
}

#[test]
fn random_histories_lose_and_double_nothing() {
    for seed in 1..=300_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut dice = |sides: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % sides
        };
        let mut world = World::new();
        world.events(vec![(HOME, new(link(7, "a", "bridge")))], &[(HOME, 7, 100)]);
        let (mut truth, mut sum, mut second) = (0_u64, 0_u64, 0);
        let (mut written, mut counted) = (vec![world.rows()], Vec::new());
        let (mut place, mut ifindex) = (HOME, 7_u32);
        for _ in 0..60 {
            truth += dice(1_000);
            second += 1 + i64::try_from(dice(30)).unwrap();
            world.at(second);
            match dice(6) {
                0 => {
                    // A move, told in one batch.
                    let (to, new_ifindex) = (
                        if place == HOME { BLUE } else { HOME },
                        7 + u32::try_from(dice(3)).unwrap(),
                    );
                    let moved = Change::Moved {
                        ifindex,
                        to: Some(to),
                        new_ifindex,
                    };
                    world.events(
                        vec![(place, moved), (to, new(link(new_ifindex, "a", "bridge")))],
                        &[(to, new_ifindex, 100)],
                    );
                    (place, ifindex) = (to, new_ifindex);
                    written.push(world.rows());
                }
                1 => {
                    // The spool is full.
                    world.propose(&[(place, ifindex, sent(truth))]);
                    world.table.discard();
                }
                2 => {
                    // Killed after the commit or before it.
                    let rows = world.propose(&[(place, ifindex, sent(truth))]);
                    if dice(2) == 0 {
                        sum += rows.tx_packets.iter().sum::<u64>();
                        counted.push(rows);
                    }
                    let written: Vec<_> = written.iter().collect();
                    let counted: Vec<_> = counted.iter().collect();
                    world = restarted(&written, &counted, None);
                    world.at(second);
                    world.dump(
                        HOME,
                        if place == HOME {
                            vec![(link(ifindex, "a", "bridge"), 100)]
                        } else {
                            vec![]
                        },
                    );
                    world.dump(
                        BLUE,
                        if place == BLUE {
                            vec![(link(ifindex, "a", "bridge"), 100)]
                        } else {
                            vec![]
                        },
                    );
                    world.table.look_complete(world.now, true);
                }
                _ => {
                    let rows = world.sweep(&[(place, ifindex, sent(truth))]);
                    sum += rows.tx_packets.iter().sum::<u64>();
                    counted.push(rows);
                }
            }
            assert!(sum <= truth, "seed {seed}: {sum} > {truth}");
        }
        let rows = world.at(second + 5).sweep(&[(place, ifindex, sent(truth))]);
        assert_eq!(
            sum + rows.tx_packets.iter().sum::<u64>(),
            truth,
            "seed {seed}"
        );
    }
}
