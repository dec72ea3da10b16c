//! The interfaces of the agent's own network namespace, for exporters that speak of them.

use std::collections::HashMap;

use crate::settings::LocalInterface;

/// By number and by name.
#[derive(Debug, Default)]
pub(crate) struct LocalTable {
    by_index: HashMap<u32, u64>,
    by_name: HashMap<String, u64>,
    /// How often it was replaced: what was found in it before is stale.
    pub epoch: u64,
}

impl LocalTable {
    pub fn replace(&mut self, interfaces: Vec<LocalInterface>) {
        self.by_index = interfaces
            .iter()
            .map(|interface| (interface.ifindex, interface.vif_id))
            .collect();
        self.by_name = interfaces
            .into_iter()
            .map(|interface| (interface.ifname, interface.vif_id))
            .collect();
        self.epoch += 1;
    }

    /// The VIF of an ifIndex; 0 where there is none now.
    pub fn at(&self, ifindex: u32) -> u64 {
        self.by_index.get(&ifindex).copied().unwrap_or(0)
    }

    /// The VIF of a name; 0 where there is none now.
    pub fn named(&self, ifname: &str) -> u64 {
        self.by_name.get(ifname).copied().unwrap_or(0)
    }
}
