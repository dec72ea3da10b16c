//! Overlays of a namespace, and the path below each as the kernel would take it; nothing is sent.

use std::collections::BTreeSet;

use overlays::{judge, vxlan_overhead, Missing, State, Way};
use wire::record::Link;
use wire::request;
use wire::route::Route;
use wire::rtnetlink::{RTM_NEWLINK, RTM_NEWNEIGH, RTM_NEWROUTE};
use wire::vxlan::Vxlan;

use crate::clock::realtime_ns;
use crate::failure::Result;
use crate::namespace::{Home, NamespacePlace};
use crate::socket::{Buffer, Socket};

/// An overlay and the path to one of its other ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Of the overlay's interface.
    pub ifindex: u32,
    pub name: String,
    pub vni: Option<u32>,
    /// MTU of the overlay, bytes: the largest inner IP packet.
    pub mtu_bytes: u32,
    /// The other end, IPv4 mapped; `None` where none is known.
    pub remote: Option<[u8; 16]>,
    /// What the kernel said of the way there, where it has one.
    pub way: Option<Way>,
    pub state: State,
}

/// All paths of a namespace's overlays at an instant.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    /// CLOCK_REALTIME, ns.
    pub time_ns: i64,
    pub paths: Vec<Path>,
    /// Other ends beyond the number that was asked for; nothing is known of their paths.
    pub left_out: usize,
}

/// Reads the paths of all VXLAN interfaces of a namespace, to up to `ends` other ends of each. Groups are left out: nobody routes
/// one answer to them.
///
/// # Errors
/// As [`Home::visit`]; and whatever the kernel answers to a dump. An other end without a route is no error.
pub fn read(home: &Home, place: &NamespacePlace, ends: usize) -> Result<Paths> {
    home.visit(place, || inside(place, ends))
}

fn inside(place: &NamespacePlace, most: usize) -> Result<Paths> {
    let (mut socket, _) = place.socket()?;
    let mut buffer = Buffer::default();
    let mut found: (Vec<Link>, Vec<Vxlan>) = Default::default();
    socket.ask(
        &mut buffer,
        request::links,
        RTM_NEWLINK,
        &mut found,
        |(links, overlays)| {
            links.clear();
            overlays.clear();
        },
        |(links, overlays), body| {
            links.extend(wire::link::link(body)?);
            overlays.extend(wire::vxlan::vxlan(body)?);
            Ok(())
        },
    )?;
    let (links, overlays) = found;
    let mut all = Paths {
        time_ns: realtime_ns(),
        ..Paths::default()
    };
    for overlay in &overlays {
        let (remotes, left_out) = remotes(&mut socket, &mut buffer, overlay, most)?;
        all.left_out += left_out;
        if remotes.is_empty() {
            all.paths.push(path(overlay, None, None));
        }
        for remote in remotes {
            let route = route(&mut socket, &mut buffer, &remote, overlay.link.link)?;
            let way = route.map(|route| Way {
                route,
                link_mtu_bytes: mtu_of(&links, route.ifindex),
            });
            all.paths.push(path(overlay, Some(remote), way));
        }
    }
    Ok(all)
}

fn path(overlay: &Vxlan, remote: Option<[u8; 16]>, way: Option<Way>) -> Path {
    let mtu_bytes = overlay.link.mtu_bytes;
    let state = match remote {
        Some(remote) => judge(
            mtu_bytes,
            vxlan_overhead(&remote, overlay.is_generic),
            way.as_ref(),
        ),
        None => State::Unknown(Missing::Remote),
    };
    Path {
        ifindex: overlay.link.ifindex,
        name: overlay.link.name.clone(),
        vni: overlay.link.vni,
        mtu_bytes,
        remote,
        way,
        state,
    }
}

fn mtu_of(links: &[Link], ifindex: u32) -> Option<u32> {
    links
        .iter()
        .find(|link| link.ifindex == ifindex)
        .map(|link| link.mtu_bytes)
}

/// Other ends of an overlay, up to `most`, and how many more there are.
fn remotes(
    socket: &mut Socket,
    buffer: &mut Buffer,
    overlay: &Vxlan,
    most: usize,
) -> Result<(BTreeSet<[u8; 16]>, usize)> {
    let own = overlay.link.ifindex;
    let mut ends = BTreeSet::new();
    socket.ask(
        buffer,
        |sequence| request::forwarding(sequence, own),
        RTM_NEWNEIGH,
        &mut ends,
        BTreeSet::clear,
        |ends, body| {
            if let Some((ifindex, end)) = wire::vxlan::forwarded_to(body)? {
                if ifindex == own {
                    ends.insert(end);
                }
            }
            Ok(())
        },
    )?;
    ends.extend(overlay.remote);
    ends.retain(is_one_end);
    let left_out = ends.len().saturating_sub(most);
    Ok((ends.into_iter().take(most).collect(), left_out))
}

/// Whether an address is one host's: no group, and not the unspecified one.
fn is_one_end(address: &[u8; 16]) -> bool {
    let address = std::net::Ipv6Addr::from(*address).to_canonical();
    !address.is_multicast() && !address.is_unspecified()
}

/// What the kernel would do with a packet to an address; `None` where it has no route.
fn route(
    socket: &mut Socket,
    buffer: &mut Buffer,
    remote: &[u8; 16],
    ifindex: u32,
) -> Result<Option<Route>> {
    let mut found = None;
    let answer = socket.ask(
        buffer,
        |sequence| request::route_to(sequence, remote, ifindex),
        RTM_NEWROUTE,
        &mut found,
        |found| *found = None,
        |found, body| {
            *found = Some(wire::route::route(body)?);
            Ok(())
        },
    );
    match answer {
        Ok(_) => Ok(found),
        // What routes say: none, none on purpose (prohibit, blackhole), or the device below is down or gone.
        Err(failure)
            if [
                libc::ENETUNREACH,
                libc::EHOSTUNREACH,
                libc::EACCES,
                libc::EINVAL,
                libc::ENETDOWN,
                libc::ENODEV,
            ]
            .contains(&failure.errno) =>
        {
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}
