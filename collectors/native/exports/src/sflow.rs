//! sFlow: samples tell their rate themselves; counter samples become rows of what was added.

use wire::internet::is_loopback;
use wire::rows::{sampling_origin, source_kind};
use wire::sflow::{decode, head, source_type, CounterSample, Header, SampleKind};

use crate::decoder::Decoder;
use crate::drops;
use crate::exporter::Key;
use crate::numbers::{Step, Units};
use crate::readings::Moment;
use crate::settle::{configure_rates, place_rows, Surroundings};
use crate::source::Source;

/// Hosts of one exporter (virtual machines have samples of their own) whose last reading is kept.
const MOST_HOSTS: usize = 1_024;

impl Decoder {
    pub(crate) fn sflow(&mut self, source: Source, received_ns: i64, bytes: &[u8]) {
        let header = match head(bytes) {
            Ok(header) => header,
            Err(fault) => {
                self.undecodable(source, received_ns, bytes, fault);
                return;
            }
        };
        let key = Key {
            address: agent(&header, source),
            port: 0,
            listener: source.listener,
            domain: header.sub_agent_id,
            source_kind: source_kind::SFLOW,
        };
        let slot = match self.registry.find(&key) {
            Some(slot) => slot,
            None => self.meet(key, source, None, received_ns),
        };
        // Now, for an exporter that was forgotten for this one may have left rows.
        let output = self.harvest.sflow();
        let first = output.flows.rows;
        if let Err(fault) = decode(bytes, received_ns, output) {
            self.undecodable(source, received_ns, bytes, fault);
            return;
        }
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        exporter.heard(bytes.len(), received_ns);
        exporter.sender = source.address;
        let step =
            exporter
                .sequence
                .observe(header.sequence, Units::Known(1), Some(header.uptime_ms));
        exporter.restarts += u64::from(step == Step::Restart);

        let output = self.harvest.sflow();
        for sample in output.samples.drain(..) {
            exporter.sampled(&sample, step);
            exporter.account.counter_samples += u64::from(sample.kind == SampleKind::Counters);
        }
        let rows = output.flows.rows - first;
        if key.address != header.agent_address {
            let column = &mut output.flows.exporter_address;
            column.repeat(first, rows, key.address);
            output
                .hosts
                .iter_mut()
                .for_each(|host| host.agent = key.address);
            output
                .discards
                .iter_mut()
                .for_each(|discard| discard.agent = key.address);
        }
        let mut around = Surroundings {
            interfaces: &mut self.interfaces,
            local: &self.local,
        };
        if rows > 0 {
            let observed = &output.observed[first..];
            let flows = &mut output.flows;
            place_rows(flows, first, observed, exporter, &mut around, received_ns);
            if exporter.configured.has_rates() {
                configure_rates(flows, first, observed, exporter);
            }
            flows.sampling_origin.fill(flows.rows);
            flows.sampling_rate.fill(flows.rows);
            let origins = &flows.sampling_origin.values()[first..];
            let unknown = origins
                .iter()
                .filter(|origin| **origin == sampling_origin::UNKNOWN)
                .count();
            exporter.account.flows += rows as u64;
            exporter.account.unknown_rate_flows += unknown as u64;
            exporter.last_rate = (
                flows.sampling_rate.values().last().copied().unwrap_or(0.0),
                origins.last().copied().unwrap_or(0),
            );
        }
        let has_more =
            !output.counters.is_empty() || !output.hosts.is_empty() || !output.discards.is_empty();
        let is_undecodable = !output.faults.is_empty() && rows == 0 && !has_more;
        if is_undecodable {
            exporter.account.undecodable += 1;
        } else {
            exporter.account.decoded += 1;
        }
        if !output.faults.is_empty() {
            let faults = std::mem::take(&mut output.faults);
            self.harvest.fault(key.address, received_ns, bytes, faults);
        }
        if has_more {
            self.sflow_counters(slot, received_ns);
        }
    }

    /// What came beside flows.
    fn sflow_counters(&mut self, slot: u32, received_ns: i64) {
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        let harvest = &mut self.harvest;
        let output = harvest.sflow();
        let mut samples = std::mem::take(&mut output.counters);
        let mut hosts = std::mem::take(&mut output.hosts);
        let mut discards = std::mem::take(&mut output.discards);
        for sample in &samples {
            let Some(if_index) = interface_of(sample) else {
                continue;
            };
            // What the kernel counts of the agent's own interfaces is told by the agent's own sweep: not twice.
            if !exporter.has_own_interfaces() {
                continue;
            }
            let id = exporter.vif_id(if_index, received_ns, &mut self.interfaces, &self.local);
            let is_named = exporter.configured.interface_name(if_index).is_some();
            self.interfaces.told(id, received_ns, |facts| {
                if let Some(name) = sample.name.as_ref().filter(|_| !is_named) {
                    facts.name.clone_from(name);
                }
                if let Some(generic) = &sample.generic {
                    facts.speed_bits_per_second = generic.if_speed;
                    facts.status = Some((generic.if_status & 1 != 0, generic.if_status & 2 != 0));
                }
            });
            if let Some(generic) = &sample.generic {
                let moment = Moment {
                    time_ns: sample.received_ns,
                    restarts: exporter.restarts,
                    sequence: sample.sequence,
                };
                let rows = &mut harvest.counters;
                exporter
                    .readings
                    .sample(rows, id, moment, if_index, generic);
            }
        }
        for sample in &hosts {
            let source = (sample.source_type, sample.source_index);
            if exporter.hosts.len() < MOST_HOSTS || exporter.hosts.contains_key(&source) {
                let reading = exporter.hosts.entry(source).or_default();
                reading.sample(&mut harvest.hosts, sample);
            }
        }
        for discard in &discards {
            let if_index =
                if discard.source_type == source_type::INTERFACE && discard.source_index != 0 {
                    discard.source_index
                } else {
                    discard.in_if_index
                };
            let id = exporter.vif_id(if_index, received_ns, &mut self.interfaces, &self.local);
            drops::push(&mut harvest.drops, id, discard);
        }
        // The memory is used again.
        samples.clear();
        hosts.clear();
        discards.clear();
        let output = harvest.sflow();
        output.counters = samples;
        output.hosts = hosts;
        output.discards = discards;
    }
}

/// The agent; the sender where the datagram does not say it, or says an address that every host has: two hosts that call
/// themselves 127.0.0.1 are two exporters.
fn agent(header: &Header, source: Source) -> [u8; 16] {
    const MAPPED_NONE: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0];
    let says_nothing = header.agent_address == [0; 16] || header.agent_address == MAPPED_NONE;
    if says_nothing || is_loopback(&header.agent_address) && !is_loopback(&source.address) {
        source.address
    } else {
        header.agent_address
    }
}

/// The interface that a counter sample is about.
fn interface_of(sample: &CounterSample) -> Option<u32> {
    let told = sample.generic.map_or(0, |generic| generic.if_index);
    if told != 0 {
        return Some(told);
    }
    (sample.source_type == source_type::INTERFACE && sample.source_index != 0)
        .then_some(sample.source_index)
}
