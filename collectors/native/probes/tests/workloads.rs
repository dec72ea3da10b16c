//! Workloads from control groups and command lines as container engines, the kubelet and hypervisors write them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use probes::workload::{from_cgroup, from_command_line, of_processes};

const ID: &str = "3f4e1c2b5a6978800123456789abcdef3f4e1c2b5a6978800123456789abcdef";

fn shown(cgroup: &str) -> Option<String> {
    from_cgroup(&cgroup.replace("ID", ID)).map(|workload| workload.to_string())
}

/// Each engine's way of naming a control group is read.
#[test]
fn control_groups_name_their_workload() {
    let container = format!("container:{ID}");
    for (cgroup, expected) in [
        ("0::/system.slice/docker-ID.scope\n", container.as_str()),
        ("12:cpuset:/docker/ID\n11:memory:/docker/ID\n0::/\n", &container),
        ("0::/machine.slice/libpod-ID.scope/container\n", &container),
        ("0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope\n", &container),
        ("0::/default/ID\n", &container),
        ("0::/../../system.slice/containerd.service/ID/init.scope\n", &container),
        ("0::/lxc.payload.web1/system.slice/nginx.service\n", "container:web1"),
        ("0::/machine.slice/machine-build\\x2dbox.scope\n", "container:build-box"),
        ("0::/machine.slice/machine-qemu\\x2d3\\x2ddb\\x2d01.scope/libvirt/emulator\n", "vm:db-01"),
        ("5:cpu:/machine/qemu-3-db-01.libvirt-qemu/emulator\n", "vm:db-01"),
        (
            "0::/kubepods.slice/kubepods-burstable.slice/\
             kubepods-burstable-pod0a1b2c3d_0001_0002_0003_0a1b2c3d4e5f.slice/cri-containerd-ID.scope\n",
            "pod:0a1b2c3d-0001-0002-0003-0a1b2c3d4e5f",
        ),
        (
            "0::/kubepods.slice/kubepods-pod0a1b2c3d_0001_0002_0003_0a1b2c3d4e5f.slice/crio-ID.scope\n",
            "pod:0a1b2c3d-0001-0002-0003-0a1b2c3d4e5f",
        ),
        (
            "4:memory:/kubepods/besteffort/pod0a1b2c3d-0001-0002-0003-0a1b2c3d4e5f/ID\n",
            "pod:0a1b2c3d-0001-0002-0003-0a1b2c3d4e5f",
        ),
        (
            "0::/kubepods.slice/kubepods-pod0123456789abcdef0123456789abcdef.slice/cri-containerd-ID.scope\n",
            "pod:0123456789abcdef0123456789abcdef",
        ),
    ] {
        assert_eq!(shown(cgroup).as_deref(), Some(expected), "{cgroup}");
    }
    for cgroup in [
        "",
        "0::/\n",
        "no colons at all",
        "0::/system.slice/ssh.service\n",
        "0::/machine.slice/libpod-conmon-ID.scope\n",
        "0::/user.slice/user-1000.slice/session-3.scope\n",
        "0::/podium.slice/x\n",
    ] {
        assert_eq!(shown(cgroup), None, "{cgroup}");
    }
}

/// A virtual machine that no control group names is named by its command line.
#[test]
fn command_lines_name_virtual_machines() {
    for (line, expected) in [
        (
            "/usr/bin/qemu-system-x86_64 -name guest=web,debug-threads=on -m 512",
            Some("vm:web"),
        ),
        (
            "qemu-system-aarch64 -m 512 -name web,process=x",
            Some("vm:web"),
        ),
        (
            "/usr/libexec/qemu-kvm -name debug-threads=on,guest=db",
            Some("vm:db"),
        ),
        ("qemu-system-x86_64 -m 512", None),
        ("qemu-system-x86_64 -name", None),
        (
            "/usr/bin/firecracker --api-sock /x --id vm7",
            Some("vm:vm7"),
        ),
        (
            "cloud-hypervisor --api-socket /run/ch/edge.sock",
            Some("vm:edge"),
        ),
        (
            "cloud-hypervisor --api-socket path=/run/ch/edge.socket",
            Some("vm:edge"),
        ),
        ("/bin/sh -name guest=web", None),
        ("", None),
    ] {
        let arguments = line.replace(' ', "\0");
        let found = from_command_line(arguments.as_bytes()).map(|workload| workload.to_string());
        assert_eq!(found.as_deref(), expected, "{line}");
    }
}

/// Processes that do not exist are passed over.
#[test]
fn ended_processes_are_passed_over() {
    assert_eq!(of_processes(&[u32::MAX, u32::MAX - 1]), None);
    assert_eq!(of_processes(&[]), None);
}
