//! `vif_id` and `link_id`: 64-bit ids as xxh3-64 (seed 0) of a versioned byte layout, all numbers little-endian.
//!
//! | layout | bytes |
//! |---|---|
//! | VIF by sysfs | `01 01`, machine id (16), boot id (16), inode (u64) |
//! | VIF by cookie | `01 02`, machine id (16), boot id (16), namespace cookie (u64), ifindex (u32), incarnation (u64) |
//! | link | `01 03`, the lower `vif_id` (u64), the higher `vif_id` (u64) |
//! | exported VIF | `01 04`, exporter address (16, IPv4 mapped into IPv6), observation domain (u32), ifIndex (u32), site (UTF-8, to the end) |
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

/// Version of the byte layout, the first byte of each.
const VERSION: u8 = 1;
const BY_SYSFS: u8 = 1;
const BY_COOKIE: u8 = 2;
const LINK: u8 = 3;
const EXPORTED: u8 = 4;

/// Id of a VIF for the life of its kernel device; never 0.
pub fn vif_id(boot: Boot, identity: Identity) -> u64 {
    let mut layout = Vec::with_capacity(54);
    layout.extend_from_slice(&[
        VERSION,
        if matches!(identity, Identity::Sysfs { .. }) {
            BY_SYSFS
        } else {
            BY_COOKIE
        },
    ]);
    layout.extend_from_slice(&boot.machine_id);
    layout.extend_from_slice(&boot.boot_id);
    match identity {
        Identity::Sysfs { inode } => layout.extend_from_slice(&inode.to_le_bytes()),
        Identity::Cookie {
            netns_cookie,
            ifindex,
            incarnation,
        } => {
            layout.extend_from_slice(&netns_cookie.to_le_bytes());
            layout.extend_from_slice(&ifindex.to_le_bytes());
            layout.extend_from_slice(&incarnation.to_le_bytes());
        }
    }
    hash(&layout)
}

/// Id of a veth pair, whichever end is named first; never 0.
pub fn link_id(one_vif_id: u64, other_vif_id: u64) -> u64 {
    let mut layout = Vec::with_capacity(18);
    layout.extend_from_slice(&[VERSION, LINK]);
    layout.extend_from_slice(&one_vif_id.min(other_vif_id).to_le_bytes());
    layout.extend_from_slice(&one_vif_id.max(other_vif_id).to_le_bytes());
    hash(&layout)
}

/// Id of an interface that only an exporter knows; never 0.
///
/// It lasts as long as the exporter keeps its address, its observation domain and the interface's number.
pub fn exported_vif_id(site: &str, exporter: [u8; 16], domain: u32, if_index: u32) -> u64 {
    const HEAD: usize = 26;
    let mut layout = [0; HEAD + 64];
    layout[..2].copy_from_slice(&[VERSION, EXPORTED]);
    layout[2..18].copy_from_slice(&exporter);
    layout[18..22].copy_from_slice(&domain.to_le_bytes());
    layout[22..HEAD].copy_from_slice(&if_index.to_le_bytes());
    let end = HEAD + site.len();
    if let Some(place) = layout.get_mut(HEAD..end) {
        place.copy_from_slice(site.as_bytes());
        return hash(&layout[..end]);
    }
    hash(&[&layout[..HEAD], site.as_bytes()].concat())
}

fn hash(layout: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(layout).max(1)
}
