//! Namespace ids: the numbers by which the home namespace names others in link events.

use std::os::fd::AsRawFd;

use wire::request;
use wire::rtnetlink::RTM_NEWNSID;

use crate::failure::Result;
use crate::namespace::{Home, NamespacePlace};
use crate::socket::{Buffer, Socket};

/// The nsid of `place` in the home namespace, `None` where it has none.
///
/// # Errors
/// [`crate::Kind::Gone`] when the place ended.
pub fn get(home: &Home, place: &NamespacePlace) -> Result<Option<i32>> {
    if place.is_home {
        return Ok(of_descriptor(&mut Socket::open()?, home.descriptor()).unwrap_or(None));
    }
    let file = place.open()?;
    of_descriptor(&mut Socket::open()?, file.as_raw_fd())
}

/// Gives `place` a nsid in the home namespace, or finds the one it has; asking again changes nothing. It stays until the
/// namespace ends (the kernel has no way to take it back).
///
/// # Errors
/// [`crate::Kind::Gone`] when the place ended; [`crate::Kind::Refused`] without CAP_NET_ADMIN.
pub fn assign(_home: &Home, place: &NamespacePlace) -> Result<i32> {
    let file = place.open()?;
    let mut socket = Socket::open()?;
    // Asked first: most namespaces have one already, and asking needs no capability.
    if let Some(nsid) = of_descriptor(&mut socket, file.as_raw_fd())? {
        return Ok(nsid);
    }
    let request = |sequence| request::assign_nsid(sequence, file.as_raw_fd());
    let assigned = socket.ask(
        &mut Buffer::default(),
        request,
        RTM_NEWNSID,
        &mut (),
        |()| (),
        |(), _| Ok(()),
    );
    match assigned {
        // EEXIST: a veth that was just made, or somebody else, came first.
        Err(failure) if failure.errno != libc::EEXIST => return Err(failure),
        _ => {}
    }
    of_descriptor(&mut socket, file.as_raw_fd())?.ok_or_else(|| {
        crate::Failure::new(crate::Kind::System, "a nsid was assigned and is not there")
    })
}

/// The nsid, in the socket's namespace, of the namespace behind `descriptor`.
pub(crate) fn of_descriptor(socket: &mut Socket, descriptor: i32) -> Result<Option<i32>> {
    one(socket, |sequence| request::nsid_of(sequence, descriptor))
}

/// The nsid, in the namespace that the socket's namespace knows as `target`, of the namespace behind `descriptor`.
pub(crate) fn of_descriptor_in(
    socket: &mut Socket,
    descriptor: i32,
    target: i32,
) -> Result<Option<i32>> {
    one(socket, |sequence| {
        request::nsid_of_in(sequence, descriptor, target)
    })
}

fn one(socket: &mut Socket, request: impl Fn(u32) -> Vec<u8>) -> Result<Option<i32>> {
    let mut found = None;
    socket.ask(
        &mut Buffer::default(),
        request,
        RTM_NEWNSID,
        &mut found,
        |found| *found = None,
        |found, body| {
            *found = wire::nsid::nsid(body)?.nsid;
            Ok(())
        },
    )?;
    Ok(found)
}
