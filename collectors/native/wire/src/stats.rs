//! `struct rtnl_link_stats64`, and RTM_NEWSTATS that carries it alone (linux/if_link.h).

use crate::flaw::{Flaw, Result};
use crate::netlink::{after_fixed, attributes, ifindex_at};
use crate::record::LinkStats;

const IF_STATS_MSG: usize = 12;
const IFLA_STATS_LINK_64: u16 = 1;
/// Members up to `tx_compressed`, which every kernel with 64-bit statistics has; `rx_nohandler` came with 4.6.
const OLDEST: usize = 23 * 8;

/// Reads the body of RTM_NEWSTATS: ifindex and statistics, without allocating. `None` where the link has no statistics.
///
/// # Errors
/// A length does not fit, or the ifindex is not positive.
#[inline]
pub fn stats(body: &[u8]) -> Result<Option<(u32, LinkStats)>> {
    let rest = after_fixed(body, IF_STATS_MSG, "if_stats_msg")?;
    let ifindex = ifindex_at(body, 4, "if_stats_msg.ifindex")?;
    for attribute in attributes(rest) {
        let attribute = attribute?;
        if attribute.kind == IFLA_STATS_LINK_64 {
            return Ok(Some((ifindex, link_stats64(attribute.value)?)));
        }
    }
    Ok(None)
}

/// Reads `struct rtnl_link_stats64`.
///
/// # Errors
/// It is shorter than the oldest kernel's.
#[inline]
pub(crate) fn link_stats64(bytes: &[u8]) -> Result<LinkStats> {
    if bytes.len() < OLDEST {
        return Err(Flaw::Short {
            part: "rtnl_link_stats64",
            needed: OLDEST,
            present: bytes.len(),
        });
    }
    let member = |position: usize| {
        bytes
            .get(position * 8..)
            .and_then(|rest| rest.first_chunk::<8>())
            .map_or(0, |chunk| u64::from_ne_bytes(*chunk))
    };
    Ok(LinkStats {
        rx_packets: member(0),
        tx_packets: member(1),
        rx_bytes: member(2),
        tx_bytes: member(3),
        rx_errors: member(4),
        tx_errors: member(5),
        rx_dropped: member(6),
        tx_dropped: member(7),
        multicast: member(8),
        rx_missed: member(15),
        rx_nohandler: member(23),
    })
}
