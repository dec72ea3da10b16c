//! One source of exports: sockets, the threads that empty them, the thread that decodes, and what waits to be handed over.
//!
//! ```text
//! sockets ─▶ receivers ─▶ queue (bounded, fair) ─▶ decoder ─▶ messages (bounded) ─▶ whoever takes
//! ```
//!
//! Where nobody takes, the decoder stops; then the queue fills, and what exceeds it is shed there, whole datagrams, counted for
//! their senders. So one place sheds, whatever is the cause.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use exports::{Decoder, ExportFault, LocalInterface, Settings, Source};
use probes::clock::{boottime_ns, realtime_ns};
use probes::udp::{UdpOptions, UdpSocket};
use probes::udp_area::LARGEST_DATAGRAM;
use probes::udp_queue::{Arrivals, Lost, Queue, Sender, Taken};
use probes::udp_receiver::{thread_cpu_ns, Receiver};
use probes::udp_senders::Senders;
use probes::Failure;

use crate::listener_messages::{Fill, Messages};
use crate::listener_totals::Totals;

/// Time goes on for the decoder at least this often.
const TICK_NS: i64 = 100_000_000;
/// While datagrams keep coming the decoder waits this long for more of them: each wake-up costs as much as ten datagrams.
const LINGER: Duration = Duration::from_millis(20);
/// Time between two accounts of each exporter.
const ACCOUNT_NS: i64 = 10_000_000_000;
/// The state is saved at most this often.
const SAVE_NS: i64 = 1_000_000_000;
/// The same fault of the same exporter is told again after this time.
const FAULT_AGAIN_NS: i64 = 600_000_000_000;
/// Faults and refused senders that are remembered, and told between two takes.
const MOST_REMEMBERED: usize = 4_096;
const MOST_TOLD: usize = 20;
/// Bytes of a datagram that are told with its fault.
const SAMPLE: usize = 96;
/// Without other knowledge everything this old has been taken in: longer than the longest pause of a receiver.
const UNSETTLED_NS: i64 = 50_000_000;

/// Something that a person should know: event, subject, detail, how often.
pub type Problem = (&'static str, String, String, u64);

/// What a source of exports is made of.
#[derive(Debug)]
pub struct Plan {
    /// Stream of its flows.
    pub stream: String,
    pub listen: Vec<SocketAddr>,
    /// Sockets, and receiving threads, for each address.
    pub sockets: usize,
    pub receive_buffer: usize,
    /// Bound of what waits to be decoded, and of what waits to be handed over.
    pub queue_bytes: usize,
    pub allow: Vec<([u8; 16], u8)>,
    pub decoder: Settings,
}

/// A source that is bound, and runs once it was started.
#[derive(Debug)]
pub struct Listener {
    /// By number of the listener, `sockets` each.
    sockets: Vec<(u16, Arc<UdpSocket>)>,
    queue: Arc<Queue>,
    shared: Arc<Shared>,
    receivers: Arc<Mutex<Vec<Receiver>>>,
    unstarted: Option<Worker>,
    thread: Option<JoinHandle<()>>,
    addresses: Vec<String>,
    granted: Vec<usize>,
    /// Processor time and errors of receivers that have ended.
    ended: (u64, u64),
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Something was asked for, taken or done.
    changed: Condvar,
    decode_cpu_ns: AtomicU64,
    encode_cpu_ns: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    messages: Messages,
    /// Bytes that were taken and are not settled.
    taken: usize,
    /// Number of the latest wish for a flush, and of the latest that was granted.
    asked: u64,
    granted: u64,
    whole: bool,
    local: Option<Vec<LocalInterface>>,
    settled_ns: i64,
    saved: Option<Vec<u8>>,
    totals: Totals,
    arrivals: Vec<Arrivals>,
    dropped: Vec<u64>,
    queued_bytes: usize,
    problems: Vec<Problem>,
    is_stopping: bool,
    is_ended: bool,
}

/// What was handed over.
#[derive(Debug, Default)]
pub struct HandedOver {
    pub messages: Vec<(String, Vec<columns::message::Message>)>,
    /// More waits.
    pub is_partial: bool,
    pub settled_ns: i64,
    pub saved: Option<Vec<u8>>,
    pub problems: Vec<Problem>,
    pub totals: Totals,
}

/// What is known at this instant.
#[derive(Debug, Default, Clone)]
pub struct Status {
    pub addresses: Vec<String>,
    pub granted_buffers: Vec<usize>,
    pub arrivals: Vec<Arrivals>,
    pub dropped: Vec<u64>,
    pub queued_bytes: usize,
    pub waiting_bytes: usize,
    pub receive_cpu_ns: u64,
    pub decode_cpu_ns: u64,
    pub encode_cpu_ns: u64,
    pub receive_errors: u64,
    pub totals: Totals,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic under the lock leaves whole messages and counters.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Listener {
    /// Binds all sockets; nothing is received before `start`.
    ///
    /// An error comes with the position of the address that was refused.
    pub fn open(plan: Plan, saved: Option<&[u8]>) -> Result<Self, (usize, Failure)> {
        let mut sockets = Vec::new();
        let mut listeners = Vec::new();
        for (index, address) in plan.listen.iter().enumerate() {
            let number = index as u16;
            let options = UdpOptions {
                receive_buffer: plan.receive_buffer,
                shared: plan.sockets > 1,
            };
            let refused = |failure| (index, failure);
            let mut address = *address;
            if options.shared {
                // Shared with sockets of our own, not with another process of the same user.
                let alone = UdpOptions {
                    shared: false,
                    ..options
                };
                address = UdpSocket::open(address, alone).map_err(refused)?.address();
            }
            for _ in 0..plan.sockets.max(1) {
                let socket = UdpSocket::open(address, options).map_err(refused)?;
                address = socket.address();
                sockets.push((number, Arc::new(socket)));
            }
            listeners.push(address.to_string());
        }
        let count = plan.listen.len();
        let senders = Senders::new(plan.allow);
        let queue = Arc::new(Queue::new(plan.queue_bytes, count, senders));
        let shared = Arc::new(Shared::default());
        let receivers = Arc::new(Mutex::new(Vec::new()));
        let now_ns = realtime_ns();
        let mut problems = Vec::new();
        let settings = Settings {
            listeners: listeners.clone(),
            ..plan.decoder
        };
        let mut decoder = Decoder::new(settings, now_ns);
        if let Some(saved) = saved {
            if let Err(bad) = decoder.restore(saved) {
                let detail = format!(
                    "what an earlier run knew of exporters cannot be used ({}): their templates and rates are learned anew",
                    bad.reason
                );
                problems.push(("exports_state_unreadable", plan.stream.clone(), detail, 1));
            }
        }
        for ((number, socket), wanted) in sockets.iter().zip(std::iter::repeat(plan.receive_buffer))
        {
            if socket.granted() < wanted {
                let detail = format!(
                    "the kernel gave a receive buffer of {} bytes instead of {wanted}, so bursts may be lost; raise \
                     net.core.rmem_max to {wanted}, or give the agent CAP_NET_ADMIN",
                    socket.granted()
                );
                let subject = listeners[usize::from(*number)].clone();
                if !problems.iter().any(|(_, told, _, _)| *told == subject) {
                    problems.push(("receive_buffer_small", subject, detail, 1));
                }
            }
        }
        {
            let mut state = locked(&shared.state);
            state.problems = problems;
            state.arrivals = vec![Arrivals::default(); count];
            state.dropped = vec![0; count];
        }
        let unstarted = Worker {
            decoder,
            stream: plan.stream,
            bound: plan.queue_bytes,
            queue: Arc::clone(&queue),
            shared: Arc::clone(&shared),
            receivers: Arc::clone(&receivers),
            drops: sockets
                .iter()
                .map(|(number, socket)| (*number, Arc::clone(socket), 0))
                .collect(),
            newest_ns: 0,
            next_tick_ns: 0,
            next_account_ns: now_ns - now_ns % ACCOUNT_NS + ACCOUNT_NS,
            next_save_ns: 0,
            told: HashMap::new(),
            encode_cpu_ns: 0,
            messages: Messages::default(),
            fill: Fill::default(),
        };
        Ok(Self {
            granted: sockets.iter().map(|(_, socket)| socket.granted()).collect(),
            addresses: listeners,
            sockets,
            queue,
            shared,
            receivers,
            unstarted: Some(unstarted),
            thread: None,
            ended: (0, 0),
        })
    }

    /// Where each listener listens.
    pub fn addresses(&self) -> Vec<String> {
        self.addresses.clone()
    }

    /// Starts the threads; they have the capabilities that the calling thread has now.
    pub fn start(&mut self) -> Result<(), Failure> {
        probes::memory::keep_freed();
        let Some(worker) = self.unstarted.take() else {
            return Ok(());
        };
        let thread = thread::Builder::new()
            .name("viflux-decode".to_owned())
            .spawn(move || worker.run())
            .map_err(|error| {
                Failure::of(error.raw_os_error().unwrap_or(0), "thread of the decoder")
            })?;
        self.thread = Some(thread);
        let each = self.sockets.len() / self.addresses.len().max(1);
        for at in 0..each {
            let sockets: Vec<_> = self
                .sockets
                .chunks(each)
                .map(|sockets| (sockets[at].0, Arc::clone(&sockets[at].1)))
                .collect();
            let receiver = Receiver::start(sockets, Arc::clone(&self.queue), LARGEST_DATAGRAM)?;
            locked(&self.receivers).push(receiver);
        }
        Ok(())
    }

    /// Has everything that was received until now decoded and encoded as far as `patience` allows, and takes at most about
    /// `most` bytes of messages. They count against the bound until `settle`.
    pub fn take(&self, most: usize, whole: bool, patience: Duration) -> HandedOver {
        let mut state = locked(&self.shared.state);
        state.asked += 1;
        state.whole |= whole;
        let asked = state.asked;
        self.shared.changed.notify_all();
        drop(state);
        self.queue.nudge();
        state = locked(&self.shared.state);
        if self.thread.is_some() {
            state = self
                .shared
                .changed
                .wait_timeout_while(state, patience, |state| {
                    state.granted < asked && !state.is_ended
                })
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let before = state.messages.bytes();
        let messages = state.messages.take(most);
        state.taken += before - state.messages.bytes();
        let is_partial = !state.messages.is_empty();
        HandedOver {
            messages,
            is_partial,
            settled_ns: if is_partial { 0 } else { state.settled_ns },
            saved: if is_partial { None } else { state.saved.take() },
            problems: std::mem::take(&mut state.problems),
            totals: state.totals,
        }
    }

    /// What was taken is written, or given up.
    pub fn settle(&self) {
        locked(&self.shared.state).taken = 0;
        self.shared.changed.notify_all();
    }

    /// Interfaces of the agent's own namespace.
    pub fn set_local(&self, interfaces: Vec<LocalInterface>) {
        locked(&self.shared.state).local = Some(interfaces);
    }

    pub fn status(&self) -> Status {
        let (receive_cpu_ns, receive_errors) = {
            let receivers = locked(&self.receivers);
            let sum = |of: fn(&Receiver) -> u64| receivers.iter().map(of).sum::<u64>();
            (
                self.ended.0 + sum(Receiver::cpu_ns),
                self.ended.1 + sum(Receiver::errors),
            )
        };
        let state = locked(&self.shared.state);
        Status {
            addresses: self.addresses(),
            granted_buffers: self.granted.clone(),
            arrivals: state.arrivals.clone(),
            dropped: state.dropped.clone(),
            queued_bytes: state.queued_bytes,
            waiting_bytes: state.messages.bytes() + state.taken,
            receive_cpu_ns,
            decode_cpu_ns: self.shared.decode_cpu_ns.load(Ordering::Relaxed),
            encode_cpu_ns: self.shared.encode_cpu_ns.load(Ordering::Relaxed),
            receive_errors,
            totals: state.totals,
        }
    }

    /// Receives no more, decodes all that came, ends the threads and closes the sockets; what is left can still be taken.
    pub fn stop(&mut self) {
        // Those that are asked to stop look into their sockets once more.
        let mut receivers = std::mem::take(&mut *locked(&self.receivers));
        receivers.iter_mut().for_each(Receiver::stop);
        self.ended.0 += receivers.iter().map(Receiver::cpu_ns).sum::<u64>();
        self.ended.1 += receivers.iter().map(Receiver::errors).sum::<u64>();
        drop(receivers);
        locked(&self.shared.state).is_stopping = true;
        self.shared.changed.notify_all();
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A panic of it was told on stderr; `is_ended` is not set then, and the counters show it.
            let _ = thread.join();
        }
        self.sockets.clear();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The thread that decodes.
#[derive(Debug)]
struct Worker {
    decoder: Decoder,
    stream: String,
    bound: usize,
    queue: Arc<Queue>,
    shared: Arc<Shared>,
    receivers: Arc<Mutex<Vec<Receiver>>>,
    /// Sockets with the number of their listener and the kernel's counter as it was read last.
    drops: Vec<(u16, Arc<UdpSocket>, u32)>,
    /// The newest time of receipt that was decoded.
    newest_ns: i64,
    next_tick_ns: i64,
    next_account_ns: i64,
    next_save_ns: i64,
    /// When faults and refused senders were told last.
    told: HashMap<(&'static str, String), i64>,
    encode_cpu_ns: u64,
    /// Encoded, and not shared yet.
    messages: Messages,
    fill: Fill,
}

impl Worker {
    fn run(mut self) {
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
                    }
                    self.queue.give_back(batch);
                    if self.decoder.flows_rows() >= self.fill.rows {
                        self.encode_flows();
                        self.share();
                    }
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

    /// Let others have what was encoded.
    fn share(&mut self) {
        let messages = std::mem::take(&mut self.messages);
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
            let Lost {
                sender,
                datagrams,
                bytes,
                time_ns,
            } = *lost;
            self.decoder.shed(source(sender), datagrams, bytes, time_ns);
        }
        let mut problems = Vec::new();
        for lost in &account.refused {
            let Lost {
                sender,
                datagrams,
                bytes,
                time_ns,
            } = *lost;
            self.decoder
                .refused(source(sender), datagrams, bytes, time_ns);
            let address = written(&sender.address);
            if sender.port != 0 && self.is_news("exporter_refused", &address, now_ns) {
                let detail = format!(
                    "datagrams from {address} are refused; name it in exporters.allow to take them"
                );
                problems.push(("exporter_refused", address, detail, datagrams));
            }
        }
        let begun = thread_cpu_ns();
        let result = self.messages.take_others(&mut self.decoder, now_ns, whole);
        self.told_unless_ok(result);
        let mut totals = None;
        if is_last || now_ns >= self.next_account_ns || self.next_account_ns - now_ns > ACCOUNT_NS {
            self.next_account_ns = now_ns - now_ns % ACCOUNT_NS + ACCOUNT_NS;
            let rows = self.decoder.take_exporters(now_ns);
            let mut sum = locked(&self.shared.state).totals;
            sum.add(&rows);
            totals = Some(sum);
            let result = self.messages.add_exporters(rows);
            self.told_unless_ok(result);
        }
        self.encode_cpu_ns += thread_cpu_ns() - begun;
        let mut saved = None;
        if is_last || now_ns >= self.next_save_ns || self.next_save_ns - now_ns > SAVE_NS {
            saved = self.decoder.save();
            self.next_save_ns = now_ns + SAVE_NS;
        }
        for fault in self.decoder.take_faults() {
            self.told_of(&fault, now_ns, &mut problems);
        }
        self.share();
        let mut state = locked(&self.shared.state);
        state.settled_ns = state.settled_ns.max(settled_ns);
        state.arrivals = account.listeners;
        state.queued_bytes = account.queued_bytes;
        if saved.is_some() {
            state.saved = saved;
        }
        if let Some(totals) = totals {
            state.totals = totals;
        }
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

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
