//! Who this host is.

use std::fs;

use crate::failure::{Failure, Kind, Result};

const MACHINE_ID: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// `/etc/machine-id` (or D-Bus's copy), 16 bytes.
///
/// # Errors
/// Neither file can be read, or what it holds is not 32 hex digits.
pub fn machine_id() -> Result<[u8; 16]> {
    MACHINE_ID
        .iter()
        .find_map(|path| sixteen_bytes(&fs::read_to_string(path).ok()?))
        .ok_or_else(|| {
            Failure::new(
                Kind::Unsupported,
                "no machine id of 32 hex digits in /etc/machine-id",
            )
        })
}

/// `/proc/sys/kernel/random/boot_id`, 16 bytes.
///
/// # Errors
/// The file cannot be read.
pub fn boot_id() -> Result<[u8; 16]> {
    let text = fs::read_to_string(BOOT_ID).map_err(|error| Failure::from_io(&error, BOOT_ID))?;
    sixteen_bytes(&text)
        .ok_or_else(|| Failure::new(Kind::Malformed, format!("{BOOT_ID} is no UUID")))
}

/// 32 hex digits, with or without dashes.
fn sixteen_bytes(text: &str) -> Option<[u8; 16]> {
    let digits: String = text
        .trim()
        .chars()
        .filter(|character| *character != '-')
        .collect();
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(&digits, 16)
        .ok()
        .map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::sixteen_bytes;

    #[test]
    fn ids_are_read_with_and_without_dashes() {
        let expected = Some([
            0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ]);
        assert_eq!(
            sixteen_bytes("0123456789abcdef0000000000000010\n"),
            expected
        );
        assert_eq!(
            sixteen_bytes("01234567-89ab-cdef-0000-000000000010\n"),
            expected
        );
        for broken in [
            "",
            "uninitialized",
            "+123456789abcdef0000000000000010",
            "0123456789abcdef00000000000000100",
        ] {
            assert_eq!(sixteen_bytes(broken), None, "{broken}");
        }
    }
}
