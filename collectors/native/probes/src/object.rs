//! Built objects of probes: how their maps are found, and what the loader's errors say.

use std::os::fd::{AsFd, OwnedFd};

use aya::maps::Map;
use aya::Ebpf;

use crate::failure::{Failure, Kind, Result};

/// The descriptor of a hash or an array.
pub(crate) fn map(ebpf: &Ebpf, name: &str) -> Result<OwnedFd> {
    let data = match ebpf.map(name).ok_or_else(|| missing(name))? {
        Map::HashMap(data) | Map::Array(data) => data,
        _ => return Err(missing(name)),
    };
    data.fd()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| Failure::from_io(&error, "a map's descriptor"))
}

/// Memory of the kernel that all maps of an object hold.
pub(crate) fn memory_bytes(ebpf: &Ebpf) -> u64 {
    ebpf.maps()
        .map(|(_, map)| match map {
            Map::HashMap(data)
            | Map::LruHashMap(data)
            | Map::Array(data)
            | Map::PerCpuArray(data)
            | Map::RingBuf(data) => crate::bpf::memory_bytes(data.fd().as_fd()),
            _ => 0,
        })
        .sum()
}

/// The object is another one than this code was written for.
pub(crate) fn missing(what: &str) -> Failure {
    Failure::new(
        Kind::Malformed,
        format!("the object of the probe lacks {what}"),
    )
}

/// A failure of the loader, with the kernel's number where one of its causes has it.
pub(crate) fn refused(error: &(dyn std::error::Error + 'static)) -> Failure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(errno) = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::raw_os_error)
        {
            return Failure::of(errno, "loading the probe");
        }
        cause = error.source();
    }
    Failure::new(Kind::System, format!("loading the probe: {error}"))
}
