//! Which sampling rate holds for a row: what was configured, told in the record, or announced. Never guessed.

use std::collections::HashMap;

use wire::rows::sampling_origin;

use crate::announce::About;
use crate::known::Configured;

/// Selectors, and interfaces, with a rate of their own that are kept of one exporter.
const MOST_RATES: usize = 4_096;

/// A rate and one of `wire::rows::sampling_origin`.
pub(crate) type Rate = (f64, u8);

/// Not known.
pub(crate) const UNKNOWN: Rate = (0.0, sampling_origin::UNKNOWN);

/// What an exporter announced.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Sampling {
    /// For all of its observation domain.
    pub domain: Option<f64>,
    /// For all of the exporter, told in another observation domain.
    pub inherited: Option<f64>,
    pub selectors: HashMap<u64, f64>,
    pub interfaces: HashMap<u32, f64>,
}

/// What a row says of its sampling.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Clue {
    /// A rate in the record itself; 0 for none.
    pub rate: f64,
    pub selector: Option<u64>,
    /// ifIndex of the interface that observed it; 0 for unknown.
    pub interface: u32,
}

/// Beyond what any exporter samples at: samplers count in 32 bits.
const HIGHEST: f64 = 4_294_967_295.0;

impl Sampling {
    /// Take in an announcement; 0 makes the rate unknown, and so does one that cannot be. Returns whether that changed anything.
    pub fn announce(&mut self, about: About, rate: f64) -> bool {
        let told = (1.0..=HIGHEST).contains(&rate).then_some(rate);
        match about {
            About::Domain => std::mem::replace(&mut self.domain, told) != told,
            About::OtherDomain(_) => std::mem::replace(&mut self.inherited, told) != told,
            About::Selector(selector) => set(&mut self.selectors, selector, told),
            About::Interface(interface) => set(&mut self.interfaces, interface, told),
        }
    }

    /// The rate of a row that says nothing of its sampling, wherever it was observed; `None` where that depends on the row.
    #[inline]
    pub fn uniform(&self, configured: &Configured) -> Option<Rate> {
        if !configured.interface_rates.is_empty() {
            return None;
        }
        if let Some(rate) = configured.sampling_rate {
            return Some((rate, sampling_origin::CONFIGURED));
        }
        if !self.interfaces.is_empty() {
            return None;
        }
        self.of_domain(true)
    }

    /// The rate of one row.
    pub fn of(&self, clue: Clue, configured: &Configured) -> Rate {
        if let Some(rate) = configured.rate_at(clue.interface) {
            return (rate, sampling_origin::CONFIGURED);
        }
        if clue.rate >= 1.0 && clue.rate.is_finite() {
            return (clue.rate, sampling_origin::ANNOUNCED);
        }
        if let Some(selector) = clue.selector {
            if let Some(rate) = self.selectors.get(&selector) {
                return (*rate, sampling_origin::ANNOUNCED);
            }
            // Another selector than those that are known: its rate may still come.
            if selector != 0 && !self.selectors.is_empty() {
                return UNKNOWN;
            }
        }
        if let Some(rate) = self.interfaces.get(&clue.interface) {
            return (*rate, sampling_origin::ANNOUNCED);
        }
        // A row that names selector 0 says that it was not that one.
        let names_none = clue.selector == Some(0);
        self.of_domain(!names_none).unwrap_or(UNKNOWN)
    }

    /// The rate of all of the domain; with `or_only_selector` that of its only selector, where it announces no other.
    fn of_domain(&self, or_only_selector: bool) -> Option<Rate> {
        let only_selector = || match self.selectors.len() {
            1 if or_only_selector => self.selectors.values().next().copied(),
            _ => None,
        };
        self.domain
            .or_else(only_selector)
            .or(self.inherited)
            .map(|rate| (rate, sampling_origin::ANNOUNCED))
    }
}

fn set<K: std::hash::Hash + Eq>(rates: &mut HashMap<K, f64>, key: K, rate: Option<f64>) -> bool {
    match rate {
        None => rates.remove(&key).is_some(),
        Some(rate) if rates.len() < MOST_RATES || rates.contains_key(&key) => {
            rates.insert(key, rate) != Some(rate)
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNOUNCED: u8 = sampling_origin::ANNOUNCED;
    const CONFIGURED: u8 = sampling_origin::CONFIGURED;

    fn clue(rate: f64, selector: Option<u64>, interface: u32) -> Clue {
        Clue {
            rate,
            selector,
            interface,
        }
    }

    #[test]
    fn what_is_nearer_to_the_row_goes_first() {
        let mut sampling = Sampling::default();
        sampling.announce(About::Domain, 10.0);
        sampling.announce(About::Interface(3), 20.0);
        sampling.announce(About::Selector(1), 30.0);
        sampling.announce(About::Selector(2), 40.0);
        let nothing = Configured::default();
        let cases = [
            (clue(50.0, Some(1), 3), 50.0),
            (clue(0.0, Some(1), 3), 30.0),
            (clue(0.0, Some(2), 3), 40.0),
            (clue(0.0, None, 3), 20.0),
            (clue(0.0, None, 4), 10.0),
        ];
        for (clue, rate) in cases {
            assert_eq!(sampling.of(clue, &nothing), (rate, ANNOUNCED));
        }
        assert_eq!(sampling.of(clue(0.0, Some(9), 3), &nothing), UNKNOWN);
        let configured = Configured {
            sampling_rate: Some(7.0),
            interface_rates: vec![(3, 8.0)],
            ..Configured::default()
        };
        for (interface, rate) in [(3, 8.0), (4, 7.0)] {
            let found = sampling.of(clue(50.0, Some(1), interface), &configured);
            assert_eq!(found, (rate, CONFIGURED));
        }
    }

    #[test]
    fn a_rate_of_zero_takes_back_what_was_announced() {
        let mut sampling = Sampling::default();
        assert!(sampling.announce(About::Domain, 10.0));
        assert!(!sampling.announce(About::Domain, 10.0));
        assert!(sampling.announce(About::Domain, 0.0));
        assert_eq!(sampling, Sampling::default());
        assert_eq!(
            sampling.of(Clue::default(), &Configured::default()),
            UNKNOWN
        );
    }

    #[test]
    fn the_only_selector_holds_for_rows_that_name_none() {
        let mut sampling = Sampling::default();
        sampling.announce(About::Selector(1), 30.0);
        let nothing = Configured::default();
        assert_eq!(sampling.uniform(&nothing), Some((30.0, ANNOUNCED)));
        sampling.announce(About::Selector(2), 40.0);
        assert_eq!(sampling.uniform(&nothing), None);
        assert_eq!(sampling.of(Clue::default(), &nothing), UNKNOWN);
    }

    #[test]
    fn rates_are_bounded() {
        let mut sampling = Sampling::default();
        for selector in 0..10_000 {
            sampling.announce(About::Selector(selector), 2.0);
        }
        assert_eq!(sampling.selectors.len(), MOST_RATES);
        assert!(sampling.announce(About::Selector(0), 3.0));
    }
}
