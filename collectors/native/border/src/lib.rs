//! Registration of the Python module `collectors._native`; nothing else lives here.

mod accounts;
mod conntrack;
mod cost;
mod decode;
mod drop_probe;
mod export_listener;
mod flow_probe;
mod glance;
mod handover;
mod hear;
mod host_watch;
mod listener;
mod listener_messages;
mod listener_totals;
mod listener_worker;
mod look;
mod payload;
mod rules;
mod traces;
mod transit_probe;
mod transit_windows;
mod watch;

use pyo3::prelude::*;

/// The native core of the collectors.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::accounts::{encode_events, encode_ledger};
    #[pymodule_export]
    use super::conntrack::{
        conntrack_accounts, conntrack_holders, conntrack_occupancies, conntrack_refusal,
        encode_conntrack, encode_holders, ConntrackHolders, ConntrackReading,
    };
    #[pymodule_export]
    use super::cost::{encode_cost, take_run_times};
    #[pymodule_export]
    use super::decode::{DecodeCounts, DecodeFiles, DecodeWriter, DecodedBatch};
    #[pymodule_export]
    use super::drop_probe::{drop_reasons, DropHarvest, DropProbe};
    #[pymodule_export]
    use super::export_listener::{ExportListener, Handed, ListenerStatus};
    #[pymodule_export]
    use super::flow_probe::{reclaim_filters, FlowHarvest, FlowProbe};
    #[pymodule_export]
    use super::glance::{join_flows, FlowGlance, FlowGlancer};
    #[pymodule_export]
    use super::host_watch::{boot_id, machine_id, missing_capabilities, HostWatch, WatchCounts};
    #[pymodule_export]
    use super::traces::{find_traces, reclaim_everywhere};
    #[pymodule_export]
    use super::transit_probe::{TransitHarvest, TransitProbe};
}
