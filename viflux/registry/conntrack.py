"""Connection tracking: columns of `hosts`, of which a row is one namespace over one interval, and of `holders`."""

from __future__ import annotations

from viflux.registry.column import Column, Type

_STATS = "IPCTNL_MSG_CT_GET_STATS"
_CPU = "IPCTNL_MSG_CT_GET_STATS_CPU, linux/netfilter/nfnetlink_conntrack.h"
_DUMP = "IPCTNL_MSG_CT_GET, linux/netfilter/nfnetlink_conntrack.h"

ENTRIES = Column(
    "conntrack_entries_count",
    Type.COUNT_OR_NULL,
    "entries",
    "Connections that the namespace's table held at the last reading.",
    f"CTA_STATS_GLOBAL_ENTRIES, {_STATS}",
)

CONNTRACK = (
    ENTRIES,
    Column(
        "conntrack_peak_count",
        Type.COUNT_OR_NULL,
        "entries",
        "Most of them at a reading of the interval; `conntrack_readings_count` says how many readings there were.",
        f"CTA_STATS_GLOBAL_ENTRIES, {_STATS}",
    ),
    Column(
        "conntrack_max_count",
        Type.COUNT_OR_NULL,
        "entries",
        "How many it may hold, 0 for no limit; null where the kernel does not tell. It is the host's setting "
        "`net.netfilter.nf_conntrack_max`, which the kernel holds against each namespace's own number.",
        f"CTA_STATS_GLOBAL_MAX_ENTRIES, {_STATS}",
    ),
    Column(
        "conntrack_readings_count",
        Type.COUNT_OR_NULL,
        "readings",
        "How often the number of entries was read in the interval, about once a second; less on a host with more "
        "namespaces than can be asked in 2 ms.",
        "agent",
    ),
    Column(
        "conntrack_growth_per_second",
        Type.FLOAT64_OR_NULL,
        "entries/s",
        "How fast the number of entries grew, by a straight line through the readings; null with less than three.",
        "agent",
    ),
    Column(
        "conntrack_full_seconds",
        Type.FLOAT64_OR_NULL,
        "s",
        "How long until the table is full, at that growth; 0 for full, null where it does not grow or has no limit.",
        "agent",
    ),
    Column(
        "conntrack_dropped_packets",
        Type.COUNT_OR_NULL,
        "packets",
        "Packets dropped, for the table was full and nothing could be thrown out of it; null of the first interval.",
        f"CTA_STATS_DROP, {_CPU}",
    ),
    Column(
        "conntrack_early_dropped_count",
        Type.COUNT_OR_NULL,
        "entries",
        "Entries thrown out of the full table to make room for others; null of the first interval.",
        f"CTA_STATS_EARLY_DROP, {_CPU}",
    ),
    Column(
        "conntrack_insert_failed_packets",
        Type.COUNT_OR_NULL,
        "packets",
        "Packets dropped, for an entry with the same addresses came into the table just before; null of the first "
        "interval. It happens to two packets of one connection at once and is no sign of a full table.",
        f"CTA_STATS_INSERT_FAILED, {_CPU}",
    ),
    Column(
        "conntrack_invalid_packets",
        Type.COUNT_OR_NULL,
        "packets",
        "Packets that belong to no connection that could be; null of the first interval.",
        f"CTA_STATS_INVALID, {_CPU}",
    ),
)

HOLDERS = (
    Column("holder", Type.LABEL, "", "What the row is about: `vif` or `address`.", "agent"),
    Column(
        "holder_address",
        Type.ADDRESS,
        "",
        "Source of the connections' first packets, before any translation; `::` of a row about a VIF.",
        f"CTA_TUPLE_ORIG, {_DUMP}",
    ),
    Column(
        "holder_reach",
        Type.LABEL,
        "",
        "How the VIF was found: the address is of one of the namespace's `own` interfaces, or of one whose `link` ends "
        "in it, or of the `only` one of the host that has it. `ambiguous` where several have it and `unknown` where "
        "none has: there `vif_id` is 0.",
        "agent",
    ),
    Column("conntrack_zone", Type.UINT16, "", "Zone of the connections; 0 where there are none.", f"CTA_ZONE, {_DUMP}"),
    Column("held_count", Type.COUNT, "entries", "Connections of this holder among those that were seen.", _DUMP),
    Column(
        "seen_count",
        Type.COUNT,
        "entries",
        "Connections that were seen: all of the namespace's, or as many as the time sufficed for. They come in the "
        "order of a hash with a secret key, so that shares of a part are near those of the whole.",
        _DUMP,
    ),
)
