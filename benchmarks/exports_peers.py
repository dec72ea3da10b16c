"""The collectors that Viflux is measured beside, from Debian, each with the figures of its whole process group."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.exporters import find

FIFTEEN_KEYS = (
    "src_host, dst_host, src_port, dst_port, proto, tos, tcpflags, in_iface, out_iface, "
    "src_as, dst_as, src_mask, dst_mask, peer_src_ip, sampling_rate"
)


@dataclass(frozen=True)
class Peer:
    """A collector.

    Attributes:
        name: With what it does with the flows.
        kind: `ipfix` or `sflow`.
        command: Its program.
        words: Its command line for a port and a folder.
        rate: Datagrams a second that its processes pass on without loss; 0 for all that the socket takes.
    """

    name: str
    kind: str
    command: str
    words: Callable[[int, Path], list[str]]
    rate: int = 0

    @property
    def is_here(self) -> bool:
        """Whether it is installed."""
        return find(self.command) is not None

    def start(self, port: int, folder: Path) -> subprocess.Popen[bytes]:
        """Start it in the foreground; what it prints goes to a log in the folder."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(self.words(port, folder), stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def _nfdump(command: str) -> Callable[[int, Path], list[str]]:
    def words(port: int, folder: Path) -> list[str]:
        return [
            str(find(command)),
            "-p",
            str(port),
            "-b",
            "127.0.0.1",
            "-w",
            str(folder),
            "-t",
            "3600",
            "-B",
            "16000000",
        ]

    return words


def _pmacct(command: str, keys: str) -> Callable[[int, Path], list[str]]:
    def words(port: int, folder: Path) -> list[str]:
        configuration = folder / "pmacct.conf"
        lines = [
            "daemonize: false",
            f"{command}_ip: 127.0.0.1",
            f"{command}_port: {port}",
            f"{command}_pipe_size: 16000000",
            "plugins: print[p]",
            f"aggregate[p]: {keys}",
            f"print_output_file[p]: {folder / 'flows.csv'}",
            "print_output[p]: csv",
            "print_refresh_time[p]: 3600",
            "plugin_pipe_size: 200000000",
            "plugin_buffer_size: 200000",
        ]
        configuration.write_text("\n".join(lines) + "\n", encoding="ascii")
        return [str(find(command)), "-f", str(configuration)]

    return words


PEERS = (
    Peer("nfcapd, writes its file", "ipfix", "nfcapd", _nfdump("nfcapd")),
    Peer("nfacctd, one key", "ipfix", "nfacctd", _pmacct("nfacctd", "proto")),
    Peer("nfacctd, 15 keys", "ipfix", "nfacctd", _pmacct("nfacctd", FIFTEEN_KEYS), rate=8_000),
    Peer("sfcapd, writes its file", "sflow", "sfcapd", _nfdump("sfcapd")),
    Peer("sfacctd, one key", "sflow", "sfacctd", _pmacct("sfacctd", "proto")),
    Peer("sfacctd, 15 keys", "sflow", "sfacctd", _pmacct("sfacctd", FIFTEEN_KEYS), rate=20_000),
)
