//! Events of real interfaces, at home and in other namespaces.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod ground;

use std::time::{Duration, Instant};

use ground::{has_root, home, run, Named, DEADLINE};
use probes::dump::{self, Elsewhere};
use probes::monitor::{Change, Event, Monitor};
use probes::nsid;
use wire::record::Link;

/// Reads until an event is what `wanted` says, and returns all events up to then.
fn until(monitor: &mut Monitor, what: &str, mut wanted: impl FnMut(&Event) -> bool) -> Vec<Event> {
    let end = Instant::now() + DEADLINE;
    let mut events = Vec::new();
    let mut seen = 0;
    loop {
        monitor
            .read(Duration::from_millis(100), &mut events)
            .unwrap();
        if events[seen..].iter().any(&mut wanted) {
            return events;
        }
        seen = events.len();
        assert!(
            Instant::now() < end,
            "{what} was not heard; heard {events:#?}"
        );
    }
}

fn new_link<'a>(event: &'a Event, name: &str) -> Option<&'a Link> {
    match &event.change {
        Change::NewLink(link) if link.name == name => Some(link),
        _ => None,
    }
}

fn gone_link<'a>(event: &'a Event, name: &str) -> Option<&'a Link> {
    match &event.change {
        Change::DelLink(link) if link.name == name => Some(link),
        _ => None,
    }
}

/// A link's birth and address in a namespace with a nsid are heard at home, under that nsid.
#[test]
fn births_elsewhere_are_heard() {
    if !has_root() {
        return;
    }
    let home = home();
    let named = Named::new();
    let mut monitor = Monitor::open(&home).unwrap();
    assert!(monitor.hears_all_namespaces());
    let nsid = nsid::assign(&home, &named.place(&home)).unwrap();
    named.run("ip link add in0 type veth peer name in1");
    named.run("ip addr add 192.0.2.9/24 dev in0");
    named.run("ip addr del 192.0.2.9/24 dev in0");
    let events = until(&mut monitor, "the end of the address", |event| {
        matches!(event.change, Change::DelAddress(_))
    });
    assert!(events
        .iter()
        .any(|event| event.change == Change::NewNsid(nsid) && event.nsid.is_none()));
    let born = events
        .iter()
        .find(|event| new_link(event, "in0").is_some())
        .unwrap();
    assert_eq!(born.nsid, Some(nsid));
    assert!(born.time_ns > 0);
    let address = events.iter().find_map(|event| match &event.change {
        Change::NewAddress(address) => Some((
            event.nsid,
            address.address[12..].to_vec(),
            address.prefix_length,
        )),
        _ => None,
    });
    assert_eq!(address, Some((Some(nsid), vec![192, 0, 2, 9], 24)));
}

/// A dying link's last event carries its final statistics.
#[test]
fn a_death_carries_the_final_statistics() {
    if !has_root() {
        return;
    }
    let home = home();
    run("ip link add up0 type veth peer name down0");
    run("sysctl -qw net.ipv6.conf.up0.disable_ipv6=1 net.ipv6.conf.down0.disable_ipv6=1");
    run("ip addr add 192.0.2.1/24 dev up0");
    run("ip link set down0 up");
    run("ip link set up0 up");
    run("ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev up0 nud permanent");
    let socket = std::net::UdpSocket::bind("192.0.2.1:0").unwrap();
    for _ in 0..7 {
        socket.send_to(&[0; 58], "192.0.2.2:9").unwrap();
    }
    let mut monitor = Monitor::open(&home).unwrap();
    run("ip link del down0");
    let events = until(&mut monitor, "the death of up0", |event| {
        gone_link(event, "up0").is_some()
    });
    let gone = events
        .iter()
        .find_map(|event| gone_link(event, "up0"))
        .unwrap();
    let stats = gone.stats.unwrap();
    assert_eq!(
        (stats.tx_packets, stats.tx_bytes, gone.new_netnsid),
        (7, 7 * 100, None)
    );
}

/// A move is told from a death, and where the link went is resolved.
#[test]
fn a_move_is_no_death() {
    if !has_root() {
        return;
    }
    let home = home();
    let (one, other) = (Named::new(), Named::new());
    let at_one = nsid::assign(&home, &one.place(&home)).unwrap();
    let at_other = nsid::assign(&home, &other.place(&home)).unwrap();
    run("ip link add up0 type veth peer name down0");
    let mut monitor = Monitor::open(&home).unwrap();
    run(&format!("ip link set down0 netns {}", one.name));
    let events = until(&mut monitor, "the arrival", |event| {
        new_link(event, "down0").is_some_and(|_| event.nsid.is_some())
    });
    let left = events
        .iter()
        .find_map(|event| gone_link(event, "down0"))
        .unwrap();
    assert_eq!(
        dump::elsewhere(&home, None, &[left.new_netnsid.unwrap()]),
        Ok(vec![(at_one, Elsewhere::Nsid(at_one))])
    );
    assert!(left.new_ifindex.is_some());

    // From one container to another: the number in the event is the container's own.
    one.run(&format!("ip link set down0 netns {}", other.name));
    let arrived =
        |event: &Event| new_link(event, "down0").is_some_and(|_| event.nsid == Some(at_other));
    let events = until(&mut monitor, "the second arrival", arrived);
    let left = events
        .iter()
        .find(|event| gone_link(event, "down0").is_some())
        .unwrap();
    assert_eq!(left.nsid, Some(at_one));
    let local = gone_link(left, "down0").unwrap().new_netnsid.unwrap();
    assert_eq!(
        dump::elsewhere(&home, left.nsid, &[local]),
        Ok(vec![(local, Elsewhere::Nsid(at_other))])
    );
}

/// Links that end with their namespace are not told of; only the end of its nsid is, and the death of a veth's other end.
#[test]
fn a_namespace_ends_in_silence() {
    if !has_root() {
        return;
    }
    let home = home();
    let mut named = Named::new();
    let nsid = nsid::assign(&home, &named.place(&home)).unwrap();
    run(&format!(
        "ip link add up0 type veth peer name down0 netns {}",
        named.name
    ));
    named.run("ip link add in0 type veth peer name in1");
    let mut monitor = Monitor::open(&home).unwrap();
    named.delete();
    let mut ended = (false, false);
    let events = until(&mut monitor, "the end of the nsid and of up0", |event| {
        ended.0 |= event.change == Change::DelNsid(nsid);
        ended.1 |= gone_link(event, "up0").is_some();
        ended == (true, true)
    });
    for name in ["in0", "in1", "down0"] {
        assert!(
            !events.iter().any(|event| gone_link(event, name).is_some()),
            "{name}: {events:#?}"
        );
    }
}

/// A port that leaves its bridge is no death, although the bridge says so with the same message type.
#[test]
fn leaving_a_bridge_is_no_death() {
    if !has_root() {
        return;
    }
    let home = home();
    run("ip link add br0 type bridge");
    run("ip link add up0 type veth peer name down0");
    run("ip link set up0 master br0");
    let mut monitor = Monitor::open(&home).unwrap();
    run("ip link set up0 nomaster");
    run("ip link set down0 mtu 1400");
    let last = |event: &Event| new_link(event, "down0").is_some_and(|link| link.mtu_bytes == 1400);
    let events = until(&mut monitor, "the MTU", last);
    assert!(events
        .iter()
        .any(|event| new_link(event, "up0").is_some_and(|link| link.master == 0)));
    assert!(
        !events
            .iter()
            .any(|event| matches!(event.change, Change::DelLink(_) | Change::Malformed(_))),
        "{events:#?}"
    );
}

/// A thousand interfaces born in one go are all heard, and a dump afterwards agrees.
#[test]
fn a_thousand_births_at_once_are_heard() {
    if !has_root() {
        return;
    }
    let home = home();
    let named = Named::new();
    let place = named.place(&home);
    let nsid = nsid::assign(&home, &place).unwrap();
    let mut monitor = Monitor::open(&home).unwrap();
    let batch: String = (0..500)
        .map(|number| format!("link add a{number} type veth peer name b{number}\n"))
        .collect();
    let file = std::env::temp_dir().join(format!("{}.batch", named.name));
    std::fs::write(&file, batch).unwrap();
    named.run(&format!("ip -batch {}", file.display()));
    std::fs::remove_file(&file).unwrap();
    let mut born = std::collections::BTreeSet::new();
    until(&mut monitor, "all thousand", |event| {
        assert_ne!(event.change, Change::Overflow);
        if let Change::NewLink(link) = &event.change {
            assert_eq!(event.nsid, Some(nsid));
            born.insert(link.ifindex);
        }
        born.len() == 1000
    });
    let dump = dump::namespace(&home, &place).unwrap();
    assert!(!dump.interrupted);
    let listed: std::collections::BTreeSet<u32> = dump
        .links
        .iter()
        .filter(|link| link.name != "lo")
        .map(|link| link.ifindex)
        .collect();
    assert_eq!(listed, born);
}

/// Events that find no room are not lost in silence.
#[test]
fn an_overflow_is_an_event() {
    if !has_root() {
        return;
    }
    let home = home();
    let mut monitor = Monitor::with_room(&home, 4096).unwrap();
    for number in 0..8 {
        run(&format!(
            "ip link add a{number} type veth peer name b{number}"
        ));
    }
    until(&mut monitor, "the overflow", |event| {
        event.change == Change::Overflow
    });
    // It hears again afterwards.
    run("ip link set a0 mtu 1400");
    until(&mut monitor, "the MTU", |event| {
        new_link(event, "a0").is_some_and(|link| link.mtu_bytes == 1400)
    });
}

/// A monitor opened on a thread that is away from home is refused: it would report everything under wrong names.
#[test]
fn a_monitor_is_opened_at_home_only() {
    if !has_root() {
        return;
    }
    let home = home();
    let named = Named::new();
    let place = named.place(&home);
    assert!(home.visit(&place, || Monitor::open(&home)).is_err());
}

/// The alias of a link that is down changes without a word (netdev_state_change in net/core/dev.c): only a resync shows it.
#[test]
fn the_alias_of_a_link_that_is_down_is_not_heard() {
    if !has_root() {
        return;
    }
    let home = home();
    run("ip link add up0 type veth peer name down0");
    let mut monitor = Monitor::open(&home).unwrap();
    run("ip link set up0 alias owner=web");
    run("ip link set down0 mtu 1400");
    let events = until(&mut monitor, "the MTU", |event| {
        new_link(event, "down0").is_some()
    });
    assert!(!events.iter().any(|event| new_link(event, "up0").is_some()));
    let dump = dump::namespace(&home, &home.place()).unwrap();
    assert!(dump
        .links
        .iter()
        .any(|link| link.name == "up0" && link.alias == "owner=web"));
}
