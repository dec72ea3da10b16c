//! What nf_tables says of its rules: tables, chains, rules, verdicts in maps (linux/netfilter/nf_tables.h).
//!
//! Numbers in its attributes are big-endian. An expression that is not known, or that is broken, is [`Step::Unknown`]: whoever
//! reads a rule has to reckon that it may match.

mod expression;
pub mod request;

use std::borrow::Cow;

use crate::flaw::{Flaw, Result};
use crate::netlink::{after_fixed, array_at, attributes, text, Attribute};

pub use expression::{Register, Source, Step, Value, Verdict};

/// Message types: subsystem 10, then NFT_MSG_….
pub const NFT_NEWTABLE: u16 = SUBSYSTEM;
pub const NFT_GETTABLE: u16 = SUBSYSTEM | 1;
pub const NFT_NEWCHAIN: u16 = SUBSYSTEM | 3;
pub const NFT_GETCHAIN: u16 = SUBSYSTEM | 4;
pub const NFT_NEWRULE: u16 = SUBSYSTEM | 6;
pub const NFT_GETRULE: u16 = SUBSYSTEM | 7;
pub const NFT_NEWSETELEM: u16 = SUBSYSTEM | 12;
pub const NFT_GETSETELEM: u16 = SUBSYSTEM | 13;
pub const NFT_NEWGEN: u16 = SUBSYSTEM | 15;
pub const NFT_GETGEN: u16 = SUBSYSTEM | 16;

const SUBSYSTEM: u16 = 10 << 8;
/// `struct nfgenmsg`: family, version, and a number that is not needed here.
const NFGENMSG: usize = 4;
const LIST_ELEMENT: u16 = 1;
/// NFT_TABLE_F_DORMANT: its chains are not asked.
const DORMANT: u32 = 1;
/// NFTNL_UDATA_RULE_COMMENT, in what `nft` keeps beside a rule.
const COMMENT: u8 = 0;

/// Address families (linux/netfilter.h).
pub mod family {
    pub const INET: u8 = 1;
    pub const IP: u8 = 2;
    pub const ARP: u8 = 3;
    pub const NETDEV: u8 = 5;
    pub const BRIDGE: u8 = 7;
    pub const IP6: u8 = 10;

    /// As `nft` calls it.
    pub fn name(family: u8) -> &'static str {
        match family {
            INET => "inet",
            IP => "ip",
            ARP => "arp",
            NETDEV => "netdev",
            BRIDGE => "bridge",
            IP6 => "ip6",
            _ => "",
        }
    }
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub family: u8,
    pub name: String,
    /// Its chains see no packet.
    pub is_dormant: bool,
}

/// Where a chain is hooked in.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Base {
    /// Of the family: NF_INET_…, NF_ARP_…, NF_NETDEV_….
    pub hook: u32,
    /// Lower ones come first.
    pub priority: i32,
    /// Of an ingress or egress chain; one that ends in `*` is the beginning of names.
    pub devices: Vec<String>,
    /// A packet that comes to its end is dropped.
    pub drops: bool,
    /// Packets that came to its end, where the kernel counts them.
    pub packets: Option<u64>,
}

/// One chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub family: u8,
    pub table: String,
    pub name: String,
    pub handle: u64,
    /// `None` for one that is only jumped to.
    pub base: Option<Base>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Unique in its table, and never given again while the table is there.
    pub handle: u64,
    /// What its maker wrote beside it.
    pub comment: String,
    /// What it writes before a packet's line in a log (NFLOG, LOG).
    pub log_prefix: String,
    /// Packets of its own counter, where it has one.
    pub packets: Option<u64>,
    pub steps: Vec<Step>,
}

/// A rule and the chain that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<'a> {
    pub family: u8,
    pub table: Cow<'a, str>,
    pub chain: Cow<'a, str>,
    pub rule: Rule,
}

/// Reads the body of NFT_MSG_NEWGEN: the number of the ruleset's generation.
///
/// # Errors
/// A length does not fit, or it is missing.
pub fn generation(body: &[u8]) -> Result<u32> {
    for attribute in members(body)? {
        let attribute = attribute?;
        if attribute.kind == 1 {
            return be32(attribute.value, "NFTA_GEN_ID");
        }
    }
    Err(Flaw::Short {
        part: "NFTA_GEN_ID",
        needed: 4,
        present: 0,
    })
}

/// Reads the body of NFT_MSG_NEWTABLE.
///
/// # Errors
/// A length does not fit.
pub fn table(body: &[u8]) -> Result<Table> {
    let mut table = Table {
        family: family_of(body)?,
        name: String::new(),
        is_dormant: false,
    };
    for attribute in members(body)? {
        let attribute = attribute?;
        match attribute.kind {
            1 => table.name = attribute.text(),
            2 => table.is_dormant = be32(attribute.value, "NFTA_TABLE_FLAGS")? & DORMANT != 0,
            _ => {}
        }
    }
    Ok(table)
}

/// Reads the body of NFT_MSG_NEWCHAIN.
///
/// # Errors
/// A length does not fit.
pub fn chain(body: &[u8]) -> Result<Chain> {
    let mut chain = Chain {
        family: family_of(body)?,
        table: String::new(),
        name: String::new(),
        handle: 0,
        base: None,
    };
    let (mut drops, mut packets) = (false, None);
    for attribute in members(body)? {
        let attribute = attribute?;
        match attribute.kind {
            1 => chain.table = attribute.text(),
            2 => chain.handle = be64(attribute.value, "NFTA_CHAIN_HANDLE")?,
            3 => chain.name = attribute.text(),
            4 => chain.base = Some(base(attribute.value)?),
            5 => drops = be32(attribute.value, "NFTA_CHAIN_POLICY")? == 0,
            8 => packets = counted(attribute.value)?,
            _ => {}
        }
    }
    if let Some(base) = &mut chain.base {
        (base.drops, base.packets) = (drops, packets);
    }
    Ok(chain)
}

fn base(nest: &[u8]) -> Result<Base> {
    let mut base = Base::default();
    for attribute in attributes(nest) {
        let attribute = attribute?;
        match attribute.kind {
            1 => base.hook = be32(attribute.value, "NFTA_HOOK_HOOKNUM")?,
            2 => base.priority = be32(attribute.value, "NFTA_HOOK_PRIORITY")?.cast_signed(),
            3 => base.devices.push(attribute.text()),
            4 => {
                for device in attributes(attribute.value) {
                    let device = device?;
                    // NFTA_DEVICE_PREFIX stands beside NFTA_DEVICE_NAME since Linux 6.18.
                    base.devices.push(match device.kind {
                        2 => format!("{}*", device.text()),
                        _ => device.text(),
                    });
                }
            }
            _ => {}
        }
    }
    // One device is told twice.
    base.devices.dedup();
    Ok(base)
}

/// Reads the body of NFT_MSG_NEWRULE.
///
/// # Errors
/// A length outside of its expressions does not fit.
pub fn rule(body: &[u8]) -> Result<Placed<'_>> {
    let mut placed = Placed {
        family: family_of(body)?,
        table: Cow::Borrowed(""),
        chain: Cow::Borrowed(""),
        rule: Rule {
            handle: 0,
            comment: String::new(),
            log_prefix: String::new(),
            packets: None,
            steps: Vec::new(),
        },
    };
    let rule = &mut placed.rule;
    for attribute in members(body)? {
        let attribute = attribute?;
        match attribute.kind {
            1 => placed.table = text(attribute.value),
            2 => placed.chain = text(attribute.value),
            3 => rule.handle = be64(attribute.value, "NFTA_RULE_HANDLE")?,
            4 => {
                for element in attributes(attribute.value) {
                    match element {
                        Ok(element) if element.kind == LIST_ELEMENT => {
                            expression::read(element.value, rule);
                        }
                        _ => rule.steps.push(Step::Unknown),
                    }
                }
            }
            7 => {
                if let Some(comment) = comment(attribute.value) {
                    rule.comment = comment;
                }
            }
            _ => {}
        }
    }
    Ok(placed)
}

/// The comment in a rule's user data: type, length and value of each part, a byte the first two.
fn comment(mut data: &[u8]) -> Option<String> {
    while let [kind, length, rest @ ..] = data {
        let value = rest.get(..usize::from(*length))?;
        if *kind == COMMENT {
            return Some(text(value).into_owned());
        }
        data = &rest[value.len()..];
    }
    None
}

/// Reads the body of NFT_MSG_NEWSETELEM of a map of verdicts: each verdict that is in it.
///
/// # Errors
/// A length does not fit.
pub fn verdicts(body: &[u8]) -> Result<Vec<Verdict>> {
    let mut found = Vec::new();
    for attribute in members(body)? {
        let attribute = attribute?;
        if attribute.kind != 3 {
            continue;
        }
        for element in attributes(attribute.value) {
            for member in attributes(element?.value) {
                let member = member?;
                // NFTA_SET_ELEM_DATA
                if member.kind == 2 {
                    found.extend(expression::verdict(member.value));
                }
            }
        }
    }
    Ok(found)
}

/// NFTA_COUNTER_PACKETS of a nest.
fn counted(nest: &[u8]) -> Result<Option<u64>> {
    for attribute in attributes(nest) {
        let attribute = attribute?;
        if attribute.kind == 2 {
            return be64(attribute.value, "NFTA_COUNTER_PACKETS").map(Some);
        }
    }
    Ok(None)
}

fn family_of(body: &[u8]) -> Result<u8> {
    body.first().copied().ok_or(Flaw::Short {
        part: "nfgenmsg",
        needed: NFGENMSG,
        present: 0,
    })
}

fn members(body: &[u8]) -> Result<impl Iterator<Item = Result<Attribute<'_>>>> {
    Ok(attributes(after_fixed(body, NFGENMSG, "nfgenmsg")?))
}

fn be32(value: &[u8], part: &'static str) -> Result<u32> {
    Ok(u32::from_be_bytes(array_at(value, 0, part)?))
}

fn be64(value: &[u8], part: &'static str) -> Result<u64> {
    Ok(u64::from_be_bytes(array_at(value, 0, part)?))
}
