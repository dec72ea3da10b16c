//! For how many packets each counted one stands, where not all are counted.

use wire::flow_reading::Seen;

#[derive(Debug, Default, Clone, Copy)]
struct Slot {
    /// In flows, or lost for want of room.
    counted: u64,
    /// Of them, as the interface counts.
    counted_bytes: u64,
    /// What all of them stand for, of all settled drains.
    seen_bytes: u64,
    /// Seen when none of them was counted: the next that is counted stands for them too.
    unmatched: u64,
    rate: f64,
}

/// Rates of one drain: packets seen for each that was counted, by slot and direction, so that scaled rows add up to what was seen.
#[derive(Debug)]
pub struct Sampling {
    mask: u32,
    slots: Vec<Slot>,
    unmatched: u64,
    seen: u64,
}

impl Sampling {
    /// `slots` is a power of two.
    pub fn new(slots: u32) -> Self {
        Self {
            mask: slots - 1,
            slots: vec![Slot::default(); 2 * slots as usize],
            unmatched: 0,
            seen: 0,
        }
    }

    fn at(&self, ifindex: u32, is_egress: bool) -> usize {
        (2 * (ifindex & self.mask) + u32::from(is_egress)) as usize
    }

    /// Packets of an interface were counted, or lost; in the interface's units.
    pub fn count(&mut self, ifindex: u32, is_egress: bool, packets: u64, bytes: u64) {
        let at = self.at(ifindex, is_egress);
        self.slots[at].counted += packets;
        self.slots[at].counted_bytes += bytes;
    }

    /// What was seen of a slot in a direction until the last settled drain: what its counted packets stand for, and the others of its slot.
    pub fn seen_bytes(&self, ifindex: u32, is_egress: bool) -> u64 {
        self.slots[self.at(ifindex, is_egress)].seen_bytes
    }

    /// All that was counted until a drain is known, and what was seen of those of which not all is.
    pub fn settle(&mut self, seen: &[Seen]) {
        let mut sampled = vec![None; self.slots.len()];
        for one in seen {
            sampled[self.at(one.slot, one.is_egress)] = Some(one.packets);
        }
        for (slot, seen) in self.slots.iter_mut().zip(sampled) {
            slot.rate = 0.0;
            match seen {
                None => {
                    self.seen += slot.counted;
                    self.unmatched += std::mem::take(&mut slot.unmatched);
                }
                Some(seen) => {
                    self.seen += seen;
                    slot.unmatched += seen;
                    if slot.counted > 0 {
                        slot.rate = slot.unmatched as f64 / slot.counted as f64;
                        slot.unmatched = 0;
                    }
                }
            }
            let bytes = std::mem::take(&mut slot.counted_bytes);
            slot.seen_bytes += if slot.rate > 0.0 {
                (bytes as f64 * slot.rate) as u64
            } else {
                bytes
            };
            slot.counted = 0;
        }
    }

    /// For how many packets one of the settled drain stands; none where every packet was counted.
    pub fn rate(&self, ifindex: u32, is_egress: bool) -> Option<f64> {
        let rate = self.slots[self.at(ifindex, is_egress)].rate;
        (rate > 0.0).then_some(rate)
    }

    /// Packets that were seen since the last call.
    pub fn take_seen(&mut self) -> u64 {
        std::mem::take(&mut self.seen)
    }

    /// Packets that no counted one stands for any more, since the last call; with `all` also those that a later one would stand for.
    pub fn take_unmatched(&mut self, all: bool) -> u64 {
        if all {
            for slot in &mut self.slots {
                self.unmatched += std::mem::take(&mut slot.unmatched);
            }
        }
        std::mem::take(&mut self.unmatched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(packets: u64) -> Vec<Seen> {
        vec![Seen {
            slot: 5,
            is_egress: false,
            packets,
        }]
    }

    #[test]
    fn scaled_packets_are_those_that_were_seen_also_where_none_was_counted_for_a_while() {
        let mut sampling = Sampling::new(16);
        sampling.settle(&seen(3));
        assert_eq!(sampling.rate(5, false), None);
        sampling.count(5, false, 2, 200);
        // Another number in the same slot.
        sampling.count(21, false, 1, 100);
        sampling.count(6, true, 7, 700);
        sampling.settle(&seen(12));
        assert_eq!(sampling.rate(5, false), Some(5.0));
        assert_eq!(sampling.rate(21, false), Some(5.0));
        assert_eq!(sampling.rate(6, true), None);
        // Each stands for five.
        assert_eq!(sampling.seen_bytes(5, false), 5 * 300);
        assert_eq!(sampling.seen_bytes(6, true), 700);
        assert_eq!(sampling.take_seen(), 3 + 12 + 7);
        assert_eq!(sampling.take_unmatched(true), 0);
    }

    #[test]
    fn what_nothing_stands_for_is_told_when_every_packet_is_counted_again() {
        let mut sampling = Sampling::new(16);
        sampling.settle(&seen(4));
        assert_eq!(sampling.take_unmatched(false), 0);
        sampling.count(5, false, 9, 900);
        sampling.settle(&[]);
        assert_eq!(sampling.rate(5, false), None);
        assert_eq!(sampling.take_unmatched(false), 4);
        sampling.settle(&seen(2));
        assert_eq!(sampling.take_unmatched(true), 2);
    }
}
