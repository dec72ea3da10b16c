"""An agent that is killed under load: what exporters' numbers say is missed is what was lost, and no account is."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from collectors.exporters.state import Position, StateFile
from tests.collectors.agent_process import AgentProcess, wait_for
from tests.collectors.export_making import Exporter, flows_set, ipfix, rate_sets, sflow, template_set
from tests.collectors.test_exporting_agent import free_udp_port
from tests.running import repeated
from tests.spool.making import need_strace

SAMPLES = 5
# Before the next state is written, before the spool is, when it is not synced, before the state takes its place.
STEPS = (("unlink", 5), ("pwritev2", 6), ("fdatasync", 6), ("rename", 5))


class Numbered:
    """An exporter that knows what it numbered.

    Args:
        target: Where to.
        source: Its address.
        kind: `first`: IPFIX as RFC 7011 has it; `own`: a message's number counts its flows already; `sflow`.
        random: Where its numbers of flows come from.
    """

    def __init__(self, target: str, source: str, kind: str, chance: random.Random) -> None:
        self.address = source
        self.kind = kind
        self._exporter = Exporter(target, source)
        self._chance = chance
        self._number = chance.randrange(1 << 32)
        self.units: dict[int, int] = {}
        """By what the datagram says of its number: how many flows or samples it has."""

    def announce(self) -> None:
        """Send the template, and the sampling rate as one record, which takes a number."""
        if self.kind != "sflow":
            after = (self._number + 1) % (1 << 32)
            self._exporter.send(ipfix(after if self.kind == "own" else self._number, template_set(), rate_sets(1)))
            self._number = after

    def send(self) -> None:
        """Send a datagram; whether anybody listens is no matter."""
        with suppress(ConnectionRefusedError):
            self._exporter.send(self._datagram())

    def close(self) -> None:
        self._exporter.close()

    def _datagram(self) -> bytes:
        if self.kind == "sflow":
            number = len(self.units) + 1
            self.units[number] = SAMPLES
            return sflow(number, SAMPLES, agent=self.address)
        units = self._chance.randrange(1, 12)
        after = (self._number + units) % (1 << 32)
        told = after if self.kind == "own" else self._number
        self._number = after
        self.units[told] = units
        return ipfix(told, flows_set(units))


class Load:
    """Exporters that send without a pause, each of its kind."""

    def __init__(self, ports: dict[str, int], seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        self.exporters = [
            Numbered(f"127.0.0.1:{ports['ipfix']}", "127.0.0.41", "first", chance),
            Numbered(f"127.0.0.1:{ports['ipfix']}", "127.0.0.42", "own", chance),
            Numbered(f"127.0.0.1:{ports['sflow']}", "127.0.0.43", "sflow", chance),
        ]

    def once(self) -> None:
        for exporter in self.exporters:
            exporter.send()


def stored(agent: AgentProcess, stream: str) -> dict[str, Counter[int]]:
    """Return rows by exporter and number of the datagram."""
    table = agent.table(stream)
    found: dict[str, Counter[int]] = {}
    if table is not None:
        addresses = table["exporter_address"].to_pylist()
        for address, number in zip(addresses, table["sequence_number"].to_pylist(), strict=True):
            found.setdefault(str(ip_address(address[12:])), Counter())[number] += 1
    return found


def agent_with(folder: Path, ports: dict[str, int], *prefix: str) -> AgentProcess:
    words = ["counters.interval=1s", "agent.all_namespaces=false"]
    words += [f"{name}.listen={port}" for name, port in ports.items()]
    return AgentProcess(folder, *(word for one in words for word in ("--set", one)), prefix=prefix)


def check(agent: AgentProcess, load: Load) -> int:
    """Hold each exporter's account against what it sent and what is stored; return what was missed in all."""
    accounts = agent.rows("exporters.agent")
    missed_of_streams: Counter[str] = Counter()
    for exporter in load.exporters:
        stream = "flows.sflow" if exporter.kind == "sflow" else "flows.ipfix"
        rows = stored(agent, stream)[exporter.address]
        assert all(exporter.units[number] == count for number, count in rows.items()), exporter.kind
        lost = sum(units for number, units in exporter.units.items() if number not in rows)
        own = [row for row in accounts if str(ip_address(row["exporter_address"][12:])) == exporter.address]
        sums = {name: sum(row[name] for row in own) for name in _SUMS}
        templates = 0 if exporter.kind == "sflow" else 1
        assert sums == {
            "received_datagrams_count": len(rows) + templates,
            "decoded_datagrams_count": len(rows) + templates,
            "flows_count": sum(rows.values()),
            "missed_count": lost,
            "restarts_count": 0,
            "parked_dropped_datagrams_count": 0,
        }, exporter.kind
        missed_of_streams[stream] += lost
    for stream, missed in missed_of_streams.items():
        said = [row for row in agent.rows("ledger.agent", of_stream=stream) if row["cause"] == "exporter_gap"]
        assert sum(row["lost_rows_count"] for row in said) == missed, stream
    assert not agent.events("exports_state_behind")
    return missed_of_streams.total()


_SUMS = (
    "received_datagrams_count",
    "decoded_datagrams_count",
    "flows_count",
    "missed_count",
    "restarts_count",
    "parked_dropped_datagrams_count",
)


def run_through(folder: Path, kills: int, steps: tuple[tuple[str, int], ...], seed: int) -> None:
    """Kill an agent under load so often at any time, and then at each step; check what it made of that."""
    strace = need_strace()
    chance = random.Random(seed)  # noqa: S311
    ports = {name: free_udp_port() for name in ("ipfix", "sflow")}
    load = Load(ports, seed)
    agent = agent_with(folder, ports)
    try:
        agent.start()
        for exporter in load.exporters:
            exporter.announce()
        load.once()
        wait_for(
            "the first of each", lambda: len({**stored(agent, "flows.ipfix"), **stored(agent, "flows.sflow")}) == 3
        )
        with repeated(load.once, 0.002):
            for at in range(kills):
                if at:
                    agent.start()
                time.sleep(chance.random() * 1.5)
                agent.kill()
            for call, when in steps:
                under = [strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
                under += ["-e", f"inject={call}:signal=KILL:when={when}"]
                agent_with(folder, ports, *under).run_to_its_end()
            agent.start()
        load.once()
        last = {exporter.address: next(reversed(exporter.units)) for exporter in load.exporters}

        def is_all_there() -> bool:
            now = {**stored(agent, "flows.ipfix"), **stored(agent, "flows.sflow")}
            return all(number in now[address] for address, number in last.items())

        wait_for("the last of each", is_all_there)
        assert agent.stop()[0] == 0
        assert check(agent, load) > 0
    finally:
        agent.close()
        for exporter in load.exporters:
            exporter.close()


@pytest.mark.timeout(120)
def test_killed_at_any_time_and_at_each_step(tmp_path: Path) -> None:
    """Missed is what was lost, for flows in both numberings and for samples; received is what is stored."""
    run_through(tmp_path / "data", 2, STEPS, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2, 6))
def test_killed_many_times(tmp_path: Path, seed: int) -> None:
    """The same with more kills, and at more places."""
    chance = random.Random(seed)  # noqa: S311
    steps = tuple((call, chance.randrange(2, 14)) for _ in range(4) for call, _ in STEPS)
    run_through(tmp_path / "data", 10, steps, seed)


def position(**streams: int) -> Position:
    return Position("11" * 16, streams)


def test_the_state_that_fits_the_spool_is_chosen(tmp_path: Path) -> None:
    """Before and after the commit that it was prepared for; one of later, or of another spool, gives no numbers."""
    file = StateFile(tmp_path / "exporters" / "ipfix.state")
    before, after = position(flows=3, accounts=1), position(flows=5, accounts=1)
    assert file.resume(before, "accounts") is None
    file.prepare(b"before", before)
    file.adopt()
    file.prepare(b"after", after)
    cases: list[tuple[Position, tuple[Any, ...]]] = [
        (before, (b"before", True, True, True)),
        (after, (b"after", True, True, True)),
        (position(flows=9, accounts=1), (b"after", False, True, True)),
        (position(flows=9, accounts=2), (b"after", False, False, True)),
        (position(flows=4, accounts=1), (b"before", False, True, True)),
        (position(flows=2, accounts=1), (b"before", False, False, False)),
        (Position("22" * 16, after.following), (b"before", False, False, False)),
    ]
    for at, expected in cases:
        file.prepare(b"after", after)
        known = file.resume(at, "accounts")
        assert known is not None
        found = (known.state, known.is_current, known.has_untold_accounts, known.has_numbers)
        assert found == expected, at
        assert sorted(path.name for path in file.path.parent.iterdir()) == ["ipfix.state"]
        file.prepare(b"before", before)
        file.adopt()


def test_a_torn_state_is_never_taken_for_one(tmp_path: Path) -> None:
    """Whatever byte is wrong or missing: the other one is taken, and without another one none."""
    file = StateFile(tmp_path / "ipfix.state")
    file.prepare(b"good", position(flows=3))
    file.adopt()
    torn = tmp_path / "ipfix.state.next"
    file.prepare(b"torn", position(flows=4))
    whole = torn.read_bytes()
    for at in range(len(whole)):
        for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :]):
            torn.write_bytes(data)
            known = file.resume(position(flows=4), "accounts")
            assert known is not None
            assert (known.state, known.is_current) == (b"good", False)
    file.path.write_bytes(whole[:-1])
    known = file.resume(position(flows=4), "accounts")
    assert known is not None
    assert known.state == b""
