"""A process that writes a spool until it is killed: it prints each commit that returned."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from tests.spool.making import GAP, STREAM, batch, open_writer
from viflux.clock import SystemClock
from viflux.spool import SpoolFull


def main(folder: Path, max_bytes: int, commits: int) -> None:
    """Commit groups of three batches, the last of which is the first to tell of a row lost before the spool.

    Each line is the last sequence that is durable, or `full`.
    """
    writer = open_writer(
        folder, SystemClock(), max_bytes=max_bytes, segment_bytes=max_bytes // 8, keep_acknowledged_ns=0
    )
    number = writer.next_sequence(STREAM)
    print("open", number, flush=True)  # noqa: T201
    for _ in range(commits):
        *some, last = (batch(number + ahead, size=700) for ahead in range(3))
        writer.append([*some, replace(last, unread=(GAP,))])
        losses = writer.losses()
        if losses:
            settles = [loss.number for loss in losses]
            writer.append([batch(writer.next_sequence("ledger.agent"), "ledger.agent")], settles=settles)
        try:
            writer.commit()
        except SpoolFull:
            print("full", number, flush=True)  # noqa: T201
            continue
        number += 3
        print("committed", number - 1, flush=True)  # noqa: T201
    writer.close()
    print("closed", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
