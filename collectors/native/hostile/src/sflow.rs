//! sFlow datagrams.

use wire::sflow::{decode, Output};

use crate::check_fault;

/// One datagram, and then one that is cut in the middle, into the same output.
pub fn sflow(bytes: &[u8]) {
    let mut out = Output::default();
    for part in [bytes, &bytes[..bytes.len() / 2]] {
        let before = out.flows.rows;
        if let Err(fault) = decode(part, 1_795_000_000_000_000_000, &mut out) {
            check_fault(&fault, part.len());
            assert_eq!(
                out.flows.rows, before,
                "a row of a header that could not be read"
            );
        }
        assert_eq!(out.observed.len(), out.flows.rows);
        // A sample has 32 bytes before its first record.
        assert!(out.flows.rows - before <= part.len() / 32);
        for fault in out.faults.drain(..) {
            check_fault(&fault, part.len());
        }
    }
}
