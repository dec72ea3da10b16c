//! Every parser of foreign bytes as a function of bytes. Each panics where something does not hold that must hold for any
//! input; the fuzzer looks for such input, and the tests replay what it found interesting.
// A property that does not hold has to stop the fuzzer.
#![allow(clippy::panic)]
#![forbid(unsafe_code)]

mod capture;
mod decoder;
mod netflow;
mod packet;
mod sflow;

pub use capture::capture;
pub use decoder::{decoder, state};
pub use netflow::netflow;
pub use packet::packet;
pub use sflow::sflow;

/// A parser and what must hold for it.
pub type Target = fn(&[u8]);

/// Name, as of the fuzz target and the folder of its corpus, and function.
pub const TARGETS: [(&str, Target); 6] = [
    ("packet", packet),
    ("sflow", sflow),
    ("netflow", netflow),
    ("capture", capture),
    ("decoder", decoder),
    ("state", state),
];

/// Pieces that each have their length, as two bytes of the network, before them; a last one may be cut.
fn pieces(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (piece, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
        bytes = rest;
        Some(piece)
    })
}

/// A fault lies within the bytes that it is about.
fn check_fault(fault: &wire::fault::Fault, length: usize) {
    assert!(fault.offset <= length, "{fault} of {length} bytes");
    assert!(
        fault.needed == 0
            || fault.reason != wire::fault::Reason::Short
            || fault.needed > fault.present,
        "{fault}"
    );
}
