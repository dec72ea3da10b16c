//! What rows get besides the elements of their record: constants of the message, and what follows from other columns.

use std::cell::Cell;

use super::head::Head;
use super::icmp;
use super::number::number;
use super::output::Output;
use super::plan::Steps;
use super::rate::record_rate;
use super::spans::{durations, times};
use super::step::Frame;
use crate::column::Column;
use crate::rows::Flows;

/// What an interface's counter adds to the IP bytes of a packet: the Ethernet header, and a VLAN tag.
const ETHERNET_BYTES: u64 = 14;
const VLAN_BYTES: u64 = 4;

/// What all rows of a message have in common.
pub struct Common<'a> {
    pub head: &'a Head,
    pub exporter_address: [u8; 16],
    pub received_ns: i64,
    /// Whether the exporter was seen to have type and code of ICMP in the destination port.
    pub hides_icmp: Cell<bool>,
}

/// The values of a column for rows from `row` on, if it has one for each of them.
pub fn all<T: Clone + Default>(column: &Column<T>, row: usize, count: usize) -> Option<&[T]> {
    column.values().get(row..row + count)
}

fn told<T: Clone + Default>(column: &Column<T>, row: usize) -> bool {
    column.len() > row
}

/// Completes the rows of a frame. The columns of its steps must have been written.
pub fn complete(
    frame: &Frame<'_>,
    steps: &Steps,
    common: &Common<'_>,
    reverse: bool,
    out: &mut Output,
) {
    let (row, count) = (frame.row, frame.records.count());
    let flows = &mut out.flows;
    flows
        .source_kind
        .repeat(row, count, common.head.source_kind);
    flows
        .exporter_address
        .repeat(row, count, common.exporter_address);
    flows
        .sequence_number
        .repeat(row, count, common.head.sequence);
    flows.received_time.repeat(row, count, common.received_ns);
    domains(flows, row, count, common.head.domain_id);
    if steps.duration.is_some() {
        durations(frame, steps, flows);
    }
    settle(flows, row, count);
    times(frame, steps, common.received_ns, flows);
    if !steps.icmp && !reverse {
        let mut classic = common.hides_icmp.get();
        icmp::hidden(row, count, flows, &mut classic);
        common.hides_icmp.set(classic);
    }
    if !steps.skb_bytes {
        skb_bytes(row, count, flows);
    }
    observed(row, count, flows, &mut out.observed);
    if let Some(slot) = &steps.selector {
        for record in 0..count {
            if let Some(selector) = number(frame.records.field(record, slot)) {
                out.selector.set(row + record, selector);
            }
        }
    }
    if let Some(rate) = &steps.rate {
        for record in 0..count {
            if let Some(rate) = record_rate(frame, rate, record) {
                out.record_rate.set(row + record, rate);
            }
        }
    }
    out.flows.rows = row + count;
}

/// Gives the columns that others follow from a value, or the lack of one, in all rows, if they have one in any.
fn settle(flows: &mut Flows, row: usize, count: usize) {
    fn one<T: Clone + Default>(column: &mut Column<T>, row: usize, count: usize) {
        if told(column, row) {
            column.fill(row + count);
        }
    }
    one(&mut flows.flow_start_time, row, count);
    one(&mut flows.flow_end_time, row, count);
    one(&mut flows.protocol, row, count);
    one(&mut flows.dst_port, row, count);
    one(&mut flows.bytes, row, count);
    one(&mut flows.packets, row, count);
    one(&mut flows.in_if_index, row, count);
    one(&mut flows.out_if_index, row, count);
    one(&mut flows.direction, row, count);
    one(&mut flows.src_vlan, row, count);
    one(&mut flows.dst_vlan, row, count);
}

/// A mediator tells the domain of each record; else it is the message's.
fn domains(flows: &mut Flows, row: usize, count: usize, domain_id: u32) {
    let column = &mut flows.observation_domain_id;
    if !told(column, row) {
        return column.repeat(row, count, domain_id);
    }
    let values: Vec<_> = (row..row + count)
        .map(|row| column.get(row).copied().unwrap_or(domain_id))
        .collect();
    column.extend(row, values.into_iter());
}

/// IP bytes with the link headers of that many packets; nothing where one of the two counts is not told.
fn skb_bytes(row: usize, count: usize, flows: &mut Flows) {
    let (Some(bytes), Some(packets)) = (
        all(&flows.bytes, row, count),
        all(&flows.packets, row, count),
    ) else {
        return;
    };
    let both = bytes.iter().zip(packets);
    let tags = (
        all(&flows.src_vlan, row, count),
        all(&flows.dst_vlan, row, count),
    );
    if tags == (None, None) {
        let column = both.map(|(&bytes, &packets)| with_headers(bytes, packets, ETHERNET_BYTES));
        return flows.skb_bytes.extend(row, column);
    }
    let tag = |vlans: Option<&[u16]>, index: usize| vlans.map_or(0, |vlans| vlans[index]);
    let column = both.enumerate().map(|(index, (&bytes, &packets))| {
        let tagged = tag(tags.0, index) | tag(tags.1, index) != 0;
        let header = ETHERNET_BYTES + if tagged { VLAN_BYTES } else { 0 };
        with_headers(bytes, packets, header)
    });
    flows.skb_bytes.extend(row, column);
}

#[inline]
fn with_headers(bytes: u64, packets: u64, header: u64) -> u64 {
    bytes.saturating_add(packets.saturating_mul(header))
}

/// The interface that saw the flow: the one of its direction; without a direction the one it came in by, else the other.
fn observed(row: usize, count: usize, flows: &Flows, observed: &mut Vec<u32>) {
    observed.resize(row, 0);
    let ins = all(&flows.in_if_index, row, count);
    let outs = all(&flows.out_if_index, row, count);
    let directions = all(&flows.direction, row, count);
    match (ins, outs, directions) {
        (Some(ins), Some(outs), Some(directions)) => {
            let ends = ins.iter().zip(outs).zip(directions);
            observed.extend(ends.map(|((&into, &out), &direction)| match direction {
                1 => out,
                _ => into,
            }));
        }
        (Some(ins), Some(outs), None) => {
            let ends = ins.iter().zip(outs);
            observed.extend(ends.map(|(&into, &out)| if into == 0 { out } else { into }));
        }
        _ => {
            for row in row..row + count {
                let into = flows.in_if_index.get(row).copied();
                let out = flows.out_if_index.get(row).copied();
                observed.push(match flows.direction.get(row) {
                    Some(0) => into.unwrap_or(0),
                    Some(_) => out.unwrap_or(0),
                    None => into.filter(|into| *into != 0).or(out).unwrap_or(0),
                });
            }
        }
    }
}
