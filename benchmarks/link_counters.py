"""What one reading of all link counters costs, in one namespace and over many: the example of the crate `probes`."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.figure import Figure

_MANIFEST = Path(__file__).resolve().parents[1] / "collectors/native/Cargo.toml"
_BARS = {"one namespace (1), link statistics": 2.0, "spread (500), link statistics": 10.0}


def measure() -> list[Figure]:
    """Run the example, which makes 1,000 veth ends in namespaces of its own, and take its medians over."""
    words = ["cargo", "run", "-q", "--release", "--locked", "--manifest-path", str(_MANIFEST)]
    words += ["-p", "probes", "--example", "link_counters"]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    figures = []
    for line in shown.splitlines()[2:]:
        what, links, median, slowest, _ = (cell.strip() for cell in line.strip("|").split("|"))
        value = float(median.removesuffix(" ms"))
        note = f"{links} links; median of 101, 95th {slowest}" if "nsids" not in what else f"{links} links, once"
        figures.append(Figure(f"{what}: CPU", value, "ms", _BARS.get(what), note))
    return figures
