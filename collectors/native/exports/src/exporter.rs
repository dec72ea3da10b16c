//! One exporter: an address (and port), an observation domain and a protocol, as one listener hears it.

use std::collections::{HashMap, VecDeque};

use wire::netflow::Domain;
use wire::sflow::{SampleHead, SampleKind};

use crate::account::Account;
use crate::cache::Cache;
use crate::hosts::HostReading;
use crate::interfaces::{InterfaceTable, Place};
use crate::known::Configured;
use crate::local::LocalTable;
use crate::numbers::Step;
use crate::park::{Held, Parked};
use crate::readings::Readings;
use crate::sampling::{Rate, Sampling, UNKNOWN};
use crate::sequence::Sequence;
use crate::settings::Interfaces;

/// After so many datagrams an exporter is believed to be one: before that it is the first to be forgotten.
const PROVEN_DATAGRAMS: u64 = 8;

/// Who an exporter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// sFlow: the agent's address, else the sender's.
    pub address: [u8; 16],
    /// Port that it sends from; 0 for sFlow, whose agents say who they are.
    pub port: u16,
    pub listener: u16,
    /// Observation domain; sFlow: sub-agent.
    pub domain: u32,
    /// One of `wire::rows::source_kind`.
    pub source_kind: u8,
}

impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.address));
        let kind_and_listener =
            u64::from(self.source_kind & 3) << 14 | u64::from(self.listener & 0x3fff);
        state.write_u64(
            u64::from(self.port) << 48 | kind_and_listener << 32 | u64::from(self.domain),
        );
    }
}

/// All that is known of one exporter.
#[derive(Debug)]
pub(crate) struct Exporter {
    pub key: Key,
    /// Other ports that its datagrams came from: their numbers went on without a gap.
    pub other_ports: Vec<u16>,
    /// Who sent its last datagram.
    pub sender: [u8; 16],
    pub first_ns: i64,
    pub last_ns: i64,
    pub datagrams: u64,
    pub account: Account,
    pub sequence: Sequence,
    pub configured: Configured,
    pub sampling: Sampling,
    /// Until when the rows without a rate are held.
    pub wait_until_ns: i64,
    /// Of its last row.
    pub last_rate: Rate,
    /// Templates; `None` for sFlow.
    pub domain: Option<Box<Domain>>,
    /// Memory of its templates when it was last looked at, in bytes.
    pub template_bytes: usize,
    pub parked: VecDeque<Parked>,
    pub held: VecDeque<Held>,
    /// Memory of both, in bytes.
    pub parked_bytes: usize,
    pub readings: Readings,
    pub hosts: HashMap<(u32, u32), HostReading>,
    /// How often it started anew, since it is known.
    pub restarts: u64,
    /// Whether its last row said that something is parked: the next one must be told then.
    pub had_parked: bool,
    samples: Cache<Sampled>,
    vif_ids: Cache<u64>,
    local_epoch: u64,
}

/// Largest number of a kind of sample in a key of `Exporter::samples`.
const LAST_KIND: u64 = 2;

/// Numbers of the samples of one source.
#[derive(Debug, Default, Clone, Copy)]
struct Sampled {
    next: u32,
    drops: u32,
}

impl Exporter {
    pub fn new(key: Key, sender: [u8; 16], configured: Configured, now_ns: i64) -> Self {
        Self {
            key,
            other_ports: Vec::new(),
            sender,
            first_ns: now_ns,
            last_ns: now_ns,
            datagrams: 0,
            account: Account::default(),
            sequence: Sequence::new(key.source_kind),
            configured,
            sampling: Sampling::default(),
            wait_until_ns: i64::MIN,
            last_rate: UNKNOWN,
            domain: None,
            template_bytes: 0,
            parked: VecDeque::new(),
            held: VecDeque::new(),
            parked_bytes: 0,
            readings: Readings::default(),
            hosts: HashMap::new(),
            restarts: 0,
            had_parked: false,
            samples: Cache::default(),
            vif_ids: Cache::default(),
            local_epoch: 0,
        }
    }

    /// A datagram of it came in.
    #[inline]
    pub fn heard(&mut self, bytes: usize, received_ns: i64) {
        self.datagrams += 1;
        self.last_ns = self.last_ns.max(received_ns);
        self.account.receive(bytes, received_ns);
    }

    pub fn is_proven(&self) -> bool {
        self.datagrams >= PROVEN_DATAGRAMS
    }

    /// Datagrams that wait.
    pub fn parked_datagrams(&self) -> u64 {
        let held: u64 = self.held.iter().map(|held| held.datagrams).sum();
        held + self.parked.len() as u64
    }

    /// Blocks and datagrams that wait.
    pub fn waiting(&self) -> usize {
        self.held.len() + self.parked.len()
    }

    /// Whether something is the oldest of its kind that waits.
    pub fn waits(&self, id: u64) -> bool {
        // Ids go up in both.
        self.held.front().is_some_and(|block| block.id == id)
            || self.parked.front().is_some_and(|parked| parked.id == id)
    }

    /// What waits for the longest time.
    pub fn oldest_waiting(&self) -> Option<u64> {
        let held = self.held.front().map(|block| block.id);
        let parked = self.parked.front().map(|parked| parked.id);
        match (held, parked) {
            (Some(held), Some(parked)) => Some(held.min(parked)),
            (held, parked) => held.or(parked),
        }
    }

    /// Whether its interfaces are VIFs of their own.
    pub fn has_own_interfaces(&self) -> bool {
        self.configured.interfaces == Interfaces::Own && self.configured.ifname.is_none()
    }

    pub fn place(&self, if_index: u32) -> Place {
        Place {
            exporter: self.key.address,
            domain: self.key.domain,
            if_index,
        }
    }

    /// Forget which VIFs its interfaces are: they are noted as seen when they are next looked up.
    pub fn forget_vif_ids(&mut self) {
        self.vif_ids.clear();
    }

    /// The VIF that an interface is; 0 for none.
    #[inline]
    pub fn vif_id(
        &mut self,
        if_index: u32,
        now_ns: i64,
        interfaces: &mut InterfaceTable,
        local: &LocalTable,
    ) -> u64 {
        if self.local_epoch != local.epoch {
            self.local_epoch = local.epoch;
            self.vif_ids.clear();
        }
        if let Some(id) = self.vif_ids.get_mut(u64::from(if_index)) {
            return *id;
        }
        let id = self.find_vif_id(if_index, now_ns, interfaces, local);
        self.vif_ids.insert(u64::from(if_index), id);
        id
    }

    #[cold]
    fn find_vif_id(
        &self,
        if_index: u32,
        now_ns: i64,
        interfaces: &mut InterfaceTable,
        local: &LocalTable,
    ) -> u64 {
        match (&self.configured.ifname, self.configured.interfaces) {
            (Some(ifname), _) => local.named(ifname),
            (None, _) if if_index == 0 => 0,
            (None, Interfaces::Kernel) => local.at(if_index),
            (None, Interfaces::Own) => {
                let name = self.configured.interface_name(if_index);
                interfaces.seen(self.place(if_index), name, now_ns)
            }
        }
    }

    /// What the next number of each source of sFlow samples is, and what it said of drops.
    pub fn sample_numbers(&self) -> impl Iterator<Item = (u64, u32, u32)> + '_ {
        self.samples
            .all()
            .map(|(key, source)| (key, source.next, source.drops))
    }

    /// Go on where an earlier run stopped.
    pub fn resume_samples(&mut self, numbers: Vec<(u64, u32, u32)>) {
        for (key, next, drops) in numbers {
            if key >> 60 <= LAST_KIND {
                self.samples.insert(key, Sampled { next, drops });
            }
        }
    }

    /// Take in the number of an sFlow sample, of a datagram that came as `step` says.
    #[inline]
    pub fn sampled(&mut self, head: &SampleHead, step: Step) {
        let kind = match head.kind {
            SampleKind::Flow => 0_u64,
            SampleKind::Counters => 1,
            SampleKind::Discard => LAST_KIND,
        };
        // The type has 8 bits on the wire; in expanded samples the index may have 32.
        let key = kind << 60
            | u64::from(head.source_type & 0x0fff_ffff) << 32
            | u64::from(head.source_index);
        let after = head.sequence.wrapping_add(1);
        let Some(source) = self.samples.get_mut(key) else {
            let source = Sampled {
                next: after,
                drops: head.drops,
            };
            self.samples.insert(key, source);
            return;
        };
        let skipped = head.sequence.wrapping_sub(source.next);
        match step {
            Step::Restart => {}
            Step::Late | Step::Doubtful => {
                if skipped >= 1 << 31 && step == Step::Late {
                    self.sequence.missed_samples(-1);
                }
                return;
            }
            Step::Next | Step::Gap(_) => {
                if skipped < 1 << 31 {
                    self.sequence.missed_samples(i64::from(skipped));
                    // Other kinds of samples have no count of drops: theirs is 0.
                    let drops = head.drops.wrapping_sub(source.drops);
                    if drops < 1 << 31 {
                        self.account.exporter_dropped += u64::from(drops);
                    }
                }
            }
        }
        source.next = after;
        source.drops = head.drops;
    }
}
