//! What runs behind a namespace or a tap: a container, a pod or a VM, from `/proc`.

use std::fmt;

/// A workload; its text form is `pod:<uid>`, `container:<id>` or `vm:<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Workload {
    /// Kubernetes pod uid, with dashes.
    Pod(String),
    /// Container id of docker, containerd, CRI-O or podman: 64 hex digits.
    Container(String),
    /// Name of a virtual machine (libvirt, QEMU, Firecracker, Cloud Hypervisor).
    Vm(String),
}

impl fmt::Display for Workload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Workload::Pod(uid) => write!(formatter, "pod:{uid}"),
            Workload::Container(id) => write!(formatter, "container:{id}"),
            Workload::Vm(name) => write!(formatter, "vm:{name}"),
        }
    }
}

/// The workload of the first of `pids` that has one. Processes that ended are skipped.
pub fn of_processes(_pids: &[u32]) -> Option<Workload> {
    todo!()
}
