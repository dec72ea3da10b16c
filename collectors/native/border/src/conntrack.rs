//! Connection tracking: readings of namespaces, who holds the entries, and their rows.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

use columns::generated::{holders, hosts};
use columns::message::encode;
use probes::conntrack::{self, Most, Origins, Reading};
use probes::Kind;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use vifs::Reach;
use wire::conntrack::Origin;
use wire::rows::source_kind;

use crate::host_watch::{encoded, os_error, Encoded, HostWatch};

/// How full one namespace's table is.
#[pyclass(frozen, get_all, module = "collectors._native")]
pub struct ConntrackReading {
    /// Cookie of the namespace.
    namespace: u64,
    /// Its name as in records.
    name: String,
    time_ns: i64,
    entries: u32,
    max: Option<u32>,
    /// Since the namespace was made: dropped packets, entries dropped early, failed insertions, invalid packets; where asked for.
    counters: Option<(u64, u64, u64, u64)>,
}

/// Readings, and of namespaces where it never will be one: name, why.
type Readings = (Vec<ConntrackReading>, Vec<(String, String)>);

/// Return why connection tracking cannot be read here; None where it can.
#[pyfunction]
pub fn conntrack_refusal(py: Python<'_>) -> Option<String> {
    py.detach(|| {
        let failure = conntrack::trial().err()?;
        Some(conntrack::why(&failure).unwrap_or_else(|| failure.to_string()))
    })
}

/// Read how full the tables are: those behind `after` first, until `budget_ns` are over.
#[pyfunction]
#[pyo3(signature = (watch, *, after, budget_ns))]
pub fn conntrack_occupancies(
    py: Python<'_>,
    watch: &HostWatch,
    after: u64,
    budget_ns: i64,
) -> Readings {
    py.detach(|| {
        let read = watch.with_places(|home, places| {
            conntrack::occupancies(home, places.values(), after, budget_ns)
        });
        sorted(watch, read, |occupancy| (occupancy, None))
    })
}

/// Read how full the tables of all namespaces are, and what happened in them.
#[pyfunction]
pub fn conntrack_accounts(py: Python<'_>, watch: &HostWatch) -> Readings {
    py.detach(|| {
        let read = watch.with_places(|home, places| conntrack::accounts(home, places.values()));
        sorted(watch, read, |(occupancy, counters)| {
            let counters = (
                counters.dropped,
                counters.early_dropped,
                counters.insert_failed,
                counters.invalid,
            );
            (occupancy, Some(counters))
        })
    })
}

fn sorted<T>(
    watch: &HostWatch,
    read: Vec<Reading<T>>,
    take: impl Fn(T) -> (wire::conntrack::Occupancy, Option<(u64, u64, u64, u64)>),
) -> Readings {
    let name_of =
        |cookie| watch.with_table(|table| table.namespace_name(cookie).map(str::to_owned));
    let mut readings = Vec::with_capacity(read.len());
    let mut failures = Vec::new();
    for reading in read {
        // One that the table does not know yet is read the next time.
        let Some(name) = name_of(reading.namespace) else {
            continue;
        };
        match reading.told {
            Ok(told) => {
                let (occupancy, counters) = take(told);
                readings.push(ConntrackReading {
                    namespace: reading.namespace,
                    name,
                    time_ns: reading.time_ns,
                    entries: occupancy.entries,
                    max: occupancy.max,
                    counters,
                });
            }
            Err(failure) => failures.extend(conntrack::why(&failure).map(|why| (name, why))),
        }
    }
    (readings, failures)
}

/// One holder of entries.
#[derive(Debug, Clone)]
struct Holder {
    /// Else an address.
    is_vif: bool,
    address: [u8; 16],
    zone: u16,
    vif_id: u64,
    reach: Reach,
    entries: u64,
}

/// Who holds the entries of one namespace's table.
#[pyclass(frozen, module = "collectors._native")]
pub struct ConntrackHolders {
    #[pyo3(get)]
    seen: u64,
    #[pyo3(get)]
    is_whole: bool,
    #[pyo3(get)]
    cpu_ns: u64,
    /// Those with most, addresses before VIFs.
    most: Vec<Holder>,
}

/// Look where the entries of a namespace came from; None where it ended.
#[pyfunction]
#[pyo3(signature = (watch, *, namespace, cpu_ns, origins, top))]
pub fn conntrack_holders(
    py: Python<'_>,
    watch: &HostWatch,
    namespace: u64,
    cpu_ns: u64,
    origins: usize,
    top: usize,
) -> PyResult<Option<ConntrackHolders>> {
    let most = Most { cpu_ns, origins };
    let found = py.detach(|| {
        let read = watch.with_places(|home, places| {
            places
                .get(&namespace)
                .map(|place| conntrack::origins(home, place, most))
        });
        match read {
            None => Ok(None),
            Some(Err(failure)) if failure.kind == Kind::Gone => Ok(None),
            Some(Err(failure)) => Err(failure),
            Some(Ok(found)) => {
                let most = watch.with_table(|table| ranked(table, namespace, &found, top));
                Ok(Some(ConntrackHolders {
                    seen: found.seen,
                    is_whole: found.is_whole,
                    cpu_ns: found.cpu_ns,
                    most,
                }))
            }
        }
    });
    found.map_err(os_error)
}

/// The `top` addresses with most entries, and the `top` VIFs with most, by falling numbers.
fn ranked(table: &vifs::Table, namespace: u64, found: &Origins, top: usize) -> Vec<Holder> {
    let holders = table.holders_of_addresses();
    let mut by_vif: HashMap<u64, (Reach, u64)> = HashMap::new();
    let mut addresses = Vec::with_capacity(found.entries.len());
    for (Origin { zone, address }, entries) in &found.entries {
        let (vif_id, reach) = holders.of(namespace, address);
        if vif_id != 0 {
            by_vif.entry(vif_id).or_insert((reach, 0)).1 += entries;
        }
        addresses.push(Holder {
            is_vif: false,
            address: *address,
            zone: *zone,
            vif_id,
            reach,
            entries: *entries,
        });
    }
    let vifs = by_vif.into_iter().map(|(vif_id, (reach, entries))| Holder {
        is_vif: true,
        address: [0; 16],
        zone: 0,
        vif_id,
        reach,
        entries,
    });
    let mut most = largest(addresses, top);
    most.extend(largest(vifs.collect(), top));
    most
}

fn largest(mut holders: Vec<Holder>, top: usize) -> Vec<Holder> {
    holders.sort_unstable_by_key(|holder| {
        (
            Reverse(holder.entries),
            holder.address,
            holder.vif_id,
            holder.zone,
        )
    });
    holders.truncate(top);
    holders
}

/// One namespace over one interval; the members are columns of `hosts`.
#[derive(FromPyObject)]
pub struct ConntrackRow {
    time: i64,
    duration_ns: u64,
    namespace: String,
    conntrack_entries_count: Option<u64>,
    conntrack_peak_count: Option<u64>,
    conntrack_max_count: Option<u64>,
    conntrack_readings_count: Option<u64>,
    conntrack_growth_per_second: Option<f64>,
    conntrack_full_seconds: Option<f64>,
    conntrack_dropped_packets: Option<u64>,
    conntrack_early_dropped_count: Option<u64>,
    conntrack_insert_failed_packets: Option<u64>,
    conntrack_invalid_packets: Option<u64>,
}

fn push(rows: &mut hosts::Rows, row: ConntrackRow) {
    rows.time.push(row.time);
    rows.duration_ns.push(row.duration_ns);
    rows.source_kind.push(Cow::Borrowed(
        source_kind::NAMES[usize::from(source_kind::AGENT)],
    ));
    rows.namespace.push(Cow::Owned(row.namespace));
    rows.conntrack_entries_count
        .push(row.conntrack_entries_count);
    rows.conntrack_peak_count.push(row.conntrack_peak_count);
    rows.conntrack_max_count.push(row.conntrack_max_count);
    rows.conntrack_readings_count
        .push(row.conntrack_readings_count);
    rows.conntrack_growth_per_second
        .push(row.conntrack_growth_per_second);
    rows.conntrack_full_seconds.push(row.conntrack_full_seconds);
    rows.conntrack_dropped_packets
        .push(row.conntrack_dropped_packets);
    rows.conntrack_early_dropped_count
        .push(row.conntrack_early_dropped_count);
    rows.conntrack_insert_failed_packets
        .push(row.conntrack_insert_failed_packets);
    rows.conntrack_invalid_packets
        .push(row.conntrack_invalid_packets);
    rows.fill();
}

/// Encode rows of `hosts`, one a namespace.
#[pyfunction]
pub fn encode_conntrack(py: Python<'_>, rows: Vec<ConntrackRow>) -> PyResult<Vec<Encoded>> {
    let messages = py.detach(|| {
        let mut columns = hosts::Rows::default();
        for row in rows {
            push(&mut columns, row);
        }
        encode(&columns.into_batch()?, &HashMap::new())
    });
    messages
        .map(|messages| encoded(py, messages))
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Encode rows of `holders`: time, namespace's name, its entries, and what was found in it.
#[pyfunction]
pub fn encode_holders(
    py: Python<'_>,
    looks: Vec<(i64, String, u64, PyRef<'_, ConntrackHolders>)>,
) -> PyResult<Vec<Encoded>> {
    let mut rows = holders::Rows::default();
    for (time, namespace, entries, found) in &looks {
        for holder in &found.most {
            rows.time.push(*time);
            rows.vif_id.push(holder.vif_id);
            rows.namespace.push(Cow::Owned(namespace.clone()));
            let kind = if holder.is_vif { "vif" } else { "address" };
            rows.holder.push(Cow::Borrowed(kind));
            rows.holder_address.push(holder.address);
            rows.holder_reach.push(Cow::Borrowed(holder.reach.name()));
            rows.conntrack_zone.push(holder.zone);
            rows.held_count.push(holder.entries);
            rows.seen_count.push(found.seen);
            rows.conntrack_entries_count.push(Some(*entries));
        }
    }
    rows.into_batch()
        .and_then(|batch| encode(&batch, &HashMap::new()))
        .map(|messages| encoded(py, messages))
        .map_err(|error| PyValueError::new_err(error.to_string()))
}
