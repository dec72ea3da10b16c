//! Real interfaces: what dumps, sysfs, sweeps and tap scans say of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod ground;

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;

use ground::{has_root, home, run, without_capabilities, Named};
use probes::dump::{Elsewhere, NamespaceDump};
use probes::sweep::Sweep;
use probes::{dump, nsid, sysfs, tap, Home, Kind, NamespacePlace};
use wire::record::{Link, Qdisc};

fn link<'a>(dump: &'a NamespaceDump, name: &str) -> &'a Link {
    dump.links
        .iter()
        .find(|link| link.name == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

fn qdisc<'a>(dump: &'a NamespaceDump, name: &str) -> &'a Qdisc {
    let ifindex = link(dump, name).ifindex;
    dump.qdiscs
        .iter()
        .find(|qdisc| qdisc.ifindex == ifindex)
        .unwrap_or_else(|| panic!("no queue of {name}"))
}

/// Every kind of interface that this kernel makes is told apart, with its own facts.
#[test]
fn a_dump_tells_kinds_apart() {
    if !has_root() {
        return;
    }
    let home = home();
    let named = Named::new();
    run("ip link add br0 type bridge");
    run(&format!(
        "ip link add up0 mtu 1400 type veth peer name down0 netns {}",
        named.name
    ));
    run("ip link set up0 master br0");
    run("ip link set up0 address 02:00:00:00:00:07 up alias owner=web;service=shop");
    run("ip addr add 192.0.2.1/24 dev br0");
    run("ip addr add 2001:db8::1/64 dev br0");
    run("ip addr add 198.51.100.1 peer 198.51.100.2/32 dev br0");
    run("ip link add vx0 type vxlan id 70000 dstport 4789 dev br0");
    run("ip link add mv0 link br0 type macvlan mode bridge");
    run("ip tuntap add tap0 mode tap");
    run("ip tuntap add tun0 mode tun");
    let here = dump::namespace(&home, &home.place()).unwrap();
    assert!(!here.interrupted);
    assert_eq!(here.cookie, home.cookie());
    let kinds: HashMap<&str, &str> = here
        .links
        .iter()
        .map(|link| (&*link.name, &*link.kind))
        .collect();
    for (name, kind) in [
        ("lo", ""),
        ("br0", "bridge"),
        ("up0", "veth"),
        ("vx0", "vxlan"),
        ("mv0", "macvlan"),
    ] {
        assert_eq!(kinds[name], kind, "{name}");
    }
    assert_eq!((kinds["tap0"], link(&here, "tap0").is_tap), ("tun", true));
    assert_eq!((kinds["tun0"], link(&here, "tun0").is_tap), ("tun", false));
    let bridge = link(&here, "br0");
    let up = link(&here, "up0");
    assert_eq!(
        (up.master, up.mtu_bytes, &*up.alias),
        (bridge.ifindex, 1400, "owner=web;service=shop")
    );
    assert_eq!(up.hardware_address, [2, 0, 0, 0, 0, 7]);
    assert_eq!(
        (link(&here, "mv0").link, link(&here, "mv0").link_netnsid),
        (bridge.ifindex, None)
    );
    assert_eq!(
        (link(&here, "vx0").vni, link(&here, "vx0").link),
        (Some(70_000), bridge.ifindex)
    );
    assert!(up.stats.is_some());

    let mut addresses: Vec<String> = (here.addresses.iter())
        .filter(|address| address.ifindex == bridge.ifindex)
        .map(|address| {
            format!(
                "{}/{}",
                std::net::Ipv6Addr::from(address.address).to_canonical(),
                address.prefix_length
            )
        })
        .collect();
    addresses.sort();
    assert_eq!(
        addresses,
        ["192.0.2.1/24", "198.51.100.1/32", "2001:db8::1/64"]
    );

    // The bridge was never up: of its peer's namespace only the nsid is known here.
    let nsid = nsid::get(&home, &named.place(&home)).unwrap();
    assert_eq!(
        (up.link_netnsid, here.elsewhere.clone()),
        (nsid, vec![(nsid.unwrap(), Elsewhere::Nsid(nsid.unwrap()))])
    );
    let there = dump::namespace(&home, &named.place(&home)).unwrap();
    assert_eq!(link(&there, "down0").link, up.ifindex);
    assert_eq!(up.link, link(&there, "down0").ifindex);
    assert_eq!(
        there.elsewhere,
        [(link(&there, "down0").link_netnsid.unwrap(), Elsewhere::Home)]
    );
}

/// A veth between two containers is resolved from both ends, although neither end is at home and the local numbers differ.
#[test]
fn peers_in_third_namespaces_are_found() {
    if !has_root() {
        return;
    }
    let home = home();
    let (one, other, far) = (Named::new(), Named::new(), Named::new());
    // So that numbers in `one` are not those of home by accident.
    for (position, peer) in [&far, &other].into_iter().enumerate() {
        run(&format!(
            "ip -n {} link add a{position} type veth peer name b{position} netns {}",
            one.name, peer.name
        ));
    }
    let place = |named: &Named| {
        let mut place = named.place(&home);
        place.nsid = Some(nsid::assign(&home, &place).unwrap());
        place
    };
    let (at_other, at_far, at_one) = (place(&other), place(&far), place(&one));
    assert_ne!(at_other.nsid, at_one.nsid);
    let dump = dump::namespace(&home, &at_one).unwrap();
    let meant = |name: &str| {
        let local = link(&dump, name).link_netnsid.unwrap();
        dump.elsewhere
            .iter()
            .find(|(number, _)| *number == local)
            .unwrap()
            .1
    };
    assert_eq!(meant("a0"), Elsewhere::Nsid(at_far.nsid.unwrap()));
    assert_eq!(meant("a1"), Elsewhere::Nsid(at_other.nsid.unwrap()));
    let back = dump::namespace(&home, &at_other).unwrap();
    assert_eq!(
        back.elsewhere,
        [(
            link(&back, "b1").link_netnsid.unwrap(),
            Elsewhere::Nsid(at_one.nsid.unwrap())
        )]
    );

    // Without a nsid of its own the third namespace cannot be told; and a nsid that nobody has is gone.
    let blind = dump::namespace(
        &home,
        &NamespacePlace {
            nsid: None,
            ..at_one.clone()
        },
    )
    .unwrap();
    assert!(blind
        .elsewhere
        .iter()
        .all(|(_, meant)| *meant == Elsewhere::Unknown));
    assert_eq!(
        dump::elsewhere(&home, Some(999), &[0]).unwrap_err().kind,
        Kind::Gone
    );
    assert_eq!(
        dump::elsewhere(&home, at_one.nsid, &[77]),
        Ok(vec![(77, Elsewhere::Unknown)])
    );
}

/// The provisioned rate is what tbf or htb let through; without one it is not known.
#[test]
fn rates_are_read_from_root_queues() {
    if !has_root() {
        return;
    }
    let home = home();
    for number in 0..5 {
        run(&format!(
            "ip link add v{number} up type veth peer name w{number}"
        ));
    }
    run("ip link add m0 numtxqueues 4 type veth peer name m1 numtxqueues 4");
    run("tc qdisc add dev v0 root tbf rate 80mbit burst 100k latency 10ms");
    run("tc qdisc add dev v1 root tbf rate 100gbit burst 10m latency 10ms");
    run("tc qdisc add dev v2 root handle 1: htb default 20");
    run("tc class add dev v2 parent 1: classid 1:1 htb rate 40mbit");
    run("tc class add dev v2 parent 1:1 classid 1:10 htb rate 10mbit ceil 40mbit");
    run("tc class add dev v2 parent 1:1 classid 1:20 htb rate 30mbit ceil 40mbit");
    run("tc qdisc add dev v3 root handle 1: htb");
    run("tc class add dev v3 parent 1: classid 1:1 htb rate 40mbit");
    run("tc qdisc add dev v4 clsact");
    let dump = dump::namespace(&home, &home.place()).unwrap();
    let rate = |name: &str| {
        let qdisc = qdisc(&dump, name);
        (qdisc.kind.as_str(), qdisc.rate_bytes_per_second)
    };
    assert_eq!(rate("v0"), ("tbf", Some(10_000_000)));
    assert_eq!(
        rate("v1"),
        ("tbf", Some(12_500_000_000)),
        "more than 32 bits hold"
    );
    assert_eq!(rate("v2"), ("htb", Some(5_000_000)));
    assert_eq!(
        rate("v3"),
        ("htb", None),
        "what no filter names passes unshaped"
    );
    assert_eq!(rate("v4"), ("noqueue", None));
    let mut owners: Vec<u32> = dump.qdiscs.iter().map(|qdisc| qdisc.ifindex).collect();
    owners.dedup();
    assert_eq!(owners.len(), dump.qdiscs.len(), "one root a link");
}

/// The inode stays over rename and move, and is another one after re-creation with the same name and ifindex.
#[test]
fn sysfs_identity_is_that_of_the_kernel_device() {
    if !has_root() {
        return;
    }
    let home = home();
    let named = Named::new();
    let place = named.place(&home);
    let inode = |place: &NamespacePlace, name: &str| {
        let dump = dump::namespace(&home, place).unwrap();
        let found = sysfs::devices(&home, place, &[link(&dump, name)]).unwrap();
        assert_eq!(
            (found[0].driver.as_str(), found[0].speed_bits_per_second),
            ("", 0),
            "the speed of a veth is fiction"
        );
        found[0].inode
    };
    run("ip link add up0 index 700 type veth peer name down0 index 701");
    let first = inode(&home.place(), "up0");
    assert_ne!(first, inode(&home.place(), "down0"));
    run("ip link set up0 name renamed");
    assert_eq!(inode(&home.place(), "renamed"), first);
    run(&format!("ip link set renamed netns {}", named.name));
    assert_eq!(inode(&place, "renamed"), first);
    run("ip link del down0");
    run("ip link add up0 index 700 type veth peer name down0 index 701");
    assert_ne!(inode(&home.place(), "up0"), first);

    // A link that was renamed since the dump, or whose name another one has now, is left out.
    let dump = dump::namespace(&home, &home.place()).unwrap();
    let (up, down) = (link(&dump, "up0"), link(&dump, "down0"));
    run("ip link set up0 name other");
    run("ip link set down0 name up0");
    assert_eq!(
        sysfs::devices(&home, &home.place(), &[up, down]),
        Ok(vec![])
    );
    let hostile = Link {
        name: "../net/other".into(),
        ..up.clone()
    };
    assert_eq!(
        sysfs::devices(&home, &home.place(), &[&hostile]),
        Ok(vec![])
    );
}

/// Without the right to mount, the machine's own /sys gives the same inodes as a mounted sysfs.
#[test]
fn without_the_right_to_mount_only_the_own_sys_is_used() {
    if !has_root() {
        return;
    }
    let machine = Home::open().unwrap();
    let links = dump::namespace(&machine, &machine.place()).unwrap().links;
    let physical: Vec<&Link> = links
        .iter()
        .filter(|link| link.name == "lo" || !link.parent_device.is_empty())
        .collect();
    let mounted = sysfs::devices(&machine, &machine.place(), &physical).unwrap();
    assert_eq!(mounted.len(), physical.len());
    let own = without_capabilities(|| sysfs::devices(&machine, &machine.place(), &physical));
    if let Err(failure) = &own {
        // A machine whose /sys is another namespace's, such as a container.
        assert_eq!(failure.kind, Kind::Refused);
        eprintln!("note: /sys does not show this process's namespace");
    } else {
        assert_eq!(own, Ok(mounted));
    }
}

/// A namespace that /sys does not show is refused without the right to mount, so that no foreign inode becomes an identity.
#[test]
fn a_foreign_sys_is_refused() {
    if !has_root() {
        return;
    }
    let home = home();
    run("ip link add eth0 type veth peer name eth1");
    let links = dump::namespace(&home, &home.place()).unwrap().links;
    let links: Vec<&Link> = links.iter().collect();
    assert_eq!(
        sysfs::devices(&home, &home.place(), &links).unwrap().len(),
        3
    );
    let named = Named::new();
    let place = named.place(&home);
    let refused = without_capabilities(|| {
        [
            sysfs::devices(&home, &home.place(), &links),
            sysfs::devices(&home, &place, &links),
        ]
    });
    let is_refused = |answer: &probes::failure::Result<Vec<sysfs::Device>>| {
        answer
            .as_ref()
            .is_err_and(|failure| failure.kind == Kind::Refused)
    };
    assert!(refused.iter().all(is_refused), "{refused:?}");
}

/// Every counter of a sweep is the kernel's own, and a queue's drops are the packets that were sent and did not arrive.
#[test]
fn a_sweep_reads_what_the_kernel_counts() {
    if !has_root() {
        return;
    }
    let home = home();
    let named = Named::new();
    run(&format!(
        "ip link add up0 type veth peer name down0 netns {}",
        named.name
    ));
    run("ip addr add 192.0.2.1/24 dev up0");
    run("ip link set up0 up");
    run(&format!("ip -n {} link set down0 up", named.name));
    let address = run(&format!("ip -n {} -o link show down0", named.name));
    let address = address
        .split("link/ether ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    run(&format!(
        "ip neigh add 192.0.2.2 lladdr {address} dev up0 nud permanent"
    ));
    run("tc qdisc add dev up0 root tbf rate 8kbit burst 2k limit 4k");
    let socket = std::net::UdpSocket::bind("192.0.2.1:0").unwrap();
    for _ in 0..100 {
        socket.send_to(&[0; 958], "192.0.2.2:9").unwrap();
    }
    let places = [home.place(), named.place(&home)];
    let mut sweep = Sweep::default();
    for _ in 0..2 {
        sweep.read(&home, &places, true);
    }
    let (here, there) = (&sweep.readings[0], &sweep.readings[1]);
    assert_eq!((&here.failure, &there.failure), (&None, &None));
    assert!(here.time_ns > 0 && there.time_ns >= here.time_ns);
    let dump = dump::namespace(&home, &places[0]).unwrap();
    let up = link(&dump, "up0");
    let (_, stats) = sweep.links[here.links.clone()]
        .iter()
        .find(|(ifindex, _)| *ifindex == up.ifindex)
        .unwrap();
    let queue = sweep.qdiscs[here.qdiscs.clone()]
        .iter()
        .find(|queue| queue.ifindex == up.ifindex)
        .unwrap();
    let arrived = sweep.links[there.links.clone()]
        .iter()
        .map(|(_, stats)| stats.rx_packets)
        .max()
        .unwrap();
    assert!(arrived >= 2 && arrived <= stats.tx_packets);
    assert!(queue.drops >= 90, "{queue:?}");
    // IPv6 may have put a packet or two of its own into the queue.
    let offered = queue.packets + u64::from(queue.drops) + u64::from(queue.backlog_packets);
    assert!((100..106).contains(&offered), "{queue:?}");
    // What IPv6 sent first took its share of the burst, so one packet may be all that went through of it.
    assert!(
        queue.backlog_bytes >= 1000 && stats.tx_bytes >= 1000,
        "{queue:?} {stats:?}"
    );

    run(&format!("ip -n {} link set down0 down", named.name));
    run("ip link set up0 down");
    sweep.read(&home, &places, false);
    assert!(sweep.qdiscs.is_empty());
    let shown = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let shown = shown
        .lines()
        .find_map(|line| line.trim().strip_prefix("up0:"))
        .unwrap();
    let shown: Vec<u64> = shown
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect();
    let here = sweep.readings[0].links.clone();
    let (_, stats) = sweep.links[here]
        .iter()
        .find(|(ifindex, _)| *ifindex == up.ifindex)
        .unwrap();
    assert_eq!(
        [
            stats.rx_bytes,
            stats.rx_packets,
            stats.tx_bytes,
            stats.tx_packets
        ],
        [shown[0], shown[1], shown[8], shown[9]]
    );
}

/// The process that holds a tap is found, and the bound on the scan is kept.
#[test]
fn the_holder_of_a_tap_is_found() {
    if !has_root() {
        return;
    }
    if !std::path::Path::new("/dev/net/tun").exists() {
        assert_ne!(
            std::env::var("REQUIRE_REAL_PARTS").as_deref(),
            Ok("1"),
            "no /dev/net/tun"
        );
        let _ = writeln!(std::io::stderr(), "skipped: no /dev/net/tun");
        return;
    }
    let home = home();
    let tun = File::options()
        .read(true)
        .write(true)
        .open("/dev/net/tun")
        .unwrap();
    let mut request = [0_u8; 40];
    request[..10].copy_from_slice(b"vfxtap%d\0\0");
    // IFF_TAP | IFF_NO_PI
    request[16..18].copy_from_slice(&0x1002_u16.to_ne_bytes());
    // SAFETY: TUNSETIFF takes a struct ifreq of 40 bytes.
    let code = unsafe { libc::ioctl(tun.as_raw_fd(), 0x4004_54ca, request.as_mut_ptr()) };
    assert_eq!(code, 0, "TUNSETIFF");
    let scan = tap::holders(&home, 1_000_000).unwrap();
    let holder = scan
        .holders
        .iter()
        .find(|holder| holder.pid == std::process::id())
        .unwrap();
    assert!(holder.ifname.starts_with("vfxtap") && !scan.is_cut);
    let cut = tap::holders(&home, 2).unwrap();
    assert_eq!((cut.descriptors, cut.is_cut), (2, true));
}
