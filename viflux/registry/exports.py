"""The columns of `drops`, `hosts` and `exporters`: what exporters tell beside flows, and what is known of exporters."""

from __future__ import annotations

from viflux.registry.column import Column, Type

_DISCARD = "discarded_packet (0:5) of sFlow v5, sflow_drops.txt"
_PROBE = "probe drop"
_RULES = "nf_tables of the running kernel"
_HOST = "sFlow host structures, sflow_host.txt"
_LISTENER = "listener"
_EXPORTS = "decoder of exports"

DROPS = (
    Column(
        "drop_class",
        Type.LABEL,
        "",
        "`loss`, `denied`, `endpoint` or `benign`; only `loss` is packet loss of the network.",
        f"{_EXPORTS}; {_PROBE}",
    ),
    Column(
        "drop_origin",
        Type.LABEL,
        "",
        "Who else counted it: `qdisc` its interface's queue, `device` its interface, `core` none; empty for not told.",
        _PROBE,
    ),
    Column(
        "reason_code",
        Type.UINT32,
        "",
        "The reason's number as it was told.",
        f"{_DISCARD}; enum skb_drop_reason of the running kernel",
    ),
    Column(
        "place",
        Type.LABEL,
        "",
        "Where in the packet's path it was dropped; empty for not told.",
        f"{_DISCARD}; the kernel's function",
    ),
    Column(
        "rule_attribution",
        Type.LABEL,
        "",
        "How the rule of nftables that dropped it is known: `exact` no other can have, `counter` of all that can have "
        "its counter alone moved; or why it is not: `ambiguous` several can have, `changed` rules were changed "
        "meanwhile, `unread` they could not be read, `none` no rule of nftables can have. Empty for what netfilter did "
        "not drop.",
        _RULES,
    ),
    Column("rule_family", Type.LABEL, "", "Family of the rule's table: `inet`, `ip`, `ip6`, `bridge`, ….", _RULES),
    Column("rule_table", Type.LABEL, "", "Table of the rule that dropped it; empty where none is known.", _RULES),
    Column("rule_chain", Type.LABEL, "", "Its chain.", _RULES),
    Column("rule_handle", Type.UINT64, "", "Its handle in the table; 0 for the policy of the chain.", _RULES),
    Column("rule_comment", Type.LABEL, "", "What its maker wrote beside it.", _RULES),
    Column("rule_log_prefix", Type.LABEL, "", "What it writes before a packet's line in a log.", _RULES),
    Column(
        "rule_candidates",
        Type.LABEL,
        "",
        "Where it is not known which rule it was: those that it can have been, some of them where they are many.",
        _RULES,
    ),
)

HOSTS = (
    Column("host_name", Type.LABEL, "", "Name that the host gives itself.", f"host_descr (0:2000), {_HOST}"),
    Column("operating_system", Type.LABEL, "", "Operating system and its release.", f"host_descr (0:2000), {_HOST}"),
    Column("cpu_count", Type.UINT32, "CPUs", "Processors; 0 for not told.", f"host_cpu (0:2003), {_HOST}"),
    Column(
        "cpu_busy_ratio",
        Type.FLOAT64_OR_NULL,
        "ratio",
        "Share of all processors' time that was not idle in the interval; null for the first reading.",
        f"host_cpu (0:2003), {_HOST}",
    ),
    *(
        Column(
            f"load_{minutes}m",
            Type.FLOAT64_OR_NULL,
            "processes",
            f"Load average of {words}.",
            f"host_cpu (0:2003), {_HOST}",
        )
        for minutes, words in ((1, "one minute"), (5, "five minutes"), (15, "fifteen minutes"))
    ),
    *(
        Column(name, Type.COUNT, "bytes", f"{meaning}; 0 for not told.", f"host_memory (0:2004), {_HOST}")
        for name, meaning in (
            ("memory_total_bytes", "Main memory"),
            ("memory_free_bytes", "Free main memory"),
            ("memory_buffers_bytes", "Main memory in buffers"),
            ("memory_cached_bytes", "Main memory in the page cache"),
            ("swap_total_bytes", "Swap space"),
            ("swap_free_bytes", "Free swap space"),
        )
    ),
    Column("uptime_seconds", Type.UINT32_OR_NULL, "s", "Time since the host started.", f"host_cpu (0:2003), {_HOST}"),
)

EXPORTERS = (
    Column("listener", Type.LABEL, "", "Address and port that the datagrams came in at.", _LISTENER),
    Column("exporter_port", Type.UINT16, "", "Port that the datagrams came from; 0 where it may vary.", _LISTENER),
    Column("exporter_name", Type.LABEL, "", "What the settings call it; empty for nothing.", "exporters.known"),
    Column("received_datagrams_count", Type.COUNT, "datagrams", "Datagrams received, decoded or not.", _LISTENER),
    Column("received_bytes", Type.COUNT, "bytes", "Bytes of these datagrams, without UDP and IP headers.", _LISTENER),
    Column("decoded_datagrams_count", Type.COUNT, "datagrams", "Datagrams decoded whole.", _EXPORTS),
    Column(
        "refused_datagrams_count",
        Type.COUNT,
        "datagrams",
        "Datagrams of exporters that `exporters.allow` does not name.",
        _LISTENER,
    ),
    Column("undecodable_datagrams_count", Type.COUNT, "datagrams", "Datagrams that are no export, or cut.", _EXPORTS),
    Column(
        "parked_datagrams_count",
        Type.COUNT,
        "datagrams",
        "Datagrams that wait for a template or a sampling rate, at the end of the interval.",
        _EXPORTS,
    ),
    Column(
        "parked_dropped_datagrams_count",
        Type.COUNT,
        "datagrams",
        "Datagrams that waited in vain, or for which there was no room to wait.",
        _EXPORTS,
    ),
    Column("shed_packets", Type.COUNT, "packets", "Datagrams shed so that others are not delayed.", _LISTENER),
    Column("flows_count", Type.COUNT, "flows", "Flow rows made.", _EXPORTS),
    Column("unknown_rate_flows_count", Type.COUNT, "flows", "Flow rows of an unknown sampling rate.", _EXPORTS),
    Column("counter_samples_count", Type.COUNT, "samples", "Counter samples read.", _EXPORTS),
    Column("missed_count", Type.COUNT, "", "What the sequence numbers skipped, in `missed_unit`.", _EXPORTS),
    Column("missed_unit", Type.LABEL, "", "`flows`, `datagrams` or `samples`: what the exporter numbers.", _EXPORTS),
    Column("reordered_count", Type.COUNT, "datagrams", "Datagrams that came behind a later one.", _EXPORTS),
    Column("restarts_count", Type.COUNT, "events", "Times that the exporter began anew.", _EXPORTS),
    Column(
        "socket_dropped_count",
        Type.COUNT,
        "datagrams",
        "Datagrams that the kernel dropped at the full socket; told by the listener's own row, exporter `::`.",
        "SO_RXQ_OVFL, SO_MEMINFO",
    ),
    Column("templates_count", Type.COUNT, "templates", "Templates known at the end of the interval.", _EXPORTS),
    Column(
        "exporter_dropped_packets",
        Type.COUNT,
        "packets",
        "Samples that the exporter says it lost itself.",
        "drops of sFlow v5 flow_sample",
    ),
    Column(
        "clock_skew_ns",
        Type.INT64_OR_NULL,
        "ns",
        "The exporter's clock minus ours, by its export times; null where it told none.",
        _EXPORTS,
    ),
    Column("last_received_time", Type.TIME, "ns", "When its newest datagram came.", _LISTENER),
)
