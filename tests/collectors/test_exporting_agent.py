"""The agent with exporters: rows in the spool, restarts, a spool that takes nothing, refusals at the start."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.agent_process import VIFLUX, AgentProcess, wait_for
from tests.collectors.export_making import Exporter, sflow
from tests.lab.network import need_root, run


def free_udp_port(host: str = "127.0.0.1") -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


@contextmanager
def exporting(data_dir: Path, *assignments: str) -> Iterator[tuple[AgentProcess, Exporter]]:
    """A running agent that hears IPFIX, and an exporter that nobody has heard yet."""
    port = free_udp_port()
    words = ["counters.interval=1s", "agent.all_namespaces=false", f"ipfix.listen={port}", *assignments]
    agent = AgentProcess(data_dir, *(word for assignment in words for word in ("--set", assignment)))
    exporter = Exporter(f"127.0.0.1:{port}", "127.0.0.8")
    agent.start()
    try:
        yield agent, exporter
    finally:
        exporter.close()
        agent.close()


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def flows(agent: AgentProcess) -> int:
    return sum(said.rows for said, _ in agent.batches("flows.ipfix"))


def sent_and_stored(agent: AgentProcess, count: int, seconds: float = 15.0) -> None:
    wait_for(f"{count} flows in the spool", lambda: flows(agent) >= count, seconds)
    assert flows(agent) == count


def ledger(agent: AgentProcess, cause: str) -> list[dict[str, Any]]:
    return [row for row in agent.rows("ledger.agent", of_stream="flows.ipfix") if row["cause"] == cause]


def test_flows_are_in_the_spool_within_two_seconds(tmp_path: Path) -> None:
    """With their ledger row, whose watermark has passed them, and at the end with the exporter's account."""
    with exporting(tmp_path / "data") as (agent, exporter):
        exporter.flows(3, announce=True, rate=7)
        begun = time.monotonic()
        sent_and_stored(agent, 3)
        assert time.monotonic() - begun < 2.5
        received = max(agent.table("flows.ipfix")["received_time"].cast("int64").to_pylist())
        wait_for("the watermark", lambda: max(row["watermark_time"] for row in ledger(agent, "")) > received)
        assert sum(row["out_rows_count"] for row in ledger(agent, "")) == 3
        code, seconds = agent.stop()
        assert code == 0
        assert seconds < 2.5
        rows = [row for row in agent.rows("exporters.agent") if row["flows_count"]]
        assert [(row["received_datagrams_count"], row["flows_count"], row["sampling_rate"]) for row in rows] == [
            (1, 3, 7.0)
        ]


def test_a_killed_agent_knows_its_exporters_again(tmp_path: Path) -> None:
    """No template is sent after the kill; what was sent meanwhile is the gap, and nothing is stored twice."""
    with exporting(tmp_path / "data") as (agent, exporter):
        exporter.flows(1, announce=True, rate=9)
        exporter.flows(20)
        exporter.flows(1)
        sent_and_stored(agent, 22)
        agent.kill()
        for _ in range(10):
            with suppress(ConnectionRefusedError):  # each second one is told that nobody listens, and not sent
                exporter.flows(5)
        lost = exporter.sequence
        agent.start()
        exporter.flows(20)
        sent_and_stored(agent, 42)
        rates = {row["sampling_rate"] for row in agent.rows("flows.ipfix")}
        assert rates == {9.0}
        agent.stop()
        missed = sum(row["missed_count"] for row in agent.rows("exporters.agent"))
        # Numbers count flows, and the one record of options.
        assert missed == lost - 23
        gap = ledger(agent, "exporter_gap")
        assert sum(row["lost_rows_count"] for row in gap) == missed


def test_a_spool_that_takes_nothing_loses_nothing_that_fits(tmp_path: Path) -> None:
    """While the disk is full rows wait; afterwards all are there, and beyond the bound whole datagrams were counted."""
    need_root("mounts a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder))
    try:
        bounds = ("spool.max_bytes=64MiB", "exporters.queue_bytes=256KiB")
        with exporting(folder / "data", *bounds) as (agent, exporter):
            exporter.flows(1, announce=True)
            sent_and_stored(agent, 1)
            filler = folder / "filler"
            fill(filler)
            exporter.flows(20)
            wait_for("the refusal", lambda: "the spool takes nothing" in agent.log.read_text(), 20)
            for _ in range(10):
                exporter.flows(20)
            for _ in range(30_000):
                exporter.flows(20)
            filler.unlink()
            wait_for("the recovery", lambda: "takes batches again" in agent.log.read_text(), 15)
            agent.stop()
            rows = agent.rows("exporters.agent")
            total = {name: sum(row[name] for row in rows) for name in rows[0] if name.endswith(("_count", "_packets"))}
            assert total["shed_packets"] > 0, "the bound was never reached"
            assert total["received_datagrams_count"] + total["socket_dropped_count"] == exporter.sent
            assert total["decoded_datagrams_count"] + total["shed_packets"] == total["received_datagrams_count"]
            assert flows(agent) == total["flows_count"] == 1 + 20 * (total["decoded_datagrams_count"] - 1)
            shed = sum(row["lost_batches_count"] for row in ledger(agent, "shed"))
            assert shed == total["shed_packets"]
    finally:
        run("umount", "-l", str(folder))


def test_sflow_and_ipv6_at_once(tmp_path: Path) -> None:
    """Each source has its stream; several addresses are one source."""
    try:
        six = free_udp_port("::1")
    except OSError as error:
        pytest.skip(f"no IPv6 on loopback: {error}")
    four, samples = free_udp_port(), free_udp_port()
    words = (
        *("--set", "counters.interval=1s", "--set", "agent.all_namespaces=false"),
        *("--set", f"ipfix.listen={four},[::1]:{six}", "--set", f"sflow.listen={samples}"),
    )
    agent = AgentProcess(tmp_path / "data", *words)
    ones = [Exporter(f"127.0.0.1:{four}"), Exporter(f"[::1]:{six}"), Exporter(f"127.0.0.1:{samples}")]
    try:
        agent.start()
        ones[0].flows(2, announce=True)
        ones[1].flows(3, announce=True)
        ones[2].send(sflow(0, 6))
        sent_and_stored(agent, 5)
        wait_for("samples", lambda: sum(said.rows for said, _ in agent.batches("flows.sflow")) == 6)
        agent.stop()
        listeners = {row["listener"] for row in agent.rows("exporters.agent")}
        assert {f"127.0.0.1:{four}", f"[::1]:{six}", f"127.0.0.1:{samples}"} <= listeners
    finally:
        agent.close()
        for one in ones:
            one.close()


def test_a_small_buffer_is_told(tmp_path: Path) -> None:
    """Without CAP_NET_ADMIN the kernel gives what `net.core.rmem_max` allows, and an event says so."""
    need_root("gives a capability up")
    port = free_udp_port()
    words = ("--set", "counters.interval=1s", "--set", f"sflow.listen={port}", "--set", "exporters.receive_buffer=1GiB")
    agent = AgentProcess(
        tmp_path / "data",
        *("--set", "agent.all_namespaces=false", *words),
        prefix=("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"),
    )
    try:
        agent.start()
        told = wait_for("the event", lambda: agent.events("receive_buffer_small"))
        assert told[0]["subject"] == f"127.0.0.1:{port}"
        assert "net.core.rmem_max" in told[0]["detail"]
    finally:
        agent.close()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("sflow.listen=127.0.0.1:{port}", "sflow.listen: 127.0.0.1:{port} is in use by another process"),
        ("ipfix.listen=192.0.2.77:{port}", "ipfix.listen: cannot listen on 192.0.2.77:{port}: this host does not have"),
        ("agent.sources=inventory,sflow", "agent.sources: sflow needs an address to listen on; set sflow.listen"),
    ],
)
def test_what_cannot_be_listened_on_ends_the_start(tmp_path: Path, setting: str, message: str) -> None:
    """One line with the setting, the reason and what to do."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        words = [str(VIFLUX), "agent", "--data-dir", str(tmp_path / "data"), "--set", setting.format(port=port)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith(f"viflux: {message.format(port=port)}")
    assert len(done.stderr.strip().splitlines()) == 1
