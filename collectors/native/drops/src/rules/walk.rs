//! A packet's way through the rules, with all that it may have taken where not enough is known of it.

use std::collections::HashMap;

use wire::nftables::{family, Base, Rule, Step, Verdict};

use crate::rules::book::Case;
use crate::rules::packet::{Bytes, Packet};
use crate::rules::ruleset::{Id, Ruleset};

const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const IPV6: u16 = 0x86dd;

/// NF_INET_… and NF_BR_…; ARP and netdev number theirs otherwise.
const PREROUTING: u32 = 0;
const INPUT: u32 = 1;
const FORWARD: u32 = 2;
const OUTPUT: u32 = 3;
const POSTROUTING: u32 = 4;
const INET_INGRESS: u32 = 5;
const NETDEV_INGRESS: u32 = 0;

/// NF_IP_PRI_CONNTRACK.
const CONNTRACK: i32 = -200;
/// How deep chains may jump; the kernel allows 16.
const DEEPEST: usize = 17;

/// Which rules can have dropped a packet.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub rules: Vec<Id>,
    /// Those that drop where what they are to do fails.
    pub failing: Vec<Id>,
}

/// What may become of a packet in a chain.
#[derive(Debug, Default, Clone, Copy)]
struct Outcome {
    /// It leaves the chain as it came.
    passes: bool,
    accepts: bool,
    drops: bool,
}

/// Stages that a packet passes one after the other; those of one stage are instead of each other, or side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stage {
    number: u8,
    family: u8,
    hook: u32,
    priority: i32,
}

/// Find all rules that can have dropped it. `work` is how many steps may still be taken: where it ends, nothing is known.
pub fn candidates(set: &Ruleset, case: &Case, work: &mut u64) -> Option<Found> {
    let mut bases: Vec<(Stage, usize, Packet)> = Vec::new();
    for (position, ordered) in set.chains.iter().enumerate() {
        let Some(base) = &ordered.chain.base else {
            continue;
        };
        if let Some((number, packet)) = at_hook(set, case, ordered.chain.family, base) {
            let stage = Stage {
                number,
                // Rules of `inet` and `ip` are at the same hooks.
                family: u8::from(ordered.chain.family == family::BRIDGE),
                hook: base.hook,
                priority: base.priority,
            };
            bases.push((stage, position, packet));
        }
    }
    bases.sort_by_key(|(stage, position, _)| (*stage, *position));
    let mut found = Found::default();
    // Stages in which it was dropped for certain, if it came there.
    let mut ends: Vec<Stage> = Vec::new();
    for (stage, position, packet) in &bases {
        let is_before = |end: &&Stage| {
            let same_hook =
                (end.number, end.family, end.hook) == (stage.number, stage.family, stage.hook);
            (same_hook && end.priority < stage.priority)
                || (is_common(case, end) && end.number < stage.number)
        };
        if ends.iter().find(is_before).is_some() {
            continue;
        }
        let mut walk = Walk {
            set,
            packet,
            family: set.chains[*position].chain.family,
            outcomes: HashMap::new(),
            found: &mut found,
            work,
            is_rewritten: false,
        };
        let outcome = walk.base(*position)?;
        if outcome.drops && !outcome.accepts && !set.rewrites {
            ends.push(*stage);
        }
    }
    found.rules.sort_unstable();
    found.rules.dedup();
    found.failing.sort_unstable();
    found.failing.dedup();
    Some(found)
}

/// Whether all packets of its kind pass a stage.
fn is_common(case: &Case, stage: &Stage) -> bool {
    case.is_in() && stage.number <= 1 && stage.family == 0
}

/// The packet as it is at a hook, if it can be there, and when it comes there.
fn at_hook(set: &Ruleset, case: &Case, of: u8, base: &Base) -> Option<(u8, Packet)> {
    let admitted = match case.key.ether_type {
        IPV4 => matches!(
            of,
            family::INET | family::IP | family::BRIDGE | family::NETDEV
        ),
        IPV6 => matches!(
            of,
            family::INET | family::IP6 | family::BRIDGE | family::NETDEV
        ),
        ARP => matches!(of, family::ARP | family::BRIDGE | family::NETDEV),
        0 => true,
        _ => matches!(of, family::BRIDGE | family::NETDEV),
    };
    if !admitted {
        return None;
    }
    let mut packet = Packet::of(case);
    let device = (case.key.ifindex != 0).then(|| (case.key.ifindex, padded(case.ifname)));
    if of == family::NETDEV || (of == family::INET && base.hook == INET_INGRESS) {
        let is_ingress = of == family::INET || base.hook == NETDEV_INGRESS;
        let is_there = case.is_nowhere()
            || (is_ingress == case.is_in()
                && base.devices.iter().any(|name| is_device(name, case.ifname)));
        if is_ingress {
            packet.in_device = device;
        } else {
            packet.out_device = device;
        }
        return is_there.then_some((if is_ingress { 0 } else { 5 }, packet));
    }
    // Before connections are looked up, or where they are not, a rule sees another state than in the end.
    if matches!(base.hook, PREROUTING | OUTPUT) && base.priority <= CONNTRACK
        || !matches!(of, family::INET | family::IP | family::IP6)
    {
        packet.forget_connection();
    }
    let hook = match (of, base.hook) {
        (family::ARP, 0) => INPUT,
        (family::ARP, 1) => OUTPUT,
        (family::ARP, 2) => FORWARD,
        (_, hook) => hook,
    };
    let number = match hook {
        PREROUTING => 1,
        POSTROUTING => 4,
        _ => 2,
    };
    if case.is_nowhere() {
        return Some((number, packet));
    }
    let is_bridge = of == family::BRIDGE;
    match hook {
        PREROUTING | INPUT | FORWARD if case.is_in() && !(is_bridge && hook == FORWARD) => {
            packet.in_device = device
        }
        // Out by the interface that it came in by.
        POSTROUTING if case.is_in() => packet.out_device = device,
        FORWARD if is_bridge => packet.out_device = device,
        OUTPUT | POSTROUTING if !case.is_in() => packet.out_device = device,
        // On a bridge the device is one of several that the packet is at.
        PREROUTING | INPUT | FORWARD if is_bridge || set.bridged.contains(&case.key.ifindex) => {}
        _ => return None,
    }
    Some((number, packet))
}

fn padded(name: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(name.bytes()).take(15) {
        *to = from;
    }
    bytes
}

fn is_device(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

/// Whether a comparison holds, as far as its bytes are known.
fn holds(value: &[u8], known: u64, operation: u8, with: &[u8]) -> Option<bool> {
    let all = with.len() >= 64 || known.trailing_ones() as usize >= with.len();
    let value = value.get(..with.len())?;
    let differs = value
        .iter()
        .zip(with)
        .enumerate()
        .any(|(at, (one, other))| known >> at & 1 != 0 && one != other);
    match operation {
        0 if differs => Some(false),
        1 if differs => Some(true),
        _ if !all => None,
        0 => Some(true),
        1 => Some(false),
        2 => Some(value < with),
        3 => Some(value <= with),
        4 => Some(value > with),
        5 => Some(value >= with),
        _ => None,
    }
}

struct Walk<'a> {
    set: &'a Ruleset,
    packet: &'a Packet,
    family: u8,
    /// Of chains that were walked; those that are being walked pass.
    outcomes: HashMap<usize, Outcome>,
    found: &'a mut Found,
    work: &'a mut u64,
    is_rewritten: bool,
}

/// What a rule may do with a packet.
enum Effect<'a> {
    /// It does not match.
    Nothing,
    /// It matches for certain, or may; then one of these.
    Verdicts(bool, &'a [Verdict]),
}

impl<'a> Walk<'a> {
    fn base(&mut self, chain: usize) -> Option<Outcome> {
        let mut outcome = self.chain(chain, 0)?;
        let drops = self.set.chains[chain]
            .chain
            .base
            .as_ref()
            .is_some_and(|base| base.drops);
        if outcome.passes && drops {
            self.found.rules.push((chain, None));
            outcome.drops = true;
        } else if outcome.passes {
            outcome.accepts = true;
        }
        Some(outcome)
    }

    fn chain(&mut self, chain: usize, depth: usize) -> Option<Outcome> {
        if let Some(outcome) = self.outcomes.get(&chain) {
            return Some(*outcome);
        }
        let passing = Outcome {
            passes: true,
            ..Outcome::default()
        };
        self.outcomes.insert(chain, passing);
        if depth > DEEPEST {
            return Some(passing);
        }
        let set = self.set;
        let mut outcome = Outcome::default();
        let mut goes_on = true;
        for (position, rule) in set.chains[chain].rules.iter().enumerate() {
            *self.work = self.work.checked_sub(1 + rule.steps.len() as u64)?;
            let Effect::Verdicts(is_certain, verdicts) = self.rule((chain, position), rule) else {
                continue;
            };
            let mut may_go_on = !is_certain;
            for verdict in verdicts {
                match verdict {
                    Verdict::Drop => {
                        self.found.rules.push((chain, Some(position)));
                        outcome.drops = true;
                    }
                    Verdict::Accept => outcome.accepts = true,
                    Verdict::Return => outcome.passes = true,
                    Verdict::Continue => may_go_on = true,
                    Verdict::Jump(name) | Verdict::Goto(name) => {
                        let inner = match set.find(chain, name) {
                            Some(target) => self.chain(target, depth + 1)?,
                            None => passing,
                        };
                        outcome.drops |= inner.drops;
                        outcome.accepts |= inner.accepts;
                        if matches!(verdict, Verdict::Jump(_)) {
                            may_go_on |= inner.passes;
                        } else {
                            outcome.passes |= inner.passes;
                        }
                    }
                }
            }
            if !may_go_on {
                goes_on = false;
                break;
            }
        }
        outcome.passes |= goes_on;
        self.outcomes.insert(chain, outcome);
        Some(outcome)
    }

    fn rule(&mut self, id: (usize, usize), rule: &'a Rule) -> Effect<'a> {
        let mut registers = Bytes::<64>::NONE;
        let mut is_certain = true;
        for step in &rule.steps {
            match step {
                Step::Load { source, to, length } => {
                    let (mut reading, length) = self.packet.read(*source, *length, self.family);
                    if self.is_rewritten {
                        reading.known = 0;
                    }
                    // A value that is not there ends the rule; which that is, is not known.
                    is_certain &= reading.known != 0;
                    put(
                        &mut registers,
                        *to,
                        &reading.bytes[..length.min(16)],
                        reading.known,
                    );
                }
                Step::Forget { to } => put(&mut registers, *to, &[0; 16], 0),
                Step::Set { to, value } => put(&mut registers, *to, value.bytes(), u64::MAX),
                Step::Mask {
                    from,
                    to,
                    mask,
                    flip,
                } => {
                    let (bytes, known) = get(&registers, *from);
                    let (mut masked, mut is_known) = ([0; 16], 0);
                    for (at, mask) in mask.bytes().iter().enumerate() {
                        let flip = flip.bytes().get(at).copied().unwrap_or(0);
                        masked[at] = bytes.get(at).map_or(0, |byte| byte & mask) ^ flip;
                        is_known |= u64::from(known >> at & 1 != 0 || *mask == 0) << at;
                    }
                    put(&mut registers, *to, &masked[..mask.bytes().len()], is_known);
                }
                Step::Compare {
                    from,
                    operation,
                    value,
                } => {
                    let (bytes, known) = get(&registers, *from);
                    match holds(bytes, known, *operation, value.bytes()) {
                        Some(true) => {}
                        Some(false) => return Effect::Nothing,
                        None => is_certain = false,
                    }
                }
                Step::Range {
                    from,
                    is_outside,
                    low,
                    high,
                } => {
                    let (bytes, known) = get(&registers, *from);
                    let above = holds(bytes, known, 5, low.bytes());
                    let below = holds(bytes, known, 3, high.bytes());
                    match above.zip(below) {
                        Some((above, below)) if (above && below) != *is_outside => {}
                        Some(_) => return Effect::Nothing,
                        None => is_certain = false,
                    }
                }
                Step::May => is_certain = false,
                Step::VerdictMap { name } => {
                    return match self.set.map(id.0, name) {
                        Some(verdicts) => Effect::Verdicts(false, verdicts),
                        // There may be a drop in it; where else it leads is not known.
                        None => Effect::Verdicts(
                            false,
                            &[Verdict::Drop, Verdict::Accept, Verdict::Return],
                        ),
                    };
                }
                Step::Verdict(Verdict::Continue) => return Effect::Nothing,
                Step::Verdict(verdict) => {
                    return Effect::Verdicts(is_certain, std::slice::from_ref(verdict))
                }
                Step::Rewrite => self.is_rewritten = true,
                Step::MayFail => self.found.failing.push((id.0, Some(id.1))),
                Step::Unknown => {
                    is_certain = false;
                    registers = Bytes::NONE;
                }
            }
        }
        Effect::Nothing
    }
}

fn put(registers: &mut Bytes<64>, to: u8, value: &[u8], known: u64) {
    // Steps write whole registers of four bytes, and clear what is left of the last.
    for at in 0..value.len().next_multiple_of(4) {
        let Some(byte) = registers.bytes.get_mut(usize::from(to) + at) else {
            return;
        };
        *byte = value.get(at).copied().unwrap_or(0);
        let bit = 1_u64 << (usize::from(to) + at);
        if at >= value.len() || known >> at & 1 != 0 {
            registers.known |= bit;
        } else {
            registers.known &= !bit;
        }
    }
}

fn get(registers: &Bytes<64>, from: u8) -> (&[u8], u64) {
    let at = usize::from(from).min(63);
    (&registers.bytes[at..], registers.known >> at)
}
