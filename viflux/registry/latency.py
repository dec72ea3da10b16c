"""The columns of `latency`: how long packets took from one VIF to another; a row is one bucket of a histogram."""

from __future__ import annotations

from viflux.registry.column import Column, Type

_PROBE = "probe transit"

LATENCY = (
    Column(
        "out_vif_id",
        Type.UINT64,
        "",
        "VIF that the packets left by; 0 where it is none that is known, and in the row about all samples.",
        _PROBE,
    ),
    Column(
        "bucket_from_ns",
        Type.COUNT,
        "ns",
        "Least transit time of the bucket; the same buckets everywhere, each at most 2.8 % wide.",
        _PROBE,
    ),
    Column("bucket_to_ns", Type.COUNT, "ns", "Transit time from which on the next bucket has it.", _PROBE),
    Column("sampled_packets", Type.COUNT, "packets", "Sampled packets whose transit time is in the bucket.", _PROBE),
    Column(
        "expired_packets",
        Type.COUNT,
        "packets",
        "Of the row about all samples: were on their way when their window closed, or left later than is told.",
        _PROBE,
    ),
    Column(
        "changed_packets",
        Type.COUNT,
        "packets",
        "Of the row about all samples: what left was not what came in, so that no time is told.",
        _PROBE,
    ),
    Column(
        "unplaced_packets",
        Type.COUNT,
        "packets",
        "Of the row about all samples: found no room in the probe, or in the agent.",
        _PROBE,
    ),
)
