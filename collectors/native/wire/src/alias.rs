//! Labels in an interface's alias: `owner=web;service=shop;tenant=blue;criticality=critical;rate=100mbit`.

/// What an alias says. Unknown keys and broken pairs are passed over: an alias is free text that others use too.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Labels {
    pub owner: String,
    pub service: String,
    pub tenant: String,
    pub criticality: String,
    /// `rate=`, in bits per second.
    pub rate_bits_per_second: Option<u64>,
}

/// Reads `key=value` pairs between semicolons; blanks around keys and values do not count, the first of two equal keys holds.
pub fn labels(_alias: &str) -> Labels {
    todo!()
}

/// Reads a rate as `tc` writes it: a number and one of `bit`, `kbit`, `mbit`, `gbit`, `tbit` (powers of 1000), `kibit` … (powers
/// of 1024), or `bps`, `kbps`, … for bytes per second; a bare number is bits per second. Upper and lower case are equal.
pub fn rate_bits_per_second(_text: &str) -> Option<u64> {
    todo!()
}
