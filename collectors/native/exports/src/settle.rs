//! What a row gets beside what its datagram says: the VIF that saw it, the direction, the sampling rate.

use wire::column::Column;
use wire::netflow;
use wire::rows::{direction_meaning, sampling_origin, Flows};

use crate::exporter::Exporter;
use crate::interfaces::InterfaceTable;
use crate::local::LocalTable;
use crate::sampling::{Clue, Rate, Sampling};
use crate::settings::ByteLayer;

/// What is known beside the exporter.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    pub interfaces: &'a mut InterfaceTable,
    pub local: &'a LocalTable,
}

/// Fill `vif_id`, `direction` and its meaning of the rows from `first` on, which `observed` says the observing interface of.
#[inline]
pub(crate) fn place_rows(
    flows: &mut Flows,
    first: usize,
    observed: &[u32],
    exporter: &mut Exporter,
    around: &mut Surroundings<'_>,
    now_ns: i64,
) {
    if flows.rows == first {
        return;
    }
    let is_everything_local = exporter.configured.ifname.is_some();
    let mut ids = [0; AT_ONCE];
    for (at, observed) in observed.chunks(AT_ONCE).enumerate() {
        let mut has_none = false;
        for (id, if_index) in ids.iter_mut().zip(observed) {
            *id = if *if_index == 0 && !is_everything_local {
                0
            } else {
                exporter.vif_id(*if_index, now_ns, around.interfaces, around.local)
            };
            has_none |= *id == 0;
        }
        let row = first + at * AT_ONCE;
        let ids = &ids[..observed.len()];
        if has_none {
            for (row, id) in (row..).zip(ids).filter(|(_, id)| **id != 0) {
                flows.vif_id.set(row, *id);
            }
        } else {
            flows.vif_id.extend(row, ids.iter().copied());
        }
    }
    let is_told = flows.direction.len() == flows.rows && flows.direction.is_whole_from(first);
    if !is_everything_local && !is_told {
        direct_rows(flows, first, observed);
    }
    if !exporter.configured.tells_direction() && flows.direction.len() > first {
        let count = flows.rows - first;
        flows
            .direction_meaning
            .repeat(first, count, direction_meaning::OWN);
    }
}

/// The same for rows of NetFlow or IPFIX, whose bytes may be counted from the Ethernet header on.
#[inline]
pub(crate) fn place_netflow_rows(
    output: &mut netflow::Output,
    first: usize,
    exporter: &mut Exporter,
    around: &mut Surroundings<'_>,
    now_ns: i64,
) {
    let observed = &output.observed[first..];
    place_rows(&mut output.flows, first, observed, exporter, around, now_ns);
    count_link_bytes(&mut output.flows, first, exporter.configured.byte_layer);
}

/// Rows that are looked up at once.
const AT_ONCE: usize = 64;

/// A flow that was observed at the interface that it came in by was seen at its ingress.
fn direct_rows(flows: &mut Flows, first: usize, observed: &[u32]) {
    let end = flows.rows;
    flows.in_if_index.fill(end);
    flows.out_if_index.fill(end);
    let told: Vec<Option<u8>> = (first..flows.direction.len())
        .map(|row| flows.direction.get(row).copied())
        .collect();
    flows.direction.truncate(first);
    let ins = &flows.in_if_index.values()[first..end];
    let outs = &flows.out_if_index.values()[first..end];
    for (at, ((if_index, in_if_index), out_if_index)) in
        observed.iter().zip(ins).zip(outs).enumerate()
    {
        let found = match *if_index {
            0 => None,
            index if index == *in_if_index => Some(0),
            index if index == *out_if_index => Some(1),
            _ => None,
        };
        let told = told.get(at).copied().flatten();
        if let Some(direction) = told.or(found) {
            flows.direction.set(first + at, direction);
        }
    }
}

/// The exporter counts bytes from the Ethernet header on: they are what an interface counts.
fn count_link_bytes(flows: &mut Flows, first: usize, layer: ByteLayer) {
    if layer == ByteLayer::Ip || flows.bytes.len() <= first {
        return;
    }
    flows.skb_bytes.truncate(first);
    let bytes = flows.bytes.values()[first..].iter().copied();
    flows.skb_bytes.extend(first, bytes);
}

/// The rate of a row of NetFlow or IPFIX.
pub(crate) fn rate_of(
    row: usize,
    output: &netflow::Output,
    sampling: &Sampling,
    exporter: &crate::known::Configured,
) -> Rate {
    let clue = Clue {
        rate: output.record_rate.get(row).copied().unwrap_or(0.0),
        selector: output.selector.get(row).copied(),
        interface: output.observed.get(row).copied().unwrap_or(0),
    };
    sampling.of(clue, exporter)
}

/// Write the rates of the rows from `first` on; an unknown rate is missing. Returns how many are unknown.
pub(crate) fn write_rates(flows: &mut Flows, first: usize, rates: &[Rate]) -> u64 {
    let mut unknown = 0;
    for (row, (rate, origin)) in (first..).zip(rates) {
        if *origin == sampling_origin::UNKNOWN {
            unknown += 1;
        } else {
            flows.sampling_rate.set(row, *rate);
        }
        flows.sampling_origin.set(row, *origin);
    }
    unknown
}

/// Write the same rate to `count` rows from `first` on. Returns how many are unknown.
#[inline]
pub(crate) fn write_rate(
    flows: &mut Flows,
    first: usize,
    count: usize,
    (rate, origin): Rate,
) -> u64 {
    flows.sampling_origin.repeat(first, count, origin);
    if origin == sampling_origin::UNKNOWN {
        return count as u64;
    }
    flows.sampling_rate.repeat(first, count, rate);
    0
}

/// Replace the rates of the rows from `first` on by the configured ones, where there are such.
pub(crate) fn configure_rates(
    flows: &mut Flows,
    first: usize,
    observed: &[u32],
    exporter: &Exporter,
) {
    let rates: Vec<Rate> = (first..flows.rows)
        .zip(observed)
        .map(
            |(row, if_index)| match exporter.configured.rate_at(*if_index) {
                Some(rate) => (rate, sampling_origin::CONFIGURED),
                None => (
                    told(&flows.sampling_rate, row).unwrap_or(0.0),
                    told(&flows.sampling_origin, row).unwrap_or(sampling_origin::UNKNOWN),
                ),
            },
        )
        .collect();
    flows.sampling_rate.truncate(first);
    flows.sampling_origin.truncate(first);
    write_rates(flows, first, &rates);
}

fn told<T: Copy + Default>(column: &Column<T>, row: usize) -> Option<T> {
    column.get(row).copied()
}
