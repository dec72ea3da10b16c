//! MPLS label stacks (RFC 3032 2).

use super::ethernet::{IP4, IP6};
use super::pseudowire::{self, Guess};
use super::view::{Problem, View};
use super::{Packet, MOST_LABELS};
use crate::rows::header_problem::{CUT_MPLS, TOO_MANY_LAYERS};

const BOTTOM: u32 = 0x100;
/// Labels that say what is below them (RFC 3032 2.1), and the one of the associated channel, which is no user's (RFC 5586 4).
const EXPLICIT_NULL_IP4: u32 = 0;
const EXPLICIT_NULL_IP6: u32 = 2;
const ASSOCIATED_CHANNEL: u32 = 13;

/// Read the labels from `offset` on into `packet`, and tell what is below the last: see [`pseudowire`], as labels do not say.
///
/// # Errors
/// The stack is cut, or too little is below it to tell; or it is deeper than [`MOST_LABELS`].
#[cold]
pub(super) fn read(view: View<'_>, first: usize, packet: &mut Packet) -> Result<Guess, Problem> {
    let mut offset = first;
    for kept in &mut packet.mpls_labels {
        let entry: &[u8; 4] = view.need(offset, CUT_MPLS)?;
        let entry = u32::from_be_bytes(*entry);
        let label = entry >> 12;
        *kept = label;
        packet.mpls_count += 1;
        offset += 4;
        if entry & BOTTOM != 0 {
            return match label {
                EXPLICIT_NULL_IP4 => Ok(Guess::Ip(IP4, offset)),
                EXPLICIT_NULL_IP6 => Ok(Guess::Ip(IP6, offset)),
                ASSOCIATED_CHANNEL => Ok(Guess::Nothing),
                _ => pseudowire::guess(view, offset),
            };
        }
    }
    debug_assert_eq!(usize::from(packet.mpls_count), MOST_LABELS);
    Problem::at(TOO_MANY_LAYERS, offset)
}
