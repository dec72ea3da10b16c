//! What could not be counted by flow, by VIF and direction.

use std::collections::HashMap;

use wire::flow_record::FlowLost;

/// Packets of one VIF and direction that are in no flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    pub vif_id: u64,
    pub is_egress: bool,
    /// On the wire.
    pub packets: u64,
    pub bytes: u64,
    pub skb_packets: u64,
    pub skb_bytes: u64,
}

/// The kernel's totals, of which only what is new is told.
#[derive(Debug, Default)]
pub struct Losses {
    told: HashMap<(u64, bool), FlowLost>,
}

const NOTHING: FlowLost = FlowLost {
    packets: 0,
    bytes: 0,
    skb_packets: 0,
    skb_bytes: 0,
};

impl Losses {
    /// What was lost of a VIF since the last call, at ingress and at egress.
    pub fn since(&mut self, vif_id: u64, totals: [FlowLost; 2]) -> Vec<Lost> {
        let mut found = Vec::new();
        for (is_egress, total) in [false, true].into_iter().zip(totals) {
            if total == NOTHING {
                continue;
            }
            let before = self
                .told
                .insert((vif_id, is_egress), total)
                .unwrap_or(NOTHING);
            let lost = Lost {
                vif_id,
                is_egress,
                packets: total.packets.saturating_sub(before.packets),
                bytes: total.bytes.saturating_sub(before.bytes),
                skb_packets: total.skb_packets.saturating_sub(before.skb_packets),
                skb_bytes: total.skb_bytes.saturating_sub(before.skb_bytes),
            };
            if lost.skb_packets > 0 {
                found.push(lost);
            }
        }
        found
    }

    /// A VIF is not watched any more.
    pub fn forget(&mut self, vif_id: u64) {
        self.told.retain(|(known, _), _| *known != vif_id);
    }
}
