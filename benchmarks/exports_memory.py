"""What decoding costs from memory: the examples of the crate `wire`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from benchmarks.figure import Figure

_MANIFEST = Path(__file__).resolve().parents[1] / "collectors/native/Cargo.toml"
# Example, line of it, what it is, bar.
_LINES = (
    ("ipfix_speed", r"usual +69 B, +1 exporters, batches of +20000", "IPFIX, 20 fixed fields (69 B)", 60.0),
    ("ipfix_speed", r"usual +69 B, 200 exporters, batches of +20000", "the same of 200 exporters", 60.0),
    ("ipfix_speed", r"variable", "IPFIX, a field of variable length", None),
    ("sflow_speed", r"Ethernet IPv4 TCP", "sFlow, raw header of 128 B", 120.0),
    ("sflow_speed", r"mixed", "sFlow, headers of all kinds, extended_switch", None),
)


def measure() -> list[Figure]:
    """Run both examples and take the best of their rounds over."""
    shown = {}
    for example in dict.fromkeys(example for example, *_ in _LINES):
        words = ["cargo", "run", "-q", "--release", "--locked", "--manifest-path", str(_MANIFEST), "-p", "wire"]
        done = subprocess.run([*words, "--example", example], capture_output=True, text=True, check=True)
        shown[example] = done.stdout
    figures = []
    for example, line, what, bar in _LINES:
        found = re.search(rf"^{line}.*best +([0-9.]+) +(.*)$", shown[example], re.MULTILINE)
        if found is None:
            raise LookupError(f"{example} does not show {line}")
        figures.append(Figure(f"decode from memory: {what}", float(found[1]), "ns CPU", bar, found[2]))
    return figures
