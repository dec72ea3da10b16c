//! Template records (RFC 7011 §3.4.1, §3.4.2, §8.1; RFC 3954 §5.2, §6.1).

use crate::fault::Reason;
use crate::rows::source_kind;

/// Length of a field whose records tell it (RFC 7011 §7).
pub const VARIABLE: u16 = 65_535;
/// Ids below are those of template sets, or reserved.
pub const FIRST_ID: u16 = 256;
const ENTERPRISE_BIT: u16 = 0x8000;

/// One field of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// 0 for IANA's elements; [`super::V9_SCOPE`] for a scope of NetFlow v9.
    pub enterprise: u32,
    pub number: u16,
    /// Bytes; `None` where each record tells them.
    pub width: Option<u16>,
}

/// One template record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub id: u16,
    /// Scopes first.
    pub fields: Vec<Field>,
    /// How many of the fields are scopes.
    pub scopes: usize,
}

/// What a record of a template set says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    Defined(Template),
    /// The id, or the set's id for all templates of its kind.
    Withdrawn(u16),
    /// A definition that cannot be used: it takes the place of what the id meant before.
    Refused(u16, Reason),
}

/// Reads the record that `bytes` begin with; also says how long it is.
///
/// At most `most_fields` fields are kept; a record with more is refused, whatever it costs to skip.
///
/// # Errors
/// The record is longer than `bytes`: so many bytes would be needed, as far as they can be told.
pub fn read(
    kind: u8,
    options: bool,
    bytes: &[u8],
    most_fields: usize,
) -> Result<(Record, usize), usize> {
    let id = u16_at(bytes, 0).ok_or(4_usize)?;
    let count = u16_at(bytes, 2).ok_or(4_usize)?;
    if kind == source_kind::IPFIX && count == 0 {
        return Ok((Record::Withdrawn(id), 4));
    }
    let (count, scopes, header) = match (options, kind) {
        (false, _) => (usize::from(count), 0, 4),
        (true, source_kind::IPFIX) => {
            let scopes = u16_at(bytes, 4).ok_or(6_usize)?;
            (usize::from(count), usize::from(scopes), 6)
        }
        // NetFlow v9 has bytes of scopes and bytes of options, four for each field.
        (true, _) => {
            let rest = u16_at(bytes, 4).ok_or(6_usize)?;
            let scopes = usize::from(count) / 4;
            (scopes + usize::from(rest) / 4, scopes, 6)
        }
    };
    let kept = count <= most_fields;
    let mut fields = Vec::with_capacity(if kept { count } else { 0 });
    let mut at = header;
    for index in 0..count {
        let scope = kind != source_kind::IPFIX && index < scopes;
        let rest = &bytes[at..];
        let Some((field, bytes_of_field)) = field(kind, scope, rest) else {
            // No field is shorter than 4 bytes; one of an enterprise has 8.
            let this = if rest.len() < 4 { 4 } else { 8 };
            return Err(at + this + 4 * (count - index - 1));
        };
        at += bytes_of_field;
        if kept {
            fields.push(field);
        }
    }
    let refused = if id < FIRST_ID {
        Some(Reason::Value)
    } else if !kept {
        Some(Reason::TooMany)
    } else if fields.iter().all(|field| field.width == Some(0)) {
        // Records of no length have no end; an empty list of NetFlow v9 is one of these.
        Some(Reason::Length)
    } else if scopes > count || (options && kind == source_kind::IPFIX && scopes == 0) {
        Some(Reason::Count)
    } else {
        None
    };
    let record = match refused {
        Some(reason) => Record::Refused(id, reason),
        None => Record::Defined(Template { id, fields, scopes }),
    };
    Ok((record, at))
}

fn field(kind: u8, scope: bool, bytes: &[u8]) -> Option<(Field, usize)> {
    let number = u16_at(bytes, 0)?;
    let width = u16_at(bytes, 2)?;
    if kind != source_kind::IPFIX {
        let enterprise = if scope { super::V9_SCOPE } else { 0 };
        let width = Some(width);
        return Some((
            Field {
                enterprise,
                number,
                width,
            },
            4,
        ));
    }
    let width = (width != VARIABLE).then_some(width);
    if number & ENTERPRISE_BIT == 0 {
        let enterprise = 0;
        return Some((
            Field {
                enterprise,
                number,
                width,
            },
            4,
        ));
    }
    let enterprise = u32::from_be_bytes(*bytes.get(4..)?.first_chunk()?);
    let number = number & !ENTERPRISE_BIT;
    Some((
        Field {
            enterprise,
            number,
            width,
        },
        8,
    ))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
