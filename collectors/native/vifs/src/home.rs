//! The interfaces of the agent's own namespace, for probes that are attached to them.

use crate::table::Table;
use crate::vif::Vif;

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

/// What an interface of the agent's own namespace had counted when it was read: packets and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HomeReading {
    pub ifindex: u32,
    pub vif_id: u64,
    pub received: (u64, u64),
    /// Or what its peer received, where that is more: a program can hand packets to the other end of a pair directly.
    pub sent: (u64, u64),
}

impl Table {
    /// Readings of the proposed sweep, of the interfaces of the agent's own namespace.
    pub fn home_readings(&self) -> Vec<HomeReading> {
        let values = self.counters.proposed_values();
        let of = |vif: &Vif| {
            let [rx_packets, tx_packets, rx_bytes, tx_bytes, ..] = **values.get(&vif.id)?;
            let peer = self.peer_of(vif).and_then(|peer| values.get(&peer.id));
            let handed = peer.map_or((0, 0), |[packets, _, bytes, ..]| (*packets, *bytes));
            Some(HomeReading {
                ifindex: vif.link.ifindex,
                vif_id: vif.id,
                received: (rx_packets, rx_bytes),
                sent: (tx_packets, tx_bytes).max(handed),
            })
        };
        self.vifs
            .values()
            .filter(|vif| vif.namespace == self.home && vif.left_time.is_none())
            .filter_map(of)
            .collect()
    }

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
