"""A street of exporters for the tests that run them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exports.street import Street, street
from tests.lab.exporters import need_command
from tests.lab.network import need_root
from tests.running import free_port


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Street]:
    """A switch with two containers and the addresses of thirteen exporters."""
    need_root("watches interfaces and makes network namespaces")
    need_command("softflowd", "pmacctd", "fprobe", "ovs-vswitchd", "tcpdump", "ethtool")
    folder = tmp_path / "exporters"
    folder.mkdir()
    with street(folder, free_port()) as found:
        yield found
