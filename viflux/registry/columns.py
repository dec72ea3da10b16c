"""The literal table of columns. A column is named here once; record kinds refer to it by name."""

from __future__ import annotations

from viflux.registry.column import Column, Type
from viflux.registry.conntrack import CONNTRACK, HOLDERS
from viflux.registry.cost import COST
from viflux.registry.exports import DROPS, EXPORTERS, HOSTS
from viflux.registry.flows import FLOWS, FLOWS_TIER, VNI
from viflux.registry.latency import LATENCY

_STATS64 = "struct rtnl_link_stats64 in linux/if_link.h"
_QDISC = "TCA_STATS2 of the root qdisc, linux/gen_stats.h"
_IFINFO = "RTM_NEWLINK, linux/rtnetlink.h and linux/if_link.h"
_AGENT = "agent"
_FRAME = "batch frame"
_SLIS = "slis"


def _counter(name: str, unit: str, meaning: str, source: str) -> tuple[Column, Column]:
    """A kernel counter is two columns: what was added in the interval, and the reading itself."""
    return (
        Column(name, Type.COUNT, unit, meaning, source),
        Column(f"{name}_total", Type.TOTAL, unit, f"Absolute reading of `{name}` at the end of the interval.", source),
    )


COMMON = (
    Column(
        "time", Type.TIME, "ns", "Start of the interval, or the instant; for flows the end of the interval.", _AGENT
    ),
    Column("duration_ns", Type.COUNT, "ns", "Length of the interval.", _AGENT),
    Column(
        "vif_id", Type.UINT64, "", "The VIF, for the life of its kernel device; 0 where a row is about none.", _AGENT
    ),
    Column("host", Type.LABEL, "", "Name of the host that the row is about.", _FRAME),
    Column("boot_id", Type.LABEL, "", "The host's boot, /proc/sys/kernel/random/boot_id.", _FRAME),
    Column("spool_id", Type.LABEL, "", "Random 128-bit id of the spool that the row came from, 32 hex digits.", _FRAME),
    Column("stream", Type.LABEL, "", "One record kind from one source, such as `counters.netlink`.", _FRAME),
    Column("sequence", Type.TOTAL, "", "Number of the row's batch in its stream, from 1, without holes.", _FRAME),
    Column(
        "received_time", Type.TIME, "ns", "When the agent closed the batch; of a flow, when its datagram came.", _FRAME
    ),
    Column(
        "time_origin",
        Type.LABEL,
        "",
        "`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].",
        "processor",
    ),
    Column("inserted_time", Type.TIME, "ns", "When the store took the row.", "store"),
)

INVENTORY = (
    Column("valid_from_time", Type.TIME, "ns", "Since when this state of the VIF holds.", _AGENT),
    Column(
        "change",
        Type.LABEL,
        "",
        "Why the row was written: `baseline`, `born`, `changed`, `renamed`, `moved`, `restated`, `gone`.",
        _AGENT,
    ),
    Column("identity_origin", Type.LABEL, "", "How `vif_id` was made: `sysfs`, `cookie` or `exporter`.", _AGENT),
    Column(
        "vif_key",
        Type.TEXT,
        "",
        "Lineage that lasts across reboots: host/namespace/ifname, or exported/site/address/domain/index.",
        _AGENT,
    ),
    Column("namespace", Type.LABEL, "", "Empty for the host's own, else its name, else `net:[inode]`.", "/run/netns"),
    Column("nsid", Type.INT32, "", "Namespace id in the host's namespace, -1 where it has none.", "RTM_GETNSID"),
    Column("ifname", Type.LABEL, "", "Interface name.", f"IFLA_IFNAME, {_IFINFO}"),
    Column("ifindex", Type.UINT32, "", "Interface index within its namespace.", f"ifi_index, {_IFINFO}"),
    Column(
        "kind",
        Type.LABEL,
        "",
        "veth, tap, tun, bridge, vxlan, macvlan, vlan, physical, loopback, exported, …",
        "IFLA_INFO_KIND",
    ),
    Column("side", Type.LABEL, "", "`workload`, `host`, `uplink`, `overlay`, `bridge` or `exported`.", _AGENT),
    Column("counting_point", Type.BOOL, "", "Whether wider scopes add this VIF up.", _AGENT),
    Column("link_id", Type.UINT64, "", "The same on both ends of a veth; 0 for a VIF without a peer.", _AGENT),
    Column(
        "peer_vif_id",
        Type.UINT64,
        "",
        "The other end of a veth; 0 for none or unknown.",
        "IFLA_LINK, IFLA_LINK_NETNSID",
    ),
    Column("parent_vif_id", Type.UINT64, "", "The device below (macvlan, vlan, vxlan); 0 for none.", "IFLA_LINK"),
    Column(
        "bridge_vif_id",
        Type.UINT64,
        "",
        "The bridge or other master that this VIF is a port of; 0 for none.",
        "IFLA_MASTER",
    ),
    VNI,
    Column("vlan_id", Type.UINT16_OR_NULL, "", "VLAN identifier.", "IFLA_VLAN_ID, IEEE 802.1Q"),
    Column("mac_address", Type.LABEL, "", "Hardware address, aa:bb:cc:dd:ee:ff; empty for none.", "IFLA_ADDRESS"),
    Column("addresses", Type.ADDRESSES, "", "Addresses, IPv4 mapped into IPv6.", "RTM_NEWADDR, IFA_LOCAL, IFA_ADDRESS"),
    Column("prefix_lengths", Type.LENGTHS, "", "Prefix length of each of `addresses`.", "ifa_prefixlen"),
    Column("mtu_bytes", Type.UINT32, "bytes", "Maximum transmission unit.", "IFLA_MTU"),
    Column("is_up", Type.BOOL, "", "Administratively up.", "IFF_UP"),
    Column(
        "operstate",
        Type.LABEL,
        "",
        "unknown, notpresent, down, lowerlayerdown, testing, dormant or up.",
        "RFC 2863, IFLA_OPERSTATE",
    ),
    Column("has_carrier", Type.BOOL, "", "Carrier is present.", "IFLA_CARRIER"),
    Column(
        "link_speed_bits_per_second",
        Type.UINT64,
        "bit/s",
        "Speed of a physical or exported port; 0 for unknown and for virtual kinds, whose speed is fiction.",
        "/sys/class/net/*/speed",
    ),
    Column(
        "provisioned_rate_bits_per_second",
        Type.UINT64,
        "bit/s",
        "Rate that the VIF was promised; 0 for unknown.",
        "TCA_TBF_PARMS, TCA_HTB_PARMS, alias, settings or the link's speed",
    ),
    Column(
        "provisioned_rate_origin",
        Type.LABEL,
        "",
        "`alias`, `tbf`, `htb`, `link_speed`, or empty where the rate is unknown.",
        _AGENT,
    ),
    Column("qdisc", Type.LABEL, "", "Kind of the root queue.", "TCA_KIND"),
    Column("alias", Type.TEXT, "", "Interface alias as set by the operator.", "IFLA_IFALIAS"),
    Column("driver", Type.LABEL, "", "Driver of a physical port.", "/sys/class/net/*/device/driver"),
    Column(
        "workload",
        Type.LABEL,
        "",
        "Container id, pod uid or VM behind the VIF; empty for unknown.",
        "cgroup, command line",
    ),
    Column("owner", Type.LABEL, "", "Who is told when this VIF hurts.", "orchestrator, alias `owner=`"),
    Column("tenant", Type.LABEL, "", "Whose traffic it carries.", "orchestrator, alias `tenant=`"),
    Column("service", Type.LABEL, "", "The service that it belongs to.", "orchestrator, alias `service=`"),
    Column(
        "criticality", Type.LABEL, "", "How much it matters, such as `critical`.", "orchestrator, alias `criticality=`"
    ),
    Column("born_time", Type.TIME_OR_NULL, "ns", "When the device was made; null where nobody saw it.", _AGENT),
    Column("gone_time", Type.TIME_OR_NULL, "ns", "When the device ended; null while it lives.", _AGENT),
)

COUNTERS = (
    Column("delta_kind", Type.LABEL, "", "`clean`, `wrap`, `reset`, `new` or `gap`.", _AGENT),
    *_counter("rx_packets", "packets", "Packets received, as the interface counts them (GSO counts once).", _STATS64),
    *_counter("tx_packets", "packets", "Packets sent, as the interface counts them (GSO counts once).", _STATS64),
    *_counter("rx_bytes", "bytes", "Bytes received.", _STATS64),
    *_counter("tx_bytes", "bytes", "Bytes sent.", _STATS64),
    *_counter("rx_errors_packets", "packets", "Receive errors of all kinds.", _STATS64),
    *_counter("tx_errors_packets", "packets", "Send errors of all kinds.", _STATS64),
    *_counter(
        "rx_dropped_packets", "packets", "Received and not handed on; includes frames of unhandled types.", _STATS64
    ),
    *_counter("tx_dropped_packets", "packets", "Dropped by the device on the way out.", _STATS64),
    *_counter("rx_missed_packets", "packets", "Missed by the device for want of buffers.", _STATS64),
    *_counter("rx_nohandler_packets", "packets", "Dropped for an inactive device.", _STATS64),
    *_counter("multicast_packets", "packets", "Multicast packets received.", _STATS64),
    *_counter("qdisc_packets", "packets", "Packets that left the root queue.", _QDISC),
    *_counter("qdisc_bytes", "bytes", "Bytes that left the root queue.", _QDISC),
    *_counter("qdisc_dropped_packets", "packets", "Packets that the root queue dropped.", _QDISC),
    *_counter("qdisc_overlimits_count", "events", "Times that the root queue held a packet back.", _QDISC),
    *_counter("qdisc_requeues_count", "events", "Packets that the device gave back to the root queue.", _QDISC),
    Column("qdisc_backlog_bytes", Type.COUNT, "bytes", "Bytes waiting in the root queue at the end.", _QDISC),
    Column("qdisc_backlog_packets", Type.COUNT, "packets", "Packets waiting in the root queue at the end.", _QDISC),
)

EVENTS = (
    Column("event", Type.LABEL, "", "What happened, such as `agent_started` or `resync_corrected`.", _AGENT),
    Column("subject", Type.TEXT, "", "What it happened to, in words: a VIF's key, a namespace, a stream.", _AGENT),
    Column("detail", Type.TEXT, "", "One sentence for a person.", _AGENT),
    Column("event_count", Type.UINT64, "events", "How many such things this row stands for.", _AGENT),
)

LEDGER = (
    Column("stage", Type.LABEL, "", "Who wrote the row: `agent` or `processor`.", _AGENT),
    Column("of_stream", Type.LABEL, "", "The stream that the row accounts for.", _AGENT),
    Column("in_rows_count", Type.COUNT, "rows", "Rows that came in.", _AGENT),
    Column("out_rows_count", Type.COUNT, "rows", "Rows that were handed on.", _AGENT),
    Column("out_bytes", Type.COUNT, "bytes", "Encoded bytes that were handed on.", _AGENT),
    Column(
        "batches_count",
        Type.COUNT,
        "batches",
        "Batches that the row accounts for: those up to `through_sequence`, without a hole.",
        _AGENT,
    ),
    Column(
        "through_sequence",
        Type.TOTAL,
        "",
        "Newest batch of the stream when the row was made; `watermark_time` holds once it is stored. 0 for unknown.",
        _AGENT,
    ),
    Column(
        "of_spool_id",
        Type.LABEL,
        "",
        "Spool whose batches the row accounts for; empty where it is the row's own.",
        "processor",
    ),
    Column("lost_rows_count", Type.COUNT, "rows", "Rows that are known to be lost; see `lost_rows_origin`.", _AGENT),
    Column(
        "lost_rows_origin",
        Type.LABEL,
        "",
        "`counted`; `estimated` from the mean of others; `at_most`; `unknown` where only batches are known.",
        _AGENT,
    ),
    Column(
        "lost_batches_count",
        Type.COUNT,
        "batches",
        "Batches that are known to be lost; of flow exports whole datagrams.",
        _AGENT,
    ),
    Column(
        "lost_through_sequence",
        Type.TOTAL,
        "",
        "Newest of the lost batches, which have no hole; 0 where the loss is not one of batches on their way.",
        _AGENT,
    ),
    Column("cause", Type.LABEL, "", "Why they were lost, such as `spool_evicted`; empty where none was.", _AGENT),
    Column("watermark_time", Type.TIME, "ns", "All events of the stream before this instant were handed on.", _AGENT),
    Column("first_event_time", Type.TIME, "ns", "Earliest event time among the rows; the epoch for none.", _AGENT),
    Column("last_event_time", Type.TIME, "ns", "Latest event end among the rows; the epoch for none.", _AGENT),
)

SLI = (
    Column("window_seconds", Type.UINT32, "s", "Length of the window.", _SLIS),
    Column("sli", Type.LABEL, "", "Id in the catalogue, `M1` and so on.", _SLIS),
    Column("part", Type.LABEL, "", "Which figure of the SLI.", _SLIS),
    Column("scope", Type.LABEL, "", "`vif`, `service`, `tenant`, `owner`, `host`, `uplink` or `fleet`.", _SLIS),
    Column("scope_key", Type.TEXT, "", "Which one; for `vif` its 16 hex digits.", _SLIS),
    Column("numerator", Type.FLOAT64_OR_NULL, "", "Sum of bad or measured units.", _SLIS),
    Column("denominator", Type.FLOAT64_OR_NULL, "", "Sum of units that it is compared with.", _SLIS),
    Column("value", Type.FLOAT64_OR_NULL, "", "The figure; null where it is not known, and `reason` says why.", _SLIS),
    Column(
        "value_lower",
        Type.FLOAT64_OR_NULL,
        "",
        "Lower bound of the value; equal to it where nothing was sampled.",
        _SLIS,
    ),
    Column(
        "value_upper",
        Type.FLOAT64_OR_NULL,
        "",
        "Upper bound of the value; equal to it where nothing was sampled.",
        _SLIS,
    ),
    Column("completeness_ratio", Type.FLOAT64, "ratio", "Share of the expected data that arrived, 0 to 1.", _SLIS),
    Column(
        "samples_count",
        Type.COUNT,
        "packets",
        "Exported packets behind the numerator, before scaling; 0 where nothing was sampled.",
        _SLIS,
    ),
    Column(
        "reason",
        Type.LABEL,
        "",
        "Why `value` is null, or why packets were dropped; empty where nothing is to be said.",
        _SLIS,
    ),
    Column("definition_version", Type.UINT32, "", "Version of the SLI's definition.", _SLIS),
    Column("data_revision", Type.UINT64, "", "How many hand-overs touched the window when it was computed.", _SLIS),
    Column("computed_time", Type.TIME, "ns", "When it was computed.", _SLIS),
)

TIER = (
    Column(
        "touched_minutes",
        Type.TAGS,
        "min",
        "Minutes since the epoch whose tiers the rows that were handed on belong to; empty for kinds without tiers.",
        "processor",
    ),
    Column(
        "revision",
        Type.UINT64,
        "",
        "How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer's.",
        "processor",
    ),
    Column("vanished", Type.BOOL, "", "An earlier fill of the window had the row and the newest has not.", "processor"),
    Column("covered_ns", Type.COUNT, "ns", "Time that clean readings cover.", "processor"),
    Column("gap_ns", Type.COUNT, "ns", "Time that only `gap` and `reset` rows cover.", "processor"),
    Column("rows_count", Type.COUNT, "rows", "Raw rows behind the row.", "processor"),
    Column("rx_bytes_per_second_max", Type.FLOAT64, "bytes/s", "Highest clean reading's receive rate.", "processor"),
    Column("tx_bytes_per_second_max", Type.FLOAT64, "bytes/s", "Highest clean reading's send rate.", "processor"),
    Column("qdisc_backlog_bytes_max", Type.COUNT, "bytes", "Longest backlog seen at a reading.", "processor"),
)


def once(*groups: tuple[Column, ...]) -> dict[str, Column]:
    """Return the columns by name; two groups may share one, but a name has one meaning only."""
    named: dict[str, Column] = {}
    for column in (column for group in groups for column in group):
        if named.setdefault(column.name, column) != column:
            raise ValueError(f"column {column.name} is in the registry twice, with different meanings")
    return named


COLUMNS: dict[str, Column] = once(
    COMMON,
    INVENTORY,
    COUNTERS,
    EVENTS,
    LEDGER,
    SLI,
    TIER,
    FLOWS,
    FLOWS_TIER,
    DROPS,
    LATENCY,
    HOSTS,
    COST,
    CONNTRACK,
    HOLDERS,
    EXPORTERS,
)
