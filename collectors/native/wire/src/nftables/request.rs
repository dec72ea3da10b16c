//! Requests to nf_tables, as bytes; none changes anything. Each takes the sequence number that its answers will bear.

use crate::netlink::aligned;
use crate::nftables::{NFT_GETCHAIN, NFT_GETGEN, NFT_GETRULE, NFT_GETSETELEM, NFT_GETTABLE};

const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
const ALL_FAMILIES: u8 = 0;

/// The number of the ruleset's generation.
pub fn generation(sequence: u32) -> Vec<u8> {
    message(NFT_GETGEN, NLM_F_REQUEST, sequence, ALL_FAMILIES, &[])
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

/// The rules of one chain.
pub fn rules_of(sequence: u32, family: u8, table: &str, chain: &str) -> Vec<u8> {
    let flags = NLM_F_REQUEST | NLM_F_DUMP;
    message(
        NFT_GETRULE,
        flags,
        sequence,
        family,
        &[(1, table), (2, chain)],
    )
}

/// The elements of one set or map.
pub fn elements(sequence: u32, family: u8, table: &str, set: &str) -> Vec<u8> {
    let flags = NLM_F_REQUEST | NLM_F_DUMP;
    message(
        NFT_GETSETELEM,
        flags,
        sequence,
        family,
        &[(1, table), (2, set)],
    )
}

fn dump(kind: u16, sequence: u32) -> Vec<u8> {
    message(
        kind,
        NLM_F_REQUEST | NLM_F_DUMP,
        sequence,
        ALL_FAMILIES,
        &[],
    )
}

fn message(kind: u16, flags: u16, sequence: u32, family: u8, names: &[(u16, &str)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(&flags.to_ne_bytes());
    bytes.extend_from_slice(&sequence.to_ne_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&[family, 0, 0, 0]);
    for (kind, name) in names {
        // Names of nf_tables have less than 256 bytes.
        let length = 4 + name.len() + 1;
        bytes.extend_from_slice(&(length as u16).to_ne_bytes());
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
        bytes.resize(aligned(bytes.len()), 0);
    }
    let length = bytes.len() as u32;
    bytes[0..4].copy_from_slice(&length.to_ne_bytes());
    bytes
}
