//! RTM_NEWADDR and RTM_DELADDR (linux/if_addr.h).

use crate::flaw::{Flaw, Result};
use crate::internet::mapped;
use crate::netlink::{after_fixed, attributes, ifindex_at, Attribute};
use crate::record::Address;
use crate::rtnetlink::{AF_INET, AF_INET6};

const IFADDRMSG: usize = 8;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;

/// Reads the body of RTM_NEWADDR or RTM_DELADDR; `None` for families other than IPv4 and IPv6, and where no address is in it.
///
/// On a point-to-point link IFA_ADDRESS is the other end's, so IFA_LOCAL is preferred.
///
/// # Errors
/// A length does not fit, or the ifindex is not positive.
pub fn address(body: &[u8]) -> Result<Option<Address>> {
    let rest = after_fixed(body, IFADDRMSG, "ifaddrmsg")?;
    let (Some(&family), Some(&prefix_length)) = (body.first(), body.get(1)) else {
        return Ok(None);
    };
    if family != AF_INET && family != AF_INET6 {
        return Ok(None);
    }
    let ifindex = ifindex_at(body, 4, "ifa_index")?;
    let (mut own, mut other) = (None, None);
    for attribute in attributes(rest) {
        let attribute = attribute?;
        match attribute.kind {
            IFA_LOCAL => own = Some(sixteen_bytes(&attribute, family)?),
            IFA_ADDRESS => other = Some(sixteen_bytes(&attribute, family)?),
            _ => {}
        }
    }
    Ok(own.or(other).map(|address| Address {
        ifindex,
        address,
        prefix_length,
    }))
}

/// IPv4 is mapped into IPv6.
fn sixteen_bytes(attribute: &Attribute<'_>, family: u8) -> Result<[u8; 16]> {
    let short = |needed| Flaw::Short {
        part: "IFA_ADDRESS",
        needed,
        present: attribute.value.len(),
    };
    if family == AF_INET {
        let four = *attribute.value.first_chunk().ok_or(short(4))?;
        return Ok(mapped(four));
    }
    attribute
        .value
        .first_chunk::<16>()
        .copied()
        .ok_or(short(16))
}
