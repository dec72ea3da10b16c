//! What the kernel's numbers of reasons mean.

use std::collections::{HashMap, HashSet};

/// What is made of a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// `loss`, `denied`, `endpoint` or `benign`.
    pub class: String,
    /// `qdisc`, `device` or `core`.
    pub origin: String,
}

/// Names by number, from the running kernel, and meanings by name and function.
#[derive(Debug)]
pub struct Reasons {
    names: HashMap<u32, String>,
    /// By reason, then by function; the one of the empty function is of all others.
    meanings: HashMap<String, HashMap<String, Meaning>>,
    unknown: Meaning,
    /// What was told to have no meaning here.
    told: HashSet<String>,
    untold: Vec<String>,
}

impl Reasons {
    /// `meanings`: reason, function or empty for any, meaning. What has none is loss, for nothing says that the packet was not
    /// wanted.
    pub fn new(
        names: HashMap<u32, String>,
        meanings: impl IntoIterator<Item = (String, String, Meaning)>,
    ) -> Self {
        let mut found: HashMap<String, HashMap<String, Meaning>> = HashMap::new();
        for (reason, place, meaning) in meanings {
            found.entry(reason).or_default().insert(place, meaning);
        }
        Self {
            names,
            meanings: found,
            unknown: Meaning {
                class: "loss".to_owned(),
                origin: "core".to_owned(),
            },
            told: HashSet::new(),
            untold: Vec::new(),
        }
    }

    /// Whether a number has a name.
    pub fn knows(&self, number: u32) -> bool {
        self.names.contains_key(&number)
    }

    /// Learns names of a module that was loaded since.
    pub fn learn(&mut self, names: HashMap<u32, String>) {
        self.names.extend(names);
    }

    /// Name and meaning of a number at a function; a number without a name is called by itself.
    pub fn of(&mut self, number: u32, place: &str) -> (String, &Meaning) {
        let name = match self.names.get(&number) {
            Some(name) => name.clone(),
            None => number.to_string(),
        };
        let known = self.meanings.get(&name);
        match known.and_then(|by_place| by_place.get(place).or_else(|| by_place.get(""))) {
            Some(meaning) => (name, meaning),
            None => {
                // Of a reason that means something at other functions, the function is what is not known.
                let what = match known {
                    Some(_) if place.is_empty() => format!("{name} at a function without a name"),
                    Some(_) => format!("{name} at {place}"),
                    None => name.clone(),
                };
                if self.told.insert(what.clone()) {
                    self.untold.push(what);
                }
                (name, &self.unknown)
            }
        }
    }

    /// What was met for the first time and has no meaning.
    pub fn take_unknown(&mut self) -> Vec<String> {
        std::mem::take(&mut self.untold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(class: &str, origin: &str) -> Meaning {
        Meaning {
            class: class.to_owned(),
            origin: origin.to_owned(),
        }
    }

    fn reasons() -> Reasons {
        let names = [(2, "NOT_SPECIFIED"), (3, "NO_SOCKET"), (5, "NOMEM")];
        let meanings = [
            ("NO_SOCKET", "", meaning("endpoint", "core")),
            ("NOMEM", "", meaning("loss", "core")),
            ("NOMEM", "tun_net_xmit", meaning("loss", "device")),
            ("NOT_SPECIFIED", "ip6_mc_input", meaning("benign", "core")),
        ];
        Reasons::new(
            names.map(|(number, name)| (number, name.to_owned())).into(),
            meanings.map(|(name, place, meaning)| (name.to_owned(), place.to_owned(), meaning)),
        )
    }

    #[test]
    fn the_function_goes_before_the_reason_alone() {
        let mut reasons = reasons();
        assert_eq!(reasons.of(5, "tun_net_xmit").1.origin, "device");
        assert_eq!(reasons.of(5, "ip_rcv").1.origin, "core");
        assert_eq!(reasons.of(3, "tcp_v4_rcv").1.class, "endpoint");
        assert_eq!(reasons.of(2, "ip6_mc_input").1.class, "benign");
        assert!(reasons.take_unknown().is_empty());
    }

    #[test]
    fn what_has_no_meaning_is_loss_and_told_once() {
        let mut reasons = reasons();
        for _ in 0..2 {
            for (number, place) in [(2, "a_new_function"), (2, ""), (77, "ip_rcv"), (77, "x")] {
                let (_, meaning) = reasons.of(number, place);
                assert_eq!((&*meaning.class, &*meaning.origin), ("loss", "core"));
            }
        }
        assert_eq!(
            reasons.take_unknown(),
            [
                "NOT_SPECIFIED at a_new_function",
                "NOT_SPECIFIED at a function without a name",
                "77"
            ]
        );
        assert!(reasons.take_unknown().is_empty());
    }

    #[test]
    fn a_module_that_is_loaded_later_brings_names() {
        let mut reasons = reasons();
        assert!(!reasons.knows(1 << 16));
        reasons.learn([(1 << 16, "NO_SOCKET".to_owned())].into());
        assert_eq!(reasons.of(1 << 16, "x").0, "NO_SOCKET");
    }
}
