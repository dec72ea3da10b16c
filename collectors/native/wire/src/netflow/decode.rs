//! Decoding of one message.

use std::cell::Cell;

use super::derived::Common;
use super::domain::Domain;
use super::head::{Head, V5_RECORD};
use super::instant::Clock;
use super::options;
use super::output::Output;
use super::plan::Plan;
use super::records::Records;
use super::rows::append;
use super::sets::{Survey, Turn, Work};
use super::v5;
use crate::fault::{Fault, Reason};
use crate::rows::source_kind;

/// Decodes one message: learns its templates, appends its flows and option data to `out`.
///
/// A row gets every column that the record tells, and `source_kind`, `exporter_address`, `observation_domain_id`,
/// `sequence_number`, `received_time`, `time` (end of the flow, else `received_ns`), `duration_ns`, `skb_bytes`. It does not get
/// `vif_id`, `sampling_rate`, `sampling_origin`.
///
/// `bytes` is the whole datagram, from the header on. Never fails: see `out.faults`, `out.missing_templates`.
pub fn decode(head: &Head, bytes: &[u8], received_ns: i64, domain: &mut Domain, out: &mut Output) {
    message(Turn::First, head, bytes, received_ns, domain, out);
}

/// As [`decode`], for a message that was parked because of a missing template: the templates in it, which were learned when it
/// came, serve its own sets and do not replace what the exporter announced since; faults that were reported are not again.
pub fn decode_parked(
    head: &Head,
    bytes: &[u8],
    received_ns: i64,
    domain: &mut Domain,
    out: &mut Output,
) {
    message(Turn::Parked, head, bytes, received_ns, domain, out);
}

/// As [`decode_parked`], for a message that waits no longer: sets without a template are faults, and the others are decoded.
pub fn decode_last(
    head: &Head,
    bytes: &[u8],
    received_ns: i64,
    domain: &mut Domain,
    out: &mut Output,
) {
    message(Turn::Last, head, bytes, received_ns, domain, out);
}

fn message(
    turn: Turn,
    head: &Head,
    bytes: &[u8],
    received_ns: i64,
    domain: &mut Domain,
    out: &mut Output,
) {
    out.missing_templates.clear();
    out.records = 0;
    out.templates_changed = false;
    let common = Common {
        head,
        exporter_address: domain.exporter_address,
        received_ns,
        hides_icmp: Cell::new(domain.hides_icmp),
    };
    if head.source_kind == source_kind::NETFLOW5 {
        version5(bytes, &common, out);
    } else {
        sets(turn, &common, bytes, domain, out);
    }
    domain.hides_icmp = common.hides_icmp.get();
}

fn sets(turn: Turn, common: &Common<'_>, bytes: &[u8], domain: &mut Domain, out: &mut Output) {
    let head = common.head;
    let (bytes, behind) = bytes.split_at(bytes.len().min(head.length));
    if !behind.is_empty() && turn == Turn::First {
        out.faults.push(Fault {
            protocol: head.protocol(),
            layer: "bytes behind the message",
            offset: head.length,
            needed: 0,
            present: behind.len(),
            reason: Reason::Length,
        });
    }
    let faults = out.faults.len();
    let mut survey = Survey {
        head,
        bytes,
        received_ns: common.received_ns,
        turn,
        templates: 0,
    };
    let mut work = std::mem::take(&mut out.work);
    survey.run(domain, &mut work, out);
    if out.missing_templates.is_empty() {
        data(common, bytes, domain, &mut work, out);
        let complete = survey.templates + out.records;
        if out.faults.len() == faults {
            incomplete(turn, common, bytes, complete, out);
        }
    }
    work.clear();
    out.work = work;
}

fn data(common: &Common<'_>, bytes: &[u8], domain: &mut Domain, work: &mut Work, out: &mut Output) {
    for set in &work.data {
        let content = &bytes[set.from..set.end];
        let (records, broken) = set.plan.layout().records(content, &mut work.spans);
        let records_count = records.count();
        out.records += records_count as u32;
        match &*set.plan {
            Plan::Flows(plan) => {
                let clock = Clock::new(common.head, domain.start_time_ns);
                append(plan, records, clock, common, out);
            }
            Plan::Options(plan) => {
                let start_ns = options::read(plan, &records, &mut out.options);
                domain.start_time_ns = start_ns.or(domain.start_time_ns);
            }
        }
        // Of a set without any record not even one fits: its template is not what its exporter means.
        let broken = broken.or_else(|| {
            let empty = records_count == 0 && !content.is_empty();
            empty.then(|| (0, set.plan.layout().shortest))
        });
        if let Some((at, needed)) = broken.filter(|_| !set.cut) {
            out.faults.push(Fault {
                protocol: common.head.protocol(),
                layer: "data record",
                offset: set.from + at,
                needed,
                present: content.len() - at,
                reason: Reason::Length,
            });
        }
    }
}

/// A message that ends between two sets is known to be cut by its length, or by the count of its records (v9).
fn incomplete(turn: Turn, common: &Common<'_>, bytes: &[u8], complete: u32, out: &mut Output) {
    let head = common.head;
    let short = head.source_kind == source_kind::IPFIX && head.length > bytes.len();
    let fewer = turn != Turn::Last && head.count.is_some_and(|count| complete < u32::from(count));
    if !short && !fewer {
        return;
    }
    out.faults.push(Fault {
        protocol: head.protocol(),
        layer: "message",
        offset: 0,
        needed: if short { head.length } else { 0 },
        present: bytes.len(),
        reason: if short { Reason::Short } else { Reason::Count },
    });
}

fn version5(bytes: &[u8], common: &Common<'_>, out: &mut Output) {
    let head = common.head;
    let announced = usize::from(head.count.unwrap_or(0));
    let content = &bytes[head.bytes().min(bytes.len())..];
    let count = announced.min(content.len() / V5_RECORD);
    let records = Records::Fixed {
        bytes: &content[..count * V5_RECORD],
        stride: V5_RECORD,
    };
    append(&v5::PLAN, records, Clock::new(head, None), common, out);
    out.records = count as u32;
    if count < announced {
        out.faults.push(Fault {
            protocol: head.protocol(),
            layer: "flow record",
            offset: head.bytes() + count * V5_RECORD,
            needed: V5_RECORD,
            present: content.len() - count * V5_RECORD,
            reason: Reason::Short,
        });
    }
}
