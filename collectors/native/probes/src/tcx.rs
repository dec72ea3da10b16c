//! Programs at the ingress and egress of interfaces by tcx links: they end with the process that holds them.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use aya::programs::SchedClassifier;

use crate::failure::{Failure, Kind, Result};

/// linux/bpf.h.
const TCX_INGRESS: u32 = 46;
const TCX_EGRESS: u32 = 47;

/// One interface's attachments; they end when it is dropped.
#[derive(Debug)]
pub struct Links {
    _links: [OwnedFd; 2],
}

/// Attaches a program of each direction to an interface, by its number, before the programs of others or behind them.
///
/// # Errors
/// [`Kind::Unsupported`] where the kernel has no tcx, [`Kind::Gone`] where the interface is.
pub fn link(ingress: BorrowedFd, egress: BorrowedFd, ifindex: u32, is_last: bool) -> Result<Links> {
    let one = |program, attach_type| {
        crate::bpf::link_tcx(program, ifindex, attach_type, is_last).map_err(|mut failure| {
            failure.kind = match failure.errno {
                libc::ENODEV => Kind::Gone,
                libc::EINVAL => Kind::Unsupported,
                _ => failure.kind,
            };
            failure
        })
    };
    Ok(Links {
        _links: [one(ingress, TCX_INGRESS)?, one(egress, TCX_EGRESS)?],
    })
}

/// Whether the kernel has tcx: asked to attach to an interface that cannot be there, it misses that, and else the kind of link.
pub fn is_there(program: BorrowedFd) -> bool {
    const NO_INTERFACE: u32 = u32::MAX;
    crate::bpf::link_tcx(program, NO_INTERFACE, TCX_INGRESS, false)
        .is_err_and(|failure| failure.errno == libc::ENODEV)
}

/// The descriptor of a loaded program.
///
/// # Errors
/// It is not loaded.
pub fn descriptor(program: &SchedClassifier) -> Result<OwnedFd> {
    program
        .fd()
        .map_err(|error| Failure::new(Kind::System, error.to_string()))?
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| Failure::from_io(&error, "a program's descriptor"))
}
