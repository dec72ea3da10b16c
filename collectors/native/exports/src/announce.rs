//! What a record of option data announces: a sampling rate, or the name of an interface.

use wire::netflow::number::{float, number as unsigned};
use wire::netflow::{OptionField, OptionRecord, V9_SCOPE};

/// What a sampling rate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// All of the observation domain that announces it.
    Domain,
    /// Another observation domain of the same exporter (IPFIX; 0 for all of them).
    OtherDomain(u32),
    Interface(u32),
    /// A selector (PSAMP) or sampler (NetFlow v9).
    Selector(u64),
}

/// Longest name of an interface that is kept, in bytes.
const MOST_NAME_BYTES: usize = 255;

const SAMPLER_ID: u16 = 48;
const SELECTOR_ID: u16 = 302;
const OBSERVATION_DOMAIN_ID: u16 = 149;
const TEMPLATE_ID: u16 = 145;
const INTERFACES: [u16; 4] = [10, 14, 252, 253];
const V9_SCOPE_INTERFACE: u16 = 2;
const V9_SCOPE_TEMPLATE: u16 = 5;

/// The sampling rate that a record announces, and what for. 0 stands for "sampled at a rate that is not told".
///
/// Source: IANA IPFIX elements 34, 35, 48–50; RFC 5477 (302, 304–306, 309–311); RFC 3954 §6.1 for the scopes of NetFlow v9.
pub(crate) fn sampling(record: &OptionRecord, own_domain: u32) -> Option<(About, f64)> {
    let rate = rate(&record.fields)?;
    let all = || record.scope.iter().chain(&record.fields);
    if all().any(|(pen, id, _)| (*pen, *id) == (V9_SCOPE, V9_SCOPE_TEMPLATE))
        || record
            .scope
            .iter()
            .any(|(pen, id, _)| (*pen, *id) == (0, TEMPLATE_ID))
    {
        // Of the flows of one template only: no row tells which template it had.
        return None;
    }
    if let Some(selector) =
        all().find_map(|field| number(field, SELECTOR_ID).or_else(|| number(field, SAMPLER_ID)))
    {
        return Some((About::Selector(selector), rate));
    }
    // softflowd names interface 0 where it was told no number: that is no interface.
    if let Some(interface) = interface(record).filter(|interface| *interface != 0) {
        return Some((About::Interface(interface), rate));
    }
    let domain = record
        .scope
        .iter()
        .find_map(|field| number(field, OBSERVATION_DOMAIN_ID))
        .and_then(|domain| u32::try_from(domain).ok());
    match domain {
        Some(domain) if domain != own_domain => Some((About::OtherDomain(domain), rate)),
        _ => Some((About::Domain, rate)),
    }
}

/// The interface that a record names: its ifIndex, name and description.
pub(crate) fn interface_name(record: &OptionRecord) -> Option<(u32, String, String)> {
    let text = |number: u16| {
        record
            .fields
            .iter()
            .find(|(pen, id, _)| (*pen, *id) == (0, number))
            .map(|(_, _, bytes)| printable(bytes))
    };
    let (name, description) = (text(82), text(83));
    if name.is_none() && description.is_none() {
        return None;
    }
    let index = interface(record)?;
    Some((
        index,
        name.unwrap_or_default(),
        description.unwrap_or_default(),
    ))
}

fn interface(record: &OptionRecord) -> Option<u32> {
    record
        .scope
        .iter()
        .find(|(pen, id, _)| (*pen, *id) == (V9_SCOPE, V9_SCOPE_INTERFACE))
        .and_then(|(_, _, bytes)| unsigned(bytes))
        .or_else(|| {
            record
                .scope
                .iter()
                .chain(&record.fields)
                .find_map(|field| INTERFACES.iter().find_map(|id| number(field, *id)))
        })
        .and_then(|index| u32::try_from(index).ok())
}

/// The rate that fields of option data say; 0 where they say that it is none.
fn rate(fields: &[OptionField]) -> Option<f64> {
    let value = |id: u16| fields.iter().find_map(|field| number(field, id));
    let sane = |rate: f64| {
        if rate.is_finite() && rate >= 1.0 {
            rate
        } else {
            0.0
        }
    };
    // An interval without a space says how many packets are taken in a row, and not of how many.
    if let (Some(interval), Some(space)) = (value(305), value(306)) {
        return Some(match interval {
            0 => 0.0,
            _ => sane((interval as f64 + space as f64) / interval as f64),
        });
    }
    if let (Some(size), Some(population)) = (value(309), value(310)) {
        return Some(match size {
            0 => 0.0,
            _ => sane(population as f64 / size as f64),
        });
    }
    let probability = fields
        .iter()
        .find(|(pen, id, _)| (*pen, *id) == (0, 311))
        .and_then(|(_, _, bytes)| float(bytes));
    if let Some(probability) = probability {
        return Some(if probability > 0.0 {
            sane(1.0 / probability)
        } else {
            0.0
        });
    }
    let interval = value(50).or_else(|| value(34))?;
    Some(sane(interval as f64))
}

fn number((pen, id, bytes): &OptionField, wanted: u16) -> Option<u64> {
    if (*pen, *id) == (0, wanted) {
        unsigned(bytes)
    } else {
        None
    }
}

/// Text of a field: padding zeros and control characters left out.
fn printable(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len())
        .min(MOST_NAME_BYTES);
    String::from_utf8_lossy(&bytes[..end])
        .chars()
        .filter(|character| !character.is_control())
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(id: u16, bytes: &[u8]) -> OptionField {
        (0, id, bytes.to_vec())
    }

    fn record(scope: Vec<OptionField>, fields: Vec<OptionField>) -> OptionRecord {
        OptionRecord {
            template_id: 256,
            scope,
            fields,
        }
    }

    fn of(fields: Vec<OptionField>) -> Option<(About, f64)> {
        sampling(&record(vec![field(144, &[1])], fields), 0)
    }

    #[test]
    fn each_algorithm_gives_its_rate() {
        let rates = [
            vec![field(34, &[0, 0, 0, 64]), field(35, &[2])],
            vec![field(305, &[1]), field(306, &[63])],
            vec![field(309, &[2]), field(310, &[128])],
            vec![
                field(304, &[4]),
                field(311, &(1.0_f64 / 64.0).to_be_bytes()),
            ],
            vec![field(311, &(1.0_f32 / 64.0).to_be_bytes())],
            vec![field(49, &[2]), field(50, &[64])],
        ];
        for fields in rates {
            assert_eq!(of(fields), Some((About::Domain, 64.0)));
        }
    }

    #[test]
    fn what_tells_no_rate_is_unknown_and_what_is_not_about_sampling_is_nothing() {
        for fields in [
            vec![field(34, &[0, 0, 0, 0])],
            vec![field(305, &[0]), field(306, &[9])],
            vec![field(309, &[0]), field(310, &[9])],
            vec![field(309, &[9]), field(310, &[3])],
            vec![field(311, &0.0_f64.to_be_bytes())],
            vec![field(311, &f64::NAN.to_be_bytes())],
        ] {
            assert_eq!(of(fields), Some((About::Domain, 0.0)));
        }
        assert_eq!(of(vec![field(305, &[64])]), None);
        assert_eq!(of(vec![field(462, &[1])]), None);
        assert_eq!(of(vec![field(34, &[])]), None);
    }

    #[test]
    fn a_rate_is_about_what_the_record_names() {
        let rate = || vec![field(34, &[10])];
        let about = |scope| sampling(&record(vec![scope], rate()), 7).map(|(about, _)| about);
        assert_eq!(about((V9_SCOPE, 2, vec![0, 3])), Some(About::Interface(3)));
        assert_eq!(about((V9_SCOPE, 2, vec![0, 0])), Some(About::Domain));
        assert_eq!(about((V9_SCOPE, 1, vec![])), Some(About::Domain));
        assert_eq!(about((V9_SCOPE, 5, vec![1, 0])), None);
        assert_eq!(about(field(10, &[4])), Some(About::Interface(4)));
        assert_eq!(about(field(302, &[0, 9])), Some(About::Selector(9)));
        assert_eq!(about(field(149, &[7])), Some(About::Domain));
        assert_eq!(about(field(149, &[8])), Some(About::OtherDomain(8)));
    }

    #[test]
    fn names_lose_padding_and_control_characters() {
        let named = record(
            vec![(V9_SCOPE, 2, vec![0, 5])],
            vec![field(82, b"ge-0/0/1\0\0\0"), field(83, b"up\x1blink")],
        );
        assert_eq!(
            interface_name(&named),
            Some((5, "ge-0/0/1".to_owned(), "uplink".to_owned()))
        );
        let by_field = record(
            vec![field(144, &[1])],
            vec![field(14, &[6]), field(82, b"eth6")],
        );
        assert_eq!(interface_name(&by_field).map(|named| named.0), Some(6));
        assert_eq!(interface_name(&record(vec![], vec![field(82, b"x")])), None);
    }
}
