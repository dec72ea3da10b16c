"""What `viflux decode` says on stderr: how far it is, which files are bad, and what the captures had."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator

import click

from collectors._native import DecodeCounts, DecodedBatch, DecodeFiles

_LARGE_BYTES = 64 << 20
_EVERY_SECONDS = 0.25


def watched(files: DecodeFiles, *, is_shown: bool) -> Iterator[DecodedBatch]:
    """Pass on the batches, telling bad files at once, and how far it is where a person waits for a large file."""
    size = files.progress()[1]
    is_shown = is_shown and sys.stderr.isatty() and (size is None or size >= _LARGE_BYTES)
    told = 0.0
    for batch in files:
        if is_shown and (now := time.monotonic()) - told >= _EVERY_SECONDS:
            told = now
            click.echo(f"\r\x1b[K{_state(*files.progress())}", err=True, nl=False)
        yield batch
    if told:
        click.echo("\r\x1b[K", err=True, nl=False)


def tell_failures(failures: Iterable[tuple[str, str]]) -> int:
    """Print a line for each file that could not be read to its end; return how many there were."""
    count = 0
    for count, (file, reason) in enumerate(failures, 1):  # noqa: B007
        click.echo(f"viflux: {file}: {reason}", err=True)
    return count


def summary(counts: DecodeCounts, rows: int) -> str:
    """Return one line on what the captures had: always the same five figures, and others that are not 0."""
    parts = [
        f"datagrams {counts.datagrams}",
        f"rows {rows}",
        f"undecodable {counts.undecodable_datagrams}",
        f"template missing {counts.template_missing_datagrams}",
        f"rate unknown {counts.unknown_rate_flows}",
    ]
    others = {
        "missed by sequence": counts.missed,
        "cut datagrams": counts.cut_datagrams,
        "to other ports": counts.other_port_datagrams,
        "other packets": counts.other_packets,
        "broken packets": counts.broken_packets,
        "unknown link type": counts.unknown_link_packets,
        "lost fragments": counts.lost_fragments,
    }
    return ", ".join([*parts, *(f"{name} {count}" for name, count in others.items() if count)])


def _state(read: int, size: int | None) -> str:
    megabytes = f"{read / 1e6:.0f} MB"
    return f"{megabytes} of {size / 1e6:.0f} MB, {100 * read // max(size, 1)} %" if size else megabytes
