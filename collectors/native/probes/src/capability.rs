//! What this process may do.

use std::fs;

use crate::failure::{Failure, Kind, Result};

const STATUS: &str = "/proc/thread-self/status";

/// The capabilities that decide what can be seen (linux/capability.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Assign nsids, ask about other namespaces.
    NetAdmin = 12,
    /// Hear events of other namespaces.
    NetBroadcast = 11,
    /// Enter other namespaces, mount their sysfs.
    SysAdmin = 21,
    /// Find the namespaces of other users' processes.
    SysPtrace = 19,
}

impl Capability {
    /// All that this crate knows.
    pub const ALL: [Capability; 4] = [
        Capability::NetAdmin,
        Capability::NetBroadcast,
        Capability::SysAdmin,
        Capability::SysPtrace,
    ];

    /// Name as in capabilities(7).
    pub fn name(self) -> &'static str {
        match self {
            Capability::NetAdmin => "CAP_NET_ADMIN",
            Capability::NetBroadcast => "CAP_NET_BROADCAST",
            Capability::SysAdmin => "CAP_SYS_ADMIN",
            Capability::SysPtrace => "CAP_SYS_PTRACE",
        }
    }

    /// What is not seen without it, as a clause for a person.
    pub fn without(self) -> &'static str {
        match self {
            Capability::NetAdmin => {
                "other namespaces get no id, so their changes show only at each resync"
            }
            Capability::NetBroadcast => "changes in other namespaces show only at each resync",
            Capability::SysAdmin => "interfaces in other namespaces are not seen",
            Capability::SysPtrace => "namespaces without a name in /run/netns are not seen",
        }
    }
}

/// The effective set of the calling thread, from `/proc/thread-self/status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    effective: u64,
}

impl Capabilities {
    /// Reads them.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn read() -> Result<Capabilities> {
        let status =
            fs::read_to_string(STATUS).map_err(|error| Failure::from_io(&error, STATUS))?;
        let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        line.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok())
            .map(|effective| Self { effective })
            .ok_or_else(|| Failure::new(Kind::Malformed, format!("{STATUS} has no CapEff")))
    }

    /// Whether `capability` is there.
    pub fn has(self, capability: Capability) -> bool {
        self.effective & (1 << capability as u32) != 0
    }

    /// Those of [`Capability::ALL`] that are not there.
    pub fn missing(self) -> Vec<Capability> {
        Capability::ALL
            .into_iter()
            .filter(|capability| !self.has(*capability))
            .collect()
    }
}
