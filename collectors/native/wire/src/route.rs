//! RTM_NEWROUTE as the answer to one question: how a packet to an address would go (linux/rtnetlink.h).

use crate::flaw::Result;
use crate::netlink::{after_fixed, attributes};

const RTMSG: usize = 12;
pub(crate) const RTA_DST: u16 = 1;
pub(crate) const RTA_OIF: u16 = 4;
const RTA_METRICS: u16 = 8;
const RTA_CACHEINFO: u16 = 12;
const RTAX_MTU: u16 = 2;
const RTAX_ADVMSS: u16 = 8;
/// Offset of `rta_expires` in `struct rta_cacheinfo`.
const EXPIRES: usize = 8;

/// What the kernel would do with a packet to an address.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// RTA_OIF; 0 where the packet leaves by none (an unreachable or blackhole route).
    pub ifindex: u32,
    /// RTAX_MTU in bytes: of the route, or learned of a router; `None` where the interface's own holds.
    pub mtu_bytes: Option<u32>,
    /// RTAX_ADVMSS in bytes, where the route has one.
    pub advertised_mss_bytes: Option<u32>,
    /// The answer ends (`rta_expires`): what it says of the MTU was learned of a router's ICMP message, not set by anybody.
    pub is_learned: bool,
}

/// Reads the body of RTM_NEWROUTE.
///
/// # Errors
/// A length does not fit.
pub fn route(body: &[u8]) -> Result<Route> {
    let mut route = Route::default();
    for attribute in attributes(after_fixed(body, RTMSG, "rtmsg")?) {
        let attribute = attribute?;
        match attribute.kind {
            RTA_OIF => route.ifindex = attribute.u32("RTA_OIF")?,
            RTA_METRICS => metrics(attribute.value, &mut route)?,
            RTA_CACHEINFO => {
                let rest = after_fixed(attribute.value, EXPIRES, "rta_cacheinfo")?;
                route.is_learned = crate::netlink::u32_at(rest, 0, "rta_expires")? != 0;
            }
            _ => {}
        }
    }
    Ok(route)
}

fn metrics(nest: &[u8], route: &mut Route) -> Result<()> {
    for attribute in attributes(nest) {
        let attribute = attribute?;
        match attribute.kind {
            RTAX_MTU => route.mtu_bytes = set(attribute.u32("RTAX_MTU")?),
            RTAX_ADVMSS => route.advertised_mss_bytes = set(attribute.u32("RTAX_ADVMSS")?),
            _ => {}
        }
    }
    Ok(())
}

/// 0 stands for a metric that nobody set.
fn set(value: u32) -> Option<u32> {
    Some(value).filter(|value| *value != 0)
}
