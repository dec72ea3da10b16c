//! Rows of the records of a data set.

use super::derived::{complete, Common};
use super::either::labels;
use super::instant::Clock;
use super::layout::Slot;
use super::number::number;
use super::output::Output;
use super::plan::{FlowPlan, ReversePlan, Steps};
use super::records::Records;
use super::step::Frame;
use crate::packet::{self, Link};

/// Appends the rows of these records; of a biflow the reverse rows behind the forward ones.
pub fn append(
    plan: &FlowPlan,
    records: Records<'_>,
    clock: Clock,
    common: &Common<'_>,
    out: &mut Output,
) {
    let count = records.count();
    if count == 0 {
        return;
    }
    out.skipped_elements += plan.skipped * count as u64;
    if plan.sections.is_empty() {
        fill(plan, records, clock, common, out);
    } else {
        for record in 0..count {
            let one = records.range(record, record + 1);
            sections(plan, &one, out);
            fill(plan, one, clock, common, out);
        }
    }
    if let Some(reverse) = &plan.reverse {
        for (first, end) in runs(reverse, &records) {
            direction(
                &reverse.steps,
                records.range(first, end),
                clock,
                common,
                true,
                out,
            );
        }
    }
}

fn fill(
    plan: &FlowPlan,
    records: Records<'_>,
    clock: Clock,
    common: &Common<'_>,
    out: &mut Output,
) {
    let row = out.flows.rows;
    direction(&plan.forward, records, clock, common, false, out);
    if plan.raw.is_empty() {
        return;
    }
    for record in 0..records.count() {
        let elements: Vec<_> = plan
            .raw
            .iter()
            .map(|(enterprise, element, slot)| {
                (*enterprise, *element, records.field(record, slot).to_vec())
            })
            .collect();
        out.flows.raw_elements.set(row + record, elements);
    }
}

fn direction(
    steps: &Steps,
    records: Records<'_>,
    clock: Clock,
    common: &Common<'_>,
    reverse: bool,
    out: &mut Output,
) {
    let frame = Frame {
        records,
        clock,
        row: out.flows.rows,
    };
    for step in &steps.columns {
        frame.write(step, steps, &mut out.flows);
    }
    if !steps.labels.is_empty() {
        labels(&frame, &steps.labels, &mut out.flows.mpls_labels);
    }
    complete(&frame, steps, common, reverse, out);
}

/// Reads the pieces of packets of one record, where they are a packet's beginning. What the record's own elements tell is written later, and holds.
fn sections(plan: &FlowPlan, record: &Records<'_>, out: &mut Output) {
    let flows = &mut out.flows;
    let row = flows.rows;
    let told = |slot: Option<Slot>| slot.and_then(|slot| number(record.field(0, &slot)));
    if told(plan.section_offset).is_some_and(|offset| offset != 0) {
        return;
    }
    let frame_type = told(plan.section_frame_type);
    let most = told(plan.section_bytes).and_then(|bytes| usize::try_from(bytes).ok());
    for (link, slot) in &plan.sections {
        let bytes = record.field(0, slot);
        let bytes = &bytes[..most.unwrap_or(bytes.len()).min(bytes.len())];
        let link = match (link, bytes.first()) {
            (Some(Link::Ethernet), _) if frame_type.is_some_and(|kind| kind != 1) => continue,
            (_, None) => continue,
            (Some(link), _) => *link,
            (None, Some(first)) if first >> 4 == 6 => Link::Ipv6,
            (None, Some(_)) => Link::Ipv4,
        };
        let packet = packet::decode(link, bytes);
        packet::write(&packet, row, flows);
        if !plan.forward.packets {
            flows.packets.set(row, 1);
        }
        if !plan.forward.bytes && packet.ip.version != 0 {
            flows.bytes.set(row, u64::from(packet.ip.bytes));
        }
    }
}

/// Runs of records that have a reverse direction.
fn runs(plan: &ReversePlan, records: &Records<'_>) -> Vec<(usize, usize)> {
    let count = records.count();
    if plan.counts.is_empty() {
        return vec![(0, count)];
    }
    let has = |record: usize| {
        plan.counts
            .iter()
            .any(|slot| records.field(record, slot).iter().any(|byte| *byte != 0))
    };
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for record in (0..count).filter(|record| has(*record)) {
        match runs.last_mut() {
            Some((_, end)) if *end == record => *end = record + 1,
            _ => runs.push((record, record + 1)),
        }
    }
    runs
}
