//! Fragments of IP packets, put together again (RFC 791, RFC 8200 section 4.5).
//!
//! Fragments that overlap spoil their packet, and what still comes of it is dropped too (RFC 5722, here for IPv4 as well); an
//! exact repetition is no overlap. The time is that of the capture.

use std::collections::{HashMap, VecDeque};

use crate::internet::{Fragment, Whole};

/// Longest payload of a packet.
const MOST_PAYLOAD: usize = 65_535;

/// What the unfinished packets may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub packets: usize,
    /// Their payload, and what is remembered of each fragment.
    pub bytes: usize,
    pub age_ns: i64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            packets: 4_096,
            bytes: 16 * 1024 * 1024,
            // As Linux; RFC 8200 gives senders twice as long.
            age_ns: 30_000_000_000,
        }
    }
}

/// Unfinished packets.
#[derive(Debug, Default)]
pub struct Fragments {
    bounds: Bounds,
    partials: HashMap<Whole, Partial>,
    /// In the order of their first fragments; some are finished by now.
    queue: VecDeque<(Whole, u64)>,
    bytes: usize,
    births: u64,
    lost: u64,
}

#[derive(Debug)]
struct Partial {
    birth: u64,
    since_ns: i64,
    next: u8,
    /// Payloads in the order of their coming.
    bytes: Vec<u8>,
    /// In the order of their offsets.
    pieces: Vec<Piece>,
    /// Length of the packet's payload, once its last fragment has come.
    length: Option<usize>,
    is_spoilt: bool,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    offset: usize,
    start: usize,
    length: usize,
}

impl Partial {
    fn cost(&self) -> usize {
        self.bytes.capacity() + self.pieces.capacity() * size_of::<Piece>()
    }

    fn spoil(&mut self) -> u64 {
        let lost = self.pieces.len() as u64;
        self.is_spoilt = true;
        self.bytes = Vec::new();
        self.pieces = Vec::new();
        lost
    }

    /// Where a fragment goes among the pieces; `None` if it overlaps.
    fn place(&self, offset: usize, payload: &[u8]) -> Place {
        let at = self.pieces.partition_point(|piece| piece.offset < offset);
        if let Some(next) = self.pieces.get(at) {
            if next.offset == offset
                && self.bytes.get(next.start..next.start + next.length) == Some(payload)
            {
                return Place::Repeated;
            }
            if next.offset < offset + payload.len() {
                return Place::Overlapping;
            }
        }
        let before = at.checked_sub(1).and_then(|at| self.pieces.get(at));
        if before.is_some_and(|piece| piece.offset + piece.length > offset) {
            return Place::Overlapping;
        }
        Place::New(at)
    }

    /// Whether the packet's end, as far as it is known, agrees with a fragment that ends at `end`.
    fn ends_well(&self, end: usize, has_more: bool) -> bool {
        let furthest = self
            .pieces
            .last()
            .map_or(0, |piece| piece.offset + piece.length);
        match self.length {
            Some(length) => has_more && end <= length || end == length,
            None => has_more || furthest <= end,
        }
    }

    fn is_whole(&self) -> bool {
        self.length == Some(self.bytes.len())
    }
}

enum Place {
    New(usize),
    Repeated,
    Overlapping,
}

impl Fragments {
    /// With other bounds than the usual ones.
    pub fn new(bounds: Bounds) -> Fragments {
        Fragments {
            bounds,
            ..Fragments::default()
        }
    }

    /// Fragments that became no packet so far.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// What the unfinished packets take, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Take a fragment that was captured at `now_ns`. If it was the one that was missing, the packet's payload goes into
    /// `payload`, and the protocol that it begins with is returned.
    pub fn add(
        &mut self,
        fragment: &Fragment<'_>,
        now_ns: i64,
        payload: &mut Vec<u8>,
    ) -> Option<u8> {
        self.expire(now_ns);
        let whole = fragment.whole;
        let end = fragment.offset + fragment.payload.len();
        let makes_no_sense = fragment.payload.is_empty()
            || fragment.has_more && !fragment.payload.len().is_multiple_of(8)
            || end > MOST_PAYLOAD;
        if makes_no_sense && !fragment.is_cut {
            self.lost += 1;
            return None;
        }
        let births = &mut self.births;
        let queue = &mut self.queue;
        let partial = self.partials.entry(whole).or_insert_with(|| {
            *births += 1;
            queue.push_back((whole, *births));
            Partial {
                birth: *births,
                since_ns: now_ns,
                next: fragment.next,
                bytes: Vec::new(),
                pieces: Vec::new(),
                length: None,
                is_spoilt: false,
            }
        });
        if partial.is_spoilt {
            self.lost += 1;
            return None;
        }
        let before = partial.cost();
        let place = partial.place(fragment.offset, fragment.payload);
        match place {
            Place::Repeated if !fragment.is_cut => return None,
            Place::New(at) if !fragment.is_cut && partial.ends_well(end, fragment.has_more) => {
                let piece = Piece {
                    offset: fragment.offset,
                    start: partial.bytes.len(),
                    length: fragment.payload.len(),
                };
                partial.pieces.insert(at, piece);
                partial.bytes.extend_from_slice(fragment.payload);
                if !fragment.has_more {
                    partial.length = Some(end);
                }
                if fragment.offset == 0 {
                    partial.next = fragment.next;
                }
            }
            _ => self.lost += 1 + partial.spoil(),
        }
        let is_whole = partial.is_whole();
        self.bytes = self.bytes + partial.cost() - before;
        if !is_whole {
            self.keep_bounds();
            return None;
        }
        let partial = self.remove(&whole)?;
        payload.clear();
        for piece in &partial.pieces {
            payload.extend_from_slice(&partial.bytes[piece.start..piece.start + piece.length]);
        }
        Some(partial.next)
    }

    /// Give up what is unfinished: nothing more comes.
    pub fn finish(&mut self) {
        let left: u64 = self
            .partials
            .values()
            .map(|partial| partial.pieces.len() as u64)
            .sum();
        *self = Fragments {
            bounds: self.bounds,
            lost: self.lost + left,
            ..Fragments::default()
        };
    }

    fn expire(&mut self, now_ns: i64) {
        while let Some((whole, birth)) = self.queue.front().copied() {
            match self
                .partials
                .get(&whole)
                .filter(|partial| partial.birth == birth)
            {
                Some(partial) if now_ns.saturating_sub(partial.since_ns) <= self.bounds.age_ns => {
                    break
                }
                Some(_) => self.give_up(&whole),
                None => {}
            }
            self.queue.pop_front();
        }
    }

    fn keep_bounds(&mut self) {
        while self.partials.len() > self.bounds.packets || self.bytes > self.bounds.bytes {
            let Some((whole, birth)) = self.queue.pop_front() else {
                break;
            };
            if self
                .partials
                .get(&whole)
                .is_some_and(|partial| partial.birth == birth)
            {
                self.give_up(&whole);
            }
        }
        if self.queue.len() > 2 * self.bounds.packets {
            let partials = &self.partials;
            self.queue.retain(|(whole, birth)| {
                partials
                    .get(whole)
                    .is_some_and(|partial| partial.birth == *birth)
            });
        }
    }

    fn give_up(&mut self, whole: &Whole) {
        if let Some(partial) = self.remove(whole) {
            self.lost += partial.pieces.len() as u64;
        }
    }

    fn remove(&mut self, whole: &Whole) -> Option<Partial> {
        let partial = self.partials.remove(whole)?;
        self.bytes -= partial.cost();
        Some(partial)
    }
}
