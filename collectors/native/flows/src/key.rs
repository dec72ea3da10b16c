//! What tells one flow from another, of either family.

use wire::flow_record::{Flow4Key, Flow6Key};

/// Bits of `marks`, as in `flow.h`.
pub const EGRESS: u8 = 1;
pub const OTHER: u8 = 4;
pub const CUT: u8 = 8;
const FRAGMENT: u8 = 2;

/// The key of a flow, with an IPv4 address mapped into IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    pub key: Flow6Key,
    pub is_ipv6: bool,
}

impl From<Flow4Key> for Key {
    fn from(key: Flow4Key) -> Self {
        // Frames that are no IP have no address.
        let mapped = |address: [u8; 4]| {
            let mut wide = [0; 16];
            if key.marks & OTHER == 0 {
                wide[10..12].fill(0xff);
                wide[12..].copy_from_slice(&address);
            }
            wide
        };
        Self {
            key: Flow6Key {
                ifindex: key.ifindex,
                src_address: mapped(key.src_address),
                dst_address: mapped(key.dst_address),
                src_port: key.src_port,
                dst_port: key.dst_port,
                vlan: key.vlan,
                customer_vlan: key.customer_vlan,
                protocol: key.protocol,
                marks: key.marks,
            },
            is_ipv6: false,
        }
    }
}

impl From<Flow6Key> for Key {
    fn from(key: Flow6Key) -> Self {
        Self { key, is_ipv6: true }
    }
}

impl Key {
    /// The key of a record of the ring, in which an IPv4 one lies as such at the start.
    pub fn of_overflow(key: Flow6Key, is_ipv6: bool) -> Self {
        if is_ipv6 {
            return key.into();
        }
        let four =
            |at: usize, bytes: &[u8; 16]| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        Flow4Key {
            ifindex: key.ifindex,
            src_address: four(0, &key.src_address),
            dst_address: four(0, &key.dst_address),
            src_port: key.src_port,
            dst_port: key.dst_port,
            vlan: key.vlan,
            customer_vlan: key.customer_vlan,
            protocol: key.protocol,
            marks: key.marks,
        }
        .into()
    }

    pub fn is_egress(&self) -> bool {
        self.key.marks & EGRESS != 0
    }

    /// Whether it is of frames that are no IP.
    pub fn is_other(&self) -> bool {
        self.key.marks & OTHER != 0
    }

    /// Whether its packets are later fragments of ones whose first fragment was not seen.
    pub fn has_no_ports(&self) -> bool {
        self.key.marks & FRAGMENT != 0
    }

    /// Whether a header was not whole.
    pub fn is_cut(&self) -> bool {
        self.key.marks & CUT != 0
    }
}
