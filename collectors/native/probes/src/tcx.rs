//! Programs at the ingress and egress of interfaces: by tcx links, and where the kernel has none by filters of clsact.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use aya::programs::tc::{self, NlOptions, SchedClassifierLink, TcAttachOptions};
use aya::programs::{SchedClassifier, TcAttachType};

use crate::failure::{Failure, Kind, Result};

/// linux/bpf.h.
const TCX_INGRESS: u32 = 46;
const TCX_EGRESS: u32 = 47;
/// Before what others put there; they choose the number that is free below 49152, or 1. Or behind all of them.
const PRIORITIES: [u16; 2] = [1, u16::MAX];

/// How programs are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Links: they end with the process that holds them, and stand beside those of others in an order.
    Tcx,
    /// Filters of a clsact queue: they stay when the process is killed.
    Clsact,
}

/// One interface's attachments; they end when it is dropped.
#[derive(Debug)]
pub enum Attachment {
    Links([OwnedFd; 2]),
    Filters([SchedClassifierLink; 2]),
}

/// Attaches a program of each direction to an interface, by its number, before the programs of others or behind them.
///
/// # Errors
/// [`Kind::Unsupported`] where the kernel has no tcx, [`Kind::Gone`] where the interface is.
pub fn link(
    ingress: BorrowedFd,
    egress: BorrowedFd,
    ifindex: u32,
    is_last: bool,
) -> Result<Attachment> {
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
    Ok(Attachment::Links([
        one(ingress, TCX_INGRESS)?,
        one(egress, TCX_EGRESS)?,
    ]))
}

/// Attaches by filters; those of an earlier run that was killed are removed first.
///
/// # Errors
/// What the kernel says.
pub fn filter(
    ingress: &mut SchedClassifier,
    egress: &mut SchedClassifier,
    name: &str,
    names: &[&str],
    is_last: bool,
) -> Result<Attachment> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(Kind::System, format!("a clsact filter at {name}: {error}"))
    };
    reclaim(name, names);
    // Where there is a clsact already, it is somebody's, and stays.
    let _ = tc::qdisc_add_clsact(name);
    let one = |program: &mut SchedClassifier, kind| {
        let options = TcAttachOptions::Netlink(NlOptions {
            priority: PRIORITIES[usize::from(is_last)],
            ..NlOptions::default()
        });
        let id = program
            .attach_with_options(name, kind, options)
            .map_err(|error| failed(&error))?;
        program.take_link(id).map_err(|error| failed(&error))
    };
    Ok(Attachment::Filters([
        one(ingress, TcAttachType::Ingress)?,
        one(egress, TcAttachType::Egress)?,
    ]))
}

/// Removes filters with these program names from an interface; how many directions had some.
pub fn reclaim(name: &str, names: &[&str]) -> usize {
    let mut found = 0;
    for kind in [TcAttachType::Ingress, TcAttachType::Egress] {
        for program in names {
            found += usize::from(tc::qdisc_detach_program(name, kind, program).is_ok());
        }
    }
    found
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
