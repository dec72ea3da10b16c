//! RTM_NEWNSID and RTM_DELNSID: the number of one namespace in another (linux/net_namespace.h).

use crate::flaw::Result;
use crate::netlink::{after_fixed, attributes};

/// `struct rtgenmsg` is one byte; attributes begin at the next multiple of four.
const RTGENMSG: usize = 4;
const NETNSA_NSID: u16 = 1;
const NETNSA_CURRENT_NSID: u16 = 5;

/// What such a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nsid {
    /// NETNSA_NSID: the number in the namespace that was asked about; `None` where none is assigned.
    pub nsid: Option<i32>,
    /// NETNSA_CURRENT_NSID: the number of the same namespace in the asker's own, where one was asked for and is assigned.
    pub current: Option<i32>,
}

/// Reads the body of RTM_NEWNSID or RTM_DELNSID.
///
/// # Errors
/// A length does not fit.
pub fn nsid(body: &[u8]) -> Result<Nsid> {
    let mut nsid = Nsid {
        nsid: None,
        current: None,
    };
    for attribute in attributes(after_fixed(body, RTGENMSG, "rtgenmsg")?) {
        let attribute = attribute?;
        // -1 is NETNSA_NSID_NOT_ASSIGNED.
        match attribute.kind {
            NETNSA_NSID => {
                nsid.nsid = Some(attribute.i32("NETNSA_NSID")?).filter(|value| *value >= 0)
            }
            NETNSA_CURRENT_NSID => {
                nsid.current =
                    Some(attribute.i32("NETNSA_CURRENT_NSID")?).filter(|value| *value >= 0);
            }
            _ => {}
        }
    }
    Ok(nsid)
}
