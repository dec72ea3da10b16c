//! What the operator says of exporters, and the bounds of what is kept of them.

/// What the numbers of an exporter's interfaces are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interfaces {
    /// The exporter's own: each is a VIF of kind `exported`.
    #[default]
    Own,
    /// Kernel ifIndexes of the agent's own network namespace.
    Kernel,
}

/// What the direction is that an exporter tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// That of the interface.
    Told,
    /// Another, such as which end of a conversation spoke.
    Unknown,
}

/// What an exporter counts in `bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ByteLayer {
    /// From the IP header on, as RFC 5102 says of octetDeltaCount.
    #[default]
    Ip,
    /// From the Ethernet header on.
    Link,
}

/// What is known of an exporter from the settings. An entry holds for all ports, domains or interfaces where it names none; of
/// several entries that hold the one that names most decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// sFlow: the agent's address. IPv4 mapped into IPv6.
    pub address: [u8; 16],
    pub port: Option<u16>,
    /// Observation domain; sFlow: sub-agent.
    pub domain: Option<u32>,
    /// ifIndex.
    pub interface: Option<u32>,
    /// Goes before what the exporter announces. Finite and at least 1.
    pub sampling_rate: Option<f64>,
    pub interfaces: Option<Interfaces>,
    /// Everything of this exporter was seen at this interface of the agent's own network namespace.
    pub ifname: Option<String>,
    /// Missing: unknown where `ifname` is named, else told.
    pub direction: Option<Direction>,
    pub byte_layer: Option<ByteLayer>,
    /// Name of the exporter, or of the interface where one is named.
    pub name: Option<String>,
}

/// All settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Names of the listeners, by `Source::listener`.
    pub listeners: Vec<String>,
    /// Distinguishes exporters of the same address in different places.
    pub site: String,
    pub known: Vec<Known>,
    /// Bytes of memory that parked datagrams and rows may take in all; an exporter may take a quarter of it.
    pub park_bytes: usize,
    /// How long after an exporter's first datagram its sampling rate is waited for, and how long a datagram waits for its
    /// template.
    pub park_time_ns: i64,
    /// Exporters (address, port, domain, listener) that are remembered.
    pub max_exporters: usize,
    /// Templates of one exporter.
    pub max_templates: usize,
    /// Keep elements that no column takes.
    pub raw_elements: bool,
    /// Keep the records of option data for `take_options`.
    pub keep_options: bool,
    /// Faults kept between two calls of `take_faults`.
    pub most_faults: usize,
    pub fault_sample_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listeners: Vec::new(),
            site: String::new(),
            known: Vec::new(),
            park_bytes: 32 << 20,
            park_time_ns: 60_000_000_000,
            max_exporters: 4_096,
            max_templates: 1_024,
            raw_elements: false,
            keep_options: false,
            most_faults: 256,
            fault_sample_bytes: 512,
        }
    }
}

/// An interface of the agent's own network namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalInterface {
    pub ifindex: u32,
    pub ifname: String,
    pub vif_id: u64,
}
