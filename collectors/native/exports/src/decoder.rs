//! Datagrams in, rows out.

use columns::generated::{counters, drops, exporters, hosts, inventory};
use wire::fault::{Fault, Reason};
use wire::netflow::{Bounds, Domain};
use wire::rows::{source_kind, Flows};

use crate::account::{self, Holder};
use crate::elsewhere::Elsewhere;
use crate::exporter::{Exporter, Key};
use crate::harvest::Harvest;
use crate::interfaces::InterfaceTable;
use crate::known::Configured;
use crate::local::LocalTable;
use crate::options::ExportedOption;
use crate::park::ParkOrder;
use crate::registry::Registry;
use crate::sampling::UNKNOWN;
use crate::senders::Senders;
use crate::settings::{LocalInterface, Settings};
use crate::source::{ExportFault, Source};

const SECOND_NS: i64 = 1_000_000_000;
/// How often it is looked for what waited too long.
const LOOK_NS: i64 = SECOND_NS;
/// How often templates and exporters are looked at for their age, and interfaces noted as seen again.
const SWEEP_NS: i64 = 600 * SECOND_NS;
/// Exporters, and templates, of which nothing was heard for so long are forgotten.
const AGE_NS: i64 = 24 * 3_600 * SECOND_NS;
/// Fields of a template: more than all elements that columns take, twice (RFC 5103).
const MOST_FIELDS: usize = 1_024;
/// Memory of the templates of one exporter.
const TEMPLATE_BYTES: usize = 1 << 20;
/// Memory of the templates of all exporters.
const ALL_TEMPLATES_BYTES: usize = 64 << 20;
/// Numbers below it are near the beginning of many exporters: that one goes on where another stopped says nothing there.
const TELLING_SEQUENCE: u32 = 1_000;

/// All exporters, and the rows that were not taken yet.
#[derive(Debug)]
pub struct Decoder {
    pub(crate) settings: Settings,
    pub(crate) registry: Registry,
    pub(crate) harvest: Harvest,
    pub(crate) interfaces: InterfaceTable,
    pub(crate) local: LocalTable,
    pub(crate) waiting: ParkOrder,
    pub(crate) elsewhere: Elsewhere,
    pub(crate) senders: Senders,
    /// Memory of all templates, in bytes.
    template_bytes: usize,
    pub(crate) interval_start_ns: i64,
    next_look_ns: i64,
    next_sweep_ns: i64,
    /// Something was learned since the last `save`.
    pub(crate) is_changed: bool,
}

impl Decoder {
    /// Nothing is known of any exporter.
    pub fn new(settings: Settings, now_ns: i64) -> Self {
        Self {
            registry: Registry::new(settings.max_exporters),
            harvest: Harvest::new(settings.most_faults, settings.fault_sample_bytes),
            interfaces: InterfaceTable::new(settings.site.clone()),
            local: LocalTable::default(),
            waiting: ParkOrder::default(),
            elsewhere: Elsewhere::default(),
            senders: Senders::default(),
            template_bytes: 0,
            interval_start_ns: now_ns,
            next_look_ns: now_ns,
            next_sweep_ns: now_ns.saturating_add(SWEEP_NS),
            is_changed: false,
            settings,
        }
    }

    /// The interfaces of the agent's own namespace, in place of those told before.
    pub fn local_interfaces_seen(&mut self, interfaces: Vec<LocalInterface>) {
        self.local.replace(interfaces);
    }

    /// Take in one datagram. Which protocol it has is told by its first bytes, never by a port.
    pub fn datagram(&mut self, source: Source, received_ns: i64, bytes: &[u8]) {
        if received_ns >= self.next_look_ns {
            self.tick(received_ns);
        }
        self.is_changed = true;
        match *bytes {
            [0, 0, 0, 5, ..] => self.sflow(source, received_ns, bytes),
            [0, 5 | 9 | 10, ..] => self.netflow(source, received_ns, bytes),
            _ => {
                let fault = Fault {
                    protocol: "unknown",
                    layer: "message header",
                    offset: 0,
                    needed: 0,
                    present: bytes.len(),
                    reason: Reason::Unknown,
                };
                self.undecodable(source, received_ns, bytes, fault);
            }
        }
    }

    /// A datagram of which not even the header can be read.
    #[cold]
    pub(crate) fn undecodable(
        &mut self,
        source: Source,
        received_ns: i64,
        bytes: &[u8],
        fault: Fault,
    ) {
        let account = self.senders.of(source);
        account.receive(bytes.len(), received_ns);
        account.undecodable += 1;
        self.harvest
            .fault(source.address, received_ns, bytes, [fault]);
    }

    /// Datagrams of a sender that is not allowed were thrown away by the listener.
    pub fn refused(&mut self, source: Source, datagrams: u64, bytes: u64, last_received_ns: i64) {
        self.is_changed = true;
        let account = self.senders.of(source);
        account.received += datagrams;
        account.received_bytes += bytes;
        account.refused += datagrams;
        account.last_received_ns = account.last_received_ns.max(last_received_ns);
    }

    /// Datagrams were thrown away by the listener for want of room.
    pub fn shed(&mut self, source: Source, datagrams: u64, bytes: u64, last_received_ns: i64) {
        self.is_changed = true;
        let exporter = self
            .registry
            .iter_mut()
            .map(|(_, exporter)| exporter)
            .find(|exporter| {
                exporter.key.listener == source.listener
                    && exporter.sender == source.address
                    && (exporter.key.port == source.port
                        || exporter.key.source_kind == source_kind::SFLOW)
            });
        let account = match exporter {
            Some(exporter) => &mut exporter.account,
            None => self.senders.of(source),
        };
        account.received += datagrams;
        account.received_bytes += bytes;
        account.shed += datagrams;
        account.last_received_ns = account.last_received_ns.max(last_received_ns);
    }

    /// The kernel dropped datagrams of a listener's sockets; of which exporters is not known.
    pub fn socket_dropped(&mut self, listener: u16, datagrams: u64) {
        self.is_changed = true;
        self.senders.of_listener(listener).socket_dropped += datagrams;
    }

    /// An exporter that is not known: it is made room for, unless it is a known one that sends from another port.
    #[cold]
    pub(crate) fn meet(
        &mut self,
        key: Key,
        source: Source,
        sequence: Option<u32>,
        now_ns: i64,
    ) -> u32 {
        let telling = sequence.filter(|sequence| *sequence >= TELLING_SEQUENCE);
        let siblings = self.registry.siblings(&key).to_vec();
        for slot in siblings {
            let goes_on = self
                .registry
                .get_mut(slot)
                .is_some_and(|sibling| telling.is_some() && sibling.sequence.next() == telling);
            if goes_on {
                self.registry.alias(slot, key.port);
                return slot;
            }
        }
        while self.registry.is_full() {
            match self.registry.least_missed() {
                Some(slot) => self.forget(slot),
                None => break,
            }
        }
        let exporter = self.stranger(key, source.address, now_ns);
        self.registry.insert(exporter)
    }

    /// An exporter of which only the settings, and its other domains, say something.
    pub(crate) fn stranger(&self, key: Key, sender: [u8; 16], now_ns: i64) -> Exporter {
        let configured = Configured::of(&self.settings.known, key.address, key.port, key.domain);
        let mut exporter = Exporter::new(key, sender, configured, now_ns);
        if key.source_kind != source_kind::SFLOW {
            let bounds = Bounds {
                templates: self.settings.max_templates,
                fields: MOST_FIELDS,
                bytes: TEMPLATE_BYTES,
                age_ns: AGE_NS,
            };
            let domain = Domain::new(key.address, bounds, self.settings.raw_elements);
            exporter.domain = Some(Box::new(domain));
            exporter.sampling.inherited = self.elsewhere.rate_for(&key);
        }
        let may_announce = [source_kind::NETFLOW9, source_kind::IPFIX].contains(&key.source_kind);
        if may_announce && exporter.sampling.uniform(&exporter.configured).is_none() {
            exporter.wait_until_ns = now_ns.saturating_add(self.settings.park_time_ns);
        }
        exporter
    }

    /// Forget an exporter: what waits of it goes on without what it waits for.
    fn forget(&mut self, slot: u32) {
        self.is_changed = true;
        self.let_go(slot);
        let Some(exporter) = self.registry.remove(slot) else {
            return;
        };
        self.elsewhere.forget(&exporter.key);
        self.template_bytes -= exporter.template_bytes;
        self.senders
            .of_listener(exporter.key.listener)
            .add(&exporter.account);
    }

    /// Time goes on: what was parked too long is decoded as far as it goes, or dropped and counted.
    pub fn tick(&mut self, now_ns: i64) {
        self.next_look_ns = now_ns.saturating_add(LOOK_NS);
        let park_time_ns = self.settings.park_time_ns;
        let due: Vec<(u32, bool)> = self
            .registry
            .iter_mut()
            .filter_map(|(slot, exporter)| {
                let rate_is_late = !exporter.held.is_empty() && now_ns >= exporter.wait_until_ns;
                let template_is_late = exporter.parked.front().is_some_and(|parked| {
                    now_ns.saturating_sub(parked.received_ns) >= park_time_ns
                });
                (rate_is_late || template_is_late).then_some((slot, rate_is_late))
            })
            .collect();
        self.is_changed |= !due.is_empty();
        for (slot, rate_is_late) in due {
            if rate_is_late {
                self.release_held(slot);
            }
            self.drop_parked(slot, |parked_ns| {
                now_ns.saturating_sub(parked_ns) >= park_time_ns
            });
        }
        if now_ns >= self.next_sweep_ns {
            self.sweep(now_ns);
        }
    }

    fn sweep(&mut self, now_ns: i64) {
        self.next_sweep_ns = now_ns.saturating_add(SWEEP_NS);
        let mut silent = Vec::new();
        for (slot, exporter) in self.registry.iter_mut() {
            exporter.forget_vif_ids();
            if let Some(domain) = &mut exporter.domain {
                domain.expire(now_ns);
            }
            if now_ns.saturating_sub(exporter.last_ns) > AGE_NS {
                silent.push(slot);
            }
        }
        for slot in silent {
            self.forget(slot);
        }
        let waiting = self.registry.iter().map(Exporter::waiting).sum();
        let registry = &mut self.registry;
        self.waiting.tidy(waiting, |id, slot, generation| {
            registry
                .same_mut(slot, generation)
                .is_some_and(|exporter| exporter.waits(id))
        });
    }

    /// Nothing more comes: everything parked is decoded as far as it goes, without a sampling rate.
    pub fn finish(&mut self) {
        self.is_changed = true;
        let slots: Vec<u32> = self.registry.iter_mut().map(|(slot, _)| slot).collect();
        for slot in slots {
            self.let_go(slot);
        }
    }

    /// Templates of an exporter changed: keep those of all within their bound; the exporter that is least missed goes first.
    #[cold]
    pub(crate) fn bound_templates(&mut self, slot: u32) {
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        let bytes = exporter.domain.as_ref().map_or(0, |domain| domain.bytes());
        let before = std::mem::replace(&mut exporter.template_bytes, bytes);
        self.template_bytes = self.template_bytes + bytes - before;
        while self.template_bytes > ALL_TEMPLATES_BYTES {
            match self.registry.least_missed() {
                Some(least) if least != slot => self.forget(least),
                _ => break,
            }
        }
    }

    /// How many flow rows there are.
    pub fn flows_rows(&self) -> usize {
        self.harvest.flows().rows
    }

    /// The flow rows of all protocols, in the order in which they came.
    pub fn take_flows(&mut self) -> Flows {
        self.harvest.take_flows()
    }

    /// sFlow counter samples, as what was added since the sample before.
    pub fn take_counters(&mut self) -> counters::Rows {
        std::mem::take(&mut self.harvest.counters)
    }

    /// sFlow host structures.
    pub fn take_hosts(&mut self) -> hosts::Rows {
        std::mem::take(&mut self.harvest.hosts)
    }

    /// Packets that sFlow exporters say were dropped.
    pub fn take_drops(&mut self) -> drops::Rows {
        std::mem::take(&mut self.harvest.drops)
    }

    /// One row for each exporter that sent anything, or has anything parked, since the last call; one for each sender of
    /// datagrams that belong to no exporter; and one for each listener (exporter `::`) with what cannot be said of one sender.
    ///
    /// Over all rows, received = decoded + undecodable + refused + shed + dropped while parked + parked in the newest rows.
    pub fn take_exporters(&mut self, now_ns: i64) -> exporters::Rows {
        let mut rows = exporters::Rows::default();
        let interval = (
            self.interval_start_ns.min(now_ns),
            u64::try_from(now_ns.saturating_sub(self.interval_start_ns)).unwrap_or(0),
        );
        self.interval_start_ns = now_ns;
        let names = &self.settings.listeners;
        let listener = |at: u16| names.get(usize::from(at)).map_or("", String::as_str);
        for (_, exporter) in self.registry.iter_mut() {
            let parked = exporter.parked_datagrams();
            if exporter.account.is_empty() && parked == 0 && !exporter.had_parked {
                continue;
            }
            exporter.had_parked = parked > 0;
            let rate = if exporter.last_rate == UNKNOWN {
                let uniform = exporter.sampling.uniform(&exporter.configured);
                uniform.unwrap_or(UNKNOWN)
            } else {
                exporter.last_rate
            };
            let holder = Holder {
                listener: listener(exporter.key.listener),
                address: exporter.key.address,
                port: exporter.key.port,
                domain: exporter.key.domain,
                source_kind: Some(exporter.key.source_kind),
                name: &exporter.configured.name,
                templates: exporter
                    .domain
                    .as_ref()
                    .map_or(0, |domain| domain.templates()),
                parked,
                rate,
            };
            let sequence = Some(&mut exporter.sequence);
            account::push(
                &mut rows,
                interval,
                &holder,
                &mut exporter.account,
                sequence,
            );
        }
        for (at, address, mut account) in self.senders.take() {
            let holder = Holder {
                listener: listener(at),
                address,
                port: 0,
                domain: 0,
                source_kind: None,
                name: "",
                templates: 0,
                parked: 0,
                rate: UNKNOWN,
            };
            account::push(&mut rows, interval, &holder, &mut account, None);
        }
        self.is_changed |= !rows.is_empty();
        rows
    }

    /// Interfaces that are new, changed or gone; all of them where `whole` is set.
    pub fn take_inventory(&mut self, now_ns: i64, whole: bool) -> inventory::Rows {
        let rows = self.interfaces.take(now_ns, whole);
        self.is_changed |= !rows.is_empty();
        rows
    }

    /// Records of option data, where `Settings::keep_options` is set.
    pub fn take_options(&mut self) -> Vec<ExportedOption> {
        std::mem::take(&mut self.harvest.options)
    }

    /// What could not be decoded: the first `Settings::most_faults` since the last call.
    pub fn take_faults(&mut self) -> Vec<ExportFault> {
        std::mem::take(&mut self.harvest.faults)
    }
}
