"""Listeners with real datagrams over loopback: each that was sent is decoded, or counted where it was lost."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest

from collectors import _native
from tests.collectors.export_making import Exporter, flows_set, ipfix, rows_of, sflow, template_set
from tests.running import until

MIB = 1 << 20


@dataclass
class Heard:
    """A listener and all that was taken from it."""

    native: _native.ExportListener
    messages: list[tuple[str, list[tuple[bytes, int, int, int]]]] = field(default_factory=list)
    problems: list[tuple[str, str, str, int]] = field(default_factory=list)
    lost: dict[str, tuple[int, int]] = field(default_factory=dict)
    decoded: int = 0
    state: bytes | None = None
    settled_time_ns: int = 0

    @property
    def address(self) -> str:
        return self.native.addresses()[0]

    def take(self) -> None:
        while True:
            handed = self.native.take(8 * MIB)
            self.native.settle()
            self.messages += handed.messages
            self.problems += handed.problems
            self.lost = {cause: (datagrams, flows) for cause, datagrams, flows in handed.lost}
            self.decoded = handed.decoded_datagrams
            self.state = handed.state or self.state
            self.settled_time_ns = max(self.settled_time_ns, handed.settled_time_ns)
            if not handed.is_partial:
                return

    def rows(self, stream: str = "flows.test") -> int:
        return rows_of(self.messages, stream)

    def table(self, stream: str = "flows.test") -> pa.Table:
        payloads = [payload for name, encoded in self.messages if name == stream for payload, *_ in encoded]
        tables = [pa.ipc.open_stream(payload).read_all() for payload in payloads]
        return pa.concat_tables(tables, promote_options="permissive")

    def until_rows(self, count: int, stream: str = "flows.test") -> None:
        def are_there() -> bool:
            self.take()
            return self.rows(stream) >= count

        until(f"{count} rows of {stream}", are_there)

    def end(self) -> _native.ListenerStatus:
        """Stop, and take what is left; the totals are whole then."""
        self.native.stop()
        self.take()
        return self.native.status()


@contextmanager
def heard(listen: str = "127.0.0.1", port: int = 0, state: bytes | None = None, **arguments: Any) -> Iterator[Heard]:
    made = _native.ExportListener(stream="flows.test", listen=[(listen, port)], **arguments)
    if state is not None:
        made.restore(state)
    made.start()
    try:
        yield Heard(made)
    finally:
        made.stop()


@contextmanager
def exporter(target: str, source: str | None = "127.0.0.1") -> Iterator[Exporter]:
    made = Exporter(target, source)
    try:
        yield made
    finally:
        made.close()


def balance(listener: Heard, status: _native.ListenerStatus, sent: int) -> None:
    """Nothing is lost that no counter names."""
    lost = {cause: datagrams for cause, (datagrams, _) in listener.lost.items()}
    assert sum(status.received) + sum(status.socket_dropped) == sent
    named = sum(lost[cause] for cause in ("shed", "refused", "undecodable", "parked"))
    assert sum(status.received) == listener.decoded + named
    assert lost["socket"] == sum(status.socket_dropped)
    assert lost["shed"] == sum(status.shed)


def test_flows_come_out_as_they_were_sent() -> None:
    """Rows carry the exporter, the rate that it announced and the kernel's time of receipt."""
    with heard() as listener, exporter(listener.address, "127.0.0.7") as one:
        begun = time.time_ns()
        one.flows(3, announce=True, rate=10, domain=5)
        one.flows(20, domain=5, first_port=2000)
        listener.until_rows(23)
        rows = listener.table().to_pylist()
        assert [row["src_port"] for row in rows] == [*range(1024, 1027), *range(2000, 2020)]
        assert {row["exporter_address"][12:] for row in rows} == {bytes((127, 0, 0, 7))}
        assert {(row["sampling_rate"], row["sampling_origin"]) for row in rows} == {(10.0, "announced")}
        times = listener.table()["received_time"].cast(pa.int64()).to_pylist()
        assert all(begun <= at <= time.time_ns() for at in times)
        balance(listener, listener.end(), sent=2)


def test_sflow_is_told_by_content() -> None:
    """The same socket takes sFlow; the exporter is the agent that the datagram names."""
    with heard() as listener, exporter(listener.address) as one:
        one.send(*(sflow(number, 6) for number in range(10)))
        listener.until_rows(60)
        kinds = set(listener.table()["source_kind"].to_pylist())
        assert kinds == {"sflow"}
        balance(listener, listener.end(), sent=10)


def test_ipv6_exporters_are_heard() -> None:
    """A listener on `[::1]` takes IPv6, and rows have the address as it is."""
    try:
        with heard("::1") as listener, exporter(listener.address, None) as one:
            one.flows(4, announce=True)
            listener.until_rows(4)
            addresses = set(listener.table()["exporter_address"].to_pylist())
            assert addresses == {bytes(15) + b"\1"}
            balance(listener, listener.end(), sent=1)
    except OSError as error:
        pytest.skip(f"no IPv6 on loopback: {error}")


def test_everything_that_comes_is_decoded_or_counted() -> None:
    """Good, cut, foreign and template-less datagrams together: received is the sum of what became of them."""
    with heard(park_time_ns=200_000_000) as listener, exporter(listener.address) as one:
        one.flows(5, announce=True)
        for _ in range(50):
            one.flows(20)
            one.send(b"nothing that is known", b"", b"\0")
            one.send(ipfix(0, flows_set(2), domain=99))
            one.send(ipfix(one.sequence, flows_set(2))[:-1])
        listener.until_rows(5 + 50 * 20)
        status = listener.end()
        balance(listener, status, sent=1 + 50 * 6)
        assert listener.lost["undecodable"][0] >= 150
        assert listener.lost["parked"][0] == 50
        told = {event for event, *_ in listener.problems}
        assert "export_undecodable" in told


def test_a_socket_that_overflows_says_how_often() -> None:
    """What the kernel drops is counted, and nothing else is lost."""
    with heard(receive_buffer=16 << 10) as listener, exporter(listener.address) as one:
        one.flows(1, announce=True)
        listener.until_rows(1)
        datagram = ipfix(one.sequence, flows_set(20))

        # One thread on two processors sends faster than another receives, as long as it does nothing else.
        def overflow() -> bool:
            one.send(*([datagram] * 2_000))
            listener.take()
            return sum(listener.native.status().socket_dropped) > 0

        until("the socket overflows", overflow)
        status = listener.end()
        balance(listener, status, sent=one.sent)
        assert status.receive_buffers == [16 << 10]


def test_a_noisy_exporter_does_not_starve_the_others() -> None:
    """While nobody takes, one floods: it alone is shed, and all that the others sent is decoded later."""
    with heard(queue_bytes=256 << 10, receive_buffer=16 * MIB) as listener:
        quiet = [Exporter(listener.address, f"127.0.0.{number}") for number in range(20, 30)]
        noisy = Exporter(listener.address, "127.0.0.2")
        noisy.flows(1, announce=True)
        for one in quiet:
            one.flows(1, announce=True)
        listener.until_rows(11)

        def is_shed() -> bool:
            for _ in range(200):
                noisy.flows(20)
            return sum(listener.native.status().shed) > 0 or _shed_now(listener)

        until("the noisy exporter is shed", is_shed, 30)
        for one in quiet:
            for _ in range(5):
                one.flows(20)
        for _ in range(200):
            noisy.flows(20)
        status = listener.end()
        balance(listener, status, sent=noisy.sent + sum(one.sent for one in quiet))
        table = listener.table()
        by_exporter: dict[bytes, int] = {}
        for address in table["exporter_address"].to_pylist():
            by_exporter[address] = by_exporter.get(address, 0) + 1
        assert sorted(count for address, count in by_exporter.items() if address[15] >= 20) == [1 + 5 * 20] * 10
        exporters = listener.table("exporters.agent").to_pylist()
        shed = {row["exporter_address"][15] for row in exporters if row["shed_packets"]}
        assert shed == {2}
        assert sum(row["shed_packets"] for row in exporters) == sum(status.shed)
        for one in (*quiet, noisy):
            one.close()


def _shed_now(listener: Heard) -> bool:
    # Counters are brought up to date by a take; one that takes nothing away leaves all that waits.
    listener.native.take(0)
    return sum(listener.native.status().shed) > 0


def test_a_restart_needs_no_template_and_counts_the_gap() -> None:
    """With the state of the run before, data decodes at once, at the rate that was announced then."""
    with heard() as before, exporter(before.address, "127.0.0.5") as one:
        one.flows(2, announce=True, rate=50)
        # Two that differ in their flows show how the exporter numbers.
        one.flows(5)
        one.flows(4)
        before.until_rows(11)
        before.end()
        assert before.state is not None
        port = int(before.address.rpartition(":")[2])
        one.sequence += 30
        del before.native
        with heard(port=port, state=before.state) as after:
            one.flows(7)
            after.until_rows(7)
            assert set(after.table()["sampling_rate"].to_pylist()) == {50.0}
            status = after.end()
            balance(after, status, sent=1)
            assert after.lost["exporter_gap"] == (0, 30)


def test_a_damaged_state_is_told_and_left() -> None:
    """Exporters are learned anew."""
    with heard(state=b"not a state") as listener, exporter(listener.address) as one:
        one.flows(1, announce=True)
        listener.until_rows(1)
        assert [event for event, *_ in _told(listener)] == ["exports_state_unreadable"]


def test_exporters_that_are_not_allowed_are_refused() -> None:
    """They are counted for the listener, and told once with the setting that would let them in."""
    own = _address_beyond_loopback()
    with heard(own) as listener, exporter(listener.address, own) as one:
        for _ in range(30):
            one.flows(1, announce=True)
        until("all are refused", lambda: _taken(listener).refused == [30])
        status = listener.end()
        balance(listener, status, sent=30)
        assert listener.rows() == 0
        assert listener.lost["refused"][0] == 30
        ((event, subject, what, *_),) = _told(listener)
        assert (event, subject) == ("exporter_refused", own)
        assert "exporters.allow" in what
    with heard(own, allow=[(own, 32)]) as listener, exporter(listener.address, own) as one:
        one.flows(6, announce=True)
        listener.until_rows(6)


def _told(listener: Heard) -> list[tuple[str, str, str, int]]:
    # How large a normal user's receive buffer may be is the machine's.
    return [problem for problem in listener.problems if problem[0] != "receive_buffer_small"]


def _taken(listener: Heard) -> _native.ListenerStatus:
    listener.take()
    return listener.native.status()


def _address_beyond_loopback() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this host has no address but loopback")
        return str(probe.getsockname()[0])


def test_several_sockets_share_an_address() -> None:
    """The kernel spreads exporters over them, and each exporter's datagrams stay in order."""
    with heard(sockets=3) as listener:
        ones = [Exporter(listener.address, f"127.0.1.{number}") for number in range(1, 13)]
        for one in ones:
            one.flows(1, announce=True)
            for _ in range(40):
                one.flows(20)
        listener.until_rows(12 * (1 + 40 * 20))
        status = listener.end()
        balance(listener, status, sent=12 * 41)
        assert listener.lost["exporter_gap"] == (0, 0)
        for one in ones:
            one.close()


def test_what_nobody_takes_is_bounded_and_nothing_of_it_is_lost() -> None:
    """The decoder stops at the bound; when somebody takes, all that was not shed comes."""
    bound = 512 << 10
    with heard(queue_bytes=bound, receive_buffer=8 * MIB) as listener, exporter(listener.address) as one:
        one.flows(1, announce=True)
        listener.until_rows(1)
        for _ in range(4_000):
            one.flows(20)
        _shed_now(listener)
        status = listener.native.status()
        assert status.waiting_bytes <= 2 * bound + MIB
        assert status.queued_bytes <= bound
        status = listener.end()
        balance(listener, status, sent=4_001)


def test_settled_means_that_all_before_it_was_handed_over() -> None:
    """When a take says that it is settled until an instant, no later one has a row received before it."""
    with heard() as listener, exporter(listener.address) as one:
        one.flows(1, announce=True)
        settled = 0
        for _ in range(60):
            for _ in range(50):
                one.flows(20)
            taken = len(listener.messages)
            listener.take()
            later = Heard(listener.native, listener.messages[taken:])
            if later.rows():
                times = later.table()["received_time"].cast(pa.int64()).to_pylist()
                assert min(times) >= settled
            settled = listener.settled_time_ns
        assert settled > 0
        balance(listener, listener.end(), sent=one.sent)


def test_templates_alone_are_no_rows() -> None:
    """A datagram without data is decoded and gives nothing."""
    with heard() as listener, exporter(listener.address) as one:
        one.send(ipfix(0, template_set()))
        until("it is received", lambda: _taken(listener).received == [1])
        status = listener.end()
        balance(listener, status, sent=1)
        assert (listener.decoded, listener.rows()) == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"listen": [("host.example", 1)]}, "expected an address"),
        ({"allow": [("192.0.2.0", 33)]}, "at most 32 bits"),
        ({"allow": [("nobody", 3)]}, "expected an address"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], part: str) -> None:
    """They are refused before a socket is made."""
    with pytest.raises(ValueError, match=part):
        _native.ExportListener(**{"stream": "flows.test", "listen": [("127.0.0.1", 0)], **arguments})


def test_a_port_in_use_is_refused_with_its_place() -> None:
    """The position of the address tells which setting named it."""
    with heard() as listener:
        host, _, port = listener.address.rpartition(":")
        for sockets in (1, 2):
            with pytest.raises(OSError, match="in use") as refused:
                _native.ExportListener(
                    stream="flows.test", listen=[("127.0.0.1", 0), (host, int(port))], sockets=sockets
                )
            assert refused.value.filename == 1
