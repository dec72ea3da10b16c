//! Packets that sFlow exporters say they threw away, to rows.

use std::borrow::Cow;

use columns::generated::drops::Rows;
use wire::rows::{sampling_origin, source_kind};
use wire::sflow::{reason, Discard};

/// Append the row of one packet, which was seen at `vif_id`.
///
/// Each discarded packet is told, so the rate is 1; what the exporter could not tell is in its own count of drops.
pub(crate) fn push(rows: &mut Rows, vif_id: u64, discard: &Discard) {
    let why = reason(discard.reason_code);
    let packet = &discard.packet;
    let (src_port, dst_port) = packet.ip.ports.unwrap_or_default();
    rows.time.push(discard.received_ns);
    rows.vif_id.push(vif_id);
    rows.source_kind.push(Cow::Borrowed(
        source_kind::NAMES[usize::from(source_kind::SFLOW)],
    ));
    rows.exporter_address.push(discard.agent);
    rows.observation_domain_id.push(discard.sub_agent);
    rows.drop_class.push(Cow::Borrowed(why.class.name()));
    rows.reason.push(if discard.kernel_reason.is_empty() {
        Cow::Borrowed(why.name)
    } else {
        Cow::Owned(discard.kernel_reason.clone())
    });
    rows.reason_code.push(discard.reason_code);
    let place = [&discard.function, &discard.trap, &discard.access_list]
        .into_iter()
        .find(|place| !place.is_empty());
    rows.place
        .push(place.map_or(Cow::Borrowed(""), |place| Cow::Owned(place.clone())));
    rows.packets.push(1);
    rows.bytes.push(discard.bytes);
    rows.sampling_rate.push(1.0);
    rows.sampling_origin.push(Cow::Borrowed(
        sampling_origin::NAMES[usize::from(sampling_origin::ANNOUNCED)],
    ));
    rows.in_if_index.push(discard.in_if_index);
    rows.out_if_index.push(discard.out_if_index);
    rows.ether_type.push(packet.ether_type);
    rows.src_address.push(packet.ip.src_address);
    rows.dst_address.push(packet.ip.dst_address);
    rows.src_port.push(src_port);
    rows.dst_port.push(dst_port);
    rows.protocol.push(packet.ip.protocol);
    rows.src_mac.push(packet.src_mac);
    rows.dst_mac.push(packet.dst_mac);
    rows.src_vlan.push(packet.vlan.unwrap_or(0));
    rows.fill();
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_discarded_packet_is_a_row_with_its_class() {
        let mut rows = Rows::default();
        let discard = Discard {
            reason_code: 258,
            access_list: "guests".into(),
            bytes: 90,
            ..Discard::default()
        };
        push(&mut rows, 7, &discard);
        assert_eq!(
            (rows.drop_class[0].as_ref(), rows.reason[0].as_ref()),
            ("denied", "acl")
        );
        assert_eq!(rows.place[0], "guests");
        rows.into_batch().unwrap();
    }
}
