//! A small table for numbers that an exporter gives: bounded, and quick however the numbers are chosen.

/// Most places of a table.
const MOST: usize = 4_096;
const FEWEST: usize = 16;
/// No key: all keys of exporters are shorter than 64 bits, or are mixed from shorter numbers.
const EMPTY: u64 = u64::MAX;

/// Values by key, each key in one place only: of two that want the same place in a table that is full, the later one stays.
#[derive(Debug, Default)]
pub(crate) struct Cache<V> {
    places: Vec<(u64, V)>,
}

impl<V: Copy + Default> Cache<V> {
    #[inline]
    pub fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        if self.places.is_empty() {
            return None;
        }
        let at = place(key, self.places.len());
        match self.places.get_mut(at) {
            Some((held, value)) if *held == key => Some(value),
            _ => None,
        }
    }

    /// Keep a value. What stood in its place is forgotten where the table may not grow.
    pub fn insert(&mut self, key: u64, value: V) {
        loop {
            let is_full = self.places.len() >= MOST;
            let at = place(key, self.places.len().max(1));
            match self.places.get_mut(at) {
                Some(held) if held.0 == EMPTY || held.0 == key || is_full => {
                    *held = (key, value);
                    return;
                }
                _ => self.grow(),
            }
        }
    }

    /// All keys with their values.
    pub fn all(&self) -> impl Iterator<Item = (u64, V)> + '_ {
        let held = self.places.iter().filter(|(key, _)| *key != EMPTY);
        held.copied()
    }

    pub fn clear(&mut self) {
        self.places.clear();
    }

    fn grow(&mut self) {
        let places = (self.places.len() * 2).max(FEWEST);
        let before = std::mem::replace(&mut self.places, vec![(EMPTY, V::default()); places]);
        for (key, value) in before {
            if key != EMPTY {
                self.places[place(key, places)] = (key, value);
            }
        }
    }
}

/// Where a key belongs in a table of `places`, a power of two.
#[inline]
fn place(key: u64, places: usize) -> usize {
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as usize & (places - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_what_few_keys_said_and_never_grows_beyond_its_bound() {
        let mut cache = Cache::default();
        assert_eq!(cache.get_mut(5), None::<&mut u32>);
        for key in 0..40_u64 {
            cache.insert(key, key as u32 + 1);
        }
        for key in 0..40_u64 {
            assert_eq!(cache.get_mut(key).copied(), Some(key as u32 + 1));
        }
        for key in 0..100_000_u64 {
            cache.insert(key << 20, 9);
        }
        assert!(cache.places.len() <= MOST);
        cache.insert(7, 1);
        assert_eq!(cache.get_mut(7), Some(&mut 1));
    }
}
