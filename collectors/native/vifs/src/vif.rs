//! One VIF: what the kernel says of its device, and what was written of it.

use wire::identity::Identity;
use wire::record::{Link, Qdisc};

use crate::state::State;

/// Where a device is: its namespace's cookie and its ifindex there.
pub type Coordinate = (u64, u32);

/// What sysfs says of a device, read once at birth.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Device {
    /// Inode of its sysfs directory; `None` where sysfs may not be read.
    pub inode: Option<u64>,
    /// Negotiated speed of a physical port, 0 for unknown.
    pub speed_bits_per_second: u64,
    /// Driver of a physical port.
    pub driver: String,
}

/// What is known of a VIF's beginning, which decides what its first counters row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appeared {
    /// It was there before anybody looked: its first reading only is a baseline.
    Before,
    /// Its birth was seen at this instant: it counts from zero.
    Born(i64),
    /// It was born unseen at some time after this instant: it counts from zero over that time, as a gap.
    Unseen(i64),
}

/// A state that is, or is being, written down.
#[derive(Debug, Clone)]
pub struct Written {
    pub state: State,
    pub valid_from_time: i64,
    /// Cookie of its namespace; `None` for a state of an earlier run.
    pub namespace: Option<u64>,
}

/// What is kept of a root queue besides its counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Queue {
    pub kind: String,
    pub rate_bytes_per_second: Option<u64>,
}

impl From<&Qdisc> for Queue {
    fn from(qdisc: &Qdisc) -> Self {
        Self {
            kind: qdisc.kind.clone(),
            rate_bytes_per_second: qdisc.rate_bytes_per_second,
        }
    }
}

/// One kernel device.
#[derive(Debug, Clone)]
pub(crate) struct Vif {
    pub id: u64,
    pub identity: Identity,
    pub link: Link,
    /// Sorted, so that the kernel's order makes no change.
    pub addresses: Vec<([u8; 16], u8)>,
    pub queue: Option<Queue>,
    pub device: Device,
    /// Namespace that it is in, or was in last.
    pub namespace: u64,
    /// Set between leaving one namespace and being found in another.
    pub left_time: Option<i64>,
    pub appeared: Appeared,
    /// When this run saw it first.
    pub first_seen_time: i64,
    /// When its latest change happened.
    pub changed_time: i64,
    pub written: Option<Written>,
    /// Coordinates that its IFLA_LINK and master were found to mean when it was entered into the index.
    pub pointing_at: Vec<Coordinate>,
    /// Its state when its peer went out of sight.
    pub paired_as: Option<Box<State>>,
}

impl Vif {
    pub fn coordinate(&self) -> Coordinate {
        (self.namespace, self.link.ifindex)
    }

    /// When its birth was seen.
    pub fn born_time(&self) -> Option<i64> {
        match self.appeared {
            Appeared::Born(time) => Some(time),
            Appeared::Before | Appeared::Unseen(_) => None,
        }
    }

    /// Why its first row is written.
    pub fn first_change(&self) -> &'static str {
        match self.appeared {
            Appeared::Before => "baseline",
            Appeared::Born(_) | Appeared::Unseen(_) => "born",
        }
    }

    /// Since when its first state holds: where the birth was not seen, since it is known. An earlier time would have it
    /// expected, and missing, in windows that may lie before its birth.
    pub fn begin_time(&self) -> i64 {
        match self.appeared {
            Appeared::Born(time) => time,
            Appeared::Unseen(_) | Appeared::Before => self.first_seen_time,
        }
    }
}

/// Whether the two ends of such a device are two interfaces that know each other by IFLA_LINK.
pub(crate) fn is_pair(link: &Link) -> bool {
    matches!(link.kind.as_str(), "veth" | "netkit" | "vxcan")
}
