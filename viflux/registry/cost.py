"""What Viflux itself costs on a host: columns of `hosts`, of which a row is one component over one interval."""

from __future__ import annotations

from viflux.registry.column import Column, Type

_COST = "agent"
_PROCESS = "CLOCK_PROCESS_CPUTIME_ID, /proc/self/statm"
_STATISTICS = "run_time_ns and run_cnt of struct bpf_prog_info, linux/bpf.h, while BPF_ENABLE_STATS holds"
_MAPS = "the probe's maps"

COST = (
    Column(
        "component",
        Type.LABEL,
        "",
        "What of Viflux the row is about: `agent` the process and the whole, `flow`, `drop` or `transit` a probe's "
        "programs and maps; empty where it is about the host.",
        _COST,
    ),
    Column(
        "cpu_ns",
        Type.COUNT_OR_NULL,
        "ns",
        "Processor time of the agent's process, user and system, or of a probe's programs in the kernel; null where it "
        "is not known, and `cost_reason` says why.",
        f"{_PROCESS}; {_STATISTICS}",
    ),
    Column("cost_reason", Type.LABEL, "", "Why `cpu_ns` or `cost_cores` is null; empty where they are known.", _COST),
    Column(
        "runs_count",
        Type.COUNT_OR_NULL,
        "runs",
        "How often the probe's programs ran, as its maps say; null of the agent, and where it is not known.",
        _MAPS,
    ),
    Column(
        "run_ns",
        Type.FLOAT64_OR_NULL,
        "ns",
        "Time of one run in the part of the interval in which the kernel took it; `cpu_ns` is this times `runs_count`.",
        _STATISTICS,
    ),
    Column("resident_bytes", Type.COUNT, "bytes", "Resident memory of the agent's process; 0 of a probe.", _PROCESS),
    Column(
        "resident_private_bytes",
        Type.COUNT,
        "bytes",
        "Of it what is no file's: the part that no other process can share.",
        _PROCESS,
    ),
    Column(
        "map_memory_bytes",
        Type.COUNT,
        "bytes",
        "Memory of the kernel that a probe's maps hold; of the agent that of all probes.",
        "memlock in /proc/self/fdinfo",
    ),
    Column(
        "map_entries_count",
        Type.COUNT,
        "entries",
        "Most entries that were taken at once out of one of the maps that count, of the fullest one.",
        _MAPS,
    ),
    Column("map_capacity_count", Type.COUNT, "entries", "How many that map holds; 0 of the agent.", _MAPS),
    Column(
        "overflowed_packets",
        Type.COUNT,
        "packets",
        "Packets for which the maps had no room, and that came through the ring.",
        _MAPS,
    ),
    Column(
        "uncounted_packets",
        Type.COUNT,
        "packets",
        "Packets that are in no row, for neither map nor ring had room.",
        _MAPS,
    ),
    Column(
        "counted_ns",
        Type.COUNT,
        "ns",
        "How much of the interval the probe counted; none of one in which it was taken out of the kernel or put in "
        "again. 0 of the agent.",
        _COST,
    ),
    Column("budget_cores", Type.FLOAT64, "cores", "Setting agent.budget; 0 of a probe.", "agent.budget"),
    Column(
        "cost_cores",
        Type.FLOAT64_OR_NULL,
        "cores",
        "Of the agent: processor time of its process and of all probes, by the time that passed; of a probe its own.",
        _COST,
    ),
    Column(
        "shed",
        Type.LABEL,
        "",
        "What is left out to stay in the budget, at the end of the interval: `none`, `drop_samples`, `transit_share` "
        "(the time in which packets are looked at), `other_flows` (packets of VIFs that are not critical) or "
        "`all_flows`; each with what comes before it.",
        _COST,
    ),
    Column("shed_level", Type.UINT8, "", "How many steps that took: 0 for none; each halves what is counted.", _COST),
    Column(
        "flow_sampling_rate",
        Type.UINT32,
        "",
        "One of so many packets of VIFs that are not critical is counted by flow; 0 where no flows are counted.",
        _COST,
    ),
    Column(
        "critical_flow_sampling_rate",
        Type.UINT32,
        "",
        "The same of VIFs with the label criticality=critical.",
        _COST,
    ),
)
