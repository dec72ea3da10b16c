//! Identity and hardware facts of interfaces, from the sysfs of their namespace.

use wire::record::Link;

use crate::failure::Result;
use crate::namespace::{Home, NamespacePlace};

/// What sysfs says of one interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    pub ifindex: u32,
    /// Inode of its directory: the same for the life of the kernel device, over rename and move.
    pub inode: u64,
    /// Negotiated speed of a port with hardware behind it, 0 where there is none or it is not known.
    pub speed_bits_per_second: u64,
    /// Driver of a port with hardware behind it, else empty.
    pub driver: String,
}

/// Looks up `links` of `place` (name and ifindex must both agree). A link that is gone or was renamed meanwhile is left out.
///
/// # Errors
/// [`crate::Kind::Refused`] when this process may not see that namespace's sysfs (fall back to [`wire::identity::Identity::Cookie`]);
/// [`crate::Kind::Gone`] when the namespace ended.
pub fn devices(_home: &Home, _place: &NamespacePlace, _links: &[&Link]) -> Result<Vec<Device>> {
    todo!()
}
