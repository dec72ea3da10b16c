//! What outlives a restart of the agent: templates, rates, names, sequence numbers and untold accounts of exporters.
//!
//! The bytes are `VXEX`, a version (u16), the xxh3-64 of the rest (both little-endian), and the rest in postcard's wire format.
//! Listeners are saved by name: their order may be another one in the next run.

use serde::{Deserialize, Serialize};
use wire::netflow::Definition;
use wire::rows::source_kind;

use crate::account::{Account, MOST_COUNTED};
use crate::decoder::Decoder;
use crate::exporter::{Exporter, Key};
use crate::interfaces::SavedInterface;
use crate::sequence::Sequence;
use crate::source::Source;

const MAGIC: [u8; 4] = *b"VXEX";
const VERSION: u16 = 3;
const HEAD_BYTES: usize = 14;
/// A state is never that large: the file is something else.
const MOST_BYTES: usize = 512 << 20;

/// A saved state that was not taken in, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadState {
    pub reason: String,
}

impl std::fmt::Display for BadState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for BadState {}

#[derive(Debug, Serialize, Deserialize)]
struct SavedKey {
    address: [u8; 16],
    port: u16,
    listener: String,
    domain: u32,
    source_kind: u8,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedTemplate {
    is_options: bool,
    record: Vec<u8>,
    seen_ns: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedExporter {
    key: SavedKey,
    other_ports: Vec<u16>,
    sender: [u8; 16],
    first_ns: i64,
    last_ns: i64,
    datagrams: u64,
    /// What was counted of it and not told.
    account: Account,
    /// Datagrams that waited: they are lost where the run ended without `finish`.
    parked_datagrams: u64,
    sequence: Sequence,
    start_time_ns: Option<i64>,
    domain_rate: Option<f64>,
    inherited_rate: Option<f64>,
    selector_rates: Vec<(u64, f64)>,
    interface_rates: Vec<(u32, f64)>,
    templates: Vec<SavedTemplate>,
    /// Of each source of sFlow samples: which, its next number, its drops.
    samples: Vec<(u64, u32, u32)>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    exporters: Vec<SavedExporter>,
    elsewhere: Vec<(SavedKey, f64)>,
    interfaces: Vec<SavedInterface>,
    /// Accounts of what belongs to no exporter: listener, sender.
    senders: Vec<(String, [u8; 16], Account)>,
    /// When the interval began that all accounts are of.
    interval_start_ns: i64,
}

/// How much of a state is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// It is of the very instant at which the rows of this run's predecessor end.
    All,
    /// Rows were written after it: what was counted may have been told since, and gaps are at most as large as they look.
    WithoutAccounts,
    /// Which rows were written since is not known: where numbers go on is not either.
    WithoutNumbers,
}

impl Decoder {
    /// Take in what `save` gave: before the first datagram. Accounts of a listener that is none any more are left out.
    ///
    /// # Errors
    ///
    /// The bytes are damaged or of another version; nothing is changed then.
    pub fn restore(&mut self, saved: &[u8], extent: Extent) -> Result<(), BadState> {
        let state = read(saved)?;
        if extent == Extent::All {
            let is_any = state.exporters.iter().any(|one| !one.account.is_empty());
            if is_any || !state.senders.is_empty() {
                self.interval_start_ns = self.interval_start_ns.min(state.interval_start_ns);
            }
            self.restore_senders(state.senders);
        }
        for interface in state.interfaces {
            self.interfaces.restore(interface);
        }
        for (key, rate) in state.elsewhere {
            if let Some(key) = self.key(&key).filter(|_| is_rate(rate)) {
                self.elsewhere.announce(key, rate);
            }
        }
        for exporter in state.exporters {
            let Some(key) = self.key(&exporter.key) else {
                continue;
            };
            if self.registry.find(&key).is_some() {
                continue;
            }
            if self.registry.is_full() {
                let account = self.senders.of_listener(key.listener);
                if extent == Extent::All && exporter.account.is_possible() {
                    account.add(&exporter.account);
                }
                account.parked_dropped += exporter.parked_datagrams.min(MOST_COUNTED);
                continue;
            }
            self.restore_exporter(key, exporter, extent);
        }
        self.is_changed = true;
        Ok(())
    }

    fn restore_senders(&mut self, senders: Vec<(String, [u8; 16], Account)>) {
        for (name, address, account) in senders {
            let Some(listener) = self.listener(&name).filter(|_| account.is_possible()) else {
                continue;
            };
            let source = Source {
                address,
                port: 0,
                listener,
            };
            if address == [0; 16] {
                self.senders.of_listener(listener).add(&account);
            } else {
                self.senders.of(source).add(&account);
            }
        }
    }

    fn restore_exporter(&mut self, key: Key, saved: SavedExporter, extent: Extent) {
        let mut exporter = self.stranger(key, saved.sender, saved.first_ns);
        exporter.last_ns = saved.last_ns;
        exporter.datagrams = saved.datagrams;
        if extent == Extent::All && saved.account.is_possible() {
            exporter.account = saved.account;
        }
        exporter.account.last_received_ns = saved.last_ns;
        exporter.account.parked_dropped += saved.parked_datagrams.min(MOST_COUNTED);
        if extent != Extent::WithoutNumbers {
            exporter.sequence = saved
                .sequence
                .resume(key.source_kind, extent == Extent::All);
            exporter.resume_samples(saved.samples);
        }
        let sampling = &mut exporter.sampling;
        sampling.domain = saved.domain_rate.filter(|rate| is_rate(*rate));
        sampling.inherited = saved.inherited_rate.filter(|rate| is_rate(*rate));
        sampling.selectors = rates(saved.selector_rates);
        sampling.interfaces = rates(saved.interface_rates);
        if let Some(domain) = &mut exporter.domain {
            domain.start_time_ns = saved.start_time_ns;
            for template in saved.templates {
                // One that is beyond the bounds of now comes again from the exporter, or not at all.
                let _ = domain.define(&Definition {
                    source_kind: key.source_kind,
                    options: template.is_options,
                    record: template.record,
                    seen_ns: template.seen_ns,
                });
            }
        }
        if exporter.sampling.uniform(&exporter.configured).is_some() {
            exporter.wait_until_ns = i64::MIN;
        }
        let slot = self.registry.insert(exporter);
        self.bound_templates(slot);
        for port in saved.other_ports {
            self.registry.alias(slot, port);
        }
    }

    /// What a later run must know; `None` where nothing changed since the last call.
    ///
    /// What waits for a template or a rate is not in it, but how many datagrams do: a run that goes on from there counts them as
    /// dropped. Call `finish` first where the run ends.
    pub fn save(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.is_changed) {
            return None;
        }
        let state = State {
            exporters: self
                .registry
                .iter()
                .map(|exporter| self.saved_exporter(exporter))
                .collect(),
            elsewhere: self
                .elsewhere
                .all()
                .map(|(key, rate)| (self.saved_key(key), rate))
                .collect(),
            interfaces: self.interfaces.saved(),
            senders: self
                .senders
                .all()
                .map(|(listener, address, account)| {
                    (self.listener_name(listener), address, account.clone())
                })
                .collect(),
            interval_start_ns: self.interval_start_ns,
        };
        let body = postcard::to_allocvec(&state).ok()?;
        let mut saved = Vec::with_capacity(HEAD_BYTES + body.len());
        saved.extend_from_slice(&MAGIC);
        saved.extend_from_slice(&VERSION.to_le_bytes());
        saved.extend_from_slice(&xxhash_rust::xxh3::xxh3_64(&body).to_le_bytes());
        saved.extend_from_slice(&body);
        Some(saved)
    }

    fn saved_exporter(&self, exporter: &Exporter) -> SavedExporter {
        let domain = exporter.domain.as_deref();
        SavedExporter {
            key: self.saved_key(&exporter.key),
            other_ports: exporter.other_ports.clone(),
            sender: exporter.sender,
            first_ns: exporter.first_ns,
            last_ns: exporter.last_ns,
            datagrams: exporter.datagrams,
            account: exporter.account.clone(),
            parked_datagrams: exporter.parked_datagrams(),
            sequence: exporter.sequence.clone(),
            start_time_ns: domain.and_then(|domain| domain.start_time_ns),
            domain_rate: exporter.sampling.domain,
            inherited_rate: exporter.sampling.inherited,
            selector_rates: exporter
                .sampling
                .selectors
                .iter()
                .map(|(selector, rate)| (*selector, *rate))
                .collect(),
            interface_rates: exporter
                .sampling
                .interfaces
                .iter()
                .map(|(interface, rate)| (*interface, *rate))
                .collect(),
            templates: domain
                .into_iter()
                .flat_map(|domain| domain.definitions())
                .map(|definition| SavedTemplate {
                    is_options: definition.options,
                    record: definition.record,
                    seen_ns: definition.seen_ns,
                })
                .collect(),
            samples: exporter.sample_numbers().collect(),
        }
    }

    fn saved_key(&self, key: &Key) -> SavedKey {
        SavedKey {
            address: key.address,
            port: key.port,
            listener: self.listener_name(key.listener),
            domain: key.domain,
            source_kind: key.source_kind,
        }
    }

    fn listener_name(&self, listener: u16) -> String {
        let names = &self.settings.listeners;
        names
            .get(usize::from(listener))
            .cloned()
            .unwrap_or_default()
    }

    /// The listener in this run; `None` where it is none any more.
    fn listener(&self, name: &str) -> Option<u16> {
        let listeners = &self.settings.listeners;
        match listeners.iter().position(|known| known == name) {
            Some(at) => u16::try_from(at).ok(),
            None if listeners.is_empty() && name.is_empty() => Some(0),
            None => None,
        }
    }

    /// The key in this run; `None` where its listener is none any more.
    fn key(&self, saved: &SavedKey) -> Option<Key> {
        let listener = self.listener(&saved.listener)?;
        (usize::from(saved.source_kind) < source_kind::NAMES.len()).then_some(Key {
            address: saved.address,
            port: saved.port,
            listener,
            domain: saved.domain,
            source_kind: saved.source_kind,
        })
    }
}

fn read(saved: &[u8]) -> Result<State, BadState> {
    let bad = |reason: &str| BadState {
        reason: reason.to_owned(),
    };
    if saved.len() > MOST_BYTES {
        return Err(bad("it is larger than any state of exporters"));
    }
    let Some((head, body)) = saved.split_first_chunk::<HEAD_BYTES>() else {
        return Err(bad("it is too short for a state of exporters"));
    };
    let [m0, m1, m2, m3, v0, v1, sum @ ..] = *head;
    if [m0, m1, m2, m3] != MAGIC {
        return Err(bad("it is no state of exporters"));
    }
    let version = u16::from_le_bytes([v0, v1]);
    if version != VERSION {
        return Err(BadState {
            reason: format!("it has version {version}, and {VERSION} is understood"),
        });
    }
    if u64::from_le_bytes(sum) != xxhash_rust::xxh3::xxh3_64(body) {
        return Err(bad("its checksum is wrong: it is damaged"));
    }
    postcard::from_bytes(body).map_err(|problem| BadState {
        reason: format!("its content cannot be read: {problem}"),
    })
}

fn is_rate(rate: f64) -> bool {
    rate.is_finite() && rate >= 1.0
}

fn rates<K: std::hash::Hash + Eq>(saved: Vec<(K, f64)>) -> std::collections::HashMap<K, f64> {
    saved
        .into_iter()
        .filter(|(_, rate)| is_rate(*rate))
        .collect()
}
