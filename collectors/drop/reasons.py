"""The literal table of the kernel's drop reasons: whose affair each is, and who else counted the packet.

Numbers and names come from the running kernel; what is here by name is only what they mean. Names are those of enum
skb_drop_reason (include/net/dropreason-core.h) without the prefix, of Linux 5.17 to 6.18, and of parts that
have reasons of their own. Where the place says more than the reason, `collectors.drop.places` has it. What is in
neither is `loss`, for nothing says that the packet was not wanted, and is told as an event.
"""

from __future__ import annotations

CLASSES = ("loss", "denied", "endpoint", "benign")
"""`loss`: the network lost a packet that it should have carried, no buffer, no route, no neighbour, broken on the way.
`denied`: a rule refused it. `endpoint`: the host that it was for had no use for it. `benign`: it should go nowhere."""

ORIGINS = ("qdisc", "device", "core")
"""Who else counted it. `qdisc`: the queue of its interface, so that the root queue's drops have it; of an interface
without carrier, whose queue says the same, tx_dropped has it. `device`: its interface, in rx_dropped, tx_dropped or
tx_errors. `core`: none of its interface's counters."""

_LOSS = (
    # Broken on the way, or by who sent it.
    *("PKT_TOO_SMALL", "TCP_CSUM", "UDP_CSUM", "IP_CSUM", "ICMP_CSUM", "SKB_CSUM", "IP_INHDR", "HDR_TRUNC", "DEV_HDR"),
    *("IPV6_BAD_EXTHDR", "SKB_GSO_SEG", "VXLAN_INVALID_HDR", "IP_TUNNEL_ECN", "TUNNEL_TXINFO", "RECURSION_LIMIT"),
    *("CAN_RX_INVALID_FRAME", "CANFD_RX_INVALID_FRAME", "CANXL_RX_INVALID_FRAME"),
    # No way on.
    *("IP_OUTNOROUTES", "IP_INNOROUTES", "NEIGH_CREATEFAIL", "NEIGH_FAILED", "NEIGH_QUEUEFULL", "NEIGH_DEAD"),
    *("NEIGH_HH_FILLFAIL", "PKT_TOO_BIG", "NO_TX_TARGET", "VXLAN_VNI_NOT_FOUND", "DEV_READY"),
    *("FRAG_REASM_TIMEOUT", "FRAG_TOO_FAR"),
    # No room.
    *("PROTO_MEM", "NOMEM", "PFMEMALLOC"),
)
_DENIED = (
    *("NETFILTER_DROP", "IP_RPFILTER", "XFRM_POLICY", "BPF_CGROUP_EGRESS", "SECURITY_HOOK", "TC_EGRESS", "TC_INGRESS"),
    *("XDP", "TC_COOKIE_ERROR", "TC_CHAIN_NOTFOUND", "TC_RECLASSIFY_LOOP", "PSP_INPUT", "PSP_OUTPUT"),
    # Addresses that must not be on the wire.
    *(
        "IP_LOCAL_SOURCE",
        "IP_INVALID_SOURCE",
        "IP_LOCALNET",
        "IP_INVALID_DEST",
        "IP_INADDRERRORS",
        "MAC_INVALID_SOURCE",
    ),
    *("UNICAST_IN_L2_MULTICAST", "ARP_PVLAN_DISABLE", "OVS_DROP_EXPLICIT", "OVS_DROP_EXPLICIT_WITH_ERROR"),
    "OVS_DROP_METER",
)
_ENDPOINT = (
    *("NO_SOCKET", "SOCKET_CLOSE", "SOCKET_FILTER", "SOCKET_RCVBUFF", "SOCKET_BACKLOG", "PACKET_SOCK_ERROR"),
    *("IP_NOPROTO", "INVALID_PROTO", "IPV6DISABLED", "QUEUE_PURGE", "SKB_UCOPY_FAULT"),
    *("UNIX_DISCONNECT", "UNIX_SKIP_OOB"),
    *("TCP_AUTH_HDR", "TCP_MD5NOTFOUND", "TCP_MD5UNEXPECTED", "TCP_MD5FAILURE", "TCP_AONOTFOUND", "TCP_AOUNEXPECTED"),
    *("TCP_AOKEYNOTFOUND", "TCP_AOFAILURE", "TCP_FLAGS", "TCP_ABORT_ON_DATA", "TCP_ABORT_ON_LINGER", "TCP_ZEROWINDOW"),
    *("TCP_OLD_DATA", "TCP_OVERWINDOW", "TCP_OFOMERGE", "TCP_RFC7323_PAWS", "TCP_RFC7323_PAWS_ACK"),
    *("TCP_RFC7323_TW_PAWS", "TCP_RFC7323_TSECR", "TCP_LISTEN_OVERFLOW", "TCP_OLD_SEQUENCE", "TCP_INVALID_SEQUENCE"),
    *("TCP_INVALID_END_SEQUENCE", "TCP_INVALID_ACK_SEQUENCE", "TCP_RESET", "TCP_INVALID_SYN", "TCP_CLOSE"),
    *("TCP_FASTOPEN", "TCP_OLD_ACK", "TCP_TOO_OLD_ACK", "TCP_ACK_UNSENT_DATA", "TCP_OFO_QUEUE_PRUNE", "TCP_OFO_DROP"),
    *("TCP_MINTTL", "IPV6_NDISC_FRAG", "IPV6_NDISC_HOP_LIMIT", "IPV6_NDISC_BAD_CODE", "IPV6_NDISC_BAD_OPTIONS"),
)
_BENIGN = (
    *("OTHERHOST", "DUP_FRAG", "IPV6_NDISC_NS_OTHERHOST", "VXLAN_ENTRY_EXISTS", "LOCAL_MAC", "MAC_IEEE_MAC_CONTROL"),
    *("BRIDGE_INGRESS_STP_STATE", "OVS_DROP_LAST_ACTION"),
)
# Dropped by the queue itself, which says so in its own counter too.
_LOSS_OF_QUEUE = (
    *("QDISC_DROP", "QDISC_OVERLIMIT", "QDISC_CONGESTED", "CAKE_FLOOD", "FQ_BAND_LIMIT", "FQ_HORIZON_LIMIT"),
    *("FQ_FLOW_LIMIT", "DUALPI2_STEP_DROP"),
)
# The interface's own counter has them too.
_LOSS_OF_DEVICE = ("CPU_BACKLOG", "FULL_RING")
_DENIED_BY_DEVICE = ("TAP_FILTER", "TAP_TXFILTER")
_BENIGN_AT_DEVICE = ("UNHANDLED_PROTO",)

MEANINGS: dict[str, tuple[str, str]] = {
    name: (drop_class, origin)
    for names, drop_class, origin in (
        (_LOSS, "loss", "core"),
        (_DENIED, "denied", "core"),
        (_ENDPOINT, "endpoint", "core"),
        (_BENIGN, "benign", "core"),
        (_LOSS_OF_QUEUE, "loss", "qdisc"),
        (_LOSS_OF_DEVICE, "loss", "device"),
        (_DENIED_BY_DEVICE, "denied", "device"),
        (_BENIGN_AT_DEVICE, "benign", "device"),
    )
    for name in names
}
"""Class and origin of each reason, by its name."""
