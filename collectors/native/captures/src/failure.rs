//! Why a file could not be read to its end.

use std::fmt;
use std::io;

/// What is wrong with a file.
#[derive(Debug)]
pub enum Problem {
    /// It has no byte.
    Empty,
    /// It is no capture; what it looks like.
    Kind(&'static str),
    /// It ends inside a structure.
    Cut {
        /// The structure.
        part: &'static str,
        /// Bytes that it has by its own word.
        needed: u64,
        /// Bytes that are there.
        present: u64,
    },
    /// A structure says of itself what cannot be.
    Damaged {
        /// The structure.
        part: &'static str,
        /// What it says.
        detail: String,
    },
    /// The system would not read it.
    Unreadable(io::Error),
}

/// A problem, and where.
#[derive(Debug)]
pub struct Failure {
    /// Where the structure begins, in bytes from the start of the file.
    pub offset: u64,
    /// What is wrong.
    pub problem: Problem,
}

impl Failure {
    /// Whether a signal came while the system was asked: nothing is wrong, and the call can be made again.
    pub fn is_interruption(&self) -> bool {
        matches!(&self.problem, Problem::Unreadable(error) if error.kind() == io::ErrorKind::Interrupted)
    }

    pub(crate) fn damaged(offset: u64, part: &'static str, detail: String) -> Failure {
        Failure {
            offset,
            problem: Problem::Damaged { part, detail },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset;
        match &self.problem {
            Problem::Empty => write!(formatter, "the file is empty; expected a capture, pcap or pcapng"),
            Problem::Kind(kind) => {
                write!(formatter, "not a capture: {kind}; expected pcap or pcapng")
            }
            Problem::Cut {
                part,
                needed,
                present,
            } => write!(
                formatter,
                "the file is cut off: {part} at byte {offset} has {needed} bytes, {present} are there; all before it was read"
            ),
            Problem::Damaged { part, detail } => write!(
                formatter,
                "the file is damaged: {part} at byte {offset} {detail}; all before it was read"
            ),
            Problem::Unreadable(error) => {
                write!(formatter, "cannot be read at byte {offset}: {error}")
            }
        }
    }
}

impl std::error::Error for Failure {}
