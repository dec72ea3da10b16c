//! Expressions of a rule, as far as they say whether a packet matches and what becomes of it.

use crate::netlink::{attributes, text, Attribute};
use crate::nftables::{be32, be64, Rule};

/// Bytes of all data registers.
const REGISTERS: u32 = 64;
const NFT_REG_VERDICT: u32 = 0;

/// Where in the 64 bytes of data registers a value begins.
pub type Register = u8;

/// Data of a rule; longer data is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    bytes: [u8; 16],
    length: u8,
}

impl Value {
    /// The data.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    fn of(data: &[u8]) -> Option<Self> {
        let mut bytes = [0; 16];
        bytes.get_mut(..data.len())?.copy_from_slice(data);
        Some(Self {
            bytes,
            length: data.len() as u8,
        })
    }
}

/// What becomes of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Drop,
    /// Accepted by this chain and those below it, handed to a program, or taken elsewhere: it goes no further here.
    Accept,
    Continue,
    Return,
    /// Then on behind this rule.
    Jump(String),
    /// Then on behind the rule that jumped here.
    Goto(String),
}

/// What a value is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Of the header of a layer: 0 link, 1 network, 2 transport.
    Header { layer: u8, offset: u32 },
    /// NFT_META_….
    Meta(u32),
    /// NFT_CT_….
    Conntrack(u32),
}

/// One step of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Load {
        source: Source,
        to: Register,
        /// Bytes, where the step says so; else as the source has them.
        length: u8,
    },
    /// A value that is not known goes there.
    Forget {
        to: Register,
    },
    Set {
        to: Register,
        value: Value,
    },
    Mask {
        from: Register,
        to: Register,
        mask: Value,
        flip: Value,
    },
    /// Goes on if the comparison holds: 0 equal, 1 not equal, 2 less, 3 less or equal, 4 greater, 5 greater or equal.
    Compare {
        from: Register,
        operation: u8,
        value: Value,
    },
    /// Goes on if the value is within, or else if it is not.
    Range {
        from: Register,
        is_outside: bool,
        low: Value,
        high: Value,
    },
    /// Goes on if what a map of this name has for the value says so; there may be nothing.
    VerdictMap {
        name: String,
    },
    /// May go on or not.
    May,
    Verdict(Verdict),
    /// Changes the packet, or may: what is read of it from here on is not known.
    Rewrite,
    /// Does something that may fail, and the packet is dropped then; else it goes on.
    MayFail,
    /// Reads or does something that is not known here: registers may have anything, and the packet may go on or not.
    Unknown,
}

/// Reads one expression into a rule.
pub(super) fn read(nest: &[u8], rule: &mut Rule) {
    let (mut name, mut data): (&[u8], &[u8]) = (&[], &[]);
    for attribute in attributes(nest) {
        match attribute {
            Ok(Attribute { kind: 1, value }) => name = value,
            Ok(Attribute { kind: 2, value }) => data = value,
            Ok(_) => {}
            Err(_) => return rule.steps.push(Step::Unknown),
        }
    }
    let name = text(name);
    let Some(members) = Members::of(data) else {
        return rule.steps.push(Step::Unknown);
    };
    // Marks and the like are written: no rule is judged by them.
    if matches!(&*name, "meta" | "ct") && members.get(1).is_none() {
        return;
    }
    let known = match &*name {
        "counter" => {
            rule.packets = members.wide(2).or(rule.packets);
            return;
        }
        "log" => {
            rule.log_prefix = members.text(2);
            return;
        }
        "notrack" | "last" | "flow_offload" | "dup" => return,
        "limit" | "quota" | "connlimit" | "dynset" | "objref" => Some(Step::May),
        "reject" => Some(Step::Verdict(Verdict::Drop)),
        "queue" | "fwd" => Some(Step::Verdict(Verdict::Accept)),
        "nat" | "masq" | "redir" => {
            rule.steps.push(Step::Rewrite);
            Some(Step::MayFail)
        }
        "synproxy" => Some(Step::MayFail),
        "tproxy" => Some(Step::May),
        "payload" => payload(&members),
        "meta" => members.loaded(1, 2, Source::Meta),
        "ct" => members.loaded(1, 2, Source::Conntrack),
        "immediate" => immediate(&members),
        "bitwise" => mask(&members),
        "byteorder" => members.register(2).map(|to| Step::Forget { to }),
        "cmp" => compare(&members),
        "range" => range(&members),
        "lookup" => lookup(&members),
        "match" => return matched(&members, rule),
        "target" => return target(&members, rule),
        // Read something that is not known here, and may not find it.
        "rt" | "socket" | "fib" | "osf" | "xfrm" | "tunnel" | "numgen" | "hash" => {
            Some(Step::Unknown)
        }
        _ => None,
    };
    match known {
        Some(step) => rule.steps.push(step),
        // It may even drop the packet.
        None => rule.steps.extend([Step::MayFail, Step::Unknown]),
    }
}

/// Attributes of an expression by their number.
struct Members<'a>([Option<&'a [u8]>; 16]);

impl<'a> Members<'a> {
    fn of(data: &'a [u8]) -> Option<Self> {
        let mut members = [None; 16];
        for attribute in attributes(data) {
            let attribute = attribute.ok()?;
            if let Some(member) = members.get_mut(usize::from(attribute.kind)) {
                *member = Some(attribute.value);
            }
        }
        Some(Self(members))
    }

    fn get(&self, kind: usize) -> Option<&'a [u8]> {
        self.0.get(kind).copied().flatten()
    }

    fn number(&self, kind: usize) -> Option<u32> {
        be32(self.get(kind)?, "").ok()
    }

    fn wide(&self, kind: usize) -> Option<u64> {
        be64(self.get(kind)?, "").ok()
    }

    fn text(&self, kind: usize) -> String {
        text(self.get(kind).unwrap_or(&[])).into_owned()
    }

    /// A data register: four of 16 bytes, or sixteen of four that are the same memory.
    fn register(&self, kind: usize) -> Option<Register> {
        let number = self.number(kind)?;
        let offset = match number {
            1..=4 => (number - 1) * 16,
            8..=23 => (number - 8) * 4,
            _ => return None,
        };
        (offset < REGISTERS).then_some(offset as Register)
    }

    /// NFTA_DATA_VALUE in a member.
    fn value(&self, kind: usize) -> Option<Value> {
        data_value(self.get(kind)?)
    }

    /// A value that is loaded.
    fn loaded(&self, to: usize, key: usize, source: fn(u32) -> Source) -> Option<Step> {
        Some(Step::Load {
            source: source(self.number(key)?),
            to: self.register(to)?,
            length: 0,
        })
    }
}

fn data_value(nest: &[u8]) -> Option<Value> {
    let value = attributes(nest).flatten().find(|member| member.kind == 1)?;
    Value::of(value.value)
}

/// NFTA_DATA_VERDICT in a nest.
pub(super) fn verdict(nest: &[u8]) -> Option<Verdict> {
    let nest = attributes(nest)
        .flatten()
        .find(|member| member.kind == 2)?
        .value;
    let members = Members::of(nest)?;
    let code = members.number(1)?.cast_signed();
    Some(match code {
        -1 => Verdict::Continue,
        // NFT_BREAK: this rule is left, and the next one comes.
        -2 => Verdict::Continue,
        -3 => Verdict::Jump(members.text(2)),
        -4 => Verdict::Goto(members.text(2)),
        -5 => Verdict::Return,
        // The upper half has the error that a sender is told, or the number of a queue.
        _ if code & 0xff == 0 => Verdict::Drop,
        _ => Verdict::Accept,
    })
}

fn payload(members: &Members) -> Option<Step> {
    if members.get(5).is_some() {
        return Some(Step::Rewrite);
    }
    let to = members.register(1)?;
    let (layer, offset, length) = (members.number(2)?, members.number(3)?, members.number(4)?);
    Some(match (layer, length) {
        (0..=2, 1..=16) => Step::Load {
            source: Source::Header {
                layer: layer as u8,
                offset,
            },
            to,
            length: length as u8,
        },
        _ => Step::Forget { to },
    })
}

fn immediate(members: &Members) -> Option<Step> {
    if members.number(1)? == NFT_REG_VERDICT {
        return verdict(members.get(2)?).map(Step::Verdict);
    }
    let to = members.register(1)?;
    Some(match members.value(2) {
        Some(value) => Step::Set { to, value },
        None => Step::Forget { to },
    })
}

fn mask(members: &Members) -> Option<Step> {
    let to = members.register(2)?;
    let is_mask = members.number(6).unwrap_or(0) == 0;
    match (members.value(4), members.value(5)) {
        (Some(mask), Some(flip)) if is_mask => Some(Step::Mask {
            from: members.register(1)?,
            to,
            mask,
            flip,
        }),
        _ => Some(Step::Forget { to }),
    }
}

fn compare(members: &Members) -> Option<Step> {
    let operation = members.number(2).filter(|number| *number <= 5)?;
    Some(match members.value(3) {
        Some(value) => Step::Compare {
            from: members.register(1)?,
            operation: operation as u8,
            value,
        },
        None => Step::May,
    })
}

fn range(members: &Members) -> Option<Step> {
    Some(match (members.value(3), members.value(4)) {
        (Some(low), Some(high)) => Step::Range {
            from: members.register(1)?,
            is_outside: members.number(2)? != 0,
            low,
            high,
        },
        _ => Step::May,
    })
}

fn lookup(members: &Members) -> Option<Step> {
    match members.number(3) {
        None => Some(Step::May),
        Some(NFT_REG_VERDICT) => Some(Step::VerdictMap {
            name: members.text(1),
        }),
        // What the map has goes there, and there may be nothing.
        Some(_) => Some(Step::Unknown),
    }
}

/// A match of xtables. Of them the comment is read, which matches always.
fn matched(members: &Members, rule: &mut Rule) {
    if members.text(1) == "comment" {
        rule.comment = members.text(3);
    } else {
        rule.steps.push(Step::May);
    }
}

/// A target of xtables, by its name.
fn target(members: &Members, rule: &mut Rule) {
    let prefix = |offset: usize| {
        let info = members.get(3).unwrap_or(&[]);
        text(info.get(offset..).unwrap_or(&[])).into_owned()
    };
    let step = match members.text(1).as_str() {
        "DROP" | "REJECT" | "TARPIT" => Step::Verdict(Verdict::Drop),
        "ACCEPT" | "QUEUE" | "NFQUEUE" => Step::Verdict(Verdict::Accept),
        "RETURN" => Step::Verdict(Verdict::Return),
        // Offsets of `prefix` in xt_log_info and xt_nflog_info.
        "LOG" => return rule.log_prefix = prefix(2),
        "NFLOG" => return rule.log_prefix = prefix(12),
        "MARK" | "CONNMARK" | "CT" | "NOTRACK" | "TRACE" | "SET" | "CLASSIFY" | "AUDIT" => return,
        "DNAT" | "SNAT" | "MASQUERADE" | "REDIRECT" | "NETMAP" => {
            rule.steps.push(Step::Rewrite);
            Step::MayFail
        }
        "TCPMSS" | "DSCP" | "TOS" | "TTL" | "HL" | "ECN" | "CHECKSUM" | "TCPOPTSTRIP" => {
            Step::Rewrite
        }
        _ => {
            rule.steps.push(Step::MayFail);
            Step::Unknown
        }
    };
    rule.steps.push(step);
}
