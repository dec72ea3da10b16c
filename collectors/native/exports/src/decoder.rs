//! Datagrams in, rows out.

use columns::generated::{counters, drops, exporters, hosts, inventory};
use wire::rows::Flows;

use crate::options::ExportedOption;
use crate::settings::{LocalInterface, Settings};
use crate::source::{ExportFault, Source};

/// All exporters, and the rows that were not taken yet.
#[derive(Debug)]
pub struct Decoder {
    settings: Settings,
    now_ns: i64,
    flows: Flows,
    faults: Vec<ExportFault>,
}

/// A saved state that was not taken in, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadState {
    pub reason: String,
}

impl Decoder {
    /// Nothing is known of any exporter.
    pub fn new(settings: Settings, now_ns: i64) -> Self {
        Self {
            settings,
            now_ns,
            flows: Flows::default(),
            faults: Vec::new(),
        }
    }

    /// Take in what `save` gave; nothing is changed where that is damaged or of another version.
    pub fn restore(&mut self, saved: &[u8]) -> Result<(), BadState> {
        let _ = saved;
        Ok(())
    }

    /// What a later run must know; `None` where nothing changed since the last call.
    pub fn save(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// The interfaces of the agent's own namespace, in place of those told before.
    pub fn local_interfaces_seen(&mut self, interfaces: Vec<LocalInterface>) {
        let _ = interfaces;
    }

    /// Take in one datagram.
    pub fn datagram(&mut self, source: Source, received_ns: i64, bytes: &[u8]) {
        let _ = (source, bytes);
        self.now_ns = received_ns;
    }

    /// Datagrams of a sender that is not allowed were thrown away by the listener.
    pub fn refused(&mut self, source: Source, datagrams: u64, bytes: u64, last_received_ns: i64) {
        let _ = (source, datagrams, bytes, last_received_ns);
    }

    /// Datagrams were thrown away by the listener for want of room.
    pub fn shed(&mut self, source: Source, datagrams: u64, bytes: u64, last_received_ns: i64) {
        let _ = (source, datagrams, bytes, last_received_ns);
    }

    /// The kernel dropped datagrams of a listener's sockets; of which exporters is not known.
    pub fn socket_dropped(&mut self, listener: u16, datagrams: u64) {
        let _ = (listener, datagrams);
    }

    /// Time goes on: what was parked too long is decoded as far as it goes, or dropped and counted.
    pub fn tick(&mut self, now_ns: i64) {
        self.now_ns = now_ns;
    }

    /// Nothing more comes: everything parked is decoded as far as it goes, without a sampling rate.
    pub fn finish(&mut self) {}

    /// How many flow rows there are.
    pub fn flows_rows(&self) -> usize {
        self.flows.rows
    }

    pub fn take_flows(&mut self) -> Flows {
        std::mem::take(&mut self.flows)
    }

    /// sFlow counter samples, as what was added since the sample before.
    pub fn take_counters(&mut self) -> counters::Rows {
        counters::Rows::default()
    }

    /// sFlow host structures.
    pub fn take_hosts(&mut self) -> hosts::Rows {
        hosts::Rows::default()
    }

    /// Packets that sFlow exporters say were dropped.
    pub fn take_drops(&mut self) -> drops::Rows {
        drops::Rows::default()
    }

    /// One row for each exporter that sent anything, or has anything parked, since the last call; and one for each listener
    /// (exporter `::`) with what cannot be said of one exporter.
    pub fn take_exporters(&mut self, now_ns: i64) -> exporters::Rows {
        let _ = now_ns;
        exporters::Rows::default()
    }

    /// Interfaces that are new, changed or gone; all of them where `whole` is set.
    pub fn take_inventory(&mut self, now_ns: i64, whole: bool) -> inventory::Rows {
        let _ = (now_ns, whole);
        inventory::Rows::default()
    }

    /// Records of option data, where `Settings::keep_options` is set.
    pub fn take_options(&mut self) -> Vec<ExportedOption> {
        Vec::new()
    }

    /// What could not be decoded: the first `Settings::most_faults` since the last call.
    pub fn take_faults(&mut self) -> Vec<ExportFault> {
        std::mem::take(&mut self.faults)
    }
}
