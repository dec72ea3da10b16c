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

/// Names by number, from the running kernel, and meanings by name.
#[derive(Debug)]
pub struct Reasons {
    names: HashMap<u32, String>,
    meanings: HashMap<String, Meaning>,
    unknown: Meaning,
    /// Names that were told to have no meaning here.
    told: HashSet<String>,
    untold: Vec<String>,
}

impl Reasons {
    /// A reason without a meaning is loss, for nothing says that the packet was not wanted.
    pub fn new(names: HashMap<u32, String>, meanings: HashMap<String, Meaning>) -> Self {
        Self {
            names,
            meanings,
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

    /// Name and meaning of a number; one without a name is called by its number.
    pub fn of(&mut self, number: u32) -> (String, &Meaning) {
        let name = match self.names.get(&number) {
            Some(name) => name.clone(),
            None => number.to_string(),
        };
        match self.meanings.get(&name) {
            Some(meaning) => (name, meaning),
            None => {
                if self.told.insert(name.clone()) {
                    self.untold.push(name.clone());
                }
                (name, &self.unknown)
            }
        }
    }

    /// Names that were met for the first time and have no meaning.
    pub fn take_unknown(&mut self) -> Vec<String> {
        std::mem::take(&mut self.untold)
    }
}
