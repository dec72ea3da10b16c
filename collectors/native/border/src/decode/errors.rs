//! Rows of what could not be decoded.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, FixedSizeBinaryArray, RecordBatch, StringArray, TimestampNanosecondArray, UInt64Array,
};
use arrow_buffer::Buffer;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use exports::ExportFault;
use wire::hex::hex;

use super::origin::Origin;

/// Bytes of a datagram that are shown.
pub const SAMPLE_BYTES: usize = 64;

/// Rows that wait to become a batch.
#[derive(Debug, Default)]
pub struct Errors {
    files: Vec<Option<Arc<str>>>,
    packets: Vec<Option<u64>>,
    faults: Vec<ExportFault>,
}

pub fn schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new("file", DataType::Utf8, true),
        Field::new("packet_number", DataType::UInt64, true),
        Field::new("received_time", time, false),
        Field::new("exporter_address", DataType::FixedSizeBinary(16), false),
        Field::new("protocol", DataType::Utf8, false),
        Field::new("layer", DataType::Utf8, false),
        Field::new("offset", DataType::UInt64, false),
        Field::new("needed", DataType::UInt64, true),
        Field::new("present", DataType::UInt64, true),
        Field::new("reason", DataType::Utf8, false),
        Field::new("sample", DataType::Utf8, false),
    ]))
}

impl Errors {
    pub fn len(&self) -> usize {
        self.faults.len()
    }

    /// Add a fault, and where its datagram was if that is still known.
    pub fn add(&mut self, fault: ExportFault, place: Option<(Arc<str>, Origin)>) {
        self.packets
            .push(place.as_ref().map(|(_, origin)| origin.packet));
        self.files.push(place.map(|(file, _)| file));
        self.faults.push(fault);
    }

    pub fn take_batch(&mut self) -> Result<RecordBatch, ArrowError> {
        let Errors {
            files,
            packets,
            faults,
        } = std::mem::take(self);
        let texts = |texts: &mut dyn Iterator<Item = &str>| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(texts))
        };
        let numbers = |numbers: &mut dyn Iterator<Item = Option<usize>>| -> ArrayRef {
            Arc::new(UInt64Array::from_iter(
                numbers.map(|number| number.map(|number| number as u64)),
            ))
        };
        let is_length = |fault: &&ExportFault| fault.fault.needed > 0;
        let addresses: Vec<u8> = faults.iter().flat_map(|fault| fault.exporter).collect();
        let times = faults.iter().map(|fault| fault.received_ns);
        let samples: Vec<String> = faults.iter().map(|fault| hex(&fault.sample)).collect();
        RecordBatch::try_new(
            schema(),
            vec![
                Arc::new(StringArray::from_iter(files.iter().map(Option::as_deref))),
                Arc::new(UInt64Array::from(packets)),
                Arc::new(TimestampNanosecondArray::from_iter_values(times).with_timezone("UTC")),
                Arc::new(FixedSizeBinaryArray::try_new(
                    16,
                    Buffer::from_vec(addresses),
                    None,
                )?),
                texts(&mut faults.iter().map(|fault| fault.fault.protocol)),
                texts(&mut faults.iter().map(|fault| fault.fault.layer)),
                numbers(&mut faults.iter().map(|fault| Some(fault.fault.offset))),
                numbers(&mut faults.iter().map(|fault| {
                    Some(fault)
                        .filter(is_length)
                        .map(|fault| fault.fault.needed)
                })),
                numbers(&mut faults.iter().map(|fault| {
                    Some(fault)
                        .filter(is_length)
                        .map(|fault| fault.fault.present)
                })),
                texts(&mut faults.iter().map(|fault| fault.fault.reason.name())),
                texts(&mut samples.iter().map(|sample| &**sample)),
            ],
        )
    }
}
