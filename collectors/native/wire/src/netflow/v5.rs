//! NetFlow v5: records of 48 bytes that need no template (Cisco, "NetFlow Export Datagram Format", version 5).

use std::sync::LazyLock;

use super::plan::FlowPlan;
use super::template::Field;

/// Element number and bytes of the fields of a record.
const FIELDS: [(u16, u16); 20] = [
    (8, 4),   // srcaddr
    (12, 4),  // dstaddr
    (15, 4),  // nexthop
    (10, 2),  // input
    (14, 2),  // output
    (2, 4),   // dPkts
    (1, 4),   // dOctets
    (22, 4),  // First
    (21, 4),  // Last
    (7, 2),   // srcport
    (11, 2),  // dstport
    (210, 1), // pad1
    (6, 1),   // tcp_flags
    (4, 1),   // prot
    (5, 1),   // tos
    (16, 2),  // src_as
    (17, 2),  // dst_as
    (9, 1),   // src_mask
    (13, 1),  // dst_mask
    (210, 2), // pad2
];

/// The plan of every v5 record.
pub static PLAN: LazyLock<FlowPlan> = LazyLock::new(|| {
    let fields = FIELDS.map(|(number, width)| Field {
        enterprise: 0,
        number,
        width: Some(width),
    });
    FlowPlan::new(&fields, false)
});
