//! Who this host is.

use crate::failure::Result;

/// `/etc/machine-id` (or D-Bus's copy), 16 bytes.
///
/// # Errors
/// Neither file can be read, or what it holds is not 32 hex digits.
pub fn machine_id() -> Result<[u8; 16]> {
    todo!()
}

/// `/proc/sys/kernel/random/boot_id`, 16 bytes.
///
/// # Errors
/// The file cannot be read.
pub fn boot_id() -> Result<[u8; 16]> {
    todo!()
}
