//! Messages that a kernel sent (`captures/`, made by `captures/record.py`), whole, cut at every length, and damaged.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use wire::netlink::{messages, Message, NLMSG_DONE};
use wire::record::{Address, Link, Qdisc};
use wire::rtnetlink::{RTM_DELADDR, RTM_DELLINK, RTM_NEWLINK, RTM_NEWNSID};

const CAPTURES: [(&str, &[u8]); 7] = [
    ("links", include_bytes!("captures/links.bin")),
    ("addresses", include_bytes!("captures/addresses.bin")),
    ("qdiscs", include_bytes!("captures/qdiscs.bin")),
    ("classes", include_bytes!("captures/classes.bin")),
    ("stats", include_bytes!("captures/stats.bin")),
    ("nsids", include_bytes!("captures/nsids.bin")),
    ("events", include_bytes!("captures/events.bin")),
];

fn of(name: &str) -> impl Iterator<Item = Message<'static>> + '_ {
    let (_, bytes) = CAPTURES
        .iter()
        .find(|(capture, _)| *capture == name)
        .unwrap();
    messages(bytes)
        .map(|message| message.unwrap())
        .filter(|message| message.kind != NLMSG_DONE)
}

fn links() -> Vec<Link> {
    of("links")
        .filter_map(|message| wire::link::link(message.body).unwrap())
        .collect()
}

fn link(name: &str) -> Link {
    links().into_iter().find(|link| link.name == name).unwrap()
}

/// Every parser on the same bytes; what comes of it, so that the optimiser keeps it.
fn parse_all(body: &[u8]) -> usize {
    let mut understood = 0;
    if let Ok(Some(link)) = wire::link::link(body) {
        let text = [&link.name, &link.kind, &link.alias, &link.parent_device];
        // A byte that is no UTF-8 takes three.
        assert!(text.iter().all(|text| text.len() <= 3 * body.len()));
        understood += 1;
    }
    understood += usize::from(matches!(wire::stats::stats(body), Ok(Some(_))));
    understood += usize::from(matches!(wire::address::address(body), Ok(Some(_))));
    understood += usize::from(matches!(wire::qdisc::qdisc(body), Ok(Some(_))));
    understood += usize::from(matches!(wire::qdisc::qdisc_stats(body), Ok(Some(_))));
    understood += usize::from(matches!(wire::qdisc::htb_default_class(body), Ok(Some(_))));
    understood += usize::from(matches!(wire::qdisc::htb_class(body), Ok(Some(_))));
    understood += usize::from(wire::nsid::nsid(body).is_ok());
    understood
}

/// Links of all recorded kinds say what was set up.
#[test]
fn recorded_links_are_understood() {
    let (bridge, up) = (link("br0"), link("up0"));
    assert_eq!(
        (&*bridge.kind, bridge.link, bridge.master),
        ("bridge", 0, 0)
    );
    assert_eq!(
        (&*up.kind, up.mtu_bytes, up.master, up.link_netnsid),
        ("veth", 1400, bridge.ifindex, Some(0))
    );
    assert_eq!(up.hardware_address, [2, 0, 0, 0, 0, 7]);
    assert_eq!(up.alias, "owner=web;service=shop;rate=100mbit");
    assert_eq!(
        (
            link("mv0").link,
            link("mv0").link_netnsid,
            &*link("mv0").kind
        ),
        (bridge.ifindex, None, "macvlan")
    );
    assert_eq!(
        (link("vx0").vni, link("vx0").link),
        (Some(70_000), bridge.ifindex)
    );
    assert_eq!((link("tap0").is_tap, link("tun0").is_tap), (true, false));
    assert_eq!(
        (
            &*link("lo").kind,
            link("lo").hardware_type,
            link("lo").flags & 1
        ),
        ("", 772, 1)
    );
    assert_eq!(
        (link("m0").link, link("m1").link),
        (link("m1").ifindex, link("m0").ifindex)
    );
    assert!(link("m0").carrier && link("m0").operstate == 6 && link("m0").stats.is_some());
}

/// Statistics alone are the same as those inside the link.
#[test]
fn recorded_statistics_are_understood() {
    let stats: Vec<_> = of("stats")
        .map(|message| wire::stats::stats(message.body).unwrap().unwrap())
        .collect();
    let links = links();
    assert_eq!(
        stats
            .iter()
            .map(|(ifindex, _)| *ifindex)
            .collect::<Vec<_>>(),
        links.iter().map(|link| link.ifindex).collect::<Vec<_>>()
    );
}

/// Addresses are mapped, and on a point-to-point address the own end counts.
#[test]
fn recorded_addresses_are_understood() {
    let bridge = link("br0").ifindex;
    let addresses: Vec<Address> = of("addresses")
        .filter_map(|message| wire::address::address(message.body).unwrap())
        .filter(|address| address.ifindex == bridge)
        .collect();
    let shown: Vec<String> = addresses
        .iter()
        .map(|address| {
            format!(
                "{}/{}",
                std::net::Ipv6Addr::from(address.address),
                address.prefix_length
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "::ffff:192.0.2.1/24",
            "::ffff:198.51.100.1/32",
            "2001:db8::1/64"
        ]
    );
}

/// Only roots become records; clsact does not, and a htb's rate needs its classes.
#[test]
fn recorded_queues_are_understood() {
    let queues: Vec<(Qdisc, Option<u32>)> = of("qdiscs")
        .filter_map(|message| {
            let queue = wire::qdisc::qdisc(message.body).unwrap()?;
            let stats = wire::qdisc::qdisc_stats(message.body).unwrap().unwrap();
            assert_eq!(
                (queue.ifindex, queue.packets, queue.drops),
                (stats.ifindex, stats.packets, stats.drops)
            );
            Some((queue, wire::qdisc::htb_default_class(message.body).unwrap()))
        })
        .collect();
    let root = |name: &str| {
        let ifindex = link(name).ifindex;
        let mut roots = queues.iter().filter(|(queue, _)| queue.ifindex == ifindex);
        let root = roots.next().unwrap();
        assert!(roots.next().is_none());
        root
    };
    assert_eq!(of("qdiscs").count(), queues.len() + 1, "clsact is left out");
    assert_eq!(
        (&*root("up0").0.kind, root("up0").0.rate_bytes_per_second),
        ("tbf", Some(10_000_000))
    );
    let (htb, default_class) = root("m0");
    assert_eq!(
        (&*htb.kind, htb.rate_bytes_per_second, *default_class),
        ("htb", None, Some(0x20))
    );
    let classes: Vec<_> = of("classes")
        .filter_map(|message| wire::qdisc::htb_class(message.body).unwrap())
        .collect();
    let rates: Vec<_> = classes
        .iter()
        .map(|class| (class.handle, class.rate_bytes_per_second))
        .collect();
    let mut sorted = rates.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            (0x1_0001, 5_000_000),
            (0x1_0010, 1_250_000),
            (0x1_0020, 12_500_000_000)
        ]
    );
    assert_eq!(wire::qdisc::htb_rate(0x20, &classes), Some(5_000_000));
    assert_eq!(wire::qdisc::htb_rate(0x30, &classes), None);
    assert_eq!(wire::qdisc::htb_rate(0, &classes), None);
}

/// A bridge's word about a leaving port is passed over; a move says where to; a death has its statistics.
#[test]
fn recorded_events_are_understood() {
    let deaths = || of("events").filter(|message| message.kind == RTM_DELLINK);
    let gone: Vec<Link> = deaths()
        .filter_map(|message| wire::link::link(message.body).unwrap())
        .collect();
    let told = |name: &str| gone.iter().find(|link| link.name == name).unwrap();
    assert!(
        deaths().count() > gone.len(),
        "the bridge's own message has the same type"
    );
    assert_eq!(gone.iter().filter(|link| link.name == "up0").count(), 1);
    assert_eq!(told("up0").new_netnsid, Some(0));
    assert!(told("up0").new_ifindex.is_some());
    assert_eq!(told("m1").new_netnsid, None);
    assert!(told("m1").stats.is_some());
    let left: Vec<Address> = of("events")
        .filter(|message| message.kind == RTM_DELADDR)
        .filter_map(|message| wire::address::address(message.body).unwrap())
        .collect();
    assert!(left
        .iter()
        .any(|address| address.address[12..] == [192, 0, 2, 1]));
    assert!(of("events").any(|message| message.kind == RTM_NEWLINK));
    let nsids: Vec<_> = of("nsids")
        .map(|message| (message.kind, wire::nsid::nsid(message.body).unwrap().nsid))
        .collect();
    assert_eq!(nsids, [(RTM_NEWNSID, Some(0))]);
}

/// A message that is cut anywhere is understood less or refused, and never more than the whole.
#[test]
fn cut_messages_cost_nothing() {
    for (name, bytes) in CAPTURES {
        let whole = messages(bytes).count();
        for length in 0..bytes.len() {
            let (mut good, mut flawed) = (0, 0);
            for message in messages(&bytes[..length]) {
                match message {
                    Ok(_) => good += 1,
                    Err(_) => flawed += 1,
                }
            }
            assert!(good < whole && flawed <= 1, "{name} cut at {length}");
        }
        let mut understood = 0;
        for message in messages(bytes) {
            let body = message.unwrap().body;
            understood += parse_all(body);
            for length in 0..body.len() {
                parse_all(&body[..length]);
            }
        }
        assert!(understood > 0, "{name}");
    }
    // Cut inside its fixed part, each kind is refused.
    for (name, parse, fixed) in [
        (
            "links",
            (|body| wire::link::link(body).is_err()) as fn(&[u8]) -> bool,
            16,
        ),
        ("stats", |body| wire::stats::stats(body).is_err(), 12),
        ("addresses", |body| wire::address::address(body).is_err(), 8),
        ("qdiscs", |body| wire::qdisc::qdisc(body).is_err(), 20),
        ("classes", |body| wire::qdisc::htb_class(body).is_err(), 20),
        ("nsids", |body| wire::nsid::nsid(body).is_err(), 4),
    ] {
        let message = of(name).next().unwrap();
        assert!(
            (0..fixed).all(|length| parse(&message.body[..length])),
            "{name}"
        );
        // Five bytes less than the whole cut the last attribute: up to three are padding.
        assert!(parse(&message.body[..message.body.len() - 5]), "{name}");
    }
}

/// Damaged messages and noise never panic and never give a text longer than the message.
#[test]
fn hostile_bytes_cost_nothing() {
    let bodies: Vec<&[u8]> = CAPTURES
        .iter()
        .flat_map(|(_, bytes)| messages(bytes).map(|message| message.unwrap().body))
        .collect();
    let mut random = Random(0x5eed);
    let mut understood = 0;
    for round in 0..60_000 {
        let mut body = bodies[random.below(bodies.len())].to_vec();
        for _ in 0..=random.below(4) {
            let position = random.below(body.len());
            body[position] = match random.below(4) {
                0 => 0,
                1 => 0xff,
                _ => random.next() as u8,
            };
        }
        if round % 5 == 0 {
            body.iter_mut().for_each(|byte| *byte = random.next() as u8);
        }
        understood += parse_all(&body);
        assert!(messages(&body).count() <= body.len() / 16 + 1);
    }
    assert!(
        understood > 10_000,
        "the damage was too great to reach the inner parts: {understood}"
    );
}

/// xorshift64: the same bytes on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}
