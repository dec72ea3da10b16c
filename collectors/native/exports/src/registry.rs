//! All exporters that are remembered: bounded, and a flood of made-up ones does not drive out those that are known for long.

use std::collections::{HashMap, VecDeque};

use crate::exporter::{Exporter, Key};

/// Other ports of one exporter that are remembered.
const MOST_OTHER_PORTS: usize = 16;

#[derive(Debug, Default)]
struct Slot {
    /// Goes up with each exporter that has the slot.
    generation: u32,
    exporter: Option<Box<Exporter>>,
}

/// Exporters by slot; slots are used again.
#[derive(Debug)]
pub(crate) struct Registry {
    most: usize,
    slots: Vec<Slot>,
    free: Vec<u32>,
    by_key: HashMap<Key, u32>,
    /// Exporters that differ in their port only, by their key with port 0.
    siblings: HashMap<Key, Vec<u32>>,
    /// Exporters that were not proven when they came, oldest first: the first to be forgotten.
    unproven: VecDeque<(u32, u32)>,
    /// The key that was looked for last, and its slot.
    latest: Option<(Key, u32)>,
}

impl Registry {
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            slots: Vec::new(),
            free: Vec::new(),
            by_key: HashMap::new(),
            siblings: HashMap::new(),
            unproven: VecDeque::new(),
            latest: None,
        }
    }

    /// Where an exporter is.
    #[inline]
    pub fn find(&mut self, key: &Key) -> Option<u32> {
        if let Some((latest, slot)) = &self.latest {
            if latest == key {
                return Some(*slot);
            }
        }
        let slot = *self.by_key.get(key)?;
        self.latest = Some((*key, slot));
        Some(slot)
    }

    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Exporter> {
        self.slots.get_mut(slot as usize)?.exporter.as_deref_mut()
    }

    /// The exporter of a slot, if it is still the one that had it in that generation.
    pub fn same_mut(&mut self, slot: u32, generation: u32) -> Option<&mut Exporter> {
        let slot = self.slots.get_mut(slot as usize)?;
        if slot.generation == generation {
            slot.exporter.as_deref_mut()
        } else {
            None
        }
    }

    pub fn generation(&self, slot: u32) -> u32 {
        self.slots
            .get(slot as usize)
            .map_or(0, |slot| slot.generation)
    }

    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// All exporters with their slots.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut Exporter)> {
        (0..)
            .zip(&mut self.slots)
            .filter_map(|(at, slot)| Some((at, slot.exporter.as_deref_mut()?)))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Exporter> {
        self.slots
            .iter()
            .filter_map(|slot| slot.exporter.as_deref())
    }

    /// Exporters that differ from `key` in their port only.
    pub fn siblings(&self, key: &Key) -> &[u32] {
        self.siblings
            .get(&Key { port: 0, ..*key })
            .map_or(&[], Vec::as_slice)
    }

    /// Whether there is room for one more.
    pub fn is_full(&self) -> bool {
        self.len() >= self.most
    }

    /// The exporter that is forgotten for another one: one that is not proven, as long as they are many; else the longest silent.
    pub fn least_missed(&mut self) -> Option<u32> {
        while let Some(&(slot, generation)) = self.unproven.front() {
            if self
                .same_mut(slot, generation)
                .is_some_and(|exporter| !exporter.is_proven())
            {
                break;
            }
            self.unproven.pop_front();
        }
        if self.unproven.len() > self.most / 8 {
            return self.unproven.front().map(|(slot, _)| *slot);
        }
        (0..)
            .zip(&self.slots)
            .filter_map(|(at, slot)| Some((at, slot.exporter.as_deref()?.last_ns)))
            .min_by_key(|(_, last_ns)| *last_ns)
            .map(|(at, _)| at)
    }

    /// Remember an exporter that is not known yet.
    pub fn insert(&mut self, exporter: Exporter) -> u32 {
        let key = exporter.key;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(held) = self.slots.get_mut(slot as usize) {
            held.generation = held.generation.wrapping_add(1);
            if !exporter.is_proven() {
                self.unproven.push_back((slot, held.generation));
            }
            held.exporter = Some(Box::new(exporter));
        }
        self.by_key.insert(key, slot);
        self.siblings
            .entry(Key { port: 0, ..key })
            .or_default()
            .push(slot);
        slot
    }

    /// An exporter sends from another port, too.
    pub fn alias(&mut self, slot: u32, port: u16) {
        let Some(exporter) = self.get_mut(slot) else {
            return;
        };
        let key = exporter.key;
        let forgotten = (exporter.other_ports.len() >= MOST_OTHER_PORTS)
            .then(|| exporter.other_ports.remove(0));
        exporter.other_ports.push(port);
        if let Some(port) = forgotten {
            self.by_key.remove(&Key { port, ..key });
        }
        self.by_key.insert(Key { port, ..key }, slot);
        self.latest = None;
    }

    /// Forget an exporter.
    pub fn remove(&mut self, slot: u32) -> Option<Exporter> {
        let exporter = self.slots.get_mut(slot as usize)?.exporter.take()?;
        self.free.push(slot);
        self.latest = None;
        let key = exporter.key;
        for port in exporter.other_ports.iter().copied().chain([key.port]) {
            self.by_key.remove(&Key { port, ..key });
        }
        let shared = Key { port: 0, ..key };
        if let Some(siblings) = self.siblings.get_mut(&shared) {
            siblings.retain(|sibling| *sibling != slot);
            if siblings.is_empty() {
                self.siblings.remove(&shared);
            }
        }
        Some(*exporter)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::known::Configured;

    fn key(port: u16, domain: u32) -> Key {
        Key {
            address: [1; 16],
            port,
            listener: 0,
            domain,
            source_kind: 3,
        }
    }

    fn exporter(key: Key, now_ns: i64, datagrams: u64) -> Exporter {
        let mut exporter = Exporter::new(key, [1; 16], Configured::default(), now_ns);
        exporter.datagrams = datagrams;
        exporter
    }

    #[test]
    fn an_exporter_is_found_by_each_of_its_ports_until_it_is_forgotten() {
        let mut registry = Registry::new(10);
        let slot = registry.insert(exporter(key(5, 1), 0, 0));
        for port in 100..130 {
            registry.alias(slot, port);
        }
        assert_eq!(registry.find(&key(5, 1)), Some(slot));
        assert_eq!(registry.find(&key(129, 1)), Some(slot));
        assert_eq!(registry.find(&key(100, 1)), None);
        assert_eq!(registry.siblings(&key(9, 1)), [slot]);
        registry.remove(slot).unwrap();
        assert_eq!(registry.by_key.len() + registry.siblings.len(), 0);
        assert_eq!(registry.find(&key(5, 1)), None);
    }

    #[test]
    fn a_flood_of_made_up_exporters_drives_out_only_itself() {
        let mut registry = Registry::new(100);
        for domain in 0..80 {
            registry.insert(exporter(key(1, domain), 0, 20));
        }
        for (at, domain) in (1_000..3_000).enumerate() {
            if registry.is_full() {
                let slot = registry.least_missed().unwrap();
                registry.remove(slot).unwrap();
            }
            registry.insert(exporter(key(1, domain), 1 + at as i64, 1));
        }
        assert_eq!(registry.len(), 100);
        for domain in 0..80 {
            assert!(registry.find(&key(1, domain)).is_some());
        }
    }

    #[test]
    fn exporters_that_are_silent_for_long_make_room_for_new_ones() {
        let mut registry = Registry::new(16);
        for domain in 0..16 {
            registry.insert(exporter(key(1, domain), i64::from(domain), 20));
        }
        let slot = registry.least_missed().unwrap();
        assert_eq!(registry.remove(slot).unwrap().key.domain, 0);
    }
}
