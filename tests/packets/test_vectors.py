from __future__ import annotations

import shutil

import pytest

pytest.importorskip("scapy", reason="needs scapy: pip install -e .[dev]")

from tests.packets import vectors


def test_the_recorded_packets_are_those_that_scapy_builds_and_tshark_reads() -> None:
    """The native tests compare the decoder with this file; here it is compared with its makers."""
    if shutil.which("tshark") is None:
        pytest.skip("needs tshark (Debian: apt-get install tshark)")
    recorded = vectors.VECTORS.read_text(encoding="ascii").splitlines()
    assert vectors.lines() == recorded
