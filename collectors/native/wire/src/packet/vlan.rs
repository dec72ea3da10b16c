//! VLAN tags, also stacked (IEEE 802.1Q 9.3 to 9.6, with the types that came before 802.1ad).

use super::view::{Problem, View};
use crate::rows::header_problem::{CUT_VLAN, TOO_MANY_LAYERS};

/// More tags than this are nobody's network.
pub(super) const MOST_TAGS: usize = 6;

/// VLAN ids of the first two tags, and the bytes of all.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tags {
    pub outer: Option<u16>,
    pub inner: Option<u16>,
    pub bytes: u8,
}

/// Whether a type is that of a tag: customer (802.1Q), service (802.1ad), and those that vendors used for stacks.
#[inline]
pub(super) fn is_tag(kind: u16) -> bool {
    matches!(kind, 0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300)
}

/// Step over the tags of which the first begins at `first`, behind its type: the type behind them and where that payload begins.
///
/// # Errors
/// A tag is cut, or there are more than [`MOST_TAGS`].
#[inline(always)]
pub(super) fn read(view: View<'_>, first: usize, tags: &mut Tags) -> Result<(u16, usize), Problem> {
    let mut offset = first;
    for depth in 0..MOST_TAGS {
        let &[high, low, kind_high, kind_low] = view.need(offset, CUT_VLAN)?;
        let id = u16::from_be_bytes([high, low]) & 0x0fff;
        match depth {
            0 => tags.outer = Some(id),
            1 => tags.inner = Some(id),
            _ => {}
        }
        tags.bytes += 4;
        offset += 4;
        let kind = u16::from_be_bytes([kind_high, kind_low]);
        if !is_tag(kind) {
            return Ok((kind, offset));
        }
    }
    Problem::at(TOO_MANY_LAYERS, offset)
}
