//! Which process holds a tap or tun.

use std::fs;

use crate::discovery::{of_process, processes};
use crate::failure::Result;
use crate::namespace::{Home, NamespaceId};
use crate::workload::{self, Workload};

/// The holder of a tap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapHolder {
    /// Namespace of the holder; the tap was in it when the holder opened it.
    pub namespace: NamespaceId,
    pub ifname: String,
    pub pid: u32,
    pub workload: Option<Workload>,
}

/// What one scan found.
#[derive(Debug, Clone, Default)]
pub struct TapScan {
    /// One for each queue of each tap, ordered by process.
    pub holders: Vec<TapHolder>,
    /// Descriptors looked at.
    pub descriptors: usize,
    /// The bound was reached before all processes were seen.
    pub is_cut: bool,
}

/// Looks through the descriptors of all processes for `/dev/net/tun`, at most `max_descriptors` of them (about 1 µs each).
/// Descriptors of other users' processes are seen with CAP_SYS_PTRACE only.
///
/// # Errors
/// `/proc` cannot be listed.
pub fn holders(home: &Home, max_descriptors: usize) -> Result<TapScan> {
    let mut scan = TapScan::default();
    let mut pids: Vec<u32> = processes()?.collect();
    pids.sort_unstable();
    for pid in pids {
        let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            continue;
        };
        for descriptor in descriptors.flatten() {
            if scan.descriptors == max_descriptors {
                scan.is_cut = true;
                return Ok(scan);
            }
            scan.descriptors += 1;
            if !fs::read_link(descriptor.path()).is_ok_and(|target| target.ends_with("net/tun")) {
                continue;
            }
            let name = descriptor.file_name();
            let information =
                fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", name.to_string_lossy()));
            let Some(ifname) = information.ok().as_deref().and_then(ifname) else {
                continue;
            };
            // Both may fail only because the process ended meanwhile.
            let Ok(namespace) = of_process(home.id().device, pid) else {
                continue;
            };
            let workload = workload::of_processes(&[pid]);
            scan.holders.push(TapHolder {
                namespace,
                ifname,
                pid,
                workload,
            });
        }
    }
    Ok(scan)
}

/// The line `iff:` of a descriptor's information (drivers/net/tun.c); a descriptor that is attached to nothing has none.
fn ifname(information: &str) -> Option<String> {
    let name = information
        .lines()
        .find_map(|line| line.strip_prefix("iff:"))?
        .trim();
    (!name.is_empty()).then(|| name.to_owned())
}
