"""What reading a large capture costs: `viflux decode` of two million IPFIX flows into Arrow."""

from __future__ import annotations

import resource
import socket
import struct
import subprocess
import tempfile
import threading
from pathlib import Path

from benchmarks.exports_sender import ROOT, Load, send
from benchmarks.figure import Figure
from tests.captures.datagrams import checksum, ethernet, ip, u8, u16
from tests.running import free_port, viflux

FLOWS = 2_000_000
RUNS = 3


def recorded(file: Path) -> int:
    """Write what the sender sends into a capture, and return how many flows that is."""
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end, file.open("wb", buffering=1 << 20) as capture:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        end.bind(("127.0.0.1", port))
        end.settimeout(2)
        capture.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        sent = []
        # A datagram has 20 flows, some have the template instead of four of them.
        load = Load("ipfix", 200, FLOWS // 20 + 200)
        sending = threading.Thread(target=lambda: sent.append(send(load, port)))
        sending.start()
        for number in range(load.datagrams):
            payload, (address, source) = end.recvfrom(65535)
            head = u8(0x45, 0) + u16(28 + len(payload), number & 0xFFFF, 0) + u8(64, 17)
            ends = ip(address) + ip("127.0.0.1")
            head += u16(checksum(head + u16(0) + ends)) + ends + u16(source, port, 8 + len(payload), 0)
            frame = ethernet("00:00:5e:00:53:01", "00:00:5e:00:53:02", 0x0800, head + payload)
            seconds, micros = divmod(number * 10, 1_000_000)
            capture.write(struct.pack("<IIII", 1_795_000_000 + seconds, micros, len(frame), len(frame)) + frame)
        sending.join()
    return sent[0].flows


def measure() -> list[Figure]:
    """Decode the file three times."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "exports.pcap"
        flows = recorded(file)
        times = []
        for _ in range(RUNS):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            words = viflux("decode", "--format", "arrow", "--output", Path(folder) / "flows.arrows", file)
            subprocess.run(words, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            resident = after.ru_maxrss * 1024 / 1e6
        size = file.stat().st_size / 1e6
    spread = "/".join(f"{seconds:.2f}" for seconds in times)
    note = f"{flows:,} flows, {size:.0f} MB; best of {spread}; at most {resident:.0f} MB resident"
    return [Figure("`viflux decode` of 2 M IPFIX flows → Arrow file", min(times), "s CPU", 2.0, note)]


if __name__ == "__main__":
    measure()
