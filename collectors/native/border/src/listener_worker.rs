//! The thread that decodes, encodes and shares what is to be handed over.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exports::{Decoder, ExportFault, LocalInterface, Source};
use probes::clock::{boottime_ns, realtime_ns};
use probes::udp::UdpSocket;
use probes::udp_queue::{Queue, Sender, Taken};
use probes::udp_receiver::{thread_cpu_ns, Receiver};
use wire::hex::hex;

use crate::listener::{locked, Problem, Shared, ACCOUNT_NS};
use crate::listener_messages::{Fill, Mark, Messages};

/// Time goes on for the decoder at least this often.
const TICK_NS: i64 = 100_000_000;
/// While datagrams keep coming the decoder waits this long for more of them: each wake-up costs as much as ten datagrams.
const LINGER: Duration = Duration::from_millis(20);
/// Saving the state takes at most one part in so many of a processor: a large one is saved less often than rows are handed over.
const SAVE_SHARE: u64 = 100;
/// Messages between two points at which a hand-over can end.
const MARK_BYTES: usize = 4 << 20;
/// The same fault of the same exporter is told again after this time.
const FAULT_AGAIN_NS: i64 = 600_000_000_000;
/// Faults and refused senders that are remembered, and told between two takes.
const MOST_REMEMBERED: usize = 4_096;
const MOST_TOLD: usize = 20;
/// Bytes of a datagram that are told with its fault.
const SAMPLE: usize = 96;
/// Without other knowledge everything this old has been taken in: longer than the longest pause of a receiver.
const UNSETTLED_NS: i64 = 50_000_000;

/// The thread that decodes.
#[derive(Debug)]
pub(crate) struct Worker {
    pub decoder: Decoder,
    pub stream: String,
    pub bound: usize,
    pub queue: Arc<Queue>,
    pub shared: Arc<Shared>,
    pub receivers: Arc<Mutex<Vec<Receiver>>>,
    /// Sockets with the number of their listener and the kernel's counter as it was read last.
    pub drops: Vec<(u16, Arc<UdpSocket>, u32)>,
    /// The newest time of receipt that was decoded.
    pub newest_ns: i64,
    pub next_tick_ns: i64,
    pub next_account_ns: i64,
    /// By the clock that is never set.
    pub next_save_ns: i64,
    /// Encoded and shared since the last mark.
    pub unmarked_bytes: usize,
    /// When faults and refused senders were told last.
    pub told: HashMap<(&'static str, String), i64>,
    pub encode_cpu_ns: u64,
    /// Encoded, and not shared yet.
    pub messages: Messages,
    pub fill: Fill,
}

impl Worker {
    pub fn run(mut self) {
        loop {
            let (asked, local) = self.wishes();
            if let Some(local) = local {
                self.decoder.local_interfaces_seen(local);
            }
            if let Some((asked, whole)) = asked {
                self.flush(Some(asked), whole, false);
            }
            if self.is_full() {
                self.wait_for_room();
                self.tick();
                continue;
            }
            match self
                .queue
                .take(Duration::from_nanos(TICK_NS as u64), LINGER)
            {
                Taken::Batch(batch) => {
                    for (sender, time_ns, bytes) in batch.datagrams() {
                        self.decoder.datagram(source(sender), time_ns, bytes);
                        self.newest_ns = self.newest_ns.max(time_ns);
                        if self.decoder.flows_rows() >= self.fill.rows {
                            self.encode_flows();
                            if self.unmarked_bytes + self.messages.bytes() >= MARK_BYTES {
                                self.encode_others(realtime_ns(), false);
                                self.mark(0, false);
                            }
                            self.share();
                        }
                    }
                    self.queue.give_back(batch);
                }
                Taken::Nothing => {}
                Taken::Closed => {
                    self.decoder.finish();
                    self.flush(None, false, true);
                    self.next_tick_ns = 0;
                    self.tick();
                    return;
                }
            }
            self.tick();
        }
    }

    /// What was asked for: the number of the wish and whether the inventory is wanted whole; interfaces to know.
    #[allow(clippy::type_complexity)]
    fn wishes(&self) -> (Option<(u64, bool)>, Option<Vec<LocalInterface>>) {
        let mut state = locked(&self.shared.state);
        let local = state.local.take();
        if state.asked == state.granted {
            return (None, local);
        }
        (Some((state.asked, std::mem::take(&mut state.whole))), local)
    }

    fn is_full(&self) -> bool {
        let state = locked(&self.shared.state);
        !state.is_stopping && state.messages.bytes() + state.taken >= self.bound
    }

    fn wait_for_room(&self) {
        let state = locked(&self.shared.state);
        let bound = self.bound;
        let patience = Duration::from_nanos(TICK_NS as u64);
        let waited = self
            .shared
            .changed
            .wait_timeout_while(state, patience, |state| {
                !state.is_stopping
                    && state.asked == state.granted
                    && state.messages.bytes() + state.taken >= bound
            });
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn tick(&mut self) {
        let now_ns = boottime_ns();
        if now_ns >= self.next_tick_ns {
            self.next_tick_ns = now_ns + TICK_NS;
            self.decoder.tick(realtime_ns());
            self.shared
                .decode_cpu_ns
                .store(thread_cpu_ns() - self.encode_cpu_ns, Ordering::Relaxed);
        }
    }

    fn encode_flows(&mut self) {
        let begun = thread_cpu_ns();
        let result = self
            .messages
            .take_flows(&self.stream, &mut self.decoder, &mut self.fill);
        self.encode_cpu_ns += thread_cpu_ns() - begun;
        self.told_unless_ok(result);
    }

    fn encode_others(&mut self, now_ns: i64, whole: bool) {
        let begun = thread_cpu_ns();
        let result = self.messages.take_others(&mut self.decoder, now_ns, whole);
        self.encode_cpu_ns += thread_cpu_ns() - begun;
        self.told_unless_ok(result);
    }

    /// Say what holds behind all rows that the decoder had: they are encoded.
    fn mark(&mut self, settled_ns: i64, is_last: bool) {
        let now_ns = boottime_ns();
        let mut saved = None;
        if is_last || now_ns >= self.next_save_ns {
            let begun = thread_cpu_ns();
            saved = self.decoder.save();
            let spent_ns = thread_cpu_ns() - begun;
            self.next_save_ns = now_ns.saturating_add_unsigned(spent_ns * SAVE_SHARE);
        }
        let totals = locked(&self.shared.state).totals;
        self.messages.mark(Mark {
            saved,
            totals,
            settled_ns,
        });
        self.unmarked_bytes = 0;
    }

    /// Let others have what was encoded.
    fn share(&mut self) {
        let messages = std::mem::take(&mut self.messages);
        if !messages.ends_at_mark() {
            self.unmarked_bytes += messages.bytes();
        }
        locked(&self.shared.state).messages.append(messages);
        self.shared
            .encode_cpu_ns
            .store(self.encode_cpu_ns, Ordering::Relaxed);
    }

    /// Encode everything, and account for what was lost.
    fn flush(&mut self, asked: Option<u64>, whole: bool, is_last: bool) {
        let now_ns = realtime_ns();
        let settled_ns = self.settled_ns(now_ns);
        self.encode_flows();
        let account = self.queue.account();
        for (number, datagrams) in self.dropped() {
            self.decoder.socket_dropped(number, datagrams);
            locked(&self.shared.state).dropped[usize::from(number)] += datagrams;
        }
        for lost in &account.shed {
            self.decoder.shed(
                source(lost.sender),
                lost.datagrams,
                lost.bytes,
                lost.time_ns,
            );
        }
        let mut problems = Vec::new();
        for lost in &account.refused {
            self.decoder.refused(
                source(lost.sender),
                lost.datagrams,
                lost.bytes,
                lost.time_ns,
            );
            let address = written(&lost.sender.address);
            if lost.sender.port != 0 && self.is_news("exporter_refused", &address, now_ns) {
                let detail = format!(
                    "datagrams from {address} are refused; name it in exporters.allow to take them"
                );
                problems.push(("exporter_refused", address, detail, lost.datagrams));
            }
        }
        self.encode_others(now_ns, whole);
        let begun = thread_cpu_ns();
        if is_last || now_ns >= self.next_account_ns || self.next_account_ns - now_ns > ACCOUNT_NS {
            self.next_account_ns = now_ns - now_ns % ACCOUNT_NS + ACCOUNT_NS;
            let rows = self.decoder.take_exporters(now_ns);
            locked(&self.shared.state).totals.add(&rows);
            let result = self.messages.add_exporters(rows);
            self.told_unless_ok(result);
        }
        self.encode_cpu_ns += thread_cpu_ns() - begun;
        for fault in self.decoder.take_faults() {
            self.told_of(&fault, now_ns, &mut problems);
        }
        self.mark(settled_ns, is_last);
        self.share();
        let mut state = locked(&self.shared.state);
        state.arrivals = account.listeners;
        state.queued_bytes = account.queued_bytes;
        problems.truncate(MOST_TOLD);
        if state.problems.len() < MOST_TOLD {
            state.problems.extend(problems);
        }
        if let Some(asked) = asked {
            state.granted = asked;
        }
        state.is_ended |= is_last;
        drop(state);
        self.shared.changed.notify_all();
    }

    /// The instant before which everything that came is decoded.
    fn settled_ns(&self, now_ns: i64) -> i64 {
        // In this order: what leaves a socket makes its receiver busy until it is in the queue.
        let is_empty = self.drops.iter().all(|(_, socket, _)| socket.is_empty());
        let is_busy = locked(&self.receivers).iter().any(Receiver::is_busy);
        if is_empty && !is_busy && self.queue.is_idle() {
            return now_ns;
        }
        self.newest_ns.min(now_ns) - UNSETTLED_NS
    }

    /// Datagrams that the kernel dropped since the last call, by listener.
    fn dropped(&mut self) -> Vec<(u16, u64)> {
        let mut dropped = Vec::new();
        for (number, socket, before) in &mut self.drops {
            if let Ok(now) = socket.dropped() {
                let more = now.wrapping_sub(*before);
                *before = now;
                if more > 0 {
                    dropped.push((*number, u64::from(more)));
                }
            }
        }
        dropped
    }

    fn told_of(&mut self, fault: &ExportFault, now_ns: i64, problems: &mut Vec<Problem>) {
        let exporter = written(&fault.exporter);
        let kind = format!(
            "{exporter} {} {} {}",
            fault.fault.protocol,
            fault.fault.layer,
            fault.fault.reason.name()
        );
        if !self.is_news("export_undecodable", &kind, now_ns) {
            return;
        }
        let sample = &fault.sample[..fault.sample.len().min(SAMPLE)];
        let detail = format!("{}; the datagram begins with {}", fault.fault, hex(sample));
        problems.push(("export_undecodable", exporter, detail, 1));
    }

    fn is_news(&mut self, event: &'static str, of: &str, now_ns: i64) -> bool {
        if self.told.len() >= MOST_REMEMBERED {
            self.told
                .retain(|_, told_ns| (now_ns - *told_ns).abs() < FAULT_AGAIN_NS);
        }
        let key = (event, of.to_owned());
        let is_known = self
            .told
            .get(&key)
            .is_some_and(|told_ns| (now_ns - told_ns).abs() < FAULT_AGAIN_NS);
        if is_known || self.told.len() >= MOST_REMEMBERED {
            return false;
        }
        self.told.insert(key, now_ns);
        true
    }

    fn told_unless_ok(&mut self, result: Result<(), arrow_schema::ArrowError>) {
        if let Err(error) = result {
            let detail = format!("decoded rows could not be encoded and are lost: {error}");
            locked(&self.shared.state).problems.push((
                "exports_not_encoded",
                self.stream.clone(),
                detail,
                1,
            ));
        }
    }
}

fn source(sender: Sender) -> Source {
    Source {
        address: sender.address,
        port: sender.port,
        listener: sender.listener,
    }
}

/// An address as a person writes it.
fn written(address: &[u8; 16]) -> String {
    std::net::Ipv6Addr::from(*address)
        .to_canonical()
        .to_string()
}
