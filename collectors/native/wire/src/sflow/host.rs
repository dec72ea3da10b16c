//! Counter samples of hosts and of a switch's processor.

/// What one counter sample says of a host or of a switch's processor; counters as on the wire, not differences.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostSample {
    /// The agent, IPv4 mapped into IPv6.
    pub agent: [u8; 16],
    pub sub_agent: u32,
    /// One of [`super::source_type`].
    pub source_type: u32,
    pub source_index: u32,
    pub sequence: u32,
    pub received_ns: i64,
    pub description: Option<Description>,
    /// Interfaces (ifIndex, MAC address), one entry an address, address 0 where an interface has none; `None` where not told.
    pub adapters: Option<Vec<(u32, u64)>>,
    pub parent: Option<Parent>,
    pub cpu: Option<Cpu>,
    pub memory: Option<Memory>,
    pub disk: Option<Disk>,
    pub net: Option<Net>,
    pub processor: Option<Processor>,
}

/// Who the host is (0:2000).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Description {
    /// At most 255 bytes of UTF-8 without control characters, like `os_release`.
    pub host_name: String,
    pub uuid: [u8; 16],
    pub machine_type: u32,
    pub os_name: u32,
    pub os_release: String,
}

/// The host that this one runs on (0:2002).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parent {
    /// One of [`super::source_type`].
    pub container_type: u32,
    pub container_index: u32,
}

/// CPU (0:2003). Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cpu {
    /// `None` where the host cannot say (negative, or no number).
    pub load_1m: Option<f32>,
    pub load_5m: Option<f32>,
    pub load_15m: Option<f32>,
    pub running_processes: u32,
    pub processes: u32,
    pub cpu_count: u32,
    /// MHz.
    pub cpu_speed: u32,
    pub uptime_seconds: u32,
    pub user_ms: u32,
    pub nice_ms: u32,
    pub system_ms: u32,
    pub idle_ms: u32,
    pub wait_ms: u32,
    pub interrupt_ms: u32,
    pub soft_interrupt_ms: u32,
    pub interrupts: u32,
    pub context_switches: u32,
    /// Stolen by the hypervisor, given to guests, given to guests at low priority; only newer agents say these.
    pub steal_ms: Option<u32>,
    pub guest_ms: Option<u32>,
    pub guest_nice_ms: Option<u32>,
}

/// Memory (0:2004), in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    pub total_bytes: u64,
    pub free_bytes: u64,
    pub shared_bytes: u64,
    pub buffers_bytes: u64,
    pub cached_bytes: u64,
    pub swap_total_bytes: u64,
    pub swap_free_bytes: u64,
    pub page_in: u32,
    pub page_out: u32,
    pub swap_in: u32,
    pub swap_out: u32,
}

/// Disks together (0:2005).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Disk {
    pub total_bytes: u64,
    pub free_bytes: u64,
    /// Of the fullest partition, in hundredths of a percent.
    pub fullest_used: u32,
    pub reads: u32,
    pub read_bytes: u64,
    pub read_ms: u32,
    pub writes: u32,
    pub written_bytes: u64,
    pub write_ms: u32,
}

/// Network interfaces together (0:2006).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Net {
    pub in_bytes: u64,
    pub in_packets: u32,
    pub in_errors: u32,
    pub in_drops: u32,
    pub out_bytes: u64,
    pub out_packets: u32,
    pub out_errors: u32,
    pub out_drops: u32,
}

/// A switch's processor (0:1001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Processor {
    /// Busy over 5 s, 1 min and 5 min, in hundredths of a percent; `None` where it is unknown.
    pub busy_5s: Option<u32>,
    pub busy_1m: Option<u32>,
    pub busy_5m: Option<u32>,
    pub total_memory_bytes: u64,
    pub free_memory_bytes: u64,
}
