//! Counters as `viflux decode` shows them: with the interface that the store finds behind `vif_id`.

use std::sync::Arc;

use arrow_array::builder::FixedSizeBinaryBuilder;
use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use columns::generated::counters;
use exports::Decoder;

pub fn schema() -> SchemaRef {
    let own = [
        Field::new("exporter_address", DataType::FixedSizeBinary(16), true),
        Field::new("observation_domain_id", DataType::UInt32, true),
        Field::new("ifindex", DataType::UInt32, true),
        Field::new("ifname", DataType::Utf8, true),
    ];
    let own = own.into_iter().map(Arc::new);
    let stored = counters::schema();
    Arc::new(Schema::new(
        own.chain(stored.fields().iter().cloned())
            .collect::<Vec<_>>(),
    ))
}

/// The rows, with what the decoder knows of their interfaces; null for those that the settings say are of this host.
pub fn batch(rows: counters::Rows, decoder: &Decoder) -> Result<RecordBatch, ArrowError> {
    let places: Vec<_> = rows
        .vif_id
        .iter()
        .map(|id| decoder.exported_interface(*id))
        .collect();
    let mut addresses = FixedSizeBinaryBuilder::with_capacity(places.len(), 16);
    for place in &places {
        match place {
            Some(place) => addresses.append_value(place.exporter_address)?,
            None => addresses.append_null(),
        }
    }
    let domains = places
        .iter()
        .map(|place| place.as_ref().map(|place| place.observation_domain_id));
    let indexes = places
        .iter()
        .map(|place| place.as_ref().map(|place| place.if_index));
    let names = places
        .iter()
        .map(|place| place.as_ref().map(|place| place.name.as_str()));
    let mut arrays: Vec<ArrayRef> = vec![
        Arc::new(addresses.finish()),
        Arc::new(UInt32Array::from_iter(domains)),
        Arc::new(UInt32Array::from_iter(indexes)),
        Arc::new(StringArray::from_iter(
            names.map(|name| name.filter(|name| !name.is_empty())),
        )),
    ];
    arrays.extend_from_slice(rows.into_batch()?.columns());
    RecordBatch::try_new(schema(), arrays)
}
