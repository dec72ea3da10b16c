"""The literal table of places: where a reason alone does not say whose affair a dropped packet is.

`NOT_SPECIFIED` is what the kernel says wherever nobody named a reason, of lost packets as of those that nobody wanted.
So it has a meaning only together with the function that dropped the packet; at any other place it is `loss` and told as
an event. Functions are those of Linux 5.17 to 6.18; where compilers inline one, the one around it is told, so several
stand for the same code. What the probe's README has a line for was made in namespaces; the rest is read from the
kernel's code.
"""

from __future__ import annotations

from collectors.drop.reasons import MEANINGS

UNSPECIFIED = "NOT_SPECIFIED"

_LOSS = (
    # A neighbour that does not answer (IPv6); a queue that was taken away with packets in it.
    *("neigh_invalidate", "ndisc_error_report", "arp_error_report"),
    *("__rtnl_unlock", "rtnl_kfree_skbs", "qdisc_reset", "qdisc_purge_queue"),
)
# A route of the kinds blackhole, prohibit and unreachable is there for no other purpose. Of IPv6 the kernel tells
# unreachable and no route alike.
_REFUSED_BY_ROUTE = ("ip_error", "dst_discard_out", "dst_discard")
# Port isolation, VLAN filters, states of ports, and frames whose way on would be the way that they came.
_REFUSED_BY_BRIDGE = ("br_handle_frame_finish", "br_handle_frame", "__br_forward", "br_forward", "br_allowed_ingress")
_ENDPOINT = (
    # What the host has no socket for, or a socket no use for: also broadcast and multicast that nobody listens to.
    *("__udp4_lib_rcv", "__udp6_lib_rcv", "udp_queue_rcv_one_skb", "udpv6_queue_rcv_one_skb", "udp_err", "udpv6_err"),
    *("tcp_v4_rcv", "tcp_v6_rcv", "tcp_v4_do_rcv", "tcp_v6_do_rcv", "tcp_rcv_state_process", "tcp_rcv_established"),
    *("tcp_data_queue", "tcp_validate_incoming", "tcp_disconnect", "tcp_write_queue_purge", "tcp_drop_reason"),
    *("sk_stream_kill_queues", "inet_csk_destroy_sock", "inet_sock_destruct", "skb_queue_purge_reason"),
    *("skb_queue_purge", "skb_release_head_state", "ping_rcv", "raw_rcv", "rawv6_rcv", "packet_rcv", "tpacket_rcv"),
    *("icmp_rcv", "icmpv6_rcv", "igmp_rcv", "ip_local_deliver_finish", "ip6_protocol_deliver_rcu"),
    # A tap whose reader went away.
    *("tun_queue_purge", "ptr_ring_cleanup", "tun_detach_all", "__tun_detach"),
)
_BENIGN = (
    # Multicast that this host did not join, which comes by with every neighbour's discovery.
    *("ip6_mc_input", "ip_rcv_finish_core", "ip_rcv_finish", "ip_list_rcv_finish", "ip_route_input_slow"),
    # Frames of the link itself that nobody here speaks.
    *("llc_rcv", "arp_rcv", "stp_pdu_rcv", "snap_rcv"),
    # Parts of a packet that is told itself, and a buffer that waited at a device which is taken away.
    *("skb_release_data", "netif_napi_add_weight_locked", "__netif_napi_del_locked", "__netif_napi_del"),
)
# Drivers give back by these what they sent as well as what they threw away; what they threw away is in their counters.
_BENIGN_OF_DRIVER = (
    *("dev_kfree_skb_any_reason", "__dev_kfree_skb_any", "dev_kfree_skb_any", "net_tx_action"),
    *("dev_kfree_skb_irq_reason", "__dev_kfree_skb_irq", "napi_consume_skb"),
)
# Every packet that these drop is in the interface's tx_dropped, or tx_errors.
_COUNTED_BY_SENDER = (
    *("__dev_queue_xmit", "__dev_direct_xmit", "validate_xmit_skb", "dev_hard_start_xmit", "sch_direct_xmit"),
    *("tun_net_xmit", "veth_xmit", "macvlan_start_xmit", "vlan_dev_hard_start_xmit"),
    *("vxlan_xmit", "vxlan_xmit_one", "vxlan_xmit_nh", "vxlan_mdb_xmit", "geneve_xmit", "loopback_xmit"),
)

PLACES: dict[tuple[str, str], tuple[str, str]] = {
    **{
        (reason, place): (drop_class, "device")
        for place in _COUNTED_BY_SENDER
        for reason, (drop_class, origin) in (*MEANINGS.items(), (UNSPECIFIED, ("loss", "core")))
        if drop_class == "loss" and origin == "core"
    },
    **{
        (UNSPECIFIED, place): meaning
        for places, meaning in (
            (_LOSS, ("loss", "core")),
            (_REFUSED_BY_ROUTE, ("denied", "core")),
            (_REFUSED_BY_BRIDGE, ("denied", "core")),
            (_ENDPOINT, ("endpoint", "core")),
            (_BENIGN, ("benign", "core")),
            (_BENIGN_OF_DRIVER, ("benign", "device")),
        )
        for place in places
    },
    # IPv6's prohibited route, which has the reason of a missing one.
    ("IP_INNOROUTES", "ip6_pkt_prohibit"): ("denied", "core"),
    ("IP_OUTNOROUTES", "ip6_pkt_prohibit_out"): ("denied", "core"),
}
"""Class and origin by reason and function, where they differ from the reason's own (`MEANINGS`)."""


def meanings() -> list[tuple[str, str, str, str]]:
    """Return all meanings as the probe takes them: reason, function or empty for any, class, origin."""
    return [
        *((reason, "", *meaning) for reason, meaning in MEANINGS.items()),
        *((reason, place, *meaning) for (reason, place), meaning in PLACES.items()),
    ]
