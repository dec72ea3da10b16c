//! Why a question to the kernel had no answer.

use std::fmt;
use std::io;

/// What a caller can do about a [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The namespace ended, or the place now names another one: forget it.
    Gone,
    /// The process lacks a capability: say so, and go on with what is seen.
    Refused,
    /// The kernel is too old for the question, or was built without the part.
    Unsupported,
    /// The kernel's answer could not be understood.
    Malformed,
    /// Anything else: out of memory, of descriptors and so on. Trying again later may work.
    System,
}

/// One failed question: what was asked, where, and the kernel's error number (0 where there is none).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: Kind,
    /// What was asked and where, such as `setns into /run/netns/blue`.
    pub what: String,
    pub errno: i32,
}

/// Results of this crate.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure with the error number `errno`, from which its kind follows.
    pub fn of(errno: i32, what: impl Into<String>) -> Self {
        let kind = match errno {
            libc::EPERM | libc::EACCES => Kind::Refused,
            libc::ENOENT | libc::ESRCH => Kind::Gone,
            libc::EOPNOTSUPP | libc::ENOSYS | libc::EPROTONOSUPPORT | libc::EAFNOSUPPORT => {
                Kind::Unsupported
            }
            _ => Kind::System,
        };
        Self {
            kind,
            what: what.into(),
            errno,
        }
    }

    /// A failure of the given kind that no system call reported.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            errno: 0,
        }
    }

    /// The failure of the system call that was just made on this thread.
    pub(crate) fn last(what: impl Into<String>) -> Self {
        Self::from_io(&io::Error::last_os_error(), what)
    }

    pub(crate) fn from_io(error: &io::Error, what: impl Into<String>) -> Self {
        Self::of(error.raw_os_error().unwrap_or(0), what)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.errno == 0 {
            write!(formatter, "{}", self.what)
        } else {
            write!(
                formatter,
                "{}: {}",
                self.what,
                io::Error::from_raw_os_error(self.errno)
            )
        }
    }
}

impl std::error::Error for Failure {}
