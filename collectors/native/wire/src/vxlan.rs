//! What a VXLAN interface says of its tunnel, and whom its forwarding database knows (linux/if_link.h, linux/neighbour.h).

use crate::flaw::{Flaw, Result};
use crate::internet::mapped;
use crate::link::link;
use crate::netlink::{after_fixed, array_at, attributes, ifindex_at, Attribute};
use crate::record::Link;

const IFINFOMSG: usize = 16;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_VXLAN_GROUP: u16 = 2;
const IFLA_VXLAN_GROUP6: u16 = 16;
const IFLA_VXLAN_COLLECT_METADATA: u16 = 25;
const IFLA_VXLAN_GPE: u16 = 27;

const NDMSG: usize = 12;
const NDA_DST: u16 = 1;

/// One VXLAN interface.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Vxlan {
    /// Its `link` is the device below, 0 where the route says.
    pub link: Link,
    /// IFLA_VXLAN_GROUP or IFLA_VXLAN_GROUP6, IPv4 mapped: where a frame goes whose receiver is not known; one end or a group.
    pub remote: Option<[u8; 16]>,
    /// IFLA_VXLAN_COLLECT_METADATA: the other end is said with each packet, so no interface knows it.
    pub is_external: bool,
    /// IFLA_VXLAN_GPE: it carries packets, not frames.
    pub is_generic: bool,
}

/// Reads the body of RTM_NEWLINK; `None` where that is no VXLAN interface.
///
/// # Errors
/// A length does not fit.
pub fn vxlan(body: &[u8]) -> Result<Option<Vxlan>> {
    let Some(link) = link(body)?.filter(|link| link.kind == "vxlan") else {
        return Ok(None);
    };
    let mut vxlan = Vxlan {
        link,
        ..Vxlan::default()
    };
    let info = member(after_fixed(body, IFINFOMSG, "ifinfomsg")?, IFLA_LINKINFO)?;
    for attribute in attributes(member(info, IFLA_INFO_DATA)?) {
        let attribute = attribute?;
        match attribute.kind {
            IFLA_VXLAN_GROUP | IFLA_VXLAN_GROUP6 => vxlan.remote = Some(end(&attribute)?),
            IFLA_VXLAN_COLLECT_METADATA => vxlan.is_external = attribute.u8("metadata")? != 0,
            // A flag: it is there or not.
            IFLA_VXLAN_GPE => vxlan.is_generic = true,
            _ => {}
        }
    }
    Ok(Some(vxlan))
}

/// Reads the body of RTM_NEWNEIGH of a forwarding database: ifindex, and the end of the tunnel that a hardware address is behind.
///
/// `None` for an entry without one, such as a bridge has of its ports.
///
/// # Errors
/// A length does not fit, or the ifindex is not positive.
pub fn forwarded_to(body: &[u8]) -> Result<Option<(u32, [u8; 16])>> {
    let rest = after_fixed(body, NDMSG, "ndmsg")?;
    let ifindex = ifindex_at(body, 4, "ndm_ifindex")?;
    for attribute in attributes(rest) {
        let attribute = attribute?;
        if attribute.kind == NDA_DST {
            return Ok(Some((ifindex, end(&attribute)?)));
        }
    }
    Ok(None)
}

fn member(nest: &[u8], kind: u16) -> Result<&[u8]> {
    for attribute in attributes(nest) {
        let attribute = attribute?;
        if attribute.kind == kind {
            return Ok(attribute.value);
        }
    }
    Ok(&[])
}

/// An address of either family, by its length.
fn end(attribute: &Attribute<'_>) -> Result<[u8; 16]> {
    match attribute.value.len() {
        4 => Ok(mapped(array_at(attribute.value, 0, "address")?)),
        16 => array_at(attribute.value, 0, "address"),
        length => Err(Flaw::Value {
            part: "length of an address",
            value: length as u64,
        }),
    }
}
