//! `vif_id` and `link_id`: 64-bit ids as xxh3-64 (seed 0) of a versioned byte layout, all numbers little-endian.
//!
//! | layout | bytes |
//! |---|---|
//! | VIF by sysfs | `01 01`, machine id (16), boot id (16), inode (u64) |
//! | VIF by cookie | `01 02`, machine id (16), boot id (16), namespace cookie (u64), ifindex (u32), incarnation (u64) |
//! | link | `01 03`, the lower `vif_id` (u64), the higher `vif_id` (u64) |
//!
//! A hash of 0 becomes 1, since 0 means "none" in every column. Test vectors: `tests/vectors/vif_id.json`.

/// The host's boot that a VIF belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boot {
    /// `/etc/machine-id`.
    pub machine_id: [u8; 16],
    /// `/proc/sys/kernel/random/boot_id`.
    pub boot_id: [u8; 16],
}

/// What tells one kernel device from every other of a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Inode of the device's sysfs directory: survives rename and move.
    Sysfs { inode: u64 },
    /// Where sysfs cannot be read: the namespace's cookie, the ifindex, and how often that pair was born anew.
    Cookie {
        netns_cookie: u64,
        ifindex: u32,
        incarnation: u64,
    },
}

impl Identity {
    /// Name for the column `identity_origin`.
    pub fn origin(self) -> &'static str {
        match self {
            Identity::Sysfs { .. } => "sysfs",
            Identity::Cookie { .. } => "cookie",
        }
    }
}

/// Id of a VIF for the life of its kernel device.
pub fn vif_id(_boot: Boot, _identity: Identity) -> u64 {
    todo!()
}

/// Id of a veth pair, whichever end is named first.
pub fn link_id(_one_vif_id: u64, _other_vif_id: u64) -> u64 {
    todo!()
}
