//! Sampling rates that one observation domain announced for another one.

use std::collections::HashMap;

use crate::exporter::Key;

/// Announcements that are kept.
const MOST: usize = 4_096;

/// By the key of the exporter that a rate is for; domain 0 stands for all of its domains.
#[derive(Debug, Default)]
pub(crate) struct Elsewhere {
    rates: HashMap<Key, f64>,
}

impl Elsewhere {
    pub fn announce(&mut self, key: Key, rate: f64) {
        if rate < 1.0 {
            self.rates.remove(&key);
        } else if self.rates.len() < MOST || self.rates.contains_key(&key) {
            self.rates.insert(key, rate);
        }
    }

    /// What was announced for an exporter.
    pub fn rate_for(&self, key: &Key) -> Option<f64> {
        self.rates
            .get(key)
            .or_else(|| self.rates.get(&Key { domain: 0, ..*key }))
            .copied()
    }

    /// All of them, to be saved.
    pub fn all(&self) -> impl Iterator<Item = (&Key, f64)> {
        self.rates.iter().map(|(key, rate)| (key, *rate))
    }

    /// An exporter is forgotten, and what it announced.
    pub fn forget(&mut self, key: &Key) {
        self.rates.retain(|kept, _| {
            Key {
                domain: key.domain,
                ..*kept
            } != *key
        });
    }
}
