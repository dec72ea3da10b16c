//! RTM_NEWQDISC and RTM_NEWTCLASS: root queues, their counters and rates (linux/pkt_sched.h, linux/gen_stats.h).

use crate::flaw::Result;
use crate::netlink::{after_fixed, attributes, ifindex_at, u32_at, u64_at, Attribute};
use crate::record::{Qdisc, QdiscStats};
use crate::rtnetlink::TC_H_ROOT;

const TCMSG: usize = 20;
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_STATS2: u16 = 7;

const TCA_STATS_BASIC: u16 = 1;
const TCA_STATS_QUEUE: u16 = 3;
const TCA_STATS_PKT64: u16 = 8;

const TCA_TBF_PARMS: u16 = 1;
const TCA_TBF_RATE64: u16 = 4;
const TCA_HTB_PARMS: u16 = 1;
const TCA_HTB_INIT: u16 = 2;
const TCA_HTB_RATE64: u16 = 6;

/// Where `rate` is in `struct tc_ratespec`, which both `tc_tbf_qopt` and `tc_htb_opt` begin with.
const RATESPEC_RATE: usize = 8;

/// Reads the body of RTM_NEWQDISC into a record; `None` for queues that are not a device's root (children, ingress, clsact).
///
/// The counters of a multi-queue root (`mq`) are the kernel's own sum over its children. The rate of a `htb` root is not in
/// this message: see [`htb_default_class`].
///
/// # Errors
/// A length does not fit, or the ifindex is not positive.
pub fn qdisc(body: &[u8]) -> Result<Option<Qdisc>> {
    let Some(stats) = qdisc_stats(body)? else {
        return Ok(None);
    };
    let mut kind = String::new();
    let mut options: &[u8] = &[];
    for attribute in attributes(after_fixed(body, TCMSG, "tcmsg")?) {
        let attribute = attribute?;
        match attribute.kind {
            TCA_KIND => kind = attribute.text(),
            TCA_OPTIONS => options = attribute.value,
            _ => {}
        }
    }
    let rate_bytes_per_second = if kind == "tbf" {
        rate(options, TCA_TBF_PARMS, TCA_TBF_RATE64, "TCA_TBF_PARMS")?
    } else {
        None
    };
    Ok(Some(Qdisc {
        ifindex: stats.ifindex,
        kind,
        bytes: stats.bytes,
        packets: stats.packets,
        drops: stats.drops,
        overlimits: stats.overlimits,
        requeues: stats.requeues,
        backlog_bytes: stats.backlog_bytes,
        backlog_packets: stats.backlog_packets,
        rate_bytes_per_second,
    }))
}

/// Reads only the counters of the body of RTM_NEWQDISC, without allocating; `None` as for [`qdisc`].
///
/// # Errors
/// A length does not fit, or the ifindex is not positive.
#[inline]
pub fn qdisc_stats(body: &[u8]) -> Result<Option<QdiscStats>> {
    let rest = after_fixed(body, TCMSG, "tcmsg")?;
    if u32_at(body, 12, "tcm_parent")? != TC_H_ROOT {
        return Ok(None);
    }
    let mut stats = QdiscStats {
        ifindex: ifindex_at(body, 4, "tcm_ifindex")?,
        ..QdiscStats::default()
    };
    for attribute in attributes(rest) {
        let attribute = attribute?;
        if attribute.kind == TCA_STATS2 {
            generic_stats(attribute.value, &mut stats)?;
        }
    }
    Ok(Some(stats))
}

fn generic_stats(nest: &[u8], stats: &mut QdiscStats) -> Result<()> {
    let mut packets64 = None;
    for attribute in attributes(nest) {
        let attribute = attribute?;
        match attribute.kind {
            TCA_STATS_BASIC => {
                stats.bytes = u64_at(attribute.value, 0, "gnet_stats_basic.bytes")?;
                stats.packets = u64::from(u32_at(attribute.value, 8, "gnet_stats_basic.packets")?);
            }
            // Only there once the count has outgrown the 32 bits of TCA_STATS_BASIC.
            TCA_STATS_PKT64 => packets64 = Some(attribute.u64("TCA_STATS_PKT64")?),
            TCA_STATS_QUEUE => {
                let member =
                    |position: usize| u32_at(attribute.value, position * 4, "gnet_stats_queue");
                stats.backlog_packets = member(0)?;
                stats.backlog_bytes = member(1)?;
                stats.drops = member(2)?;
                stats.requeues = member(3)?;
                stats.overlimits = member(4)?;
            }
            _ => {}
        }
    }
    stats.packets = packets64.unwrap_or(stats.packets);
    Ok(())
}

/// A rate in bytes per second: the 64-bit attribute where the 32-bit one is not enough. A rate of 0 means none.
fn rate(options: &[u8], parameters: u16, rate64: u16, part: &'static str) -> Result<Option<u64>> {
    let (mut narrow, mut wide) = (None, None);
    for attribute in attributes(options) {
        let attribute = attribute?;
        if attribute.kind == parameters {
            narrow = Some(u64::from(u32_at(attribute.value, RATESPEC_RATE, part)?));
        } else if attribute.kind == rate64 {
            wide = Some(attribute.u64("RATE64")?);
        }
    }
    Ok(wide.or(narrow).filter(|rate| *rate > 0))
}

/// For the body of RTM_NEWQDISC of a `htb` root: the minor number of the class that takes what no filter named; 0 means that
/// such traffic passes unshaped.
///
/// # Errors
/// A length does not fit.
pub fn htb_default_class(body: &[u8]) -> Result<Option<u32>> {
    let named = |kind: u16, nest: Option<&[u8]>| -> Result<Option<u32>> {
        for attribute in attributes(nest.unwrap_or(&[])) {
            let attribute: Attribute<'_> = attribute?;
            if attribute.kind == kind {
                return Ok(Some(u32_at(attribute.value, 8, "tc_htb_glob.defcls")?));
            }
        }
        Ok(None)
    };
    let mut options = None;
    for attribute in attributes(after_fixed(body, TCMSG, "tcmsg")?) {
        let attribute = attribute?;
        if attribute.kind == TCA_OPTIONS {
            options = Some(attribute.value);
        }
    }
    named(TCA_HTB_INIT, options)
}

/// One class of a `htb` queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HtbClass {
    pub ifindex: u32,
    /// `tcm_handle`: major number of the queue and minor number of the class, 16 bits each.
    pub handle: u32,
    /// `tcm_parent`: handle of the class above, [`TC_H_ROOT`] for a top class.
    pub parent: u32,
    pub rate_bytes_per_second: u64,
}

/// Reads the body of RTM_NEWTCLASS; `None` for classes of other queues than `htb`.
///
/// # Errors
/// A length does not fit, or the ifindex is not positive.
pub fn htb_class(body: &[u8]) -> Result<Option<HtbClass>> {
    let rest = after_fixed(body, TCMSG, "tcmsg")?;
    let ifindex = ifindex_at(body, 4, "tcm_ifindex")?;
    let mut is_htb = false;
    let mut options: &[u8] = &[];
    for attribute in attributes(rest) {
        let attribute = attribute?;
        match attribute.kind {
            TCA_KIND => is_htb = attribute.text() == "htb",
            TCA_OPTIONS => options = attribute.value,
            _ => {}
        }
    }
    if !is_htb {
        return Ok(None);
    }
    let rate = rate(options, TCA_HTB_PARMS, TCA_HTB_RATE64, "TCA_HTB_PARMS")?;
    Ok(rate.map(|rate_bytes_per_second| HtbClass {
        ifindex,
        handle: u32_at(body, 8, "tcm_handle").unwrap_or(0),
        parent: u32_at(body, 12, "tcm_parent").unwrap_or(0),
        rate_bytes_per_second,
    }))
}

/// What a `htb` root lets out at most, in bytes per second: the sum of its top classes' rates, since a top class has nobody to
/// borrow from. `None` where the default class is missing: then traffic that no filter names passes unshaped.
pub fn htb_rate(default_class: u32, classes: &[HtbClass]) -> Option<u64> {
    let minor = |handle: u32| handle & 0xffff;
    if default_class == 0
        || !classes
            .iter()
            .any(|class| minor(class.handle) == minor(default_class))
    {
        return None;
    }
    let top = classes.iter().filter(|class| class.parent == TC_H_ROOT);
    Some(top.fold(0, |sum: u64, class| {
        sum.saturating_add(class.rate_bytes_per_second)
    }))
}
