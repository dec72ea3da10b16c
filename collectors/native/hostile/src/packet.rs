//! Sampled headers.

use wire::packet::{decode, write, Link};
use wire::rows::Flows;

/// The first byte says what the link is, the rest is the header.
pub fn packet(bytes: &[u8]) {
    let Some((link, header)) = bytes.split_first() else {
        return;
    };
    let link = [Link::Ethernet, Link::Ipv4, Link::Ipv6, Link::Mpls][usize::from(link & 3)];
    let found = decode(link, header);
    assert!(usize::from(found.problem_offset) <= header.len());
    assert!(usize::from(found.mpls_count) <= found.mpls_labels.len());
    let mut flows = Flows {
        rows: 1,
        ..Flows::default()
    };
    write(&found, 0, &mut flows);
    // What is read of a piece is read of the whole too: addresses are never made up.
    let half = decode(link, &header[..header.len() / 2]);
    if half.ip.version != 0 && half.problem == 0 {
        assert_eq!(half.ip.version, found.ip.version);
        assert_eq!(half.ip.src_address, found.ip.src_address);
    }
}
