"""What is said beside the rows, on stderr: how much of the span's data arrived, and why there may be no rows."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from ingest.store.client import StoreClient
from ingest.store.completeness import completeness_since
from ingest.store.keyed import since, until
from ingest.store.literals import instant, quoted
from ingest.store.tiers.rows import MINUTE_NS
from ingest.store.traffic import vifs
from ingest.store.traffic.question import Filters, Span
from viflux import telemetry
from viflux.clock import DAY_NS
from viflux.instant import instant_text
from viflux.paths import DataPaths
from viflux.profiles import probes_of, wanted
from viflux.settings import Settings
from viflux.supervisor.addresses import EXPORT_SETTINGS, export_listeners
from viflux.supervisor.report import read_state

_HAND_OVERS_NS = 3_600 * 10**9
_MOST_STREAMS = 3
HIDDEN, VISIBLE = "dataplane_not_visible", "dataplane_visible"
"""Events of the agent; the subject is a VIF's id and `ingress` or `egress`."""


def incomplete(store: StoreClient, kind: str, span: Span, hosts: Collection[str], database: str) -> list[str]:
    """Return a line for each stream of which rows of a span are known to be lost.

    Args:
        store: The store.
        kind: `flows` or `drops`.
        span: The span.
        hosts: Only of these; empty for all.
        database: The database's name.
    """
    view = completeness_since(f"toInt64({span.from_ns - _HAND_OVERS_NS})").replace("{database}", database)
    only = f" AND host IN ({', '.join(map(quoted, sorted(hosts)))})" if hosts else ""
    rows = store.query_rows(
        f"SELECT host, of_stream, sum(lost_rows) AS lost, 1 - sum(lost_rows) / sum(stored_rows + lost_rows) AS ratio, "
        f"max(is_estimated) AS is_estimate FROM ({view}) WHERE startsWith(of_stream, '{kind}.') "
        f"AND time >= {instant(span.from_ns // MINUTE_NS * MINUTE_NS)} AND time < {instant(span.to_ns)}{only} "
        "GROUP BY host, of_stream HAVING lost > 0 ORDER BY ratio, host, of_stream"
    )
    lines = []
    for row in rows[:_MOST_STREAMS]:
        stream, about = row["of_stream"], "about " if row["is_estimate"] else ""
        lines.append(
            f"completeness {_ratio(row['ratio'])} of {stream} of {row['host']}: {about}{round(row['lost'])} rows of "
            f"the span are lost; `viflux ledger --stream {stream}` says where"
        )
    if len(rows) > _MOST_STREAMS:
        lines.append(
            f"and {len(rows) - _MOST_STREAMS} streams more that are incomplete: `viflux ledger --completeness`"
        )
    return lines


def contest_text(store: StoreClient, query: str, span: Span) -> str:
    """Return what is to be said where several exporters tell of one VIF; empty where none do.

    Args:
        store: The store.
        query: For `vifs_count` and `vif_ids`, some of these VIFs.
        span: The span, for their names.
    """
    found = store.query_rows(query)
    count = int(found[0]["vifs_count"]) if found else 0
    if not count:
        return ""
    ids = found[0]["vif_ids"]
    names = vifs.called(store, ids, span)
    named = ", ".join(names[each].ifname if each in names else f"{each:016x}" for each in ids)
    more = f" and {count - len(ids)} more" if count > len(ids) else ""
    return (
        f"several exporters tell of {named}{more}: rows of different exporters may be of the same packets; "
        "--exporter takes one"
    )


def hidden(store: StoreClient, span: Span, vif_ids: Collection[int], hosts: Collection[str]) -> list[str]:
    """Return a line for VIFs whose packets were taken past the program that counts flows, as their agent last said.

    Args:
        store: The store.
        span: The span; what was said up to an hour before it counts.
        vif_ids: Only these; empty for all.
        hosts: Only of these; empty for all.
    """
    only = f" AND host IN ({', '.join(map(quoted, sorted(hosts)))})" if hosts else ""
    ids = f" AND substring(subject, 1, 16) IN ({', '.join(quoted(f'{each:016x}') for each in vif_ids)})"
    rows = store.query_rows(
        f"SELECT subject, argMax(event, time) AS last, argMax(detail, time) AS detail FROM events WHERE "
        f"event IN ('{HIDDEN}', '{VISIBLE}') AND time >= {instant(max(0, span.from_ns - _HAND_OVERS_NS))} "
        f"AND time < {instant(span.to_ns)}{only}{ids if vif_ids else ''} "
        f"GROUP BY host, subject HAVING last = '{HIDDEN}' ORDER BY subject"
    )
    names = vifs.called(store, (int(row["subject"].split()[0], 16) for row in rows), span)
    lines = []
    for row in rows[:_MOST_STREAMS]:
        vif_id, way = row["subject"].split()
        known = names.get(int(vif_id, 16))
        lines.append(f"{known.ifname if known else vif_id}, {way}: {row['detail']}")
    if len(rows) > _MOST_STREAMS:
        lines.append(f"and {len(rows) - _MOST_STREAMS} directions more whose dataplane is not visible")
    return lines


def nothing(store: StoreClient, settings: Settings, kind: str, span: Span, filters: Filters) -> str:
    """Return why there are no rows: they do not match, none came in the span, or no source is on.

    Args:
        store: The store.
        settings: Which sources are on here.
        kind: `flows` or `drops`.
        span: The span that was asked for.
        filters: What was asked for.
    """
    of_host = f" AND host = {quoted(filters.host)}" if filters.host else ""
    there = store.query_rows(
        f"SELECT count() AS n FROM {kind} WHERE {since(kind, 'time', span.from_ns)} "
        f"AND {until(kind, 'time', span.to_ns)}{of_host}"
    )
    what = "flows" if kind == "flows" else "dropped packets"
    if there and there[0]["n"]:
        return f"no {what} of {span.text} match; {there[0]['n']} rows of the span are of others"
    ledger = store.query_rows(
        "SELECT toUnixTimestamp64Nano(max(last_event_time)) AS last_ns FROM ledger WHERE stage = 'processor' "
        f"AND startsWith(of_stream, '{kind}.') AND out_rows_count > 0 "
        f"AND time >= {instant(span.now_ns - 7 * DAY_NS)}{of_host}"
    )
    last_ns = int(ledger[0]["last_ns"]) if ledger else 0
    where = f" of host {filters.host}" if filters.host else ""
    if last_ns > 0:
        return (
            f"no {what}{where} are stored of {span.text}; the newest of the last 7 days are of {instant_text(last_ns)}"
        )
    return f"no {what}{where} were stored in the last 7 days; {_sources(settings, kind)}"


def _sources(settings: Settings, kind: str) -> str:
    state = read_state(DataPaths(settings.data_dir))
    listeners = (state.exports if state is not None else {}) or export_listeners(settings)
    on = [f"{setting.partition('.')[0]} on {', '.join(heard)}" for setting, heard in listeners.items()]
    if kind == "drops":
        on = [each for each in on if each.startswith("sflow")]
    is_counted = _PROBES[kind] in probes_of(wanted(settings), settings)
    on += [f"the source {_SOURCE} ({_said_by_agent(settings)})"] * is_counted
    if on:
        return f"these are on: {'; '.join(on)}" + (
            "; an exporter tells drops only where it is set to" if kind == "drops" and not is_counted else ""
        )
    turn_on = f"`viflux up --set agent.sources=inventory,counters,{_SOURCE}` counts them in the kernel"
    listening = ", ".join(EXPORT_SETTINGS) if kind == "flows" else EXPORT_SETTINGS[0]
    return f"no source of them is on here: {turn_on}, {listening} hears exporters"


def _said_by_agent(settings: Settings) -> str:
    """Return how deep the agent of this data folder goes; that a source is on does not mean that it can run here."""
    status, text = telemetry.ask(DataPaths(settings.data_dir), "agent", "/notes")
    return text.partition("\n")[0] if status == HTTPStatus.OK and text else "the agent does not run here"


_SOURCE, _PROBES = "ebpf", {"flows": "flow", "drops": "drop"}
"""The agent's source that reads them from the kernel, and which of its probes does."""


def _ratio(value: Any) -> str:
    # Never rounded up to 1: it is below that.
    return f"{min(float(value), 0.9999):.4f}"
