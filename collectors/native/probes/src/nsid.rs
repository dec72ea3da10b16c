//! Namespace ids: the numbers by which the home namespace names others in link events.

use crate::failure::Result;
use crate::namespace::{Home, NamespacePlace};

/// The nsid of `place` in the home namespace, `None` where it has none.
///
/// # Errors
/// [`crate::Kind::Gone`] when the place ended.
pub fn get(_home: &Home, _place: &NamespacePlace) -> Result<Option<i32>> {
    todo!()
}

/// Gives `place` a nsid in the home namespace, or finds the one it has; asking again changes nothing. It stays until the
/// namespace ends (the kernel has no way to take it back).
///
/// # Errors
/// [`crate::Kind::Gone`] when the place ended; [`crate::Kind::Refused`] without CAP_NET_ADMIN.
pub fn assign(_home: &Home, _place: &NamespacePlace) -> Result<i32> {
    todo!()
}
