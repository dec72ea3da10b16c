//! Sums to rows.

use std::borrow::Cow;

use columns::generated::drops::Rows;
use wire::rows::{sampling_origin, source_kind};

use crate::rules::{Attribution, RuleName};
use crate::tally::{Interval, Key, Owner, Sum, Tuple};
use crate::Meaning;

/// What all rows of a sum share.
pub struct Common<'a> {
    pub interval: Interval,
    pub owner: &'a Owner,
    pub ifname: &'a str,
    pub key: &'a Key,
    pub reason: &'a str,
    pub meaning: &'a Meaning,
}

/// Append a row; `tuple` is of packets that were looked at, without one it is of all others.
pub fn push(
    rows: &mut Rows,
    common: &Common,
    tuple: Option<&Tuple>,
    sum: Sum,
    found: &Attribution,
) {
    let key = common.key;
    // Only a sender's queue drops for the sake of its queue.
    let is_egress = key.is_egress() || common.meaning.origin == "qdisc";
    let is_vif = common.owner.vif_id != 0;
    let text = |text: &str| Cow::Owned(text.to_owned());
    rows.time.push(common.interval.start_ns);
    let length_ns = common.interval.end_ns - common.interval.start_ns;
    rows.duration_ns.push(length_ns.max(0) as u64);
    rows.vif_id.push(common.owner.vif_id);
    rows.source_kind.push(Cow::Borrowed(
        source_kind::NAMES[usize::from(source_kind::EBPF)],
    ));
    rows.namespace
        .push(text(if is_vif { "" } else { &common.owner.namespace }));
    rows.ifname
        .push(text(if is_vif { "" } else { common.ifname }));
    rows.direction
        .push((!key.is_nowhere()).then_some(u8::from(is_egress)));
    rows.drop_class.push(text(&common.meaning.class));
    rows.drop_origin.push(text(&common.meaning.origin));
    rows.reason.push(text(common.reason));
    rows.reason_code.push(key.reason);
    rows.place.push(text(&key.place));
    rows.packets.push(sum.packets);
    rows.bytes.push(sum.bytes);
    rows.skb_packets.push(sum.skb_packets);
    rows.sampling_rate.push(1.0);
    rows.sampling_origin.push(Cow::Borrowed(
        sampling_origin::NAMES[usize::from(sampling_origin::MEASURED)],
    ));
    rows.in_if_index
        .push(if is_egress { 0 } else { key.ifindex });
    rows.out_if_index
        .push(if is_egress { key.ifindex } else { 0 });
    rows.ether_type.push(key.ether_type);
    let nobody = Tuple::default();
    let tuple = tuple.unwrap_or(&nobody);
    rows.src_address.push(tuple.src_address);
    rows.dst_address.push(tuple.dst_address);
    rows.src_port.push(tuple.src_port);
    rows.dst_port.push(tuple.dst_port);
    rows.protocol.push(key.protocol);
    rows.src_mac.push(tuple.src_mac);
    rows.dst_mac.push(tuple.dst_mac);
    let nothing = RuleName::default();
    let rule = found.rule.as_ref().unwrap_or(&nothing);
    rows.rule_attribution.push(Cow::Borrowed(found.how.name()));
    rows.rule_family.push(Cow::Borrowed(rule.family));
    rows.rule_table.push(text(&rule.table));
    rows.rule_chain.push(text(&rule.chain));
    rows.rule_handle.push(rule.handle);
    rows.rule_comment.push(text(&rule.comment));
    rows.rule_log_prefix.push(text(&rule.log_prefix));
    rows.rule_candidates.push(text(&found.candidates));
    rows.fill();
}
