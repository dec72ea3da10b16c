//! What a row gets beside what its datagram says: the VIF that saw it, the direction, the sampling rate.

use wire::column::Column;
use wire::netflow;
use wire::rows::{sampling_origin, Flows};

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

/// Fill `vif_id` and `direction` of the rows from `first` on, which `observed` says the observing interface of.
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
    flows.vif_id.fill(first);
    for (row, if_index) in (first..).zip(observed) {
        if *if_index == 0 && !is_everything_local {
            continue;
        }
        let id = exporter.vif_id(*if_index, now_ns, around.interfaces, around.local);
        if id != 0 {
            flows.vif_id.set(row, id);
        }
    }
    if !is_everything_local {
        direct_rows(flows, first, observed);
    }
}

/// A flow that was observed at the interface that it came in by was seen at its ingress.
fn direct_rows(flows: &mut Flows, first: usize, observed: &[u32]) {
    let end = flows.rows;
    flows.in_if_index.fill(end);
    flows.out_if_index.fill(end);
    let told: Option<Vec<Option<u8>>> = (flows.direction.len() > first).then(|| {
        (first..end)
            .map(|row| flows.direction.get(row).copied())
            .collect()
    });
    let ins = &flows.in_if_index.values()[first..end];
    let outs = &flows.out_if_index.values()[first..end];
    let found = |at: usize, if_index: u32| {
        if if_index == 0 {
            None
        } else if if_index == ins[at] {
            Some(0)
        } else if if_index == outs[at] {
            Some(1)
        } else {
            None
        }
    };
    if told.is_some() {
        flows.direction.truncate(first);
    }
    for (at, if_index) in observed.iter().enumerate().take(end - first) {
        let told = told.as_ref().and_then(|told| *told.get(at)?);
        if let Some(direction) = told.or_else(|| found(at, *if_index)) {
            flows.direction.set(first + at, direction);
        }
    }
}

/// The exporter counts bytes from the Ethernet header on: they are what an interface counts.
pub(crate) fn count_link_bytes(flows: &mut Flows, first: usize, layer: ByteLayer) {
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
