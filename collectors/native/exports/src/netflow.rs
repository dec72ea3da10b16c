//! NetFlow v5, v9 and IPFIX: templates and option data that come before, or after, the flows that need them.

use wire::netflow::{decode, decode_last, decode_parked, head, Head};
use wire::rows::{sampling_origin, source_kind};

use crate::announce::{interface_name, sampling, About};
use crate::decoder::Decoder;
use crate::exporter::{Exporter, Key};
use crate::options::ExportedOption;
use crate::park::{Held, Parked};
use crate::sampling::UNKNOWN;
use crate::settle::{count_link_bytes, place_rows, rate_of, write_rate, write_rates, Surroundings};
use crate::source::Source;

/// How a message is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It came now.
    First,
    /// It waits for its template.
    Parked,
    /// It waits no longer: what it has of known templates is decoded.
    Last,
}

/// What decoding a message came to.
#[derive(Debug, Default)]
struct Outcome {
    /// Its template is missing: no row was made.
    is_missing: bool,
    /// It made rows that wait for their rate.
    is_held: bool,
    /// Nothing of it could be read.
    is_undecodable: bool,
    /// Data records.
    records: u32,
    templates_changed: bool,
    /// A rate of this exporter is another than before.
    rates_changed: bool,
    /// Rates of other observation domains of the same exporter.
    for_others: Vec<(u32, f64)>,
}

impl Decoder {
    pub(crate) fn netflow(&mut self, source: Source, received_ns: i64, bytes: &[u8]) {
        let head = match head(bytes) {
            Ok(head) => head,
            Err(fault) => {
                self.undecodable(source, received_ns, bytes, fault);
                return;
            }
        };
        let key = Key {
            address: source.address,
            port: source.port,
            listener: source.listener,
            domain: head.domain_id,
            source_kind: head.source_kind,
        };
        let slot = match self.registry.find(&key) {
            Some(slot) => slot,
            None => self.meet(key, source, Some(head.sequence), received_ns),
        };
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        exporter.heard(bytes.len(), received_ns);
        exporter.account.clock(head.export_time_ns, received_ns);
        if let Some((_, interval)) = head.sampling {
            let told = f64::from(interval);
            exporter.sampling.domain = (interval > 0).then_some(told);
        }
        let outcome = self.message(slot, &head, received_ns, bytes, Turn::First);
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        let units = match head.source_kind {
            source_kind::NETFLOW9 => Some(1),
            _ if outcome.is_missing => None,
            source_kind::NETFLOW5 => Some(u32::from(head.count.unwrap_or(0))),
            _ => Some(outcome.records),
        };
        let restarts = exporter.sequence.restarts;
        exporter
            .sequence
            .observe(head.sequence, units, head.uptime_ms);
        exporter.restarts += exporter.sequence.restarts - restarts;
        if outcome.is_missing {
            self.park(slot, head, received_ns, bytes);
        } else if outcome.is_undecodable {
            exporter.account.undecodable += 1;
        } else if !outcome.is_held {
            exporter.account.decoded += 1;
        }
        if outcome.templates_changed {
            self.try_parked(slot);
            self.bound_templates(slot);
        }
        if outcome.rates_changed {
            self.release_resolved(slot);
        }
        for (domain, rate) in outcome.for_others {
            self.announced_for(slot, domain, rate);
        }
        self.bound_park(slot);
    }

    /// Decode a message that came now, or that waited for its template.
    fn message(
        &mut self,
        slot: u32,
        head: &Head,
        received_ns: i64,
        bytes: &[u8],
        turn: Turn,
    ) -> Outcome {
        let generation = self.registry.generation(slot);
        let mut outcome = Outcome::default();
        let Some(exporter) = self.registry.get_mut(slot) else {
            return outcome;
        };
        let Some(mut domain) = exporter.domain.take() else {
            return outcome;
        };
        let must_wait = received_ns < exporter.wait_until_ns;
        let output = if must_wait {
            if !exporter.held.back().is_some_and(Held::has_room) {
                let id = self.waiting.enter(slot, generation);
                exporter.held.push_back(Held::new(id));
            }
            match exporter.held.back_mut() {
                Some(held) => &mut *held.output,
                None => self.harvest.netflow(),
            }
        } else {
            self.harvest.netflow()
        };
        let first = output.flows.rows;
        let decode = match turn {
            Turn::First => decode,
            Turn::Parked => decode_parked,
            Turn::Last => decode_last,
        };
        decode(head, bytes, received_ns, &mut domain, output);
        let rows = output.flows.rows - first;
        let options = std::mem::take(&mut output.options);
        let faults = std::mem::take(&mut output.faults);
        outcome.is_missing = !output.missing_templates.is_empty();
        outcome.records = output.records;
        outcome.templates_changed = output.templates_changed;
        exporter.domain = Some(domain);
        outcome.is_undecodable =
            !faults.is_empty() && rows == 0 && options.is_empty() && !outcome.templates_changed;
        for option in &options {
            learn(
                exporter,
                option,
                received_ns,
                &mut self.interfaces,
                &mut outcome,
            );
        }
        if self.settings.keep_options {
            let key = exporter.key;
            let kept = options.into_iter().map(|option| ExportedOption {
                exporter: key.address,
                observation_domain_id: key.domain,
                source_kind: key.source_kind,
                received_ns,
                template_id: option.template_id,
                scope: option.scope,
                fields: option.fields,
            });
            self.harvest.options.extend(kept);
        }
        let mut around = Surroundings {
            interfaces: &mut self.interfaces,
            local: &self.local,
        };
        if must_wait {
            outcome.is_held = hold(
                exporter,
                first,
                &mut around,
                &mut self.waiting.bytes,
                received_ns,
            );
            // The newest block lets go at once where nothing in it waits.
            outcome.rates_changed |= !outcome.is_held;
        } else if rows > 0 {
            let output = self.harvest.netflow();
            let observed = &output.observed[first..];
            place_rows(
                &mut output.flows,
                first,
                observed,
                exporter,
                &mut around,
                received_ns,
            );
            count_link_bytes(&mut output.flows, first, exporter.configured.byte_layer);
            let has_clues = output.selector.len() > first || output.record_rate.len() > first;
            let uniform = if has_clues {
                None
            } else {
                exporter.sampling.uniform(&exporter.configured)
            };
            let unknown = match uniform {
                Some(rate) => {
                    exporter.last_rate = rate;
                    write_rate(&mut output.flows, first, rows, rate)
                }
                None => {
                    let rates: Vec<_> = (first..first + rows)
                        .map(|row| rate_of(row, output, &exporter.sampling, &exporter.configured))
                        .collect();
                    exporter.last_rate = rates.last().copied().unwrap_or(UNKNOWN);
                    write_rates(&mut output.flows, first, &rates)
                }
            };
            exporter.account.flows += rows as u64;
            exporter.account.unknown_rate_flows += unknown;
        }
        if !faults.is_empty() {
            let exporter = exporter.key.address;
            self.harvest.fault(exporter, received_ns, bytes, faults);
        }
        outcome
    }

    /// Keep a datagram until its template comes.
    #[cold]
    fn park(&mut self, slot: u32, head: Head, received_ns: i64, bytes: &[u8]) {
        let generation = self.registry.generation(slot);
        let id = self.waiting.enter(slot, generation);
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        let parked = Parked {
            id,
            received_ns,
            head,
            bytes: bytes.into(),
        };
        exporter.parked_bytes += parked.memory_bytes();
        self.waiting.bytes += parked.memory_bytes();
        exporter.parked.push_back(parked);
    }

    /// Decode what was parked, in order, as far as its templates are known now.
    #[cold]
    fn try_parked(&mut self, slot: u32) {
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        if exporter.parked.is_empty() {
            return;
        }
        let mut waiting = std::mem::take(&mut exporter.parked);
        let mut still = std::collections::VecDeque::new();
        while let Some(parked) = waiting.pop_front() {
            let outcome = self.message(
                slot,
                &parked.head,
                parked.received_ns,
                &parked.bytes,
                Turn::Parked,
            );
            if outcome.is_missing {
                still.push_back(parked);
                continue;
            }
            for (domain, rate) in &outcome.for_others {
                self.announced_for(slot, *domain, *rate);
            }
            let bytes = parked.memory_bytes();
            self.waiting.bytes -= bytes;
            let Some(exporter) = self.registry.get_mut(slot) else {
                return;
            };
            exporter.parked_bytes -= bytes;
            if parked.head.source_kind == source_kind::IPFIX {
                exporter
                    .sequence
                    .widen(parked.head.sequence, outcome.records);
            }
            if outcome.is_undecodable {
                exporter.account.undecodable += 1;
            } else if !outcome.is_held {
                exporter.account.decoded += 1;
            }
            if outcome.rates_changed {
                self.release_resolved(slot);
            }
        }
        if let Some(exporter) = self.registry.get_mut(slot) {
            still.append(&mut exporter.parked);
            exporter.parked = still;
        }
    }

    /// Decode what a datagram has of templates that are known: it waits no longer for the others.
    #[cold]
    pub(crate) fn salvage(&mut self, slot: u32, parked: &Parked) {
        let outcome = self.message(
            slot,
            &parked.head,
            parked.received_ns,
            &parked.bytes,
            Turn::Last,
        );
        if outcome.is_held {
            // It is accounted for already: only its rows wait.
            if let Some(block) = self
                .registry
                .get_mut(slot)
                .and_then(|exporter| exporter.held.back_mut())
            {
                block.datagrams -= 1;
            }
        }
    }

    /// A rate came: give it to the rows that wait for it, and let go the blocks in which none waits any more.
    #[cold]
    pub(crate) fn release_resolved(&mut self, slot: u32) {
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        let Exporter {
            held,
            sampling,
            configured,
            ..
        } = &mut *exporter;
        for block in held.iter_mut() {
            block.resolve(|row, output| rate_of(row, output, sampling, configured));
        }
        let is_settled = sampling.uniform(configured).is_some() && sampling.selectors.len() <= 1;
        let mut released = Vec::new();
        let mut at = 0;
        while let Some(block) = exporter.held.get(at) {
            if block.open_rows > 0 {
                at += 1;
            } else if let Some(block) = exporter.held.remove(at) {
                released.push(block);
            }
        }
        if is_settled {
            exporter.wait_until_ns = i64::MIN;
        }
        for block in released {
            self.release(slot, block);
        }
    }

    /// Rows that were held become rows like any other; those without a rate are unknown.
    pub(crate) fn release(&mut self, slot: u32, block: Held) {
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        self.waiting.bytes -= block.bytes;
        exporter.parked_bytes -= block.bytes;
        release_into(exporter, block, self.harvest.netflow());
    }

    /// Another observation domain of the same exporter announced a rate for this one, or for all of them.
    #[cold]
    fn announced_for(&mut self, slot: u32, domain: u32, rate: f64) {
        let Some(key) = self.registry.get_mut(slot).map(|exporter| exporter.key) else {
            return;
        };
        self.elsewhere.announce(Key { domain, ..key }, rate);
        let concerned: Vec<u32> = self
            .registry
            .iter_mut()
            .filter(|(_, other)| {
                let is_same = Key {
                    domain: key.domain,
                    ..other.key
                } == key;
                is_same && other.key.domain != key.domain && [0, other.key.domain].contains(&domain)
            })
            .map(|(slot, _)| slot)
            .collect();
        for slot in concerned {
            let changed = self
                .registry
                .get_mut(slot)
                .is_some_and(|other| other.sampling.announce(About::OtherDomain(domain), rate));
            if changed {
                self.release_resolved(slot);
            }
        }
    }
}

/// Append the rows of a block to all others.
pub(crate) fn release_into(
    exporter: &mut Exporter,
    mut block: Held,
    output: &mut wire::netflow::Output,
) {
    let flows = &mut block.output.flows;
    let unknown = write_rates(flows, 0, &block.rates);
    exporter.last_rate = block.rates.last().copied().unwrap_or(exporter.last_rate);
    exporter.account.flows += flows.rows as u64;
    exporter.account.unknown_rate_flows += unknown;
    exporter.account.decoded += block.datagrams;
    output.flows.append(flows);
}

/// Take in the rows from `first` on of the newest block. Returns whether its datagram waits: whether any of its rows has no rate.
fn hold(
    exporter: &mut Exporter,
    first: usize,
    around: &mut Surroundings<'_>,
    all_bytes: &mut usize,
    received_ns: i64,
) -> bool {
    let Some(mut block) = exporter.held.pop_back() else {
        return false;
    };
    let output = &mut *block.output;
    let rows = output.flows.rows;
    if rows > first {
        let observed = &output.observed[first..];
        place_rows(
            &mut output.flows,
            first,
            observed,
            exporter,
            around,
            received_ns,
        );
        count_link_bytes(&mut output.flows, first, exporter.configured.byte_layer);
    }
    for row in first..rows {
        let rate = rate_of(row, &block.output, &exporter.sampling, &exporter.configured);
        block.open_rows += usize::from(rate.1 == sampling_origin::UNKNOWN);
        block.rates.push(rate);
    }
    let is_held = rows > first && block.open_rows > 0;
    block.datagrams += u64::from(is_held);
    let bytes = block.memory_bytes();
    *all_bytes += bytes - block.bytes;
    exporter.parked_bytes += bytes - block.bytes;
    block.bytes = bytes;
    exporter.held.push_back(block);
    is_held
}

/// Take in what a record of option data announces.
fn learn(
    exporter: &mut Exporter,
    option: &wire::netflow::OptionRecord,
    received_ns: i64,
    interfaces: &mut crate::interfaces::InterfaceTable,
    outcome: &mut Outcome,
) {
    let domain = exporter.key.domain;
    if let Some((about, rate)) = sampling(option, domain) {
        match about {
            About::OtherDomain(other) => outcome.for_others.push((other, rate)),
            _ => outcome.rates_changed |= exporter.sampling.announce(about, rate),
        }
        // RFC 7011 §3.1: domain 0 speaks for all of the exporting process.
        if about == About::Domain && domain == 0 && exporter.key.source_kind == source_kind::IPFIX {
            outcome.for_others.push((0, rate));
        }
    }
    if let Some((if_index, name, description)) = interface_name(option) {
        if exporter.has_own_interfaces() && if_index != 0 {
            let configured = exporter.configured.interface_name(if_index);
            let id = interfaces.seen(exporter.place(if_index), configured, received_ns);
            let is_named = configured.is_some();
            interfaces.told(id, received_ns, |facts| {
                if !is_named && !name.is_empty() {
                    facts.name = name;
                }
                if !description.is_empty() {
                    facts.description = description;
                }
            });
        }
    }
}
