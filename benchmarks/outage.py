"""An hour without a broker, beside 1,000 VIFs: how large the spool gets, how long catching up takes, what is missing.

`python -m benchmarks.outage [--minutes 60] [--vifs 1000]` as root. A real Apache Kafka, `viflux up` and all interfaces
are in a network namespace of their own. Prints one table; exit code 1 where a batch is missing or stored twice.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figure import Figure, table
from benchmarks.process import cpu_seconds, resident_megabytes
from tests.lab.kafka import cluster
from tests.lab.product import Product, product
from tests.running import repeated, wait_for
from viflux.paths import DataPaths
from viflux.telemetry import ask

_INSIDE = "VIFLUX_BENCHMARK_NAMESPACE"
_STEADY_SECONDS = 90
_SAMPLE_SECONDS = 30.0


def main() -> int:
    """Measure inside a namespace; this process makes it and removes it again."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outage")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--vifs", type=int, default=1000)
    arguments = parser.parse_args()
    if _INSIDE in os.environ:
        del os.environ[_INSIDE]
        figures = measure(arguments.vifs, arguments.minutes)
        print(table(figures))
        return 1 if any(figure.missed for figure in figures) else 0
    name = f"vxout{secrets.token_hex(3)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        words = ["ip", "netns", "exec", name, sys.executable, "-m", "benchmarks.outage", *sys.argv[1:]]
        return subprocess.run(words, check=False, env={**os.environ, _INSIDE: name}).returncode
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


def measure(vifs: int, minutes: float) -> list[Figure]:
    """Run the outage and return the table's rows."""
    with tempfile.TemporaryDirectory(prefix="viflux-outage-") as folder, interfaces(vifs) as names, chatter(names):
        root = Path(folder)
        with (
            cluster(root / "kafka") as kafka,
            product(
                root / "data",
                **{**kafka.settings(), "counters.interval": "10s", "agent.all_namespaces": "false", "log.form": "text"},
            ) as made,
        ):
            paths = DataPaths(made.data_dir)
            wait_for("all is ready", lambda: ask(paths, "processor", "/readyz")[0] == 200, 180)
            wait_for("counters are stored", lambda: _stored(made)["sweeps"] > 2, 120)
            time.sleep(_STEADY_SECONDS)
            _log("steady", made)
            late = made.sql(
                "SELECT quantileExact(0.95)(dateDiff('millisecond', time + toIntervalNanosecond(duration_ns), "
                "inserted_time)) AS p95 FROM viflux.counters WHERE received_time > now() - INTERVAL 60 SECOND"
            )[0]["p95"]
            [broker] = kafka.brokers
            broker.kill()
            began = time.monotonic()
            spool_before = _bytes_in(paths.spool)
            outage = _sit_through(made, paths, began, minutes * 60)
            spool_after = _bytes_in(paths.spool)
            behind = _stored(made)
            kafka.start()
            back = time.monotonic()
            wait_for("the spool is shipped", lambda: ask(paths, "shipper", "/drainz")[0] == 200, 900)
            shipped = time.monotonic() - back
            wait_for("the topics are stored", lambda: ask(paths, "processor", "/drainz")[0] == 200, 900)
            caught_up = time.monotonic() - back
            _log("caught up", made)
            time.sleep(60)
            found = _stored(made)
            lost = made.sql("SELECT sum(lost_batches_count) AS batches FROM viflux.ledger WHERE stage = 'agent'")[0][
                "batches"
            ]
            print(made.log_tail(), file=sys.stderr)
    return [
        Figure(f"broker away, {vifs} VIFs each 10 s", minutes, "min"),
        Figure(
            "before: end of a sweep's interval → insert, p95",
            int(late) / 1e3,
            "s",
            5,
            "through Kafka; the insert follows",
        ),
        Figure("spool before the outage", spool_before / 1e6, "MB"),
        Figure("spool at its end", spool_after / 1e6, "MB", 1074, "the default bound"),
        Figure("growth", (spool_after - spool_before) / 1e6 * 60 / minutes, "MB an hour"),
        *outage,
        Figure("broker is back → spool is shipped", shipped, "s", None, f"{found['sweeps'] - behind['sweeps']} sweeps"),
        Figure("broker is back → topics are stored", caught_up, "s"),
        Figure("batches of all kinds in the store", found["batches"], "batches"),
        Figure("batches missing", found["missing"], "batches", 0, "numbers without a batch, all streams"),
        Figure("batches stored twice", found["twice"], "batches", 0),
        Figure(
            "sweeps without a row of each VIF", found["uneven"], "sweeps", None, "the first and last may be partial"
        ),
        Figure("batches lost by the ledger", float(lost), "batches", 0),
    ]


def _sit_through(made: Product, paths: DataPaths, began: float, seconds: float) -> list[Figure]:
    """Wait the outage out; return what the processes cost meanwhile."""
    pids = {stage: wait_for(stage, lambda stage=stage: made.stage_pid(stage)) for stage in ("agent", "shipper")}  # type: ignore[misc]
    spent = {stage: cpu_seconds(pid) for stage, pid in pids.items()}
    most = dict.fromkeys(pids, 0.0)
    while time.monotonic() - began < seconds:
        time.sleep(min(_SAMPLE_SECONDS, max(0.1, seconds - (time.monotonic() - began))))
        for stage, pid in pids.items():
            most[stage] = max(most[stage], resident_megabytes(pid))
        print(
            f"{(time.monotonic() - began) / 60:.1f} min: spool {_bytes_in(paths.spool) / 1e6:.1f} MB, "
            f"shipper {ask(paths, 'shipper', '/readyz')[1].strip()[:120]}",
            file=sys.stderr,
            flush=True,
        )
    return [
        figure
        for stage, pid in pids.items()
        for figure in (
            Figure(f"{stage} meanwhile: resident, most", most[stage], "MB"),
            Figure(f"{stage} meanwhile: CPU", 100 * (cpu_seconds(pid) - spent[stage]) / seconds, "% of a core"),
        )
    ]


def _stored(made: Product) -> dict[str, int]:
    """Ask the store which batches it has, and which it ought to have."""
    kinds = ("inventory", "counters", "ledger")
    every = " UNION ALL ".join(
        f"SELECT spool_id, stream, sequence, count() AS parts_rows, uniqExact(inserted_time) AS inserts "
        f"FROM viflux.{kind} WHERE stream NOT LIKE '%.processor' GROUP BY spool_id, stream, sequence"
        for kind in kinds
    )
    rows = made.sql_so_far(f"SELECT count() AS batches, countIf(inserts > 1) AS twice, 0 AS zero FROM ({every})")
    missing = made.sql_so_far(
        f"SELECT sum(last - first + 1 - n) AS missing FROM (SELECT max(sequence) AS last, 1 AS first, count() AS n "
        f"FROM ({every}) GROUP BY spool_id, stream)"
    )
    sweeps = made.sql_so_far(
        "SELECT count() AS sweeps, countIf(vifs < most) AS uneven FROM (SELECT time, uniqExact(vif_id) AS vifs, "
        "max(vifs) OVER () AS most FROM viflux.counters WHERE delta_kind != 'new' GROUP BY time)"
    )
    if not rows or not missing or not sweeps:
        return {"batches": 0, "twice": 0, "missing": 0, "sweeps": 0, "uneven": 0}
    return {
        **{key: int(rows[0][key]) for key in ("batches", "twice")},
        "missing": int(missing[0]["missing"]),
        **{key: int(sweeps[0][key]) for key in ("sweeps", "uneven")},
    }


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.glob("*.segment"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _log(what: str, made: Product) -> None:
    print(f"{what}: {_stored(made)}", file=sys.stderr, flush=True)


@contextmanager
def interfaces(vifs: int) -> Iterator[list[str]]:
    """Make pairs of veth in this namespace, both ends up, and yield the names of their first ends."""
    names = [f"v{number}a" for number in range(vifs // 2)]
    lines = ["link set lo up"]
    for name in names:
        other = f"{name[:-1]}b"
        lines += [f"link add {name} type veth peer name {other}", f"link set {name} up", f"link set {other} up"]
    # The client library looks up addresses only where the host has one besides loopback.
    lines.append(f"address add 192.0.2.1/24 dev {names[0]}")
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True, capture_output=True)
    yield names


@contextmanager
def chatter(names: list[str]) -> Iterator[None]:
    """Send some frames over each link each ten seconds, so that its counters move as counters do."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:

        def talk() -> None:
            for name in names:
                for _ in range(random.randrange(1, 10)):  # noqa: S311 - not a secret
                    frame = bytes(12) + b"\x88\xb5" + bytes(random.randrange(46, 1400))  # noqa: S311 - the same
                    sender.sendto(frame, (name, 0))

        with repeated(talk, 10):
            yield


if __name__ == "__main__":
    sys.exit(main())
