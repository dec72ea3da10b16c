//! Why a datagram of an exporter, or a part of it, could not be decoded.

use std::fmt;

/// What is wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// A structure needs more bytes than there are.
    Short,
    /// A length field says more, or less, than the structure around it allows.
    Length,
    /// A version that is not known.
    Version,
    /// A value that must not be there.
    Value,
    /// A count that cannot be true for so few bytes.
    Count,
    /// A data set whose template is not known.
    Template,
    /// More of something than the bounds allow.
    TooMany,
    /// None of the protocols that are decoded.
    Unknown,
}

impl Reason {
    /// The reason as a label.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Short => "short",
            Reason::Length => "length",
            Reason::Version => "version",
            Reason::Value => "value",
            Reason::Count => "count",
            Reason::Template => "template",
            Reason::TooMany => "too_many",
            Reason::Unknown => "unknown",
        }
    }
}

/// One thing that could not be decoded. All texts are static: a fault costs no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// `sflow`, `netflow5`, `netflow9`, `ipfix`, or `unknown` where it was not found out.
    pub protocol: &'static str,
    /// The structure that could not be read, such as `message header`, `flow_sample`, `data set`, `ipv4`.
    pub layer: &'static str,
    /// Where that structure begins, in bytes from the start of the datagram.
    pub offset: usize,
    /// Bytes that it needs from there; 0 where the reason is not about a length.
    pub needed: usize,
    /// Bytes that are there.
    pub present: usize,
    /// What is wrong.
    pub reason: Reason,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {} at byte {}: {}",
            self.protocol,
            self.layer,
            self.offset,
            self.reason.name()
        )?;
        if self.needed > 0 {
            write!(
                formatter,
                ", needs {} bytes, {} are there",
                self.needed, self.present
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}
