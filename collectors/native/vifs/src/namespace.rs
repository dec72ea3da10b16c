//! Network namespaces as the table knows them.

use std::collections::HashMap;

/// What is said of a namespace from outside of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct NamespaceFacts {
    /// `SO_NETNS_COOKIE`: never used again within a boot, unlike the inode and the nsid.
    pub cookie: u64,
    /// Empty for the agent's own, else the name of its file, else `net:[inode]`.
    pub name: String,
    /// Its id in the agent's namespace.
    pub nsid: Option<i32>,
    /// Whether it is the agent's own.
    pub is_home: bool,
    /// What runs in it, such as `container:…`; empty for unknown.
    pub workload: String,
    /// Whether its link events are heard, so that a difference found by a dump is one that events missed.
    pub is_heard: bool,
}

/// Which namespace a nsid that is local to another one means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// The agent's own.
    Home,
    /// The one with this nsid in the agent's namespace.
    Nsid(i32),
    /// One that cannot be named.
    Unknown,
}

/// A namespace, and what its own nsids mean.
#[derive(Debug, Default, Clone)]
pub(crate) struct Namespace {
    pub facts: NamespaceFacts,
    pub elsewhere: HashMap<i32, Elsewhere>,
    /// Whether it was read whole at least once: a link that shows after that is new to it.
    pub was_read: bool,
}

impl Namespace {
    /// Whether its name lasts, so that it may be part of a lineage.
    pub fn is_named(&self) -> bool {
        self.facts.is_home || !self.facts.name.starts_with("net:[")
    }
}
