"""What nfdump's collectors read from the datagrams of a capture, under the names of the `flows` columns."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.captures.datagrams import payloads
from tests.lab.exporters import find
from tests.running import free_port, wait_for

Row = dict[str, Any]
_FLAGS = "FSRPAUEC"


def flows(capture: Path) -> list[Row]:
    """Send the datagrams of a capture to nfcapd or sfcapd, and return what it stored, in the order of arrival.

    The collector takes one datagram after the other; the last one is waited for by the file that it writes at its end.
    """
    collector = "sfcapd" if "sflow" in capture.stem else "nfcapd"
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        words = [str(find(collector)), "-p", str(port), "-b", "127.0.0.1", "-w", folder, "-t", "3600", "-B", "8000000"]
        log = Path(folder) / "log"
        with log.open("wb") as output:
            child = subprocess.Popen(words, stdout=output, stderr=output)
        try:
            wait_for(f"{collector} listens", lambda: b"Startup" in log.read_bytes() and _queue(port) is not None)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for payload in payloads(capture.read_bytes()):
                    sender.sendto(payload, ("127.0.0.1", port))
                    # One by one: the order of the file is the order of the rows.
                    wait_for(f"{collector} reads", lambda: _queue(port) == 0)
            time.sleep(0.05)  # the last datagram left the queue, and is being decoded
        finally:
            child.terminate()
            child.wait(10)
        stored = next(Path(folder).glob("nfcapd.*"))
        words = [str(find("nfdump")), "-r", str(stored), "-o", "json"]
        text = subprocess.run(words, capture_output=True, text=True, check=True, env={"TZ": "UTC"}).stdout
    return [row for entry in json.loads(text) for row in _rows(entry)] if '"type"' in text else []


def _queue(port: int) -> int | None:
    """Return the bytes that wait in the socket of a port; None where nobody listens."""
    for line in Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if int(fields[1].split(":")[1], 16) == port:
            return int(fields[4].split(":")[1], 16)
    return None


_SAME = {
    "proto": "protocol",
    "src_port": "src_port",
    "dst_port": "dst_port",
    "src_tos": "ip_tos",
    "input_snmp": "in_if_index",
    "output_snmp": "out_if_index",
    "src_as": "src_as",
    "dst_as": "dst_as",
    "src_mask": "src_prefix_length",
    "dst_mask": "dst_prefix_length",
    "direction": "direction",
    "src_vlan": "src_vlan",
    "dst_vlan": "dst_vlan",
    "fwd_status": "forwarding_status",
    "src4_addr": "src_address",
    "src6_addr": "src_address",
    "dst4_addr": "dst_address",
    "dst6_addr": "dst_address",
    "ip4_next_hop": "next_hop",
    "ip6_next_hop": "next_hop",
    "bgp4_next_hop": "bgp_next_hop",
    "in_src_mac": "src_mac",
    "in_packets": "packets",
    "in_bytes": "bytes",
    "icmp_type": "icmp_type",
    "icmp_code": "icmp_code",
    "src4_xlt_ip": "post_nat_src_address",
    "dst4_xlt_ip": "post_nat_dst_address",
    "src_xlt_port": "post_nat_src_port",
    "dst_xlt_port": "post_nat_dst_port",
    "nat_event_id": "nat_event",
}
_NUMBERS = {"post_nat_src_port", "post_nat_dst_port", "nat_event"}


def _rows(entry: dict[str, Any]) -> Iterator[Row]:
    row: Row = {}
    for key, name in _SAME.items():
        if key in entry:
            row[name] = int(entry[key]) if name in _NUMBERS else entry[key]
    # Elements 80 and 57 are two fields there and one column here.
    row["dst_mac"] = next(
        (mac for key in ("in_dst_mac", "out_dst_mac") if (mac := entry.get(key, "")).strip("0:")), None
    )
    if "tcp_flags" in entry and entry["proto"] == 6:
        row["tcp_flags"] = sum(1 << bit for bit, flag in enumerate(_FLAGS) if flag in entry["tcp_flags"])
    for name, key in (("flow_start_time", "first"), ("flow_end_time", "last")):
        if not entry[key].startswith("1970"):
            row[name] = _milliseconds(entry[key])
    if labels := [re.split("-", entry[key])[0] for key in entry if re.fullmatch(r"mpls_\d+", key)]:
        row["mpls_labels"] = [int(label) for label in labels if label != "0"]
    yield row
    if entry.get("out_packets"):
        names = ("address", "port", "mac")
        ends = {
            f"{one}_{name}": row.get(f"{other}_{name}")
            for name in names
            for one, other in (("src", "dst"), ("dst", "src"))
        }
        yield {
            **{key: row[key] for key in ("protocol",)},
            **ends,
            "packets": entry["out_packets"],
            "bytes": entry["out_bytes"],
        }


def _milliseconds(text: str) -> int:
    whole, _, fraction = text.partition(".")
    seconds = int(datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC).timestamp())
    return seconds * 10**9 + int(fraction.ljust(3, "0")) * 10**6
