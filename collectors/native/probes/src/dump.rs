//! The whole state of one namespace.

use wire::qdisc::HtbClass;
use wire::record::{Address, Link, Qdisc};
use wire::request;
use wire::rtnetlink::{RTM_NEWADDR, RTM_NEWLINK, RTM_NEWNSID, RTM_NEWQDISC, RTM_NEWTCLASS};

use crate::clock::realtime_ns;
use crate::failure::{Kind, Result};
use crate::namespace::{Home, NamespacePlace};
use crate::nsid;
use crate::socket::{Buffer, Socket};

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
pub fn namespace(home: &Home, place: &NamespacePlace) -> Result<NamespaceDump> {
    let (mut dump, nsid_of_home) = home.visit(place, || inside(home, place))?;
    let mut locals: Vec<i32> = dump
        .links
        .iter()
        .filter_map(|link| link.link_netnsid)
        .collect();
    locals.sort_unstable();
    locals.dedup();
    dump.elsewhere = if place.is_home {
        locals
            .into_iter()
            .map(|local| (local, at_home(local)))
            .collect()
    } else if locals.iter().all(|local| Some(*local) == nsid_of_home) {
        locals
            .into_iter()
            .map(|local| (local, Elsewhere::Home))
            .collect()
    } else {
        match place.nsid {
            Some(nsid) => elsewhere(home, Some(nsid), &locals)?,
            None => locals
                .into_iter()
                .map(|local| (local, home_or_unknown(local, nsid_of_home)))
                .collect(),
        }
    };
    Ok(dump)
}

/// Resolves nsids that are local to the namespace with the nsid `nsid` in home (`None`: home itself), without entering it. For a
/// link event: `nsid` is where the event came from, `local` its `link_netnsid` or `new_netnsid`.
///
/// # Errors
/// [`Kind::Gone`] when no namespace has that nsid; [`Kind::Refused`] without CAP_NET_ADMIN.
pub fn elsewhere(home: &Home, nsid: Option<i32>, local: &[i32]) -> Result<Vec<(i32, Elsewhere)>> {
    let Some(target) = nsid else {
        return Ok(local
            .iter()
            .map(|local| (*local, at_home(*local)))
            .collect());
    };
    let mut socket = Socket::strict()?;
    let nsid_of_home =
        nsid::of_descriptor_in(&mut socket, home.descriptor(), target).map_err(no_such_nsid)?;
    let mut known: Vec<(i32, i32)> = Vec::new();
    // The kernel lists the target's own numbers, each with ours for the same namespace: exact, and no namespace is entered.
    socket
        .ask(
            &mut Buffer::default(),
            |sequence| request::nsids_in(sequence, target),
            RTM_NEWNSID,
            &mut known,
            Vec::clear,
            |known, body| {
                let entry = wire::nsid::nsid(body)?;
                known.extend(entry.nsid.zip(entry.current));
                Ok(())
            },
        )
        .map_err(no_such_nsid)?;
    let resolve = |local: i32| match known.iter().find(|(there, _)| *there == local) {
        _ if Some(local) == nsid_of_home => Elsewhere::Home,
        Some((_, here)) => Elsewhere::Nsid(*here),
        None => Elsewhere::Unknown,
    };
    Ok(local
        .iter()
        .map(|local| (*local, resolve(*local)))
        .collect())
}

fn at_home(local: i32) -> Elsewhere {
    if local < 0 {
        Elsewhere::Unknown
    } else {
        Elsewhere::Nsid(local)
    }
}

fn home_or_unknown(local: i32, nsid_of_home: Option<i32>) -> Elsewhere {
    if Some(local) == nsid_of_home {
        Elsewhere::Home
    } else {
        Elsewhere::Unknown
    }
}

/// The kernel says EINVAL of a target that does not exist (any more).
fn no_such_nsid(mut failure: crate::Failure) -> crate::Failure {
    if failure.errno == libc::EINVAL {
        failure.kind = Kind::Gone;
    }
    failure
}

fn inside(home: &Home, place: &NamespacePlace) -> Result<(NamespaceDump, Option<i32>)> {
    let (mut socket, cookie) = place.socket()?;
    let mut buffer = Buffer::default();
    let mut dump = NamespaceDump {
        cookie,
        ..NamespaceDump::default()
    };
    dump.interrupted |= socket.ask(
        &mut buffer,
        request::links,
        RTM_NEWLINK,
        &mut dump.links,
        Vec::clear,
        |links, body| {
            links.extend(wire::link::link(body)?);
            Ok(())
        },
    )?;
    dump.time_ns = realtime_ns();
    dump.interrupted |= socket.ask(
        &mut buffer,
        request::addresses,
        RTM_NEWADDR,
        &mut dump.addresses,
        Vec::clear,
        |addresses, body| {
            addresses.extend(wire::address::address(body)?);
            Ok(())
        },
    )?;
    // With the default class where the root is a htb.
    let mut queues: Vec<(Qdisc, Option<u32>)> = Vec::new();
    dump.interrupted |= socket.ask(
        &mut buffer,
        request::qdiscs,
        RTM_NEWQDISC,
        &mut queues,
        Vec::clear,
        |queues, body| {
            if let Some(qdisc) = wire::qdisc::qdisc(body)? {
                let default_class = if qdisc.kind == "htb" {
                    wire::qdisc::htb_default_class(body)?
                } else {
                    None
                };
                queues.push((qdisc, default_class));
            }
            Ok(())
        },
    )?;
    for (mut qdisc, default_class) in queues {
        if let Some(default_class) = default_class.filter(|class| *class != 0) {
            qdisc.rate_bytes_per_second =
                htb_rate(&mut socket, &mut buffer, qdisc.ifindex, default_class)?;
        }
        dump.qdiscs.push(qdisc);
    }
    let asks = !place.is_home && dump.links.iter().any(|link| link.link_netnsid.is_some());
    let nsid_of_home = if asks {
        nsid::of_descriptor(&mut socket, home.descriptor())?
    } else {
        None
    };
    Ok((dump, nsid_of_home))
}

fn htb_rate(
    socket: &mut Socket,
    buffer: &mut Buffer,
    ifindex: u32,
    default_class: u32,
) -> Result<Option<u64>> {
    let mut classes: Vec<HtbClass> = Vec::new();
    let request = |sequence| request::classes(sequence, ifindex);
    socket.ask(
        buffer,
        request,
        RTM_NEWTCLASS,
        &mut classes,
        Vec::clear,
        |classes, body| {
            classes.extend(wire::qdisc::htb_class(body)?);
            Ok(())
        },
    )?;
    Ok(wire::qdisc::htb_rate(default_class, &classes))
}
