//! What is wrong with bytes that could not be understood.

use std::fmt;

/// Why a message was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// `part` needs more bytes than the length field or buffer around it leaves.
    Short {
        part: &'static str,
        needed: usize,
        present: usize,
    },
    /// `part` holds a value that it must not have.
    Value { part: &'static str, value: u64 },
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Flaw>;

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Short {
                part,
                needed,
                present,
            } => {
                write!(
                    formatter,
                    "{part} needs {needed} bytes, {present} are there"
                )
            }
            Flaw::Value { part, value } => write!(formatter, "{part} must not be {value}"),
        }
    }
}

impl std::error::Error for Flaw {}
