//! Requests to nf_tables, as bytes; none changes anything. Each takes the sequence number that its answers will bear.

use crate::nftables::{NFT_GETCHAIN, NFT_GETGEN, NFT_GETRULE, NFT_GETSETELEM, NFT_GETTABLE};
use crate::request::{attribute, finished, message, NLM_F_DUMP, NLM_F_REQUEST};

const ALL_FAMILIES: u8 = 0;

/// The number of the ruleset's generation.
pub fn generation(sequence: u32) -> Vec<u8> {
    let fixed = nfgenmsg(ALL_FAMILIES);
    finished(message(NFT_GETGEN, NLM_F_REQUEST, sequence, &fixed))
}

/// All tables of all families.
pub fn tables(sequence: u32) -> Vec<u8> {
    dump(NFT_GETTABLE, sequence)
}

/// All chains of all families.
pub fn chains(sequence: u32) -> Vec<u8> {
    dump(NFT_GETCHAIN, sequence)
}

/// All rules of all families, those of a chain in their order.
pub fn rules(sequence: u32) -> Vec<u8> {
    dump(NFT_GETRULE, sequence)
}

/// The elements of one set or map.
pub fn elements(sequence: u32, family: u8, table: &str, set: &str) -> Vec<u8> {
    let fixed = nfgenmsg(family);
    let mut bytes = message(NFT_GETSETELEM, NLM_F_REQUEST | NLM_F_DUMP, sequence, &fixed);
    for (kind, name) in [(1, table), (2, set)] {
        attribute(&mut bytes, kind, &[name.as_bytes(), &[0]].concat());
    }
    finished(bytes)
}

fn dump(kind: u16, sequence: u32) -> Vec<u8> {
    let fixed = nfgenmsg(ALL_FAMILIES);
    finished(message(kind, NLM_F_REQUEST | NLM_F_DUMP, sequence, &fixed))
}

fn nfgenmsg(family: u8) -> [u8; 4] {
    [family, 0, 0, 0]
}
