//! What was decoded and is not taken yet.

use columns::generated::{counters, drops, hosts};
use wire::fault::Fault;
use wire::rows::Flows;
use wire::{netflow, sflow};

use crate::options::ExportedOption;
use crate::source::ExportFault;

/// Rows of all kinds.
///
/// Both decoders append to the same flows, so that rows stay in the order in which they came: the one that decoded last has them.
#[derive(Debug, Default)]
pub(crate) struct Harvest {
    pub netflow: netflow::Output,
    pub sflow: sflow::Output,
    sflow_has_flows: bool,
    pub counters: counters::Rows,
    pub hosts: hosts::Rows,
    pub drops: drops::Rows,
    pub options: Vec<ExportedOption>,
    pub faults: Vec<ExportFault>,
    most_faults: usize,
    fault_sample_bytes: usize,
}

impl Harvest {
    /// Nothing yet; at most `most_faults` are kept, each with so many bytes of its datagram.
    pub fn new(most_faults: usize, fault_sample_bytes: usize) -> Self {
        Self {
            most_faults,
            fault_sample_bytes,
            ..Self::default()
        }
    }

    /// The decoder of NetFlow and IPFIX, with all flows.
    #[inline]
    pub fn netflow(&mut self) -> &mut netflow::Output {
        if self.sflow_has_flows {
            std::mem::swap(&mut self.netflow.flows, &mut self.sflow.flows);
            self.sflow_has_flows = false;
        }
        // Rows of sFlow came in between, or rows that were held.
        let rows = self.netflow.flows.rows;
        if self.netflow.observed.len() != rows {
            self.netflow.observed.resize(rows, 0);
        }
        &mut self.netflow
    }

    /// The decoder of sFlow, with all flows.
    #[inline]
    pub fn sflow(&mut self) -> &mut sflow::Output {
        if !self.sflow_has_flows {
            std::mem::swap(&mut self.netflow.flows, &mut self.sflow.flows);
            self.sflow_has_flows = true;
        }
        let rows = self.sflow.flows.rows;
        if self.sflow.observed.len() != rows {
            self.sflow.observed.resize(rows, 0);
        }
        &mut self.sflow
    }

    pub fn flows(&self) -> &Flows {
        if self.sflow_has_flows {
            &self.sflow.flows
        } else {
            &self.netflow.flows
        }
    }

    pub fn take_flows(&mut self) -> Flows {
        let output = self.netflow();
        output.observed.clear();
        output.selector.clear();
        output.record_rate.clear();
        let successor = output.flows.empty_like();
        let flows = std::mem::replace(&mut output.flows, successor);
        self.sflow.observed.clear();
        flows
    }

    /// Keep faults of a datagram, as long as there is room.
    #[cold]
    pub fn fault(
        &mut self,
        exporter: [u8; 16],
        received_ns: i64,
        bytes: &[u8],
        faults: impl IntoIterator<Item = Fault>,
    ) {
        let room = self.most_faults.saturating_sub(self.faults.len());
        let sample = &bytes[..bytes.len().min(self.fault_sample_bytes)];
        let faults = faults.into_iter().take(room).map(|fault| ExportFault {
            exporter,
            received_ns,
            fault,
            sample: sample.to_vec(),
        });
        self.faults.extend(faults);
    }
}
