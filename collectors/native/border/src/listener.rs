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

use exports::{Decoder, Extent, LocalInterface, Settings};
use probes::clock::realtime_ns;
use probes::udp::{UdpOptions, UdpSocket};
use probes::udp_area::LARGEST_DATAGRAM;
use probes::udp_queue::{Arrivals, Queue};
use probes::udp_receiver::Receiver;
use probes::udp_senders::Senders;
use probes::Failure;

use crate::listener_messages::{Fill, Mark, Messages};
use crate::listener_totals::Totals;
use crate::listener_worker::Worker;

/// Time between two accounts of each exporter.
pub(crate) const ACCOUNT_NS: i64 = 10_000_000_000;

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
pub(crate) struct Shared {
    pub state: Mutex<State>,
    /// Something was asked for, taken or done.
    pub changed: Condvar,
    pub decode_cpu_ns: AtomicU64,
    pub encode_cpu_ns: AtomicU64,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub messages: Messages,
    /// Bytes that were taken and are not settled.
    pub taken: usize,
    /// Number of the latest wish for a flush, and of the latest that was granted.
    pub asked: u64,
    pub granted: u64,
    pub whole: bool,
    pub local: Option<Vec<LocalInterface>>,
    pub totals: Totals,
    /// As of what was handed over last.
    pub handed: Totals,
    pub arrivals: Vec<Arrivals>,
    pub dropped: Vec<u64>,
    pub queued_bytes: usize,
    pub problems: Vec<Problem>,
    pub is_stopping: bool,
    pub is_ended: bool,
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

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic under the lock leaves whole messages and counters.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Listener {
    /// Binds all sockets; nothing is received before `start`.
    ///
    /// An error comes with the position of the address that was refused.
    pub fn open(plan: Plan) -> Result<Self, (usize, Failure)> {
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
            decoder: Decoder::new(settings, now_ns),
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
            unmarked_bytes: 0,
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

    /// Takes in what an earlier run saved: before `start`.
    pub fn restore(&mut self, saved: &[u8], extent: Extent) {
        let Some(worker) = &mut self.unstarted else {
            return;
        };
        if let Err(bad) = worker.decoder.restore(saved, extent) {
            let detail = format!(
                "what an earlier run knew of exporters cannot be used ({}): their templates and rates are learned anew",
                bad.reason
            );
            let problem = ("exports_state_unreadable", worker.stream.clone(), detail, 1);
            locked(&self.shared.state).problems.push(problem);
        }
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
    /// `most` bytes of messages, up to a point of which the state is known. They count against the bound until `settle`.
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
        let taken = state.messages.take(most);
        state.taken += before - state.messages.bytes();
        let handed = state.handed;
        let mark = taken.mark.unwrap_or_else(|| Mark {
            totals: handed,
            ..Mark::default()
        });
        state.handed = mark.totals;
        HandedOver {
            messages: taken.messages,
            is_partial: !state.messages.is_empty(),
            settled_ns: mark.settled_ns,
            saved: mark.saved,
            problems: std::mem::take(&mut state.problems),
            totals: state.handed,
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
