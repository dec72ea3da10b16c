"""Flow coverage (M9) of real exporters, as the product computes it: flows and the kernel's counters agree.

Each probe has a container and a port of the switch to itself, and the switch exports them all: each port has two
exporters, one of which tells its directions.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.exports.agreement import decoded
from tests.exports.street import FILLING_TYPE, Street, recorded, wait_until_heard
from tests.exports.test_real_exporters import expected, settled, stored, vif_id_of
from tests.lab.ahead import compute_now
from tests.lab.network import run
from tests.lab.product import Product, product
from tests.running import wait_for

pytestmark = [pytest.mark.root, pytest.mark.slow]

SHORT = ("softflowd IPFIX", "nfprobe v9", "sfprobe sampled")
EVERY = (
    *("softflowd v5", "softflowd v9", "softflowd IPFIX", "nfprobe v5", "nfprobe v9", "nfprobe IPFIX"),
    *("fprobe v5", "sfprobe", "sfprobe sampled"),
)
SHORT_SECONDS, LONG_SECONDS = 8, 60
FIRST_SAMPLES_SECONDS = 5
HEX_ID = "lower(leftPad(hex(vif_id), 16, '0'))"
# What the switch's own exporters tell of a port.
PARTS = {"Open vSwitch sFlow": ("ingress",), "Open vSwitch IPFIX": ("ingress", "egress", "both")}
COUNTED = {"ingress": ("rx_bytes",), "egress": ("tx_bytes",), "both": ("rx_bytes", "tx_bytes")}


def cover(
    made: Street,
    folder: Path,
    names: tuple[str, ...],
    switch: str,
    seconds: float,
    compute: Callable[[Product], None] | None = None,
) -> None:
    """Talk, and hold M9 of each port, summed over its life, against 1.

    Args:
        made: The street; nothing runs yet.
        folder: For settings and capture.
        names: Probes, each of which gets a port to itself.
        switch: The switch's own exporter, of all ports.
        seconds: How long to talk.
        compute: Has M9 computed at once; without it the running stages compute it minutes later, and what pushes
            packets out of probes, which is not IP, is left to minutes of its own.
    """
    watching, every = names or (switch,), [*names, switch]
    made.keep_apart(list(watching))
    config, capture = folder / "viflux.toml", folder / "sent.pcap"
    with product(folder / "data", config, **made.settings(config, every)) as running:
        wait_until_heard(made, every)
        running.rows("the agent's first sweep", "SELECT vif_id FROM viflux.inventory LIMIT 1", 60)
        # Ports that come and go while the product looks on have their whole life counted, and no minute to wait for.
        made.open_ports()
        ports = {name: made.watched_port(name) for name in watching}
        ids = {name: vif_id_of(running, port.name) for name, port in ports.items()}
        with recorded(made.net, capture), made.exporting(every):
            # A minute that ends before the first packet was sampled has no source to compare with, and so no row.
            wait_for("a minute with time for samples", lambda: time.time() % 60 < 60 - FIRST_SAMPLES_SECONDS)
            made.converse(seconds)
            last = int(time.time()) // 60 * 60
            if compute is None:
                wait_for("the minute is over", lambda: time.time() > last + 62, 70)
            talked = {name: port.counters() for name, port in ports.items()}
            made.flush()
            after = {name: port.counters() for name, port in ports.items()}
        settled(running, made, capture, every)
        rows = decoded(capture, "--config", str(config))
        for name in every:
            wanted = expected(rows, made.exporters[name])
            wait_for(f"{name}: decoded rows are stored", partial(are_stored, running, made, name, wanted), 60)
        for port in ports.values():
            run("ip", "link", "del", port.name)
        wait_for("the ports are gone", partial(are_gone, running, list(ids.values())), 60)
        if compute:
            compute(running)
        wait_for("M9 is of all flows", partial(is_current, running, list(ids.values())), 420)
        for name, vif_id in ids.items():
            found = coverage(running, vif_id, f"time <= toDateTime({last + 3600 if compute else last})")
            parts = set(PARTS[switch]) | {"both"}
            assert set(found) == parts, (name, found, running.log_tail())
            at_end = after[name] if compute else talked[name]
            filling = fillings(running, vif_id) if compute else {}
            for part, told in found.items():
                counted = sum(at_end[side] for side in COUNTED[part])
                assert abs(told["denominator"] / counted - 1) <= 0.005, (name, part, told, at_end)
                # What pushes packets out of probes is not IP: the port counts it, and only the switch tells of it.
                pushed = sum(at_end[side] - talked[name][side] for side in COUNTED[part])
                of_probe = part not in PARTS[switch]
                told_filling = 0.0 if of_probe else sum(filling.get(of, 0.0) for of in {part} | _halves(part))
                ratio = (told["numerator"] - told_filling) / (told["denominator"] - pushed)
                report(name if of_probe else switch, part, {"ratio": round(ratio, 5), "pushed": pushed, **told})
                # Sampled: the standard error of a sum of n packets of about the same size is below its n⁻½ share.
                slack = 5 / math.sqrt(told["samples"]) if of_probe and "sampled" in name else 0.01
                assert abs(ratio - 1) <= slack, (name, part, ratio, told, pushed, told_filling)


def _halves(part: str) -> set[str]:
    return {"ingress", "egress"} if part == "both" else set()


def are_stored(running: Product, made: Street, name: str, wanted: dict[str, int]) -> bool:
    """Whether the sums over an exporter's stored rows are these."""
    return stored(running, made.exporters[name]) == wanted


def are_gone(running: Product, vif_ids: list[str]) -> bool:
    """Whether the inventory says that these VIFs are gone, and all of their counters before are stored."""
    listed = ", ".join(f"'{vif_id}'" for vif_id in vif_ids)
    ends = running.sql(
        "SELECT vif_id, max(gone_time) AS gone FROM viflux.inventory WHERE gone_time IS NOT NULL "
        f"AND {HEX_ID} IN ({listed}) GROUP BY vif_id"
    )
    newest = running.sql(
        "SELECT max(watermark_time) AS until FROM viflux.ledger WHERE stage = 'processor' "
        "AND startsWith(of_stream, 'counters')"
    )[0]["until"]
    return len(ends) == len(vif_ids) and all(str(row["gone"]) < str(newest) for row in ends)


def is_current(running: Product, vif_ids: list[str]) -> bool:
    """Whether the flows' tier has every flow of these VIFs, and M9 what the tier has."""
    listed = ", ".join(f"'{vif_id}'" for vif_id in vif_ids)
    stale = running.sql(
        f"WITH raw AS (SELECT {HEX_ID} AS id, count() AS n FROM viflux.flows WHERE id IN ({listed}) GROUP BY id), "
        f"tier AS (SELECT {HEX_ID} AS id, sum(flows_count) AS n, sumIf(scaled_skb_bytes, flow_direction = 'ingress') "
        "AS ingress, sumIf(scaled_skb_bytes, flow_direction = 'egress') AS egress, "
        f"sumIf(scaled_skb_bytes, flow_direction = '') AS untold FROM viflux.flows_1m WHERE id IN ({listed}) "
        "GROUP BY id), sli AS (SELECT scope_key AS id, sumIf(numerator, part = 'both') AS both, "
        "sumIf(numerator, part = 'ingress') AS ingress FROM viflux.sli WHERE sli = 'M9' AND scope = 'vif' "
        f"AND id IN ({listed}) GROUP BY id) SELECT raw.id FROM raw LEFT JOIN tier ON raw.id = tier.id "
        "LEFT JOIN sli ON raw.id = sli.id WHERE raw.n != tier.n OR ifNull(sli.ingress, 0) != tier.ingress "
        "OR ifNull(sli.both, 0) != if(tier.untold > 0, tier.untold, tier.ingress + tier.egress)"
    )
    return not stale


def coverage(running: Product, vif_id: str, windows: str = "1") -> dict[str, dict[str, Any]]:
    """Return M9 of a VIF by part, summed over windows of a condition."""
    found = running.sql(
        "SELECT part, sum(numerator) AS numerator, sum(denominator) AS denominator, sum(samples_count) AS samples, "
        "groupArray((time, round(value, 4), reason)) AS minutes FROM viflux.sli "
        f"WHERE sli = 'M9' AND scope = 'vif' AND scope_key = '{vif_id}' AND {windows} GROUP BY part ORDER BY part"
    )
    figures = ("numerator", "denominator", "samples")
    return {row["part"]: {**row, **{name: float(row[name] or 0) for name in figures}} for row in found}


def fillings(running: Product, vif_id: str) -> dict[str, float]:
    """Return the bytes of frames that push others out, as told with a direction."""
    found = running.sql(
        "SELECT if(direction = 0, 'ingress', 'egress') AS part, sum(skb_bytes * sampling_rate) AS bytes "
        f"FROM viflux.flows WHERE {HEX_ID} = '{vif_id}' AND ether_type = {FILLING_TYPE} AND direction_meaning = '' "
        "AND direction IS NOT NULL GROUP BY part"
    )
    return {row["part"]: float(row["bytes"]) for row in found}


def report(exporter: str, part: str, figures: dict[str, Any]) -> None:
    """Show the figures with `pytest -s`."""
    sys.stdout.write(json.dumps({"exporter": exporter, "part": part, **figures}) + "\n")


def test_coverage_of_real_exporters(made: Street, tmp_path: Path) -> None:
    """At 1:1 M9 is 1 within a hundredth, sampled within what that many samples can tell; two exporters are not two."""
    cover(made, tmp_path, SHORT, "Open vSwitch sFlow", SHORT_SECONDS, compute_now)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("names", "switch"), [(EVERY, "Open vSwitch sFlow"), ((), "Open vSwitch IPFIX")])
def test_coverage_of_every_exporter_with_a_minute_of_traffic(
    made: Street, tmp_path: Path, names: tuple[str, ...], switch: str
) -> None:
    """The same of every exporter, for a minute, as the running stages themselves compute it."""
    cover(made, tmp_path, names, switch, LONG_SECONDS)
