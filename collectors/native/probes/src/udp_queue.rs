//! Datagrams between those who receive and the one who decodes: bounded in bytes, shared out fairly among senders.
//!
//! Receiving never waits here. Each sender may hold twice what is left free, so one that floods fills two thirds of the queue and
//! leaves the rest to all others, whoever comes first; with several floods each has the same share. (The rule is that of shared
//! buffers in switches: Choudhury and Hahne, Dynamic queue length thresholds for shared-memory packet switches, 1998.) What a
//! sender holds beyond its share is shed, whole datagrams only, and counted for it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::udp_area::Received;
use crate::udp_senders::Senders;

/// A batch is closed at this size; it stays in a processor's second cache.
const BATCH_BYTES: usize = 128 << 10;
/// What a datagram costs besides its payload.
const OVERHEAD: usize = std::mem::size_of::<Datagram>();
/// Emptied batches that are kept for later.
const SPARES: usize = 8;
/// Senders that are remembered before those that hold nothing are forgotten.
const REMEMBERED: usize = 4_096;
/// Senders with shed or refused datagrams that are told apart between two accounts; what others lose is counted together.
const TOLD_APART: usize = 1_024;

/// Who sent a datagram, and where it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sender {
    /// IPv4 mapped into IPv6.
    pub address: [u8; 16],
    pub port: u16,
    /// Number of the listener.
    pub listener: u16,
}

#[derive(Debug, Clone, Copy)]
struct Datagram {
    sender: Sender,
    time_ns: i64,
    start: u32,
    length: u32,
    share: u32,
}

/// Datagrams in a row.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    datagrams: Vec<Datagram>,
}

impl Batch {
    /// Each datagram: who sent it, when it was received (ns since the epoch), its payload.
    pub fn datagrams(&self) -> impl Iterator<Item = (Sender, i64, &[u8])> {
        self.datagrams.iter().map(|datagram| {
            let start = datagram.start as usize;
            (
                datagram.sender,
                datagram.time_ns,
                &self.bytes[start..start + datagram.length as usize],
            )
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.datagrams.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }
}

/// What one listener counted since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Datagrams that the kernel gave: all those below, and those that went to the decoder.
    pub received: u64,
    /// Their payload.
    pub received_bytes: u64,
    /// From senders that are not allowed.
    pub refused: u64,
    /// Longer than a slot, so that the end is missing; they go to the decoder, which says what that means.
    pub cut: u64,
    /// Beyond their sender's share of the queue.
    pub shed: u64,
}

/// Datagrams that one sender lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    pub sender: Sender,
    pub datagrams: u64,
    pub bytes: u64,
    /// When the last of them was received.
    pub time_ns: i64,
}

/// What was counted, at one instant.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// By number of the listener.
    pub listeners: Vec<Arrivals>,
    /// Shed since the last account; of senders beyond a thousand it is told together, as of the sender `::`.
    pub shed: Vec<Lost>,
    /// Refused since the last account; the same holds.
    pub refused: Vec<Lost>,
    /// Bytes that wait.
    pub queued_bytes: usize,
}

/// What taking brought.
#[derive(Debug)]
pub enum Taken {
    Batch(Batch),
    /// Nothing came in time.
    Nothing,
    /// The queue was closed, and is empty.
    Closed,
}

#[derive(Debug, Default)]
struct Share {
    address: [u8; 16],
    held: usize,
}

#[derive(Debug, Default)]
struct State {
    bound: usize,
    held: usize,
    batches: VecDeque<Batch>,
    spares: Vec<Batch>,
    shares: Vec<Share>,
    free_shares: Vec<u32>,
    by_address: HashMap<[u8; 16], u32>,
    forget_at: usize,
    listeners: Vec<Arrivals>,
    shed: Losses,
    refused: Losses,
    is_closed: bool,
    is_nudged: bool,
    /// The last taking brought something.
    was_busy: bool,
    /// Batches that whoever waits wants to be woken for.
    wanted: usize,
}

/// The queue.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    senders: Senders,
}

impl Queue {
    /// A queue of at most `bound` bytes for `listeners` listeners, that takes datagrams of `senders` only.
    pub fn new(bound: usize, listeners: usize, senders: Senders) -> Self {
        Self {
            state: Mutex::new(State {
                bound,
                forget_at: REMEMBERED,
                wanted: usize::MAX,
                listeners: vec![Arrivals::default(); listeners],
                ..State::default()
            }),
            arrived: Condvar::new(),
            senders,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic under the lock leaves counters that are one datagram off at worst.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what a listener received. Never waits for the decoder; call `announce` when no more is at hand.
    pub fn put<'a>(
        &self,
        listener: u16,
        received: impl Iterator<Item = Received<'a>>,
        now_ns: i64,
    ) {
        let mut state = self.state();
        for datagram in received {
            state.put(listener, &datagram, now_ns, &self.senders);
        }
    }

    /// Wakes whoever takes, if there is enough for it.
    pub fn announce(&self) {
        let state = self.state();
        let is_enough = state.batches.len() >= state.wanted;
        drop(state);
        if is_enough {
            self.arrived.notify_one();
        }
    }

    /// Waits up to `patience` for datagrams; while they keep coming, up to `linger` for a whole batch of them, so that there
    /// are few wake-ups. Give the batch back when it is done with: it counts as held until then.
    pub fn take(&self, patience: Duration, linger: Duration) -> Taken {
        let mut state = self.state();
        let was_busy = std::mem::replace(&mut state.was_busy, false);
        let waits = [
            (2, if was_busy { linger } else { Duration::ZERO }),
            (1, patience),
        ];
        for (wanted, wait) in waits {
            if wait.is_zero() {
                continue;
            }
            state.wanted = wanted;
            state = self
                .arrived
                .wait_timeout_while(state, wait, |state| {
                    state.batches.len() < wanted && !state.is_closed && !state.is_nudged
                })
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            state.wanted = usize::MAX;
            if !state.batches.is_empty() {
                break;
            }
        }
        state.is_nudged = false;
        state.was_busy = !state.batches.is_empty();
        match state.batches.pop_front() {
            Some(batch) => Taken::Batch(batch),
            None if state.is_closed => Taken::Closed,
            None => Taken::Nothing,
        }
    }

    /// Frees what a batch held.
    pub fn give_back(&self, mut batch: Batch) {
        let mut state = self.state();
        for datagram in &batch.datagrams {
            let held = datagram.length as usize + OVERHEAD;
            state.held -= held;
            state.shares[datagram.share as usize].held -= held;
        }
        batch.bytes.clear();
        batch.datagrams.clear();
        if state.spares.len() < SPARES {
            state.spares.push(batch);
        }
    }

    /// Ends the wait of whoever takes, now or the next time, with nothing.
    pub fn nudge(&self) {
        self.state().is_nudged = true;
        self.arrived.notify_one();
    }

    /// No more will come: whoever takes gets what is left, and then the end.
    pub fn close(&self) {
        self.state().is_closed = true;
        self.arrived.notify_all();
    }

    /// Whether nothing waits and nothing is being decoded.
    pub fn is_idle(&self) -> bool {
        self.state().held == 0
    }

    /// What was counted; a true balance, taken at one instant.
    pub fn account(&self) -> Account {
        let mut state = self.state();
        Account {
            listeners: state.listeners.clone(),
            shed: state.shed.take(),
            refused: state.refused.take(),
            queued_bytes: state.held,
        }
    }
}

impl State {
    fn put(&mut self, listener: u16, received: &Received<'_>, now_ns: i64, senders: &Senders) {
        let sender = Sender {
            address: received.address,
            port: received.port,
            listener,
        };
        let time_ns = if received.time_ns == 0 {
            now_ns
        } else {
            received.time_ns
        };
        let arrivals = &mut self.listeners[usize::from(listener)];
        arrivals.received += 1;
        arrivals.received_bytes += received.bytes.len() as u64;
        let share = match self.by_address.get(&received.address) {
            Some(share) => *share,
            None if senders.allow(&received.address) => self.new_share(received.address),
            None => {
                arrivals.refused += 1;
                self.refused.add(sender, time_ns, received.bytes.len());
                return;
            }
        };
        if received.is_cut {
            self.listeners[usize::from(listener)].cut += 1;
        }
        let needed = received.bytes.len() + OVERHEAD;
        let left = self.bound.saturating_sub(self.held);
        let held = &mut self.shares[share as usize].held;
        if needed > left || *held + needed > 2 * left {
            self.listeners[usize::from(listener)].shed += 1;
            self.shed.add(sender, time_ns, received.bytes.len());
            return;
        }
        *held += needed;
        self.held += needed;
        let batch = match self.batches.back_mut() {
            Some(batch) if batch.bytes.len() < BATCH_BYTES => batch,
            _ => {
                let spare = self.spares.pop().unwrap_or_else(|| Batch {
                    bytes: Vec::with_capacity(BATCH_BYTES + (64 << 10)),
                    datagrams: Vec::with_capacity(BATCH_BYTES / 1_024),
                });
                self.batches.push_back(spare);
                // It was just pushed.
                match self.batches.back_mut() {
                    Some(batch) => batch,
                    None => return,
                }
            }
        };
        // A batch is never longer than BATCH_BYTES and one datagram.
        batch.datagrams.push(Datagram {
            sender,
            time_ns,
            start: batch.bytes.len() as u32,
            length: received.bytes.len() as u32,
            share,
        });
        batch.bytes.extend_from_slice(received.bytes);
    }

    fn new_share(&mut self, address: [u8; 16]) -> u32 {
        if self.by_address.len() >= self.forget_at {
            let Self {
                by_address,
                shares,
                free_shares,
                ..
            } = self;
            by_address.retain(|_, share| {
                let keep = shares[*share as usize].held > 0;
                if !keep {
                    free_shares.push(*share);
                }
                keep
            });
            // Those that are left hold datagrams, so the queue's bound bounds them too.
            self.forget_at = (2 * self.by_address.len()).max(REMEMBERED);
        }
        let share = self.free_shares.pop().unwrap_or_else(|| {
            self.shares.push(Share::default());
            (self.shares.len() - 1) as u32
        });
        self.shares[share as usize].address = address;
        self.by_address.insert(address, share);
        share
    }
}

/// Lost datagrams by sender.
#[derive(Debug, Default)]
struct Losses(HashMap<Sender, Lost>);

impl Losses {
    fn add(&mut self, mut sender: Sender, time_ns: i64, bytes: usize) {
        if self.0.len() >= TOLD_APART && !self.0.contains_key(&sender) {
            sender = Sender {
                listener: sender.listener,
                ..Sender::default()
            };
        }
        let lost = self.0.entry(sender).or_insert(Lost {
            sender,
            datagrams: 0,
            bytes: 0,
            time_ns,
        });
        lost.datagrams += 1;
        lost.bytes += bytes as u64;
        lost.time_ns = lost.time_ns.max(time_ns);
    }

    fn take(&mut self) -> Vec<Lost> {
        self.0.drain().map(|(_, lost)| lost).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOISY: u8 = 1;

    fn datagram(from: u8, bytes: &[u8]) -> Received<'_> {
        let mut address = [0; 16];
        address[10..13].copy_from_slice(&[0xff, 0xff, 127]);
        address[15] = from;
        Received {
            address,
            port: 9,
            time_ns: 5,
            bytes,
            is_cut: false,
        }
    }

    fn queue(bound: usize) -> Queue {
        Queue::new(bound, 1, Senders::default())
    }

    fn put(queue: &Queue, from: u8, bytes: &[u8], count: usize) {
        queue.put(0, (0..count).map(|_| datagram(from, bytes)), 7);
    }

    fn take(queue: &Queue) -> Vec<(u8, usize)> {
        let mut taken = Vec::new();
        while let Taken::Batch(batch) = queue.take(Duration::ZERO, Duration::ZERO) {
            taken.extend(
                batch
                    .datagrams()
                    .map(|(sender, _, bytes)| (sender.address[15], bytes.len())),
            );
            queue.give_back(batch);
        }
        taken
    }

    #[test]
    fn datagrams_come_out_as_they_went_in() {
        let queue = queue(8 << 20);
        for length in 0..1_500 {
            put(&queue, (length % 7) as u8, &vec![9; length], 1);
        }
        let taken = take(&queue);
        assert!(taken.iter().map(|(_, length)| *length).eq(0..1_500));
        assert!(queue.is_idle());
        assert_eq!(queue.account().listeners[0].received, 1_500);
    }

    #[test]
    fn a_sender_that_floods_leaves_room_for_all_others() {
        let queue = queue(1 << 20);
        put(&queue, NOISY, &[0; 1_000], 10_000);
        for quiet in 2..20 {
            put(&queue, quiet, &[0; 1_000], 5);
        }
        put(&queue, NOISY, &[0; 1_000], 10_000);
        let account = queue.account();
        let taken = take(&queue);
        let quiet = taken.iter().filter(|(from, _)| *from != NOISY).count();
        assert_eq!(quiet, 18 * 5, "nobody but the noisy one lost anything");
        let noisy = taken.len() - quiet;
        assert!(
            noisy > (1 << 20) / 2 / 1_100,
            "and it has at least half of the queue"
        );
        assert_eq!(account.shed.len(), 1);
        assert_eq!(account.shed[0].sender.address[15], NOISY);
        assert_eq!(account.shed[0].datagrams as usize, 20_000 - noisy);
        assert_eq!(account.shed[0].bytes, account.shed[0].datagrams * 1_000);
        assert_eq!(account.listeners[0].shed, account.shed[0].datagrams);
    }

    #[test]
    fn the_bound_holds_whoever_sends() {
        let queue = queue(256 << 10);
        for from in 0..=255 {
            put(&queue, from, &[0; 900], 40);
        }
        let account = queue.account();
        assert!(account.queued_bytes <= 256 << 10);
        assert!(account.queued_bytes > 200 << 10);
        let shed: u64 = account.shed.iter().map(|shed| shed.datagrams).sum();
        assert_eq!(take(&queue).len() as u64 + shed, 256 * 40);
        assert_eq!(queue.account().queued_bytes, 0);
    }

    #[test]
    fn senders_without_number_do_not_grow_the_tables() {
        let queue = Queue::new(64 << 10, 1, Senders::new(vec![([0; 16], 0)]));
        for number in 0..200_000_u32 {
            let mut one = datagram(0, &[0; 100]);
            one.address[..4].copy_from_slice(&number.to_be_bytes());
            queue.put(0, std::iter::once(one), 7);
        }
        let state = queue.state();
        assert!(state.by_address.len() <= 2 * REMEMBERED);
        assert!(state.shares.len() <= 2 * REMEMBERED);
        assert!(state.shed.0.len() <= TOLD_APART + 1);
        drop(state);
        let account = queue.account();
        let shed: u64 = account.shed.iter().map(|shed| shed.datagrams).sum();
        assert_eq!(shed, account.listeners[0].shed);
        assert_eq!(take(&queue).len() as u64 + shed, 200_000);
    }

    #[test]
    fn refused_datagrams_never_reach_the_queue_and_cut_ones_do() {
        let queue = queue(1 << 20);
        let mut foreign = datagram(0, &[1; 10]);
        foreign.address = [9; 16];
        let mut long = datagram(3, &[1; 10]);
        long.is_cut = true;
        queue.put(0, [foreign, foreign, long].into_iter(), 7);
        let account = queue.account();
        let expected = Arrivals {
            received: 3,
            received_bytes: 30,
            refused: 2,
            cut: 1,
            shed: 0,
        };
        assert_eq!(account.listeners, [expected]);
        assert_eq!(account.refused[0].datagrams, 2);
        assert_eq!(take(&queue), [(3, 10)]);
    }

    #[test]
    fn a_closed_queue_gives_what_is_left_and_then_the_end() {
        let queue = queue(1 << 20);
        put(&queue, 1, &[1], 1);
        queue.close();
        assert!(matches!(
            queue.take(Duration::MAX, Duration::ZERO),
            Taken::Batch(_)
        ));
        assert!(matches!(
            queue.take(Duration::MAX, Duration::ZERO),
            Taken::Closed
        ));
    }
}
