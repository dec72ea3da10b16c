//! NetFlow v5, v9 and IPFIX: templates and option data that come before, or after, the flows that need them.

use wire::netflow::{decode, decode_last, decode_parked, head, Head};
use wire::rows::{sampling_origin, source_kind};

use crate::announce::{interface_name, sampling, About};
use crate::decoder::Decoder;
use crate::exporter::{Exporter, Key};
use crate::numbers::Units;
use crate::options::ExportedOption;
use crate::park::Held;
use crate::sampling::UNKNOWN;
use crate::settle::{place_netflow_rows, rate_of, write_rate, write_rates, Surroundings};
use crate::source::Source;

/// How a message is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It came now.
    First,
    /// It waits for its template.
    Parked,
    /// It waits no longer: what it has of known templates is decoded.
    Last,
}

/// What decoding a message came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Its template is missing: no row was made.
    pub is_missing: bool,
    /// It made rows that wait for their rate.
    pub is_held: bool,
    /// Nothing of it could be read.
    pub is_undecodable: bool,
    /// Data records, those of options among them.
    pub records: u32,
    pub options: u32,
    pub templates_changed: bool,
    /// A rate of this exporter is another than before.
    pub rates_changed: bool,
    /// Rates of other observation domains of the same exporter.
    pub for_others: Vec<(u32, f64)>,
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
            source_kind::NETFLOW9 => Units::Known(1),
            // A record has a byte at least.
            _ if outcome.is_missing => Units::AtMost(u32::try_from(bytes.len()).unwrap_or(0)),
            source_kind::NETFLOW5 => Units::Known(u32::from(head.count.unwrap_or(0))),
            _ => Units::Known(outcome.records),
        };
        exporter.sequence.observe_with_options(
            head.sequence,
            units,
            outcome.options,
            head.uptime_ms,
        );
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
    pub(crate) fn message(
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
        outcome.options = u32::try_from(options.len()).unwrap_or(0);
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
            place_netflow_rows(output, first, exporter, &mut around, received_ns);
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

    /// Another observation domain of the same exporter announced a rate for this one, or for all of them.
    #[cold]
    pub(crate) fn announced_for(&mut self, slot: u32, domain: u32, rate: f64) {
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
        place_netflow_rows(output, first, exporter, around, received_ns);
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
