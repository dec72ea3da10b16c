//! What a file looks like that is no capture.

/// Beginnings of files, and what they are.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (
        b"\x1f\x8b",
        "it looks like gzip; unpack it first: gunzip -c FILE | viflux decode -",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "it looks like zstd; unpack it first: zstd -dc FILE | viflux decode -",
    ),
    (
        b"\xfd7zXZ\0",
        "it looks like xz; unpack it first: xz -dc FILE | viflux decode -",
    ),
    (
        b"BZh",
        "it looks like bzip2; unpack it first: bzip2 -dc FILE | viflux decode -",
    ),
    (
        b"\x04\x22\x4d\x18",
        "it looks like lz4; unpack it first: lz4 -dc FILE | viflux decode -",
    ),
    (b"PK\x03\x04", "it looks like a zip archive"),
    (b"\x7fELF", "it looks like a program or library (ELF)"),
    (
        b"snoop\0\0\0",
        "it looks like a snoop capture; convert it first: editcap -F pcapng FILE OUT",
    ),
    (b"ARROW1", "it looks like an Arrow file"),
    (b"\xff\xff\xff\xff", "it looks like an Arrow stream"),
    (b"PAR1", "it looks like Parquet"),
    (b"SQLite format 3", "it looks like an SQLite database"),
    (
        b"\x0c\xa5",
        "it looks like a file of nfdump; decode reads what exporters send, captured",
    ),
    (
        b"\xa5\x0c",
        "it looks like a file of nfdump; decode reads what exporters send, captured",
    ),
    (b"%PDF", "it looks like PDF"),
    (b"\x89PNG", "it looks like a PNG picture"),
    (
        b"\0\0\0\x05\0\0\0",
        "it looks like a bare sFlow datagram, outside of a capture",
    ),
    (
        b"\0\x05",
        "it looks like a bare NetFlow v5 datagram, outside of a capture",
    ),
    (
        b"\0\x09",
        "it looks like a bare NetFlow v9 datagram, outside of a capture",
    ),
    (
        b"\0\x0a",
        "it looks like a bare IPFIX message, outside of a capture",
    ),
];

/// Say in words what bytes look like.
pub fn of(beginning: &[u8]) -> &'static str {
    if let Some((_, kind)) = BEGINNINGS
        .iter()
        .find(|(magic, _)| beginning.starts_with(magic))
    {
        return kind;
    }
    if beginning.iter().all(|byte| *byte == 0) {
        return "it begins with zero bytes";
    }
    // A character may be cut at the end of what is looked at.
    let is_text = match std::str::from_utf8(beginning) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    let is_printable = |byte: &u8| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r');
    if is_text && beginning.iter().all(is_printable) {
        return if beginning.trim_ascii_start().starts_with(b"{") {
            "it looks like JSON"
        } else {
            "it looks like text"
        };
    }
    "it looks like nothing known"
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn files_are_told_by_their_beginning() {
        assert!(of(b"\x7fELF\x02\x01").contains("ELF"));
        assert!(of(b"\x1f\x8b\x08\0").contains("gunzip"));
        assert!(of(b" {\"a\": 1}\n").contains("JSON"));
        assert!(of(b"time,bytes\n").contains("text"));
        assert!(of(&"flüsse ü".as_bytes()[..9]).contains("text"));
        assert!(of(&[0; 100]).contains("zero"));
        assert!(of(&[0, 9, 0, 1, 0, 0]).contains("NetFlow v9"));
        assert!(of(&[0xd4, 0xc3, 0x80, 0xff]).contains("nothing known"));
    }
}
