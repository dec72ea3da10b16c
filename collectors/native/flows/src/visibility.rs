//! Whether an interface's packets pass the place where they are counted by flow, or are taken past it.

use std::collections::{HashMap, HashSet};

/// What an interface counted, in each direction, since it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub vif_id: u64,
    pub ifindex: u32,
    pub received: Volume,
    /// Or what the other end of its pair received, where that is more: such packets were handed to that one directly.
    pub sent: Volume,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Volume {
    pub packets: u64,
    pub bytes: u64,
}

/// A direction of a VIF that became visible or ceased to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    pub vif_id: u64,
    pub is_egress: bool,
    pub is_hidden: bool,
    /// What the interface counted in the readings that showed it.
    pub counted: Volume,
    /// What was seen of it.
    pub seen_bytes: u64,
}

/// So many packets must pass before anything is said.
const LEAST_PACKETS: u64 = 16;
/// A reading and a change of maps are not one instant, and packets are on their way between counter and program: once is chance.
const IN_A_ROW: u32 = 2;

#[derive(Debug, Default, Clone, Copy)]
struct Direction {
    counted: Volume,
    seen_bytes: u64,
    short: u32,
    is_hidden: bool,
}

/// What is known of each direction of each watched VIF.
#[derive(Debug, Default)]
pub struct Visibility {
    known: HashMap<(u64, bool), Direction>,
}

impl Visibility {
    /// Compare what interfaces counted with what was seen.
    ///
    /// `readings` are of all VIFs that are watched; `slot` names what an interface shares with others, which cannot be judged then;
    /// `seen_bytes` is what was seen of it in a direction since any beginning. VIFs that are not among the readings are forgotten.
    pub fn judge(
        &mut self,
        readings: &[Reading],
        slot: impl Fn(u32) -> u32,
        seen_bytes: impl Fn(u32, bool) -> u64,
    ) -> Vec<Sight> {
        let (mut slots, mut shared) = (HashSet::new(), HashSet::new());
        for reading in readings {
            if !slots.insert(slot(reading.ifindex)) {
                shared.insert(slot(reading.ifindex));
            }
        }
        let mut changes = Vec::new();
        let mut known = HashMap::with_capacity(2 * readings.len());
        for reading in readings {
            if shared.contains(&slot(reading.ifindex)) {
                continue;
            }
            for (is_egress, counted) in [(false, reading.received), (true, reading.sent)] {
                let seen = seen_bytes(reading.ifindex, is_egress);
                let key = (reading.vif_id, is_egress);
                let now = match self.known.get(&key) {
                    None => Direction {
                        counted,
                        seen_bytes: seen,
                        ..Direction::default()
                    },
                    Some(before) => {
                        let (now, sight) = before.after(counted, seen);
                        changes.extend(sight.map(|sight| Sight {
                            vif_id: reading.vif_id,
                            is_egress,
                            ..sight
                        }));
                        now
                    }
                };
                known.insert(key, now);
            }
        }
        self.known = known;
        changes
    }
}

impl Direction {
    fn after(self, counted: Volume, seen_bytes: u64) -> (Self, Option<Sight>) {
        let anew = Self {
            counted,
            seen_bytes,
            ..self
        };
        let (Some(packets), Some(bytes), Some(seen)) = (
            counted.packets.checked_sub(self.counted.packets),
            counted.bytes.checked_sub(self.counted.bytes),
            seen_bytes.checked_sub(self.seen_bytes),
        ) else {
            return (anew, None);
        };
        if packets < LEAST_PACKETS {
            return (self, None);
        }
        let short = if seen < bytes / 2 { self.short + 1 } else { 0 };
        // Once hidden, it is visible only when most is seen: a share near to a half does not go to and fro.
        let is_hidden = if self.is_hidden {
            seen < bytes / 4 * 3
        } else {
            short >= IN_A_ROW
        };
        let sight = Sight {
            vif_id: 0,
            is_egress: false,
            is_hidden,
            counted: Volume { packets, bytes },
            seen_bytes: seen,
        };
        let now = Self {
            short,
            is_hidden,
            ..anew
        };
        (now, (is_hidden != self.is_hidden).then_some(sight))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(vif_id: u64, ifindex: u32, packets: u64) -> Reading {
        let sent = Volume {
            packets,
            bytes: 1_000 * packets,
        };
        Reading {
            vif_id,
            ifindex,
            received: Volume::default(),
            sent,
        }
    }

    /// One VIF whose interface has sent so many packets, of 1,000 bytes each, of which so many were seen.
    fn judged(visibility: &mut Visibility, packets: u64, seen: u64) -> Vec<bool> {
        let sights = visibility.judge(
            &[reading(7, 3, packets)],
            |ifindex| ifindex,
            |_, is_egress| 1_000 * seen * u64::from(is_egress),
        );
        sights.iter().map(|sight| sight.is_hidden).collect()
    }

    #[test]
    fn what_is_unseen_twice_in_a_row_is_hidden_until_most_is_seen() {
        let mut visibility = Visibility::default();
        // What passed before it was watched says nothing.
        assert!(judged(&mut visibility, 1_000, 0).is_empty());
        assert!(judged(&mut visibility, 1_100, 0).is_empty());
        assert_eq!(judged(&mut visibility, 1_200, 10), [true]);
        assert!(judged(&mut visibility, 1_300, 70).is_empty());
        assert_eq!(judged(&mut visibility, 1_400, 150), [false]);
    }

    #[test]
    fn what_is_counted_at_one_reading_and_seen_at_the_next_is_visible() {
        let mut visibility = Visibility::default();
        judged(&mut visibility, 0, 0);
        assert!(judged(&mut visibility, 100, 0).is_empty());
        assert!(judged(&mut visibility, 100, 100).is_empty());
        assert!(judged(&mut visibility, 200, 100).is_empty());
        assert!(judged(&mut visibility, 300, 300).is_empty());
        assert!(judged(&mut visibility, 400, 300).is_empty());
    }

    #[test]
    fn few_packets_say_nothing_until_there_are_enough() {
        let mut visibility = Visibility::default();
        judged(&mut visibility, 0, 0);
        let hidden = (1..=8).map(|at| judged(&mut visibility, 5 * at, 0));
        assert_eq!(hidden.flatten().collect::<Vec<_>>(), [true]);
    }

    #[test]
    fn interfaces_that_share_a_slot_and_counters_that_fell_are_not_judged() {
        let mut visibility = Visibility::default();
        for packets in [0, 100, 200, 300] {
            let readings = [reading(7, 3, packets), reading(8, 19, packets)];
            assert!(visibility
                .judge(&readings, |ifindex| ifindex & 15, |_, _| 0)
                .is_empty());
        }
        let mut visibility = Visibility::default();
        for packets in [100, 200, 0, 15] {
            assert!(judged(&mut visibility, packets, 0).is_empty());
        }
    }
}
