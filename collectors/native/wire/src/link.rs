//! RTM_NEWLINK and RTM_DELLINK (linux/if_link.h).

use crate::flaw::Result;
use crate::netlink::{after_fixed, attributes, ifindex_at, u16_at, u32_at, Attribute};
use crate::record::{Link, LinkStats};
use crate::rtnetlink::AF_UNSPEC;
use crate::stats;

const IFINFOMSG: usize = 16;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_WIRELESS: u16 = 11;
const IFLA_OPERSTATE: u16 = 16;
const IFLA_LINKINFO: u16 = 18;
const IFLA_IFALIAS: u16 = 20;
const IFLA_STATS64: u16 = 23;
const IFLA_CARRIER: u16 = 33;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_NEW_NETNSID: u16 = 45;
const IFLA_NEW_IFINDEX: u16 = 49;
const IFLA_PARENT_DEV_NAME: u16 = 56;

const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;

/// IFLA_VXLAN_ID and IFLA_GENEVE_ID are the same number; so are the first members of other kinds, hence the look at the kind.
const IFLA_VXLAN_ID: u16 = 1;
const IFLA_VXLAN_LINK: u16 = 3;
const IFLA_VLAN_ID: u16 = 1;
const IFLA_TUN_TYPE: u16 = 3;
const IFF_TAP: u8 = 2;

/// Reads the body of RTM_NEWLINK or RTM_DELLINK.
///
/// `None` for messages that share the type and are not about a device's life: those of a bridge about its port (`ifi_family`
/// AF_BRIDGE; its RTM_DELLINK means "left the bridge", not "died"), and wireless events, which carry nothing but a name.
///
/// # Errors
/// A length does not fit, or `ifi_index` is not positive.
pub fn link(body: &[u8]) -> Result<Option<Link>> {
    let rest = after_fixed(body, IFINFOMSG, "ifinfomsg")?;
    if body.first() != Some(&AF_UNSPEC) {
        return Ok(None);
    }
    let mut link = Link {
        ifindex: ifindex_at(body, 4, "ifi_index")?,
        flags: u32_at(body, 8, "ifi_flags")?,
        hardware_type: u16_at(body, 2, "ifi_type")?,
        ..Link::default()
    };
    let mut info: &[u8] = &[];
    for attribute in attributes(rest) {
        let attribute = attribute?;
        match attribute.kind {
            IFLA_ADDRESS => link.hardware_address = attribute.value.to_vec(),
            IFLA_IFNAME => link.name = attribute.text(),
            IFLA_MTU => link.mtu_bytes = attribute.u32("IFLA_MTU")?,
            IFLA_LINK => link.link = attribute.u32("IFLA_LINK")?,
            IFLA_MASTER => link.master = attribute.u32("IFLA_MASTER")?,
            IFLA_WIRELESS => return Ok(None),
            IFLA_OPERSTATE => link.operstate = attribute.u8("IFLA_OPERSTATE")?,
            IFLA_LINKINFO => info = attribute.value,
            IFLA_IFALIAS => link.alias = attribute.text(),
            IFLA_STATS64 => link.stats = Some(statistics(&attribute)?),
            IFLA_CARRIER => link.carrier = attribute.u8("IFLA_CARRIER")? != 0,
            IFLA_LINK_NETNSID => link.link_netnsid = known(attribute.i32("IFLA_LINK_NETNSID")?),
            IFLA_NEW_NETNSID => link.new_netnsid = Some(attribute.i32("IFLA_NEW_NETNSID")?),
            IFLA_NEW_IFINDEX => link.new_ifindex = Some(attribute.u32("IFLA_NEW_IFINDEX")?),
            IFLA_PARENT_DEV_NAME => link.parent_device = attribute.text(),
            _ => {}
        }
    }
    link_info(info, &mut link)?;
    Ok(Some(link))
}

/// A nsid that could not be had (NETNSA_NSID_NOT_ASSIGNED) says only "elsewhere"; it is kept as -1.
fn known(nsid: i32) -> Option<i32> {
    Some(nsid.max(-1))
}

fn statistics(attribute: &Attribute<'_>) -> Result<LinkStats> {
    stats::link_stats64(attribute.value)
}

/// IFLA_LINKINFO: the kind, and what only that kind has.
fn link_info(info: &[u8], link: &mut Link) -> Result<()> {
    let mut data: &[u8] = &[];
    for attribute in attributes(info) {
        let attribute = attribute?;
        match attribute.kind {
            IFLA_INFO_KIND => link.kind = attribute.text(),
            IFLA_INFO_DATA => data = attribute.value,
            _ => {}
        }
    }
    // The data of kinds that are not looked into is not even checked for framing: veth and others may put anything there.
    if !matches!(link.kind.as_str(), "vxlan" | "geneve" | "vlan" | "tun") {
        return Ok(());
    }
    for attribute in attributes(data) {
        let attribute = attribute?;
        match (link.kind.as_str(), attribute.kind) {
            ("vxlan" | "geneve", IFLA_VXLAN_ID) => link.vni = Some(attribute.u32("IFLA_VXLAN_ID")?),
            // A vxlan names the device below here only; IFLA_LINK, where a kernel sends it, says the same.
            ("vxlan", IFLA_VXLAN_LINK) => link.link = attribute.u32("IFLA_VXLAN_LINK")?,
            ("vlan", IFLA_VLAN_ID) => link.vlan_id = Some(attribute.u16("IFLA_VLAN_ID")?),
            ("tun", IFLA_TUN_TYPE) => link.is_tap = attribute.u8("IFLA_TUN_TYPE")? == IFF_TAP,
            _ => {}
        }
    }
    Ok(())
}
