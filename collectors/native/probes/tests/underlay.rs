//! Overlays over real interfaces: what is said of their paths before a packet, and what the kernel does with one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod ground;

use std::net::Ipv6Addr;

use ground::{has_root, home, run, Named};
use overlays::{Missing, State};
use probes::underlay::{self, Path};
use probes::Home;

const ENDS: usize = 16;

/// Two hosts, joined by a veth with both families.
struct Hosts {
    home: Home,
    other: Named,
}

impl Hosts {
    fn new() -> Self {
        let hosts = Self {
            home: home(),
            other: Named::new(),
        };
        run(&format!(
            "ip link add u0 type veth peer name u0 netns {}",
            hosts.other.name
        ));
        hosts.both("addr add 192.0.2.N/24 dev u0");
        hosts.both("addr add 2001:db8::N/64 dev u0 nodad");
        hosts.both("link set u0 up");
        hosts
    }

    /// A command of `ip` on each host, with its number for `N`.
    fn both(&self, line: &str) {
        run(&format!("ip {}", line.replace('N', "1")));
        self.other.run(&format!("ip {}", line.replace('N', "2")));
    }

    fn paths(&self) -> Vec<Path> {
        underlay::read(&self.home, &self.home.place(), ENDS)
            .unwrap()
            .paths
    }

    fn state(&self) -> State {
        let [path] = &self.paths()[..] else {
            panic!("not one path")
        };
        path.state
    }

    /// Whether a packet of so many bytes, IP header included, that may not be cut comes to the other host by the overlay.
    fn passes(&self, bytes: u32) -> bool {
        let data = (bytes - 28).to_string();
        std::process::Command::new("ping")
            .args(["-q", "-c1", "-W1", "-Mdo", "-s", &data, "198.51.100.2"])
            .output()
            .unwrap()
            .status
            .success()
    }
}

fn misfit(needed_bytes: u32, path_bytes: u32) -> State {
    State::Mismatch {
        needed_bytes,
        path_bytes,
        is_learned: false,
    }
}

fn fit(needed_bytes: u32, path_bytes: u32) -> State {
    State::Fits {
        needed_bytes,
        path_bytes,
    }
}

/// A tunnel without a device below begins with 1500 bytes. That is said before traffic, and by IPv4 as much as by IPv6.
#[test]
fn an_overlay_that_does_not_fit_is_found_before_traffic() {
    if !has_root() {
        return;
    }
    let hosts = Hosts::new();
    run("ip link add vx0 type vxlan id 7 remote 192.0.2.2 dstport 4789");
    assert_eq!(hosts.state(), misfit(1550, 1500));
    run("ip link set vx0 mtu 1450");
    assert_eq!(hosts.state(), fit(1500, 1500));
    run("ip link set vx0 mtu 1451");
    assert_eq!(hosts.state(), misfit(1501, 1500));
    run("ip link del vx0");
    run("ip link add vx6 type vxlan id 8 remote 2001:db8::2 dstport 4789");
    assert_eq!(hosts.state(), misfit(1570, 1500));
    run("ip link set vx6 mtu 1430");
    assert_eq!(hosts.state(), fit(1500, 1500));
}

/// The largest packet that is said to fit passes as one packet below, and one byte more does not.
#[test]
fn what_fits_is_what_the_kernel_sends_whole() {
    if !has_root() {
        return;
    }
    let hosts = Hosts::new();
    let remote = "link add vx0 type vxlan id 7 local 192.0.2.N dstport 4789 df set";
    hosts.both(remote);
    run("bridge fdb append 00:00:00:00:00:00 dev vx0 dst 192.0.2.2");
    hosts
        .other
        .run("bridge fdb append 00:00:00:00:00:00 dev vx0 dst 192.0.2.1");
    hosts.both("addr add 198.51.100.N/24 dev vx0");
    hosts.both("link set vx0 mtu 1450 up");
    assert_eq!(hosts.state(), fit(1500, 1500));
    ground::eventually("the overlay", || hosts.passes(100).then_some(()));
    assert!(hosts.passes(1450));
    hosts.both("link set vx0 mtu 1451");
    assert_eq!(hosts.state(), misfit(1501, 1500));
    assert!(hosts.passes(1450));
    assert!(!hosts.passes(1451));
}

/// The MTU of the route counts, not that of the interface; and the device below may shrink when the overlay is long there.
#[test]
fn the_route_and_a_device_that_shrinks_count() {
    if !has_root() {
        return;
    }
    let hosts = Hosts::new();
    run("ip link add vx0 type vxlan id 7 remote 192.0.2.2 dstport 4789 dev u0");
    assert_eq!(hosts.state(), fit(1500, 1500));
    run("ip route add 192.0.2.2/32 dev u0 mtu 1400");
    assert_eq!(hosts.state(), misfit(1500, 1400));
    run("ip route del 192.0.2.2/32 dev u0");
    assert_eq!(hosts.state(), fit(1500, 1500));
    run("ip link set u0 mtu 1400");
    assert_eq!(hosts.state(), misfit(1500, 1400));
}

/// Ends that only the forwarding database knows are ends too; one of them may not fit.
#[test]
fn each_end_has_a_path_of_its_own() {
    if !has_root() {
        return;
    }
    let hosts = Hosts::new();
    run("ip link add vx0 mtu 1450 type vxlan id 7 local 192.0.2.1 dstport 4789");
    assert_eq!(hosts.state(), State::Unknown(Missing::Remote));
    run("ip route add 203.0.113.0/24 via 192.0.2.2 mtu 1400");
    run("bridge fdb append 00:00:00:00:00:00 dev vx0 dst 192.0.2.2");
    run("bridge fdb append 00:00:00:00:00:00 dev vx0 dst 203.0.113.9");
    run("bridge fdb append 00:00:00:00:00:00 dev vx0 dst 198.51.100.9");
    let found: Vec<(String, State)> = hosts
        .paths()
        .iter()
        .map(|path| {
            let end = Ipv6Addr::from(path.remote.unwrap()).to_canonical();
            (end.to_string(), path.state)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("192.0.2.2".into(), fit(1500, 1500)),
            ("198.51.100.9".into(), State::Unknown(Missing::Route)),
            ("203.0.113.9".into(), misfit(1500, 1400)),
        ]
    );
    let bounded = underlay::read(&hosts.home, &hosts.home.place(), 2).unwrap();
    assert_eq!((bounded.paths.len(), bounded.left_out), (2, 1));
}

/// Interfaces that are no overlays have no path, and a group is no end.
#[test]
fn what_is_no_end_is_not_judged() {
    if !has_root() {
        return;
    }
    let hosts = Hosts::new();
    assert_eq!(hosts.paths(), []);
    run("ip link add vx0 type vxlan id 7 group 239.1.1.1 dev u0 dstport 4789");
    assert_eq!(hosts.state(), State::Unknown(Missing::Remote));
    run("ip link del vx0");
    run("ip link add vx0 type vxlan external dstport 4789");
    assert_eq!(hosts.state(), State::Unknown(Missing::Remote));
}

/// What a router said of the MTU counts while the kernel believes it, and it is said that it was a router.
#[test]
fn what_a_router_said_is_told_as_such() {
    if !has_root() {
        return;
    }
    let hosts = Hosts::new();
    let far = Named::new();
    hosts.other.run(&format!(
        "ip link add r0 mtu 1400 type veth peer name r0 netns {}",
        far.name
    ));
    hosts.other.run("ip addr add 203.0.113.1/24 dev r0");
    hosts.other.run("ip link set r0 up");
    hosts.other.run("sysctl -qw net.ipv4.ip_forward=1");
    for line in [
        "link set r0 mtu 1400 up",
        "addr add 203.0.113.9/24 dev r0",
        "route add default via 203.0.113.1",
    ] {
        far.run(&format!("ip {line}"));
    }
    run("ip route add 203.0.113.0/24 via 192.0.2.2");
    run("ip link add vx0 mtu 1450 type vxlan id 7 remote 203.0.113.9 dstport 4789");
    assert_eq!(hosts.state(), fit(1500, 1500));
    let told = State::Mismatch {
        needed_bytes: 1500,
        path_bytes: 1400,
        is_learned: true,
    };
    ground::eventually("the router's word", || {
        let _ = std::process::Command::new("ping")
            .args(["-q", "-c1", "-W1", "-Mdo", "-s1472", "203.0.113.9"])
            .output();
        (hosts.state() == told).then_some(())
    });
}
