"""Every exporter that can be had, with real traffic, into the running product: nothing is lost that is not counted."""

from __future__ import annotations

import json
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.exports.agreement import decoded
from tests.exports.street import FILLING_TYPE, Exporter, Street, recorded, sent, wait_until_heard
from tests.lab.product import Product, product
from tests.running import repeated, wait_for

pytestmark = [pytest.mark.root, pytest.mark.slow]

SHORT_SECONDS = 12
LONG_SECONDS = 60
# What becomes of a datagram that was received; each is a column of `exporters`.
FATES = (
    "decoded_datagrams_count",
    "undecodable_datagrams_count",
    "refused_datagrams_count",
    "parked_dropped_datagrams_count",
    "shed_packets",
)


@dataclass(frozen=True)
class Account:
    """What a listener's rows say of all datagrams that came to it."""

    received: int
    fates: dict[str, int]
    parked: int
    dropped: int
    missed: int


def accounts(running: Product) -> dict[str, Account]:
    """Return the account of each listener, by its address without the port."""
    sums = ", ".join(f"sum({name}) AS {name}" for name in (*FATES, "received_datagrams_count"))
    rows = running.sql_so_far(
        f"SELECT listener, {sums}, sum(socket_dropped_count) AS dropped, sum(missed_count) AS missed "
        "FROM viflux.exporters GROUP BY listener"
    )
    parked = running.sql_so_far(
        "SELECT listener, sum(now) AS parked FROM (SELECT listener, exporter_address, exporter_port, "
        "observation_domain_id, argMax(parked_datagrams_count, time) AS now FROM viflux.exporters "
        "GROUP BY listener, exporter_address, exporter_port, observation_domain_id) GROUP BY listener"
    )
    waiting = {row["listener"]: int(row["parked"]) for row in parked}
    return {
        row["listener"].rpartition(":")[0]: Account(
            received=int(row["received_datagrams_count"]),
            fates={name: int(row[name]) for name in FATES},
            parked=waiting.get(row["listener"], 0),
            dropped=int(row["dropped"]),
            missed=int(row["missed"]),
        )
        for row in rows
    }


def exporter_steps(running: Product) -> str:
    """Return each account of each exporter, a line each, for the message of a failure."""
    rows = running.sql_so_far(
        "SELECT time, listener, exporter_address, observation_domain_id, received_datagrams_count AS received, "
        "decoded_datagrams_count AS decoded, missed_count AS missed, restarts_count AS restarts "
        "FROM viflux.exporters ORDER BY listener, exporter_address, time"
    )
    return "\n".join(json.dumps(row) for row in rows)


def stored(running: Product, exporter: Exporter) -> dict[str, int]:
    """Return sums over an exporter's stored rows."""
    found = running.sql(
        "SELECT count() AS rows, sum(bytes) AS bytes, sum(packets) AS packets FROM viflux.flows "
        f"WHERE exporter_address = toIPv6('{exporter.exporter_address}')"
    )[0]
    return {name: int(value) for name, value in found.items()}


def expected(rows: list[dict[str, Any]], exporter: Exporter) -> dict[str, int]:
    """Return the same sums over what `viflux decode` makes of what was sent."""
    own = [row for row in rows if row["exporter_address"] == exporter.exporter_address]
    return {
        "rows": len(own),
        "bytes": sum(row["bytes"] or 0 for row in own),
        "packets": sum(row["packets"] or 0 for row in own),
    }


def volume(running: Product, exporter: Exporter, vif_id: str, direction: str) -> tuple[float, int]:
    """Return what an exporter says that crossed an interface, in bytes of the kernel's counters, and its samples."""
    found = running.sql(
        "SELECT sum(skb_bytes * sampling_rate) AS bytes, count() AS samples FROM viflux.flows "
        f"WHERE exporter_address = toIPv6('{exporter.exporter_address}') AND lower(hex(vif_id)) = '{vif_id}' "
        # The frames that make probes hand over what they hold came after the counters were read.
        f"AND sampling_origin != 'unknown' AND ether_type != {FILLING_TYPE} {direction}"
    )[0]
    return float(found["bytes"]), int(found["samples"])


def vif_id_of(running: Product, ifname: str) -> str:
    """Return the id of an interface of the host."""
    query = f"SELECT lower(hex(vif_id)) AS id FROM viflux.inventory WHERE ifname = '{ifname}' LIMIT 1"
    return str(running.rows(f"{ifname} in the inventory", query)[0]["id"])


def settled(running: Product, made: Street, capture: Path, names: list[str]) -> dict[str, Account]:
    """Wait until every datagram that was sent is in some listener's account, and return the accounts."""
    counts = sent(capture)

    def complete() -> dict[str, Account] | None:
        found = accounts(running)
        for name in names:
            address = made.exporters[name].address
            account = found.get(address)
            if account is None or account.received + account.dropped != counts.get(address):
                return None
        return found

    try:
        return wait_for("every datagram is accounted for", complete, 60)
    except AssertionError as error:
        raise AssertionError(f"{error}\nsent {counts}\naccounts {accounts(running)}\n{running.log_tail()}") from None


def check_accounts(found: dict[str, Account], made: Street, names: list[str]) -> None:
    """Check that received = decoded + undecodable + refused + parked + shed, for each listener."""
    for name in names:
        account = found[made.exporters[name].address]
        assert account.received == sum(account.fates.values()) + account.parked, (name, account)
        assert account.received > 0, name
        assert account.dropped == 0, name


def run_all(made: Street, folder: Path, seconds: float) -> None:
    """Run every exporter, and hold what they saw against the counters, and what is stored against what they sent."""
    names = list(made.exporters)
    config, capture = folder / "viflux.toml", folder / "sent.pcap"
    settings = made.settings(config, names)
    with product(folder / "data", config, **settings) as running:
        wait_until_heard(made, names)
        vif_id = vif_id_of(running, made.tap.name)
        with recorded(made.net, capture), made.exporting(names):
            before = made.tap.counters()
            made.converse(seconds)
            after = made.tap.counters()
            made.flush()
        found = settled(running, made, capture, names)
        check_accounts(found, made, names)
        v7 = found[made.exporters["fprobe v7"].address]
        assert v7.fates["undecodable_datagrams_count"] == v7.received
        rows = decoded(capture, "--config", str(config))
        for name in names:
            exporter = made.exporters[name]
            wanted = expected(rows, exporter)
            wait_for(f"{name}: decoded rows are stored", lambda e=exporter, w=wanted: stored(running, e) == w)
            assert name == "fprobe v7" or wanted["rows"] > 0, name
        grown = {name: after[name] - before[name] for name in before}
        coverage = {
            name: of_counters(running, made.exporters[name], vif_id, grown)
            for name in names
            if made.exporters[name].ways
        }
        report({"seconds": seconds, "bytes": grown, "sent": sent(capture), "coverage": coverage})
        for name, (ratio, samples) in coverage.items():
            # Sampled: the standard error of a sum of n packets of about the same size is below its n⁻½ share.
            slack = 5 / math.sqrt(max(samples, 1)) if "sampled" in name else 0.01
            assert abs(ratio - 1) <= slack, (name, ratio, samples)


def report(found: dict[str, Any]) -> None:
    """Show the figures with `pytest -s`."""
    sys.stdout.write(json.dumps(found) + "\n")


def of_counters(running: Product, exporter: Exporter, vif_id: str, grown: dict[str, int]) -> tuple[float, int]:
    """Return flows ÷ counters of the interface, and how many rows that is from."""
    wanted = grown["rx_bytes"] + (grown["tx_bytes"] if exporter.ways == "both" else 0)
    direction = "AND direction = 0" if exporter.ways == "ingress" else ""
    got, samples = volume(running, exporter, vif_id, direction)
    return got / wanted, samples


def test_every_exporter_with_real_traffic(made: Street, tmp_path: Path) -> None:
    """All datagrams are accounted for, all rows are stored, and the bytes are those of the kernel's counters."""
    run_all(made, tmp_path, SHORT_SECONDS)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_every_exporter_with_a_minute_of_traffic(made: Street, tmp_path: Path) -> None:
    """The same for a minute."""
    run_all(made, tmp_path, LONG_SECONDS)


def test_restarting_the_agent_under_load(made: Street, tmp_path: Path) -> None:
    """After a kill no template is missing, nothing is decoded wrongly, and what was sent meanwhile is a counted gap."""
    names = ["softflowd v9", "softflowd IPFIX", "nfprobe v9", "nfprobe IPFIX", "Open vSwitch IPFIX", "sfprobe"]
    config, capture = tmp_path / "viflux.toml", tmp_path / "sent.pcap"
    settings = made.settings(config, names)
    with product(tmp_path / "data", config, **settings) as running:
        wait_until_heard(made, names)
        running.rows("the store's tables", "SELECT count() FROM viflux.flows", 60)
        with recorded(made.net, capture):
            with made.exporting(names), repeated(lambda: made.converse(1)):
                wait_for(
                    "flows of all exporters are stored",
                    lambda: all(stored(running, made.exporters[name])["rows"] for name in names),
                    60,
                )
                # What is known of exporters is written each second.
                begun = time.monotonic()
                wait_for("their state is written", lambda: time.monotonic() > begun + 3, 20)
                running.kill_stage("agent")
                wait_until_heard(made, names)
                before = sent(capture)
                wait_for(
                    "more is sent by each",
                    lambda: all(
                        sent(capture).get(made.exporters[name].address, 0) > before[made.exporters[name].address] + 2
                        for name in names
                    ),
                    60,
                )
            made.flush()
        counts = sent(capture)
        wait_for("the last rows are stored", lambda: _is_quiet(running), 60)
        rows = decoded(capture, "--config", str(config))
        missing = {
            name: expected(rows, made.exporters[name])["rows"] - stored(running, made.exporters[name])["rows"]
            for name in names
        }

        def counted() -> dict[str, Account] | None:
            # Each account is of ten seconds, and written after them.
            now = accounts(running)
            of = {name: now[made.exporters[name].address] for name in names}
            sent_to = {name: counts[made.exporters[name].address] for name in names}
            return now if all(_is_counted(name, of[name], sent_to[name], missing[name]) for name in names) else None

        try:
            found = wait_for("every gap is in the exporters' accounts", counted, 40)
        except AssertionError as error:
            again = {name: stored(running, made.exporters[name])["rows"] for name in names}
            steps = exporter_steps(running)
            raise AssertionError(
                f"{error}\nsent {counts}\nmissing {missing}\nstored now {again}\naccounts {accounts(running)}\n{steps}"
            ) from None
        report({"sent": counts, "rows_lost": missing, "missed": {of: found[of].missed for of in counts}})
        for name in names:
            exporter = made.exporters[name]
            account = found[exporter.address]
            assert account.fates["undecodable_datagrams_count"] == 0, (name, account)
            assert account.fates["parked_dropped_datagrams_count"] == 0, (name, account)
            wrong = _stored_keys(running, exporter) - _decoded_keys(rows, exporter)
            assert not wrong, (name, list(wrong)[:3])
            assert missing[name] >= 0, name


def _is_counted(name: str, account: Account, sent_datagrams: int, lost_rows: int) -> bool:
    """Whether what an account says was missed is what was lost, as far as the exporter's numbers tell."""
    lost_datagrams = sent_datagrams - account.received
    if name.endswith("v9"):
        return account.missed == lost_datagrams  # it numbers its datagrams
    if name == "nfprobe IPFIX":
        return lost_rows <= account.missed <= lost_rows + lost_datagrams  # its option records take numbers too
    if name == "Open vSwitch IPFIX":
        return account.missed >= lost_rows  # a message that the closed port refused takes a number and is never sent
    return account.missed == lost_rows


def _is_quiet(running: Product) -> bool:
    newest = "SELECT max(inserted_time) < now64(9) - INTERVAL 12 SECOND AS quiet FROM viflux.flows"
    return bool(int(running.sql(newest)[0]["quiet"]))


_KEY = ("sequence_number", "src_port", "dst_port", "protocol", "bytes", "packets", "in_if_index")


def _stored_keys(running: Product, exporter: Exporter) -> set[tuple[Any, ...]]:
    found = running.sql(
        f"SELECT {', '.join(_KEY)} FROM viflux.flows WHERE exporter_address = toIPv6('{exporter.exporter_address}')"
    )
    return {tuple(int(row[name] or 0) for name in _KEY) for row in found}


def _decoded_keys(rows: list[dict[str, Any]], exporter: Exporter) -> set[tuple[Any, ...]]:
    own = (row for row in rows if row["exporter_address"] == exporter.exporter_address)
    return {tuple(int(row[name] or 0) for name in _KEY) for row in own}
