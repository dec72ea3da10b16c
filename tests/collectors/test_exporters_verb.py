"""`viflux exporters` on the whole product: nobody, somebody, and which rate must be given."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.export_making import Exporter, ipfix, sflow, template_set
from tests.collectors.test_exporting_agent import free_udp_port
from tests.lab.product import VIFLUX, Product, product
from tests.running import wait_for

pytestmark = pytest.mark.slow


def verb(made: Product, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(VIFLUX), "exporters", *made.flags, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def rows(made: Product) -> list[dict[str, Any]]:
    done = verb(made, "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_who_sends_what_and_what_is_needed(tmp_path: Path) -> None:
    """Before anybody sends it says where it listens; then each exporter is a row, with the setting that it needs."""
    samples, flows = free_udp_port(), free_udp_port()
    settings = {
        "sflow.listen": str(samples),
        "ipfix.listen": str(flows),
        "exporters.park_time": "1s",
        "agent.all_namespaces": "false",
    }
    with product(tmp_path / "data", **settings) as made:
        wait_for("the store", lambda: verb(made).returncode == 0, 60)
        nobody = verb(made)
        assert nobody.stdout == ""
        assert f"sflow on 127.0.0.1:{samples}; ipfix on 127.0.0.1:{flows}" in nobody.stderr
        assert f'"sflow.listen": ["127.0.0.1:{samples}"]' in made.log.read_text(encoding="utf-8")
        told = Exporter(f"127.0.0.1:{flows}", "127.0.0.41")
        untold = Exporter(f"127.0.0.1:{flows}", "127.0.0.42")
        agent = Exporter(f"127.0.0.1:{samples}", "127.0.0.43")
        told.flows(5, announce=True, rate=20)
        untold.send(ipfix(0, template_set(), domain=7))
        untold.flows(4, domain=7)
        agent.send(*(sflow(number, 6) for number in range(3)))
        found = wait_for("three exporters", lambda: (them := rows(made)) and len(them) == 3 and them, 60)
        by_address = {row["exporter_address"]: row for row in found}
        assert by_address["127.0.0.41"]["sampling_rate"] == 20
        assert by_address["127.0.0.41"]["sampling_origin"] == "announced"
        assert by_address["127.0.0.41"]["needs"] == ""
        assert by_address["192.0.2.9"]["source_kind"] == "sflow"
        assert by_address["192.0.2.9"]["sampling_rate"] == 64
        needs = 'exporters.known = [{address = "127.0.0.42"'
        wait_for(
            "the need",
            lambda: any(
                row["needs"].startswith(needs) and "sampling_rate = RATE" in row["needs"] for row in rows(made)
            ),
            40,
        )
        table = verb(made, "--format", "table")
        assert "127.0.0.42" in table.stdout
        assert "domain = 7, sampling_rate = RATE" in table.stderr
        csv = verb(made, "--format", "csv")
        assert csv.stdout.splitlines()[0].startswith("exporter_address,")
        assert verb(made, "--since", "soon").returncode == 2
        for one in (told, untold, agent):
            one.close()


def test_listeners_that_are_off_say_how_to_turn_them_on(tmp_path: Path) -> None:
    """The message names the settings and an example."""
    with product(tmp_path / "data", **{"agent.all_namespaces": "false"}) as made:
        wait_for("the store", lambda: verb(made).returncode == 0, 60)
        done = verb(made)
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr.startswith("listeners are off: set sflow.listen")
        assert "--set sflow.listen=127.0.0.1:6343" in done.stderr
