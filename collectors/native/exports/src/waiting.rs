//! What waits for a template or a rate, and how it goes on: because that came, because it waited too long, or for want of room.

use std::collections::VecDeque;

use wire::netflow::Head;
use wire::rows::source_kind;

use crate::decoder::Decoder;
use crate::exporter::Exporter;
use crate::netflow::Turn;
use crate::park::{Held, Parked};
use crate::settle::{rate_of, write_rates};

impl Decoder {
    /// Keep a datagram until its template comes.
    #[cold]
    pub(crate) fn park(&mut self, slot: u32, head: Head, received_ns: i64, bytes: &[u8]) {
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
    pub(crate) fn try_parked(&mut self, slot: u32) {
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        if exporter.parked.is_empty() {
            return;
        }
        let mut waiting = std::mem::take(&mut exporter.parked);
        let mut still = VecDeque::new();
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
                    .widen(parked.head.sequence, outcome.records, outcome.options);
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
    fn salvage(&mut self, slot: u32, parked: &Parked) {
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
    fn release(&mut self, slot: u32, block: Held) {
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        self.waiting.bytes -= block.bytes;
        exporter.parked_bytes -= block.bytes;
        release_into(exporter, block, self.harvest.netflow());
    }

    /// Let go everything of an exporter that waits.
    pub(crate) fn let_go(&mut self, slot: u32) {
        self.release_held(slot);
        self.drop_parked(slot, |_| true);
        // What could be read of the dropped ones may have been held.
        self.release_held(slot);
    }

    pub(crate) fn release_held(&mut self, slot: u32) {
        while let Some(block) = self
            .registry
            .get_mut(slot)
            .and_then(|exporter| exporter.held.pop_front())
        {
            self.release(slot, block);
        }
    }

    /// Drop the oldest parked datagrams for which `is_late` says so of their time.
    pub(crate) fn drop_parked(&mut self, slot: u32, is_late: impl Fn(i64) -> bool) {
        while let Some(exporter) = self.registry.get_mut(slot) {
            if !exporter
                .parked
                .front()
                .is_some_and(|parked| is_late(parked.received_ns))
            {
                return;
            }
            self.drop_oldest_parked(slot);
        }
    }

    /// Drop a datagram whose template did not come; what it has of other templates is decoded.
    fn drop_oldest_parked(&mut self, slot: u32) {
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        let Some(parked) = exporter.parked.pop_front() else {
            return;
        };
        let bytes = parked.memory_bytes();
        exporter.parked_bytes -= bytes;
        self.waiting.bytes -= bytes;
        exporter.account.parked_dropped += 1;
        exporter.sequence.give_up(parked.head.sequence);
        self.salvage(slot, &parked);
    }

    /// Keep what waits within its bounds: the oldest goes first.
    #[inline]
    pub(crate) fn bound_park(&mut self, slot: u32) {
        let most = self.settings.park_bytes;
        let is_over = self
            .registry
            .get_mut(slot)
            .is_some_and(|exporter| exporter.parked_bytes > most / 4);
        if is_over || self.waiting.bytes > most {
            self.make_room(slot);
        }
    }

    #[cold]
    fn make_room(&mut self, slot: u32) {
        let most = self.settings.park_bytes;
        while let Some(exporter) = self.registry.get_mut(slot) {
            if exporter.parked_bytes <= most / 4 {
                break;
            }
            let Some(id) = exporter.oldest_waiting() else {
                break;
            };
            self.let_go_one(slot, id);
        }
        while self.waiting.bytes > most {
            let Some((id, slot, generation)) = self.waiting.oldest() else {
                break;
            };
            if self
                .registry
                .same_mut(slot, generation)
                .is_some_and(|exporter| exporter.waits(id))
            {
                self.let_go_one(slot, id);
            }
        }
    }

    /// Let go what has this id and is the oldest of its kind.
    fn let_go_one(&mut self, slot: u32, id: u64) {
        let Some(exporter) = self.registry.get_mut(slot) else {
            return;
        };
        if exporter.held.front().is_some_and(|block| block.id == id) {
            if let Some(block) = exporter.held.pop_front() {
                self.release(slot, block);
            }
        } else {
            self.drop_oldest_parked(slot);
        }
    }
}

/// Append the rows of a block to all others.
fn release_into(exporter: &mut Exporter, mut block: Held, output: &mut wire::netflow::Output) {
    let flows = &mut block.output.flows;
    let unknown = write_rates(flows, 0, &block.rates);
    exporter.last_rate = block.rates.last().copied().unwrap_or(exporter.last_rate);
    exporter.account.flows += flows.rows as u64;
    exporter.account.unknown_rate_flows += unknown;
    exporter.account.decoded += block.datagrams;
    output.flows.append(flows);
}
