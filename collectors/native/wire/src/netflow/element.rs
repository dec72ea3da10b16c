//! What an information element means for a row: its place, and what of it holds for the reverse direction of a biflow.

use std::sync::LazyLock;

use super::elements::ELEMENTS;
use super::instant::Form;
use crate::column::Column;
use crate::packet::Link;
use crate::rows::Flows;

/// Enterprise number of reverse elements (RFC 5103 §6.1).
pub const REVERSE: u32 = 29305;

/// A column of the rows.
pub type At<T> = fn(&mut Flows) -> &mut Column<T>;

/// How a value is read and where it goes.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// Unsigned numbers of any width up to 8 bytes (RFC 7011 §6.2); a value too big for the column is missing.
    U8(At<u8>),
    U16(At<u16>),
    U32(At<u32>),
    U64(At<u64>),
    /// 4 bytes, kept as an IPv4-mapped address.
    Ipv4(At<[u8; 16]>),
    Ipv6(At<[u8; 16]>),
    Mac(At<u64>),
    /// An instant.
    Time(At<i64>, Form),
    /// Length of the flow; the number is the unit in nanoseconds.
    Duration(u64),
    /// When the exporter started: milliseconds since the epoch. Serves [`Form::Uptime`].
    Origin,
    /// Type and code in two bytes.
    Icmp,
    /// One entry of a label stack; the number is its position.
    Label(u8),
    /// The beginning of a packet.
    Section(Option<Link>),
    /// What has to be known of a [`Place::Section`]: its kind of frame, where it begins, how much of it is no padding.
    OfSection,
    /// Engine and selector (RFC 6759 §4).
    Application,
    /// Overlay type in the top byte, VXLAN's VNI below.
    Segment,
    /// Kind of the tunnel around the packet, of enterprise 6876.
    Tunnel,
    /// An end of that tunnel, 4 bytes; all zeros where it is not known.
    Outer(At<[u8; 16]>),
    /// 4 or 6: which of two addresses counts.
    Version,
    Selector,
    Rate(Told),
    /// The direction of the forward flow, turned round.
    Turned(At<u8>),
}

/// Which part of a sampling rate an element tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// One of so many.
    OneOf,
    /// Packets taken in a row, and packets left out after them.
    Interval,
    Space,
    /// So many of a population.
    Size,
    Population,
    /// A probability, as a float.
    Probability,
}

/// What the reverse row of a biflow takes from an element of the forward direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reverse {
    /// Nothing: it is told by a reverse element or not at all.
    Gone,
    /// The same.
    Same,
    /// What this element would be.
    As(u16),
    /// The other direction.
    Turned,
}

/// One line of the element table.
#[derive(Debug, Clone, Copy)]
pub struct Element {
    pub enterprise: u32,
    pub number: u16,
    /// The column, or what stands between: elements of one name compete.
    pub column: &'static str,
    /// Where a template has several of a column, the lowest rank is taken.
    pub rank: u8,
    pub place: Place,
    pub reverse: Reverse,
}

impl Element {
    /// Whether the element can be so many bytes long; `None` for a length that each record tells.
    pub fn fits(&self, width: Option<u16>) -> bool {
        let Some(width) = width else {
            return !matches!(
                self.place,
                Place::Origin | Place::Version | Place::OfSection
            );
        };
        match self.place {
            Place::Ipv4(_) | Place::Outer(_) => width == 4,
            Place::Ipv6(_) => width == 16,
            Place::Mac(_) => width == 6,
            Place::Time(_, Form::Micros | Form::Nanos) => width == 8,
            Place::Icmp => width == 2,
            Place::Label(_) => width == 3,
            Place::Section(_) => true,
            Place::Rate(Told::Probability) => width == 8 || width == 4,
            _ => (1..=8).contains(&width),
        }
    }
}

/// Columns of which the first value that is not zero counts: templates that serve IPv4 and IPv6, or TCP and UDP, fill one and
/// leave the other zero.
pub const FIRST_NOT_ZERO: &[&str] = &[
    "src_address",
    "dst_address",
    "next_hop",
    "bgp_next_hop",
    "post_nat_src_address",
    "post_nat_dst_address",
    "src_port",
    "dst_port",
    "src_prefix_length",
    "dst_prefix_length",
    "icmp_type",
    "icmp_code",
    "icmp",
];

static BY_NUMBER: LazyLock<Vec<&'static Element>> = LazyLock::new(|| {
    let mut elements: Vec<_> = ELEMENTS.iter().collect();
    elements.sort_by_key(|element| (element.enterprise, element.number));
    elements
});

/// The lines of the table about an element: none, one, or several.
pub fn lines(enterprise: u32, number: u16) -> &'static [&'static Element] {
    let key = (enterprise, number);
    let all = BY_NUMBER.as_slice();
    let first = all.partition_point(|element| (element.enterprise, element.number) < key);
    let rest = &all[first..];
    let count = rest.partition_point(|element| (element.enterprise, element.number) == key);
    &rest[..count]
}
