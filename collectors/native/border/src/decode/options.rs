//! Rows of option data: what exporters say of themselves, by the names of the information elements.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use arrow_array::builder::{MapBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, FixedSizeBinaryArray, RecordBatch, StringArray, TimestampNanosecondArray,
    UInt16Array, UInt32Array,
};
use arrow_buffer::Buffer;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use columns::wide;
use exports::ExportedOption;
use wire::hex::hex;
use wire::netflow::number::number;
use wire::rows::source_kind;

/// How the bytes of an element are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Number,
    Float,
    Text,
    Address,
    Bytes,
}

use Meaning::{Address, Bytes, Float, Number, Text};

/// Elements of the IANA registry that occur in option data.
const ELEMENTS: &[(u16, &str, Meaning)] = &[
    (1, "octetDeltaCount", Number),
    (2, "packetDeltaCount", Number),
    (10, "ingressInterface", Number),
    (14, "egressInterface", Number),
    (34, "samplingInterval", Number),
    (35, "samplingAlgorithm", Number),
    (36, "flowActiveTimeout", Number),
    (37, "flowIdleTimeout", Number),
    (38, "engineType", Number),
    (39, "engineId", Number),
    (40, "exportedOctetTotalCount", Number),
    (41, "exportedMessageTotalCount", Number),
    (42, "exportedFlowRecordTotalCount", Number),
    (48, "samplerId", Number),
    (49, "samplerMode", Number),
    (50, "samplerRandomInterval", Number),
    (61, "flowDirection", Number),
    (82, "interfaceName", Text),
    (83, "interfaceDescription", Text),
    (84, "samplerName", Text),
    (94, "applicationDescription", Text),
    (95, "applicationId", Bytes),
    (96, "applicationName", Text),
    (130, "exporterIPv4Address", Address),
    (131, "exporterIPv6Address", Address),
    (138, "observationPointId", Number),
    (141, "lineCardId", Number),
    (142, "portId", Number),
    (143, "meteringProcessId", Number),
    (144, "exportingProcessId", Number),
    (145, "templateId", Number),
    (148, "flowId", Number),
    (149, "observationDomainId", Number),
    (150, "flowStartSeconds", Number),
    (151, "flowEndSeconds", Number),
    (152, "flowStartMilliseconds", Number),
    (153, "flowEndMilliseconds", Number),
    (160, "systemInitTimeMilliseconds", Number),
    (164, "ignoredPacketTotalCount", Number),
    (165, "ignoredOctetTotalCount", Number),
    (166, "notSentFlowTotalCount", Number),
    (167, "notSentPacketTotalCount", Number),
    (168, "notSentOctetTotalCount", Number),
    (214, "exportProtocolVersion", Number),
    (215, "exportTransportProtocol", Number),
    (216, "collectorTransportPort", Number),
    (217, "exporterTransportPort", Number),
    (234, "ingressVRFID", Number),
    (235, "egressVRFID", Number),
    (236, "VRFname", Text),
    (252, "ingressPhysicalInterface", Number),
    (253, "egressPhysicalInterface", Number),
    (300, "observationDomainName", Text),
    (301, "selectionSequenceId", Number),
    (302, "selectorId", Number),
    (303, "informationElementId", Number),
    (304, "selectorAlgorithm", Number),
    (305, "samplingPacketInterval", Number),
    (306, "samplingPacketSpace", Number),
    (307, "samplingTimeInterval", Number),
    (308, "samplingTimeSpace", Number),
    (309, "samplingSize", Number),
    (310, "samplingPopulation", Number),
    (311, "samplingProbability", Float),
    (318, "selectorIdTotalPktsObserved", Number),
    (319, "selectorIdTotalPktsSelected", Number),
    (322, "observationTimeSeconds", Number),
    (323, "observationTimeMilliseconds", Number),
    (335, "selectorName", Text),
    (339, "informationElementDataType", Number),
    (340, "informationElementDescription", Text),
    (341, "informationElementName", Text),
    (342, "informationElementRangeBegin", Number),
    (343, "informationElementRangeEnd", Number),
    (344, "informationElementSemantics", Number),
    (345, "informationElementUnits", Number),
    (346, "privateEnterpriseNumber", Number),
    (390, "flowSelectorAlgorithm", Number),
];

/// Scopes of NetFlow v9 (RFC 3954, section 6.1), which have numbers of their own.
const SCOPES: [(u16, &str); 5] = [
    (1, "system"),
    (2, "interface"),
    (3, "lineCard"),
    (4, "cache"),
    (5, "template"),
];

pub fn schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new("received_time", time, false),
        Field::new("source_kind", DataType::Utf8, false),
        Field::new("exporter_address", DataType::FixedSizeBinary(16), false),
        Field::new("observation_domain_id", DataType::UInt32, false),
        Field::new("template_id", DataType::UInt16, false),
        Field::new("scope", wide::elements_type(), false),
        Field::new("fields", wide::elements_type(), false),
    ]))
}

/// Rows of option records.
pub fn batch(options: &[ExportedOption]) -> Result<RecordBatch, ArrowError> {
    let addresses: Vec<u8> = options.iter().flat_map(|option| option.exporter).collect();
    let times = options.iter().map(|option| option.received_ns);
    let kinds = options.iter().map(|option| {
        let names = source_kind::NAMES;
        names
            .get(usize::from(option.source_kind))
            .copied()
            .unwrap_or_default()
    });
    let domains = options.iter().map(|option| option.observation_domain_id);
    let templates = options.iter().map(|option| option.template_id);
    let (mut scopes, mut fields) = (wide::elements_builder(), wide::elements_builder());
    for option in options {
        let has_own_scopes = option.source_kind == source_kind::NETFLOW9;
        add(&mut scopes, &option.scope, has_own_scopes)?;
        add(&mut fields, &option.fields, false)?;
    }
    RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(TimestampNanosecondArray::from_iter_values(times).with_timezone("UTC")),
            Arc::new(StringArray::from_iter_values(kinds)),
            Arc::new(FixedSizeBinaryArray::try_new(
                16,
                Buffer::from_vec(addresses),
                None,
            )?),
            Arc::new(UInt32Array::from_iter_values(domains)),
            Arc::new(UInt16Array::from_iter_values(templates)),
            Arc::new(scopes.finish()) as ArrayRef,
            Arc::new(fields.finish()),
        ],
    )
}

fn add(
    maps: &mut MapBuilder<StringBuilder, StringBuilder>,
    elements: &[(u32, u16, Vec<u8>)],
    has_own_scopes: bool,
) -> Result<(), ArrowError> {
    let mut names: Vec<String> = Vec::with_capacity(elements.len());
    for (enterprise, number, bytes) in elements {
        let (name, text) = if has_own_scopes {
            let known = SCOPES.iter().find(|(scope, _)| scope == number);
            let name =
                known.map_or_else(|| format!("scope{number}"), |(_, name)| (*name).to_owned());
            (name, text(bytes, Number))
        } else {
            let known = ELEMENTS
                .iter()
                .find(|(element, ..)| element == number && *enterprise == 0);
            match known {
                Some((_, name, meaning)) => ((*name).to_owned(), text(bytes, *meaning)),
                None => (format!("{enterprise}/{number}"), text(bytes, Bytes)),
            }
        };
        // A template may name an element twice, and a map has each key once.
        let before = names.iter().filter(|named| **named == name).count();
        let key = if before == 0 {
            name.clone()
        } else {
            format!("{name}#{}", before + 1)
        };
        names.push(name);
        maps.keys().append_value(key);
        maps.values().append_value(text);
    }
    maps.append(true)
}

fn text(bytes: &[u8], meaning: Meaning) -> String {
    match (meaning, bytes.len()) {
        (Number, 1..=8) => number(bytes).map_or_else(String::new, |number| number.to_string()),
        (Float, 4) => {
            let bits = bytes
                .iter()
                .fold(0, |bits, byte| bits << 8 | u32::from(*byte));
            f32::from_bits(bits).to_string()
        }
        (Float, 8) => {
            let bits = bytes
                .iter()
                .fold(0, |bits, byte| bits << 8 | u64::from(*byte));
            f64::from_bits(bits).to_string()
        }
        (Text, _) => {
            let end = bytes
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |last| last + 1);
            String::from_utf8_lossy(&bytes[..end]).into_owned()
        }
        (Address, 4) => bytes
            .first_chunk()
            .map_or_else(String::new, |octets| Ipv4Addr::from(*octets).to_string()),
        (Address, 16) => bytes
            .first_chunk()
            .map_or_else(String::new, |octets| Ipv6Addr::from(*octets).to_string()),
        _ => hex(bytes),
    }
}
