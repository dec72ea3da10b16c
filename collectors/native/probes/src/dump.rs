//! The whole state of one namespace.

use wire::record::{Address, Link, Qdisc};

use crate::failure::Result;
use crate::namespace::{Home, NamespacePlace};

/// Which namespace a nsid of another namespace means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// The home namespace.
    Home,
    /// The namespace that has this nsid in the home namespace.
    Nsid(i32),
    /// One that has no nsid in the home namespace (yet), or that may not be asked about.
    Unknown,
}

/// What one namespace holds, read in one visit.
#[derive(Debug, Clone, Default)]
pub struct NamespaceDump {
    /// CLOCK_REALTIME right after the links were read, ns.
    pub time_ns: i64,
    /// `SO_NETNS_COOKIE`: unique for the host's boot.
    pub cookie: u64,
    pub links: Vec<Link>,
    pub addresses: Vec<Address>,
    /// Root queues, one a link at most.
    pub qdiscs: Vec<Qdisc>,
    /// For each distinct `link_netnsid` of `links`: which namespace it means.
    pub elsewhere: Vec<(i32, Elsewhere)>,
    /// The namespace changed in each of several tries: a link may be missing or stale. Ask again soon.
    pub interrupted: bool,
}

/// Reads the links (with statistics), addresses and root queues of `place`.
///
/// Peers in third namespaces are resolved only where `place.nsid` is set (or the place is home).
///
/// # Errors
/// As [`Home::visit`]; and whatever the kernel answers to a dump.
pub fn namespace(_home: &Home, _place: &NamespacePlace) -> Result<NamespaceDump> {
    todo!()
}

/// Resolves nsids that are local to the namespace with the nsid `nsid` in home (`None`: home itself), without entering it. For a
/// link event: `nsid` is where the event came from, `local` its `link_netnsid` or `new_netnsid`.
///
/// # Errors
/// [`crate::Kind::Gone`] when no namespace has that nsid; [`crate::Kind::Refused`] without CAP_NET_ADMIN.
pub fn elsewhere(
    _home: &Home,
    _nsid: Option<i32>,
    _local: &[i32],
) -> Result<Vec<(i32, Elsewhere)>> {
    todo!()
}
