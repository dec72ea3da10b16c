"""Exporters that lie about who they are cost bounded memory, and the others are not harmed."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest

from collectors._native import ExportListener
from tests.captures.build import FLOW4, START, flow4
from tests.captures.datagrams import Template, datagram, flow_sample, ipfix, ipfix_set, netflow9, sflow, u16, u32
from tests.decode.test_bounds import MOST_KILOBYTES, measured

CAPTURES = Path(__file__).parents[1] / "captures"
SECOND = 1_000_000_000
GOOD = Template(300, [*FLOW4, (152, 8), (153, 8)])


def good(sequence: int) -> bytes:
    """Return a message with template and one flow."""
    row = GOOD.record(*flow4(1), START * 1000 - 900, START * 1000)
    return ipfix(START, sequence, 1, GOOD.ipfix(), GOOD.data(row, pad=1))


def capture(frames: list[bytes]) -> bytes:
    """Return a pcap file without its header."""
    times = (struct.pack("<II", START + number // 1_000, number % 1_000) for number in range(len(frames)))
    sizes = (struct.pack("<II", len(frame), len(frame)) for frame in frames)
    return b"".join(b"".join(parts) for parts in zip(times, sizes, frames, strict=True))


def head() -> bytes:
    """Return the header of a pcap file of Ethernet frames."""
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)


@pytest.mark.slow
def test_spoofed_exporters_do_not_grow_memory(tmp_path: Path) -> None:
    """200,000 senders with a template each: the memory is bounded, and the flows that they send are told."""
    base = datagram(good(0), 4739)

    def chunk(turn: int) -> bytes:
        senders = (turn * 10_000 + number for number in range(10_000))
        return capture([base[:26] + struct.pack("!I", 0x0B000000 + sender) + base[30:] for sender in senders])

    code, kilobytes, said = measured(tmp_path, ["-"], [head(), *(chunk(turn) for turn in range(20))])
    assert code == 0
    assert kilobytes < MOST_KILOBYTES
    assert said[-1].startswith("datagrams 200000, rows 200000"), said


@pytest.mark.slow
def test_domains_templates_and_counts_do_not_grow_memory(tmp_path: Path) -> None:
    """Domains without end, templates of 65,535 fields, of no length, records without bytes, counts that cannot be."""
    wide = ipfix_set(2, u16(400, 16_000) + u16(1, 1) * 16_000)
    endless = ipfix_set(2, u16(401, 65_535) + u16(1, 4) * 30)
    nothing = ipfix_set(2, u16(402, 3, 1, 0, 2, 0, 8, 0)) + ipfix_set(402, bytes(1_000))
    giant = sflow("192.0.2.1", 7, 1, 1)[:-4] + u32(0xFFFFFFFF)
    lie = sflow("192.0.2.1", 7, 1, 1, flow_sample(1, 3, 1, (1, 2))[:-4] + u32(0xFFFFFFFF))
    frames = []
    for number in range(3_000):
        odd = (
            ipfix(START, 0, number, wide),
            ipfix(START, 0, number, endless),
            ipfix(START, 0, number, nothing),
            netflow9(START, 1, 0, number, 65_535, ipfix_set(0, u16(300, 1, 1, 0)), ipfix_set(300, bytes(40))),
            giant,
            lie,
        )[number % 6]
        frames.append(datagram(odd, 4739))
    frames.append(datagram(good(0), 4739))
    code, kilobytes, said = measured(tmp_path, ["-"], [head(), capture(frames)])
    assert code == 0
    assert kilobytes < MOST_KILOBYTES
    # What cannot be decoded harms nobody: the good exporter's flow is there.
    assert "rows 1," in said[-1] or "rows 1 " in said[-1], said


def test_a_listener_forgets_the_spoofed_and_keeps_its_bounds() -> None:
    """More domains than are remembered: the exporters that are told apart are bounded, and rows of a good one come."""
    listener = ExportListener(stream="flows.ipfix", listen=[("127.0.0.1", 0)], max_exporters=64)
    listener.start()
    port = int(listener.addresses()[0].rpartition(":")[2])
    rows = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for domain in range(2_000):
            row = GOOD.record(*flow4(1), START * 1000 - 900, START * 1000)
            sender.sendto(ipfix(START, 0, domain, GOOD.ipfix(), GOOD.data(row, pad=1)), ("127.0.0.1", port))
            if domain % 200 == 199:
                rows += taken(listener)
        listener.stop()
        rows += taken(listener)
    assert sum(listener.status().received) == 2_000
    assert sum(listener.status().socket_dropped) == 0
    assert listener.status().flows == 2_000
    assert rows == 2_000


def taken(listener: ExportListener) -> int:
    """Take everything that is there, and return how many flows that is."""
    rows = 0
    while True:
        handed = listener.take(1 << 20)
        rows += sum(
            message[1] for stream, messages in handed.messages if stream == "flows.ipfix" for message in messages
        )
        listener.settle()
        if not handed.is_partial:
            return rows
