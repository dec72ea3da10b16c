"""How far a volume that was scaled up from samples may be off by chance.

Horvitz and Thompson (1952): where each packet is taken with probability 1/N, a sum of N * bytes over the packets taken
is the total on average, and a sum of N * (N - 1) * bytes² estimates its variance. Of a row of several packets only
their sum is known. Then the most is taken that sizes of packets allow, so an error is never told too small: between 64
bytes and a frame of 1,518, of 9,216 where the mean is larger, or of 64 KiB. What a program in the kernel samples are
packets before they are segmented, of up to 64 KiB whatever their segments have.

What samples cannot tell is not in it: exporters that choose what they sample, or lose some of it.
"""

from __future__ import annotations

DEVIATIONS = 1.96
"""95 of 100 times a total is off by less than so many standard deviations, once some thirty packets are behind it."""

_SMALLEST, _FRAME, _JUMBO, _LARGEST = 64, 1_518, 9_216, 65_553


def columns(row: str) -> dict[str, str]:
    """Return SQL for columns by name, each of the ones before; `variance`, in bytes², is a row's part of the total's.

    Args:
        row: Alias of rows with `packets`, `skb_bytes`, `scaled_skb_bytes` and `source_kind`.
    """
    size = "size_bytes"
    largest = f"multiIf({size} <= {_FRAME}, {_FRAME}, {size} <= {_JUMBO}, {_JUMBO}, {_LARGEST})"
    smallest = f"least({size}, {_SMALLEST})"
    return {
        "rate": f"if({row}.skb_bytes = 0, 1., {row}.scaled_skb_bytes / {row}.skb_bytes)",
        "size_bytes": f"{row}.skb_bytes / greatest({row}.packets, 1)",
        "squares": (
            f"multiIf({row}.source_kind = 'ebpf', toFloat64({row}.skb_bytes) * {_LARGEST}, "
            f"{row}.packets <= 1, toFloat64({row}.skb_bytes) * {row}.skb_bytes, "
            f"{row}.packets * (({smallest} + {largest}) * {size} - {smallest} * {largest}))"
        ),
        "variance": "if(rate <= 1, 0., rate * (rate - 1) * squares)",
    }


def relative_error(variance: str, total: str) -> str:
    """Return SQL: half the width of the interval that holds the true total 95 times of 100, over the total.

    It is 0 where nothing was sampled, and null where there is no total.

    Args:
        variance: SQL for the total's variance.
        total: SQL for the total.
    """
    return f"if({total} > 0, round({DEVIATIONS} * sqrt({variance}) / {total}, 4), NULL)"
