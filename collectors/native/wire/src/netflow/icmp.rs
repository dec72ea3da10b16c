//! Type and code of ICMP where no element tells them: hidden in the ports.
//!
//! NetFlow v5 began it: `type * 256 + code` in the destination port, 0 in the source port. Others do not: fprobe 1.1 has the type in
//! the source port and the code in the destination port; some have an identifier in one of them; ulogd 2 leaves both 0 whatever it
//! was; nfprobe takes the payload of a later fragment for type and code. So only what can be nothing else is read: the classic
//! form, of a type and code that are assigned (IANA, "ICMP Parameters" and "ICMPv6 Parameters"). Two ports of 0 are an echo reply of an
//! exporter that was seen to use that form, and of any other say nothing.

use super::derived::all;
use crate::rows::Flows;

/// The protocol numbers of ICMP and ICMPv6.
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// Fills in what the ports of these rows hide; `classic` is whether the exporter was seen to use the classic form, and becomes it.
pub fn hidden(row: usize, count: usize, flows: &mut Flows, classic: &mut bool) {
    let (Some(protocols), Some(ports)) = (
        all(&flows.protocol, row, count),
        all(&flows.dst_port, row, count),
    ) else {
        return;
    };
    let has_any = protocols.iter().fold(false, |found, protocol| {
        found | (*protocol == ICMP) | (*protocol == ICMPV6)
    });
    if !has_any {
        return;
    }
    let told = |index: usize, protocol: u8, port: u16| {
        let apart = flows.src_port.get(row + index).copied().unwrap_or(0);
        (apart == 0 && matches!(protocol, ICMP | ICMPV6))
            .then(|| port.to_be_bytes())
            .filter(|[kind, code]| is_assigned(protocol, *kind, *code))
    };
    let rows = || protocols.iter().zip(ports).enumerate();
    *classic = *classic
        || rows()
            .any(|(index, (&protocol, &port))| port != 0 && told(index, protocol, port).is_some());
    for (index, (&protocol, &port)) in rows() {
        if let Some([kind, code]) = told(index, protocol, port).filter(|_| port != 0 || *classic) {
            flows.icmp_type.set(row + index, kind);
            flows.icmp_code.set(row + index, code);
        }
    }
}

/// Whether there is such a type and code.
const fn is_assigned(protocol: u8, kind: u8, code: u8) -> bool {
    match (protocol, kind) {
        (ICMP, 3) => code <= 15,
        (ICMP, 5) => code <= 3,
        (ICMP, 9) => matches!(code, 0 | 16),
        (ICMP, 11) => code <= 1,
        (ICMP, 12) => code <= 2,
        (ICMP, 40) => code <= 5,
        (ICMP, 43) => code <= 4,
        (ICMP, 0 | 4 | 6 | 8 | 10 | 13..=18 | 30..=39 | 41 | 42) => code == 0,
        (ICMPV6, 1) => code <= 8,
        (ICMPV6, 3) => code <= 1,
        (ICMPV6, 4) => code <= 11,
        (ICMPV6, 138) => matches!(code, 0 | 1 | 255),
        (ICMPV6, 139 | 140) => code <= 2,
        (ICMPV6, 154) => code <= 5,
        (ICMPV6, 155) => matches!(code, 0..=11 | 0x80..=0x8b),
        (ICMPV6, 157 | 158) => code <= 15,
        (ICMPV6, 161) => code <= 4,
        (ICMPV6, 2 | 128..=137 | 141..=153 | 156 | 159 | 160) => code == 0,
        _ => false,
    }
}
