"""What came of what was sent: one table, and in words every line of it that is not as it has to be."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from tests.chaos.load import Numbered
from tests.chaos.scene import HOST, Scene
from tests.running import ROOT
from viflux.registry import KINDS

_LOOK_BACK = "12h"
# From the end of the day in which the agent is at last, which is 30 hours ahead at most.
_LOOK_BACK_OF_TIERS = "32h"


@dataclass
class Account:
    """The table of a run.

    Attributes:
        lines: What, how much, and a remark.
        wrong: What differs, in words; empty where all is right.
    """

    lines: list[tuple[str, str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def line(self, what: str, amount: object, remark: str = "", *, wanted: object = None) -> None:
        """Add a line; one that is not as wanted is wrong."""
        if wanted is not None and amount != wanted:
            self.wrong.append(f"{what}: {amount}, not {wanted} {remark}".rstrip())
            remark = f"WRONG: not {wanted} {remark}"
        self.lines.append((what, str(amount), remark))

    def __str__(self) -> str:
        widths = [max(len(line[at]) for line in self.lines) for at in (0, 1)]
        return "\n".join(
            f"{what:<{widths[0]}}  {amount:>{widths[1]}}  {remark}".rstrip() for what, amount, remark in self.lines
        )


def account(scene: Scene, compared: Tiers) -> Account:
    """Compare what was sent with what is stored, and that with the ledger and the tiers.

    Args:
        scene: Everything that was sent to it is stored or lost for good.
        compared: What came of comparing its tiers.
    """
    made = Account()
    balance = _balance(scene)
    exporters = scene.load.exporters
    for stream in sorted({exporter.stream for exporter in exporters}):
        _exports(made, scene, stream, [each for each in exporters if each.stream == stream], balance.get(stream, {}))
    _counters(made, scene, balance.get("counters.netlink", {}).get("lost", {}))
    _doubles(made, scene)
    _ledger(made, scene)
    _tiers(made, compared)
    for stage in scene.stages.values():
        if stage.ended:
            counted = Counter(stage.ended)
            remark = ", ".join(
                f"{count} with exit code {code}: {reason or 'no reason told'}"
                for (code, reason), count in counted.items()
            )
            told = sum(code != 0 and bool(reason) for code, reason in stage.ended)
            made.line(f"{stage.name}: ended by itself", len(stage.ended), remark, wanted=told)
    return made


def _exports(
    made: Account, scene: Scene, stream: str, exporters: list[Numbered], balance: dict[str, dict[str, int]]
) -> None:
    sent = sum(told.rows for exporter in exporters for told in exporter.told.values())
    stored = wrong = unknown = missed = 0
    examples: list[str] = []
    for exporter in exporters:
        found = _stored(scene, exporter)
        for number, has in found.items():
            stored += has[0]
            told = exporter.told.get(number)
            if told is None:
                unknown += 1
            elif has != tuple(told):
                wrong += 1
                examples.append(f"{exporter.address} number {number}: rows, ports, bytes {has}, sent {tuple(told)}")
        missed += sum(told.rows for number, told in exporter.told.items() if number not in found)
    made.line(f"{stream}: sent", sent, "rows")
    made.line(f"{stream}: stored", stored, "rows")
    lost = 0
    for place, causes in (("before the spool", balance.get("unread", {})), ("behind it", balance.get("lost", {}))):
        for cause, rows in sorted(causes.items()):
            made.line(f"{stream}: lost as {cause}", rows, place)
            lost += rows
    # Rows of this table are not told again where they are evicted: it never has more.
    made.line(f"{stream}: missed, of what `exporters` has stored", _missed(scene, stream), "over all times")
    made.line(f"{stream}: sent - lost - stored", sent - lost - stored, f"{missed} rows are not stored", wanted=0)
    made.line(f"{stream}: datagrams that were not sent", unknown, wanted=0)
    made.line(f"{stream}: datagrams with other rows than sent", wrong, "; ".join(examples[:3]), wanted=0)


def _missed(scene: Scene, stream: str) -> int:
    query = "SELECT sum(missed_count) AS missed FROM exporters WHERE source_kind = {kind:String}"
    return int(scene.reader().query_rows(query, {"kind": stream.partition(".")[2]})[0]["missed"])


def _stored(scene: Scene, exporter: Numbered) -> dict[int, tuple[int, int, int]]:
    rows = scene.reader().query_rows(
        "SELECT sequence_number, count() AS rows, uniqExact(src_port) AS ports, sum(bytes) AS total "
        "FROM flows WHERE exporter_address = {address:IPv6} GROUP BY sequence_number",
        {"address": f"::ffff:{ip_address(exporter.address)}"},
    )
    return {int(row["sequence_number"]): (int(row["rows"]), int(row["ports"]), int(row["total"])) for row in rows}


def _counters(made: Account, scene: Scene, causes: dict[str, int]) -> None:
    lost = sum(causes.values())
    stored = int(
        _one(
            scene,
            "SELECT sum(tx_packets) AS n FROM counters WHERE delta_kind != 'new' AND vif_id IN "
            f"(SELECT vif_id FROM inventory WHERE ifname = '{scene.interface}')",
        )
    )
    made.line(f"frames out of {scene.interface}", scene.frames, "as the kernel counts them")
    # A row that was lost takes its frames with it; a sweep that the spool refused does not: the next has them.
    made.line("frames stored", stored, f"{lost} rows of counters lost", wanted=None if lost else scene.frames)
    if lost:
        made.line("frames stored beyond those sent", max(0, stored - scene.frames), wanted=0)


def _doubles(made: Account, scene: Scene) -> None:
    handed_in = {
        row["of_stream"]: int(row["stored"])
        for row in scene.reader().query_rows(
            "SELECT of_stream, sum(out_rows_count) AS stored FROM ledger WHERE stage = 'processor' GROUP BY of_stream"
        )
    }
    for name, kind in KINDS.items():
        if "sequence" not in kind.table:
            continue
        # A batch is one insert of each day that it has rows of.
        twice = _one(
            scene,
            "SELECT count() AS n FROM (SELECT spool_id, stream, sequence, toDate(time) AS day, "
            f"uniqExact(inserted_time) AS inserts FROM {name} WHERE host = '{HOST}' "
            "GROUP BY spool_id, stream, sequence, day HAVING inserts > 1)",
        )
        made.line(f"{name}: batches stored twice", int(twice), wanted=0)
        rows = scene.reader().query_rows(f"SELECT stream, count() AS rows FROM {name} GROUP BY stream ORDER BY stream")
        for row in rows:
            # What the processor itself writes has no account of its own.
            if row["stream"].endswith(".processor"):
                continue
            made.line(
                f"{row['stream']}: rows in the table",
                int(row["rows"]),
                "as the ledger says",
                wanted=handed_in.pop(row["stream"], 0),
            )
    for stream, stored in handed_in.items():
        made.line(f"{stream}: rows in the table", 0, "as the ledger says", wanted=stored)
    # The first reading of an interface is a row without duration; the next begins where it is.
    doubled = _one(scene, "SELECT count() - uniqExact(vif_id, time, duration_ns) AS n FROM counters")
    made.line("counters: rows of one interface and interval", int(doubled), wanted=0)


def _said(words: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a verb, with more variables."""
    every = {**os.environ, **environment}
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, env=every)


def _ledger(made: Account, scene: Scene) -> None:
    done = _said(scene.verb("ledger", "--last", _LOOK_BACK, "--format", "jsonl"))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    for row in rows:
        remark = f"{row['handed_over_rows']} handed over = {row['stored_rows']} stored + {row['lost_rows']} lost"
        made.line(f"ledger: {row['of_stream']}", row["state"], remark, wanted="balanced")
    made.line("viflux ledger", f"exit code {done.returncode}", done.stderr.strip(), wanted="exit code 0")


@dataclass
class Tiers:
    """What `viflux check` says.

    Attributes:
        states: How many windows are in which state.
        wrong: Its lines that are neither of equal windows nor of open ones.
        code: Its exit code.
        said: What it said besides.
    """

    states: Counter[str]
    wrong: list[str]
    code: int
    said: str


def tiers(scene: Scene) -> Tiers:
    """Compare all tiers with raw rows, at the time that `scene.later` says."""
    done = _said(scene.verb("check", "--since", _LOOK_BACK_OF_TIERS, "--format", "jsonl"), **scene.later.environment)
    made = Tiers(Counter(), [], done.returncode, done.stderr.strip())
    for line in done.stdout.splitlines():
        row = json.loads(line)
        made.states[row["state"]] += row["windows_count"]
        if row["state"] not in ("equal", "open"):
            made.wrong.append(f"tiers: {line}")
    return made


def _tiers(made: Account, found: Tiers) -> None:
    made.wrong += found.wrong
    made.line("tiers: windows equal to what they are made of", found.states.pop("equal", 0))
    for state, count in sorted(found.states.items()):
        made.line(f"tiers: windows {state}", count, wanted=0)
    made.line("viflux check", f"exit code {found.code}", found.said, wanted="exit code 0")


def _balance(scene: Scene) -> dict[str, dict[str, dict[str, int]]]:
    rows = scene.reader().query_rows(
        "SELECT of_stream, sumMap(lost_by_cause) AS lost, sumMap(unread_by_cause) AS unread FROM ledger_balance "
        "GROUP BY of_stream"
    )
    return {row["of_stream"]: {"lost": _counts(row["lost"]), "unread": _counts(row["unread"])} for row in rows}


def _counts(causes: dict[str, Any]) -> dict[str, int]:
    return {cause: int(rows) for cause, rows in causes.items() if int(rows)}


def _one(scene: Scene, query: str) -> Any:
    return scene.reader().query_rows(query)[0]["n"]
