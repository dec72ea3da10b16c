//! What was drained, until it is known whose it is.

use std::collections::{BTreeMap, BTreeSet};

use columns::generated::drops::Rows;
use wire::drop_record::{Drop, DropKey, DropSample};

use crate::reasons::Reasons;
use crate::row::{self, Common};
use crate::rules::{Attribution, Case};

/// Bits of `marks` (drop.h).
const EGRESS: u8 = 1;
const NOWHERE: u8 = 2;
const IPV4: u16 = 0x0800;
/// Gives back what the kernel made for a program's trial run (`BPF_PROG_TEST_RUN`): the agent has one at each drain, to read the
/// packets' clock.
const TRIAL_RUN: &str = "bpf_prog_test_run_skb";
/// How old drops of an interface that is not known may be to wait for a drain more: it may be that new.
const NEW_NS: i64 = 2_000_000_000;

/// The time between two drains, ns since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    pub start_ns: i64,
    pub end_ns: i64,
}

/// Whose an interface is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Owner {
    /// 0 where it is no VIF that is known.
    pub vif_id: u64,
    /// Name of its namespace as in the inventory; empty for the host's own.
    pub namespace: String,
}

/// What drops are told by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub namespace_cookie: u64,
    pub ifindex: u32,
    pub reason: u32,
    /// The function, in which there may be several places.
    pub place: String,
    pub ether_type: u16,
    pub protocol: u8,
    marks: u8,
}

impl Key {
    fn of(key: &DropKey, place: String) -> Self {
        Self {
            namespace_cookie: key.namespace_cookie,
            ifindex: key.ifindex,
            reason: key.reason,
            place,
            ether_type: key.ether_type,
            protocol: key.protocol,
            marks: key.marks,
        }
    }

    /// On its way out of the interface.
    pub fn is_egress(&self) -> bool {
        self.marks & EGRESS != 0
    }

    /// At no interface that is known.
    pub fn is_nowhere(&self) -> bool {
        self.marks & NOWHERE != 0
    }
}

/// How many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    pub skb_packets: u64,
    pub packets: u64,
    pub bytes: u64,
}

impl Sum {
    fn add(&mut self, more: Self) {
        self.skb_packets += more.skb_packets;
        self.packets += more.packets;
        self.bytes += more.bytes;
    }

    fn without(self, part: Self) -> Self {
        Self {
            skb_packets: self.skb_packets.saturating_sub(part.skb_packets),
            packets: self.packets.saturating_sub(part.packets),
            bytes: self.bytes.saturating_sub(part.bytes),
        }
    }
}

/// Who sent a packet to whom.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tuple {
    pub src_address: [u8; 16],
    pub dst_address: [u8; 16],
    pub src_port: u16,
    pub dst_port: u16,
    pub src_mac: u64,
    pub dst_mac: u64,
    /// As the probe tells it; 0 where it does not.
    ct_state: u8,
}

impl Tuple {
    /// What a rule with `ct state` saw of it.
    pub fn ct_state(&self) -> Option<u32> {
        (self.ct_state != 0).then_some(u32::from(self.ct_state))
    }

    fn is_empty(&self) -> bool {
        *self
            == Self {
                ct_state: self.ct_state,
                ..Self::default()
            }
    }

    fn of(sample: &DropSample) -> Self {
        let address = |bytes: [u8; 16]| match (sample.is_whole != 0, sample.key.ether_type) {
            (false, _) => [0; 16],
            (true, IPV4) => {
                let mut mapped = [0; 16];
                mapped[10..12].fill(0xff);
                mapped[12..].copy_from_slice(&bytes[..4]);
                mapped
            }
            (true, _) => bytes,
        };
        let mac = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        Self {
            src_address: address(sample.src_address),
            dst_address: address(sample.dst_address),
            src_port: sample.src_port,
            dst_port: sample.dst_port,
            src_mac: mac(&sample.macs[6..]),
            dst_mac: mac(&sample.macs[..6]),
            ct_state: sample.ct_state,
        }
    }
}

#[derive(Debug)]
struct Entry {
    sum: Sum,
    tuples: BTreeMap<Tuple, (Sum, Attribution)>,
    /// Of all packets that have no tuple.
    rule: Attribution,
    first_ns: i64,
    last_ns: i64,
    namespace_inode: u32,
    ifname: String,
    /// It waited for a drain already.
    has_waited: bool,
}

/// Drops that have no row yet.
#[derive(Debug, Default)]
pub struct Tally {
    entries: BTreeMap<(Interval, Key), Entry>,
}

impl Tally {
    /// Take in what was counted in an interval, and return how many of it were no packets of a network.
    ///
    /// Args: records as they lay in the kernel; packets that are counted in them; real time minus the kernel's clock; what the
    /// function at an address is called.
    pub fn take(
        &mut self,
        interval: Interval,
        (keys, drops): (&[u8], &[u8]),
        samples: &[DropSample],
        offset_ns: i64,
        mut place: impl FnMut(u64) -> String,
    ) -> u64 {
        let mut no_packets = 0;
        let records = keys
            .chunks_exact(DropKey::SIZE)
            .zip(drops.chunks_exact(Drop::SIZE));
        for (key, drop) in records {
            let (Some(key), Some(drop)) = (key.first_chunk(), drop.first_chunk()) else {
                continue;
            };
            let (key, drop) = (DropKey::read(key), Drop::read(drop));
            let (first_ns, last_ns) = (
                offset_ns + drop.first_ns as i64,
                offset_ns + drop.last_ns as i64,
            );
            let key = Key::of(&key, place(key.location));
            if key.place == TRIAL_RUN {
                no_packets += drop.skb_packets;
                continue;
            }
            let entry = self
                .entries
                .entry((interval, key))
                .or_insert_with(|| Entry {
                    sum: Sum::default(),
                    tuples: BTreeMap::new(),
                    rule: Attribution::default(),
                    first_ns,
                    last_ns,
                    namespace_inode: drop.namespace_inode,
                    ifname: name(&drop.ifname),
                    has_waited: false,
                });
            entry.first_ns = entry.first_ns.min(first_ns);
            entry.last_ns = entry.last_ns.max(last_ns);
            entry.sum.add(Sum {
                skb_packets: drop.skb_packets,
                packets: drop.packets,
                bytes: drop.bytes,
            });
        }
        for sample in samples {
            let key = Key::of(&sample.key, place(sample.key.location));
            let tuple = Tuple::of(sample);
            // One that says nothing of its packet is among all others.
            if tuple.is_empty() {
                continue;
            }
            // Of an entry that could not be drained, the packets come later, without their samples.
            if let Some(entry) = self.entries.get_mut(&(interval, key)) {
                entry.tuples.entry(tuple).or_default().0.add(Sum {
                    skb_packets: 1,
                    packets: u64::from(sample.packets),
                    bytes: u64::from(sample.bytes),
                });
            }
        }
        no_packets
    }

    /// Ask which rule it was, for all of an interval that was dropped for a reason, by sampled packets and for all others.
    ///
    /// `offset_ns` as in `take`.
    pub fn attribute(
        &mut self,
        interval: Interval,
        reason: u32,
        offset_ns: i64,
        mut rule: impl FnMut(&Case) -> Attribution,
    ) {
        for ((of, key), entry) in &mut self.entries {
            if *of != interval || key.reason != reason {
                continue;
            }
            let mut case = Case {
                key,
                ifname: &entry.ifname,
                tuple: None,
                first_ns: entry.first_ns - offset_ns,
            };
            let mut rest = entry.sum;
            for (tuple, (sum, found)) in &mut entry.tuples {
                case.tuple = Some(tuple);
                *found = rule(&case);
                rest = rest.without(*sum);
            }
            if rest.skb_packets > 0 {
                case.tuple = None;
                entry.rule = rule(&case);
            }
        }
    }

    /// Namespaces in which something was dropped for a reason in an interval.
    pub fn namespaces(&self, interval: Interval, reason: u32) -> BTreeSet<u64> {
        self.entries
            .keys()
            .filter(|(of, key)| *of == interval && key.reason == reason)
            .map(|(_, key)| key.namespace_cookie)
            .collect()
    }

    /// Rows of all whose owner is known, or will not be; of the others with the next call.
    ///
    /// `owner` is asked with a namespace's cookie, a number of an interface in it and the time of the last drop; it says who it
    /// is, and the namespace's name where it has one. `last` says that there will be no other call.
    pub fn rows(
        &mut self,
        reasons: &mut Reasons,
        mut owner: impl FnMut(u64, u32, i64) -> (u64, Option<String>),
        last: bool,
    ) -> Rows {
        let mut rows = Rows::default();
        for ((interval, key), mut entry) in std::mem::take(&mut self.entries) {
            let (vif_id, namespace) = owner(key.namespace_cookie, key.ifindex, entry.last_ns);
            let is_new = interval.end_ns - entry.first_ns < NEW_NS;
            if vif_id == 0 && key.ifindex != 0 && is_new && !entry.has_waited && !last {
                entry.has_waited = true;
                self.entries.insert((interval, key), entry);
                continue;
            }
            let (reason, meaning) = reasons.of(key.reason, &key.place);
            let common = Common {
                interval,
                owner: &Owner {
                    vif_id,
                    namespace: namespace
                        .unwrap_or_else(|| format!("net:[{}]", entry.namespace_inode)),
                },
                ifname: &entry.ifname,
                key: &key,
                reason: &reason,
                meaning,
            };
            let mut rest = entry.sum;
            for (tuple, (sum, rule)) in &entry.tuples {
                row::push(&mut rows, &common, Some(tuple), *sum, rule);
                rest = rest.without(*sum);
            }
            if rest.skb_packets > 0 {
                row::push(&mut rows, &common, None, rest, &entry.rule);
            }
        }
        rows
    }

    /// Start of the earliest interval that waits.
    pub fn oldest_ns(&self) -> Option<i64> {
        self.entries
            .keys()
            .next()
            .map(|(interval, _)| interval.start_ns)
    }
}

fn name(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
}
