"""`viflux latency`: how long packets take from one VIF to another."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from ingest.store.asking import in_one_line
from ingest.store.client import StoreClient
from ingest.store.tiers.resolution import usual_grain_ns
from ingest.store.traffic.question import Filters, Span
from ingest.store.traffic.vifs import selected
from viflux import output
from viflux.clock import NANOSECONDS, SystemClock
from viflux.command import verb
from viflux.settings import Settings

_QUERY = Path(__file__).with_name("latency.sql")
_LONGEST_SECONDS = 30.0
_LINES = 24
_BAR = 50
_MILLION = 1_000_000
_ENDS = ("namespace", "ifname", "workload")
_LOST = (
    "SELECT sum(sampled_packets) AS told, sum(expired_packets) AS expired, sum(changed_packets) AS changed, "
    "sum(unplaced_packets) AS unplaced FROM {rows} WHERE ({host:String} = '' OR host = {host:String})"
)


@click.command()
@click.option("--vif", default="", metavar="VIF", help="Only pairs with this VIF: its id, name or NAMESPACE/NAME.")
@click.option("--from", "entered", default="", metavar="VIF", help="Only packets that came in by this VIF.")
@click.option("--to", "left", default="", metavar="VIF", help="Only packets that left by this VIF.")
@click.option("--host", default="", metavar="HOST", help="Only this host.")
@click.option("--last", metavar="DURATION", help="How far to look back; 5m by default.")
@click.option("--since", metavar="TIME", help="Start of the span instead; 2h: two hours ago.")
@click.option("--until", metavar="TIME", default="now", show_default=True, help="Its end, not in it.")
@click.option("--top", type=click.IntRange(1, 100_000), default=20, show_default=True, help="So many pairs at most.")
@output.format_option
@verb()
def latency(
    settings: Settings,
    *,
    vif: str,
    entered: str,
    left: str,
    host: str,
    last: str | None,
    since: str | None,
    until: str,
    top: int,
    form: str | None,
) -> None:
    """Show how long packets take from one VIF to another, the slowest pair first.

    The time is from where the kernel takes a packet in to where it hands it to the driver of the other interface:
    bridge, router, Open vSwitch in the kernel and the queue on the way out are in it. What is routed to a bridge leaves
    by the bridge, and then by a port of it: both are pairs.

    Some packets are timed (`ebpf.transit_share`, `ebpf.transit_one_of`). A percentile is the middle of a bucket, which
    is 2.8 % wide at most; with fewer than 2, 20 and 100 samples p50, p95 and p99 are not known. max_ns is above the
    longest sample. A table shows one pair's histogram as well.

    \b
    Examples:
      viflux latency                             the slowest pairs of the last 5 minutes
      viflux latency --vif veth12ab --last 1h    all ways to and from one VIF
      viflux latency --from tap0 --to eth0       one pair, with its histogram
    """  # noqa: D301 - click's mark for lines that stay as they are
    span = _span(last, since, until)
    # Rows of some seconds add nothing to a percentile of the whole span, so the coarsest that answer it are read.
    grain = usual_grain_ns(span.from_ns, span.to_ns) // NANOSECONDS
    source = (
        f"latency_over(from_ms = {span.from_ns // _MILLION}, to_ms = {span.to_ns // _MILLION}, grain_seconds = {grain})"
    )
    parameters: dict[str, Any] = {
        "from_ns": str(span.from_ns),
        "to_ns": str(span.to_ns),
        "host": host,
        "top": str(top),
    }
    with in_one_line(), closing(StoreClient.reader(settings, _LONGEST_SECONDS)) as store:
        for name, one, many in (("any_end", vif, "ends"), ("any_in", entered, "ins"), ("any_out", left, "outs")):
            found = selected(store, Filters(vif=one, host=host), span) if one else None
            parameters[name] = str(int(found is None))
            parameters[many] = f"[{','.join(str(each.vif_id) for each in found or ())}]"
        text = _QUERY.read_text(encoding="utf-8").replace("FROM rows\n", f"FROM {source}\n")
        rows = store.query_rows(text, parameters)
        (lost,) = store.query_rows(_LOST.replace("{rows}", source), {"host": host})
    _write(rows, output.chosen(form))
    if not rows:
        click.echo(_nothing(settings, span, is_filtered=bool(vif or entered or left or host)), err=True)
    elif any(int(lost[name]) for name in ("expired", "changed", "unplaced")):
        click.echo(_without_time(lost), err=True)


def _span(last: str | None, since: str | None, until: str) -> Span:
    return Span.asked(last, since, until, SystemClock().now_ns())


def _write(rows: Sequence[dict[str, Any]], form: str) -> None:
    histograms = [row.pop("histogram") for row in rows]
    for row in rows:
        del row["percentiles"]
    if not rows:
        return
    if form != "table":
        columns = [output.Column(name, is_number=not isinstance(rows[0][name], str)) for name in rows[0]]
        output.write_rows(columns, (list(row.values()) for row in rows), form)
        return
    names = ["in", "out", "p50", "p95", "p99", "max", "samples"]
    columns = [output.Column(name, is_number=name not in names[:2]) for name in names]
    if len({row["host"] for row in rows}) > 1:
        columns.insert(0, output.Column("host"))
    output.write_rows(columns, (_cells(row)[-len(columns) :] for row in rows), form)
    if len(rows) == 1:
        click.echo()
        for line in _drawn(histograms[0]):
            click.echo(line)


def _cells(row: dict[str, Any]) -> list[Any]:
    times = [None if row[name] is None else time_text(int(row[name])) for name in ("p50_ns", "p95_ns", "p99_ns")]
    longest = f"< {time_text(int(row['max_ns']))}"
    return [row["host"], _end(row, "in"), _end(row, "out"), *times, longest, row["sampled_packets"]]


def _end(row: dict[str, Any], which: str) -> str:
    """Return what a VIF is called; its id where it is not known."""
    namespace, ifname, workload = (row[f"{which}_{name}"] for name in _ENDS)
    if not ifname:
        vif_id = row["vif_id" if which == "in" else "out_vif_id"]
        return vif_id if int(vif_id, 16) else "(not known)"
    return "/".join(filter(None, (namespace, ifname))) + (f" ({workload})" if workload else "")


def time_text(time_ns: int) -> str:
    """Return a time with three digits and a unit."""
    for unit_ns, unit in ((NANOSECONDS, "s"), (_MILLION, "ms"), (1_000, "µs")):
        if time_ns >= unit_ns:
            return f"{time_ns / unit_ns:#.3g}".rstrip(".") + f" {unit}"
    return f"{time_ns} ns"


def _drawn(histogram: Sequence[Sequence[Any]]) -> list[str]:
    """Return a histogram as lines: buckets are put together until they are few enough, all of the same ratio."""
    buckets = [(int(begin), int(end), int(packets)) for begin, end, packets in histogram]
    first, last = buckets[0][0], buckets[-1][1]
    # At least as wide as a bucket, so that no line is empty only because of its width.
    ratio = max((last / max(first, 1)) ** (1 / _LINES), 1.03)
    bounds = [max(first, 1.0)]
    while bounds[-1] < last:
        bounds.append(bounds[-1] * ratio)
    counts = [0] * (len(bounds) - 1)
    for begin, end, packets in buckets:
        middle = (begin + end) / 2
        counts[max(0, sum(bound <= middle for bound in bounds) - 1)] += packets
    most, whole = max(counts), sum(counts)
    return [
        f"{time_text(round(bound)):>9}  {'█' * -(-_BAR * count // most):<{_BAR}}  {count:>9,}  {count / whole:6.1%}"
        for bound, count in zip(bounds, counts, strict=False)
    ]


def _without_time(lost: dict[str, Any]) -> str:
    causes = (
        ("expired", "were still on their way when the window was over, or had ended unseen"),
        ("changed", "left as something else"),
        ("unplaced", "found no room"),
    )
    told = ", ".join(f"{int(lost[name]):,} {text}" for name, text in causes if int(lost[name]))
    return f"samples without a time, of all VIFs: {told}"


def _nothing(settings: Settings, span: Span, *, is_filtered: bool) -> str:
    """Return why there are no rows."""
    if "transit" not in settings.ebpf.probes or "ebpf" not in settings.agent.sources:
        return "the probe transit is off here: name it in ebpf.probes, and ebpf in agent.sources"
    of = " between these VIFs" if is_filtered else ""
    return f"no packet was timed{of} in {span.text}; `viflux doctor` says whether the probe transit can run here"
