//! Encoded messages of the agent's own streams back to rows: the baseline after a restart.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Cursor;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Int32Type, TimestampNanosecondType, UInt16Type, UInt32Type, UInt64Type,
    UInt8Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_schema::ArrowError;

use crate::generated::{counters, inventory};

/// Rows of one message, and the metadata of its schema.
#[derive(Debug, Clone)]
pub struct Decoded<Rows> {
    pub rows: Rows,
    pub metadata: HashMap<String, String>,
}

/// Decode a message of kind `inventory`; an error names the column that is missing or of another type.
pub fn inventory(payload: &[u8]) -> Result<Decoded<inventory::Rows>, ArrowError> {
    let mut rows = inventory::Rows::default();
    let metadata = each_batch(payload, |batch| {
        let read = Columns(batch);
        read.numbers::<TimestampNanosecondType>("time", &mut rows.time)?;
        read.numbers::<UInt64Type>("vif_id", &mut rows.vif_id)?;
        read.numbers::<TimestampNanosecondType>("valid_from_time", &mut rows.valid_from_time)?;
        read.labels("change", &mut rows.change)?;
        read.labels("identity_origin", &mut rows.identity_origin)?;
        read.texts("vif_key", &mut rows.vif_key)?;
        read.labels("namespace", &mut rows.namespace)?;
        read.numbers::<Int32Type>("nsid", &mut rows.nsid)?;
        read.labels("ifname", &mut rows.ifname)?;
        read.numbers::<UInt32Type>("ifindex", &mut rows.ifindex)?;
        read.labels("kind", &mut rows.kind)?;
        read.labels("side", &mut rows.side)?;
        read.booleans("counting_point", &mut rows.counting_point)?;
        read.numbers::<UInt64Type>("link_id", &mut rows.link_id)?;
        read.numbers::<UInt64Type>("peer_vif_id", &mut rows.peer_vif_id)?;
        read.numbers::<UInt64Type>("parent_vif_id", &mut rows.parent_vif_id)?;
        read.numbers::<UInt64Type>("bridge_vif_id", &mut rows.bridge_vif_id)?;
        read.numbers_or_null::<UInt32Type>("vni", &mut rows.vni)?;
        read.numbers_or_null::<UInt16Type>("vlan_id", &mut rows.vlan_id)?;
        read.labels("mac_address", &mut rows.mac_address)?;
        read.addresses("addresses", &mut rows.addresses)?;
        read.lengths("prefix_lengths", &mut rows.prefix_lengths)?;
        read.numbers::<UInt32Type>("mtu_bytes", &mut rows.mtu_bytes)?;
        read.booleans("is_up", &mut rows.is_up)?;
        read.labels("operstate", &mut rows.operstate)?;
        read.booleans("has_carrier", &mut rows.has_carrier)?;
        read.numbers::<UInt64Type>(
            "link_speed_bits_per_second",
            &mut rows.link_speed_bits_per_second,
        )?;
        read.numbers::<UInt64Type>(
            "provisioned_rate_bits_per_second",
            &mut rows.provisioned_rate_bits_per_second,
        )?;
        read.labels("provisioned_rate_origin", &mut rows.provisioned_rate_origin)?;
        read.labels("qdisc", &mut rows.qdisc)?;
        read.texts("alias", &mut rows.alias)?;
        read.labels("driver", &mut rows.driver)?;
        read.labels("workload", &mut rows.workload)?;
        read.labels("owner", &mut rows.owner)?;
        read.labels("tenant", &mut rows.tenant)?;
        read.labels("service", &mut rows.service)?;
        read.labels("criticality", &mut rows.criticality)?;
        read.numbers_or_null::<TimestampNanosecondType>("born_time", &mut rows.born_time)?;
        read.numbers_or_null::<TimestampNanosecondType>("gone_time", &mut rows.gone_time)
    })?;
    Ok(Decoded { rows, metadata })
}

/// Decode a message of kind `counters`: times, ids, kinds, deltas and readings, without the backlog.
pub fn counters(payload: &[u8]) -> Result<Decoded<counters::Rows>, ArrowError> {
    let mut rows = counters::Rows::default();
    let names: Vec<String> = counters::schema()
        .fields()
        .iter()
        .skip(FIRST_COUNTER)
        .map(|field| field.name().clone())
        .collect();
    let metadata = each_batch(payload, |batch| {
        let read = Columns(batch);
        read.numbers::<TimestampNanosecondType>("time", &mut rows.time)?;
        read.numbers::<UInt64Type>("duration_ns", &mut rows.duration_ns)?;
        read.numbers::<UInt64Type>("vif_id", &mut rows.vif_id)?;
        read.labels("delta_kind", &mut rows.delta_kind)?;
        for (name, column) in names.iter().zip(rows.counters_mut()) {
            read.numbers::<UInt64Type>(name, column)?;
        }
        Ok(())
    })?;
    Ok(Decoded { rows, metadata })
}

/// Columns of `counters` before the first counter: time, duration_ns, vif_id, delta_kind.
const FIRST_COUNTER: usize = 4;

impl counters::Rows {
    /// All counter columns, in the order of the schema.
    pub fn counters_mut(&mut self) -> [&mut Vec<u64>; 34] {
        [
            &mut self.rx_packets,
            &mut self.rx_packets_total,
            &mut self.tx_packets,
            &mut self.tx_packets_total,
            &mut self.rx_bytes,
            &mut self.rx_bytes_total,
            &mut self.tx_bytes,
            &mut self.tx_bytes_total,
            &mut self.rx_errors_packets,
            &mut self.rx_errors_packets_total,
            &mut self.tx_errors_packets,
            &mut self.tx_errors_packets_total,
            &mut self.rx_dropped_packets,
            &mut self.rx_dropped_packets_total,
            &mut self.tx_dropped_packets,
            &mut self.tx_dropped_packets_total,
            &mut self.rx_missed_packets,
            &mut self.rx_missed_packets_total,
            &mut self.rx_nohandler_packets,
            &mut self.rx_nohandler_packets_total,
            &mut self.multicast_packets,
            &mut self.multicast_packets_total,
            &mut self.qdisc_packets,
            &mut self.qdisc_packets_total,
            &mut self.qdisc_bytes,
            &mut self.qdisc_bytes_total,
            &mut self.qdisc_dropped_packets,
            &mut self.qdisc_dropped_packets_total,
            &mut self.qdisc_overlimits_count,
            &mut self.qdisc_overlimits_count_total,
            &mut self.qdisc_requeues_count,
            &mut self.qdisc_requeues_count_total,
            &mut self.qdisc_backlog_bytes,
            &mut self.qdisc_backlog_packets,
        ]
    }
}

fn each_batch(
    payload: &[u8],
    mut take: impl FnMut(&RecordBatch) -> Result<(), ArrowError>,
) -> Result<HashMap<String, String>, ArrowError> {
    let reader = StreamReader::try_new(Cursor::new(payload), None)?;
    let metadata = reader.schema().metadata().clone();
    for batch in reader {
        take(&batch?)?;
    }
    Ok(metadata)
}

/// Typed reading of a batch's columns by name; each appends to a vector.
struct Columns<'a>(&'a RecordBatch);

impl<'a> Columns<'a> {
    fn named(&self, name: &str) -> Result<&'a ArrayRef, ArrowError> {
        self.0
            .column_by_name(name)
            .ok_or_else(|| ArrowError::SchemaError(format!("column {name} is missing")))
    }

    fn primitive<T: ArrowPrimitiveType>(
        &self,
        name: &str,
    ) -> Result<&'a arrow_array::PrimitiveArray<T>, ArrowError> {
        self.named(name)?
            .as_primitive_opt::<T>()
            .ok_or_else(|| mistyped(name))
    }

    fn numbers<T: ArrowPrimitiveType>(
        &self,
        name: &str,
        to: &mut Vec<T::Native>,
    ) -> Result<(), ArrowError> {
        to.extend_from_slice(self.primitive::<T>(name)?.values());
        Ok(())
    }

    fn numbers_or_null<T: ArrowPrimitiveType>(
        &self,
        name: &str,
        to: &mut Vec<Option<T::Native>>,
    ) -> Result<(), ArrowError> {
        to.extend(self.primitive::<T>(name)?.iter());
        Ok(())
    }

    fn booleans(&self, name: &str, to: &mut Vec<bool>) -> Result<(), ArrowError> {
        let column = self
            .named(name)?
            .as_boolean_opt()
            .ok_or_else(|| mistyped(name))?;
        to.extend(column.values().iter());
        Ok(())
    }

    fn texts(&self, name: &str, to: &mut Vec<String>) -> Result<(), ArrowError> {
        let column = self
            .named(name)?
            .as_string_opt::<i32>()
            .ok_or_else(|| mistyped(name))?;
        to.extend(
            column
                .iter()
                .map(|text| text.unwrap_or_default().to_owned()),
        );
        Ok(())
    }

    fn labels(&self, name: &str, to: &mut Vec<Cow<'static, str>>) -> Result<(), ArrowError> {
        let mut texts = Vec::new();
        self.texts(name, &mut texts)?;
        to.extend(texts.into_iter().map(Cow::Owned));
        Ok(())
    }

    fn lists(
        &self,
        name: &str,
        mut take: impl FnMut(ArrayRef) -> Result<(), ArrowError>,
    ) -> Result<(), ArrowError> {
        let column = self
            .named(name)?
            .as_list_opt::<i32>()
            .ok_or_else(|| mistyped(name))?;
        (0..column.len()).try_for_each(|row| take(column.value(row)))
    }

    fn addresses(&self, name: &str, to: &mut Vec<Vec<[u8; 16]>>) -> Result<(), ArrowError> {
        self.lists(name, |list| {
            let list = list
                .as_fixed_size_binary_opt()
                .ok_or_else(|| mistyped(name))?;
            let addresses: Option<Vec<[u8; 16]>> = list
                .iter()
                .map(|address| address?.try_into().ok())
                .collect();
            to.push(addresses.ok_or_else(|| mistyped(name))?);
            Ok(())
        })
    }

    fn lengths(&self, name: &str, to: &mut Vec<Vec<u8>>) -> Result<(), ArrowError> {
        self.lists(name, |list| {
            let list = list
                .as_primitive_opt::<UInt8Type>()
                .ok_or_else(|| mistyped(name))?;
            to.push(list.values().to_vec());
            Ok(())
        })
    }
}

fn mistyped(name: &str) -> ArrowError {
    ArrowError::SchemaError(format!("column {name} is of another type"))
}
