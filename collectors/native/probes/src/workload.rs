//! What runs behind a namespace or a tap: a container, a pod or a VM, from `/proc`.

use std::fmt;
use std::fs;

/// A workload; its text form is `pod:<uid>`, `container:<id>` or `vm:<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Workload {
    /// Kubernetes pod uid, with dashes.
    Pod(String),
    /// Id of docker, containerd, CRI-O or podman (64 hex digits), or name of an LXC or nspawn container.
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
pub fn of_processes(pids: &[u32]) -> Option<Workload> {
    pids.iter().find_map(|pid| of_process(*pid))
}

/// The cgroup says it in most cases; a VM that was started by hand says it on its command line.
fn of_process(pid: u32) -> Option<Workload> {
    let cgroup = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    from_cgroup(&cgroup)
        .or_else(|| from_command_line(&fs::read(format!("/proc/{pid}/cmdline")).ok()?))
}

/// Reads `/proc/<pid>/cgroup` (cgroups(7); one line of version 2, several of version 1). The innermost container counts, but a
/// pod goes before its containers, since they share its namespace.
pub fn from_cgroup(text: &str) -> Option<Workload> {
    let paths = || text.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    let find =
        |of: fn(&str) -> Option<Workload>| paths().find_map(|path| path.rsplit('/').find_map(of));
    find(pod)
        .or_else(|| find(machine))
        .or_else(|| find(container))
}

/// `kubepods-burstable-pod<uid with _>.slice` (systemd) or `pod<uid>` (cgroupfs).
fn pod(folder: &str) -> Option<Workload> {
    let folder = folder.strip_suffix(".slice").unwrap_or(folder);
    let (before, uid) = folder.rsplit_once("pod")?;
    let uid = uid.replace('_', "-");
    let is_uid = uid.len() == 36
        && uid
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    // Static pods of the kubelet have a hash instead of a uid.
    let is_hash = uid.len() == 32 && uid.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_pod = before.is_empty() || before.starts_with("kubepods");
    (is_pod && (is_uid || is_hash)).then_some(Workload::Pod(uid))
}

/// `machine-qemu\x2d1\x2dname.scope` (systemd) or `qemu-1-name.libvirt-qemu` (cgroupfs) of libvirt; any other
/// `machine-name.scope` is a container of systemd-nspawn or LXC.
fn machine(folder: &str) -> Option<Workload> {
    let name = match folder
        .strip_prefix("machine-")
        .and_then(|rest| rest.strip_suffix(".scope"))
    {
        Some(escaped) => unescaped(escaped),
        None => folder.strip_suffix(".libvirt-qemu")?.to_owned(),
    };
    match name
        .strip_prefix("qemu-")
        .and_then(|rest| rest.split_once('-'))
    {
        Some((number, vm)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(Workload::Vm(vm.to_owned()))
        }
        _ => Some(Workload::Container(name)),
    }
}

/// `docker-<id>.scope`, `cri-containerd-<id>.scope`, `crio-<id>.scope`, `libpod-<id>.scope`, a bare `<id>`, or
/// `lxc.payload.<name>`. Helpers such as `libpod-conmon-<id>.scope` live in the host's namespace and are no workload.
fn container(folder: &str) -> Option<Workload> {
    if let Some(name) = folder.strip_prefix("lxc.payload.") {
        return Some(Workload::Container(name.to_owned()));
    }
    let folder = folder.strip_suffix(".scope").unwrap_or(folder);
    let (before, id) = folder.rsplit_once('-').unwrap_or(("", folder));
    let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_id && !before.ends_with("conmon")).then(|| Workload::Container(id.to_owned()))
}

/// systemd writes characters that a unit's name may not have as `\x2d`.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap_or("").as_bytes().to_vec();
    for part in parts {
        match part
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
        {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                bytes.extend_from_slice(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads `/proc/<pid>/cmdline`: QEMU's `-name guest=web,…` or `-name web`, Firecracker's `--id web`, Cloud Hypervisor's
/// `--api-socket /run/web.sock`.
pub fn from_command_line(arguments: &[u8]) -> Option<Workload> {
    let arguments: Vec<String> = arguments
        .split(|byte| *byte == 0)
        .map(|argument| String::from_utf8_lossy(argument).into_owned())
        .collect();
    let program = arguments.first()?.rsplit('/').next()?;
    let after = |flag: &str| {
        let position = arguments.iter().position(|argument| argument == flag)?;
        arguments
            .get(position + 1)
            .cloned()
            .filter(|value| !value.is_empty())
    };
    let name = if program.starts_with("qemu-system-") || program == "qemu-kvm" || program == "kvm" {
        let value = after("-name")?;
        let options = || value.split(',');
        let named = options().find_map(|option| option.strip_prefix("guest=").map(str::to_owned));
        named.or_else(|| {
            options()
                .next()
                .filter(|first| !first.contains('='))
                .map(str::to_owned)
        })?
    } else if program.starts_with("firecracker") {
        after("--id")?
    } else if program.starts_with("cloud-hypervisor") {
        let socket = after("--api-socket")?;
        let socket = socket.strip_prefix("path=").unwrap_or(&socket);
        let file = socket.rsplit('/').next()?;
        file.strip_suffix(".sock")
            .or_else(|| file.strip_suffix(".socket"))
            .unwrap_or(file)
            .to_owned()
    } else {
        return None;
    };
    (!name.is_empty()).then_some(Workload::Vm(name))
}
