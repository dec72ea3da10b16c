//! What is left without capabilities: the own namespace, and a plain word about the rest. Needs no root.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod ground;

use std::time::Duration;

use ground::{has_root, run, without_capabilities, Named};
use probes::capability::{Capabilities, Capability};
use probes::monitor::{Change, Monitor};
use probes::sweep::Sweep;
use probes::{discover, dump, nsid, Home, Kind};

/// A user's process reads the links, queues and events of its own namespace.
#[test]
fn the_own_namespace_needs_no_capability() {
    without_capabilities(|| {
        assert_eq!(Capabilities::read().unwrap().missing(), Capability::ALL);
        let home = Home::open().unwrap();
        let mut monitor = Monitor::open(&home).unwrap();
        assert!(!monitor.hears_all_namespaces());
        let found = discover(&home, &["/run/netns".into()], true).unwrap();
        assert!(found.places[0].is_home && found.processes > 0);
        let dump = dump::namespace(&home, &found.places[0]).unwrap();
        assert!(dump.links.iter().any(|link| link.name == "lo"));
        let mut sweep = Sweep::default();
        sweep.read(&home, &found.places[..1], true);
        assert_eq!(
            (&sweep.readings[0].failure, sweep.readings[0].cookie),
            (&None, home.cookie())
        );
        assert!(!sweep.links.is_empty());
        let mut events = Vec::new();
        monitor.read(Duration::ZERO, &mut events).unwrap();
        assert!(!events
            .iter()
            .any(|event| matches!(event.change, Change::Malformed(_))));
    });
}

/// Other namespaces are refused, which is told apart from gone, and the thread is where it was.
#[test]
fn other_namespaces_are_refused() {
    if !has_root() {
        return;
    }
    let home = ground::home();
    let named = Named::new();
    let place = named.place(&home);
    let other = Named::new();
    let without_nsid = other.place(&home);
    let given = nsid::assign(&home, &place).unwrap();
    run("ip link add up0 type veth peer name down0");
    without_capabilities(|| {
        assert_eq!(
            dump::namespace(&home, &place).unwrap_err().kind,
            Kind::Refused
        );
        assert_eq!(
            dump::elsewhere(&home, Some(given), &[0]).unwrap_err().kind,
            Kind::Refused
        );
        // Asking needs nothing, giving does.
        assert_eq!(nsid::get(&home, &place), Ok(Some(given)));
        assert_eq!(nsid::assign(&home, &place), Ok(given));
        assert_eq!(
            nsid::assign(&home, &without_nsid).unwrap_err().kind,
            Kind::Refused
        );
        let mut sweep = Sweep::default();
        sweep.read(&home, &[place.clone(), home.place()], false);
        let refused = sweep.readings[0].failure.as_ref().unwrap();
        assert_eq!(
            (refused.kind, sweep.readings[0].links.len()),
            (Kind::Refused, 0)
        );
        assert_eq!(sweep.readings[1].cookie, home.cookie());
        assert_eq!(sweep.readings[1].links.len(), 3);
    });
}
