//! The interfaces of the agent's own namespace, for probes that are attached to them.

use crate::table::Table;

/// ARPHRD_ETHER, linux/if_arp.h.
const ETHERNET: u16 = 1;

/// One interface of the agent's own namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeInterface {
    pub ifindex: u32,
    pub name: String,
    pub vif_id: u64,
    /// As in the inventory.
    pub kind: String,
    pub counting_point: bool,
    /// It has the label criticality=critical.
    pub is_critical: bool,
    /// Its frames begin with an Ethernet header.
    pub has_ethernet: bool,
}

impl Table {
    /// All interfaces of the agent's own namespace that are there now, by ifindex.
    pub fn home(&self) -> Vec<HomeInterface> {
        let mut interfaces: Vec<_> = self
            .vifs
            .values()
            .filter(|vif| vif.namespace == self.home && vif.left_time.is_none())
            .map(|vif| {
                let state = self.state_of(vif);
                HomeInterface {
                    ifindex: vif.link.ifindex,
                    name: vif.link.name.clone(),
                    vif_id: vif.id,
                    kind: state.kind.into_owned(),
                    counting_point: state.counting_point,
                    is_critical: state.criticality.eq_ignore_ascii_case("critical"),
                    has_ethernet: vif.link.hardware_type == ETHERNET,
                }
            })
            .collect();
        interfaces.sort_unstable_by_key(|interface| interface.ifindex);
        interfaces
    }
}
