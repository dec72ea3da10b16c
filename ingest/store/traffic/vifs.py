"""VIFs by name, as the inventory knew them in a span of time: what a question is about, and what rows are called.

The inventory is a history, and all of it is stated again each UTC day; so of a span, rows of two days before it and of
itself say everything, and nothing else is read.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.store.client import StoreClient
from ingest.store.literals import instant, quoted
from ingest.store.traffic.question import Filters, Span
from viflux.clock import NANOSECONDS
from viflux.errors import UsageError

RESTATED_NS = 49 * 3_600 * NANOSECONDS
"""How long before an instant the newest row of each VIF that lives then may be."""

MOST_VIFS = 2_000
"""So many that a name stands for are read by the key of the table; it is an error to name more."""

_ORDER = "(valid_from_time, received_time, sequence)"
_MOST_NAMES = 20_000
_ID_DIGITS = 16
_OUTWARD = ("uplink", "overlay", "workload")


@dataclass(frozen=True)
class Vif:
    """What a VIF was called in a span, at its end.

    Attributes:
        vif_id: Its id.
        host: Its host.
        namespace: Empty for the host's own.
        ifname: Its name there.
        workload: Who is behind it; empty for unknown.
        vif_key: Its lineage.
        side: `workload`, `host`, `uplink`, `overlay`, `bridge` or `exported`.
        peer_vif_id: The other end of its pair; 0 for none.
    """

    vif_id: int
    host: str
    namespace: str
    ifname: str
    workload: str
    vif_key: str
    side: str
    peer_vif_id: int = 0

    @property
    def is_outward(self) -> bool:
        """Whether what comes in at it is what others sent: it leads out of the host, or lies in the workload."""
        return self.side in _OUTWARD


def known_in(span: Span) -> str:
    """Return SQL for the VIFs of a span, each in its last state there: `vif_id` and the labels.

    Those that ended before it are left out.
    """
    labels = ("host", "namespace", "ifname", "workload", "vif_key", "kind", "side", "counting_point", "peer_vif_id")
    holds = _holds(span)
    newest = ", ".join(f"argMaxIf({name}, {_ORDER}, {holds}) AS {name}_" for name in labels)
    return (
        f"SELECT vif_id, {', '.join(f'{name}_ AS {name}' for name in labels)} FROM (SELECT vif_id, {newest}, "
        f"argMax(gone_time, {_ORDER}) AS ended, "
        f"countIf({holds}) AS states_count FROM inventory WHERE time >= {instant(span.from_ns - RESTATED_NS)} "
        f"GROUP BY vif_id HAVING states_count > 0 AND (ended IS NULL OR ended >= {instant(span.from_ns)}))"
    )


def selected(store: StoreClient, filters: Filters, span: Span) -> list[Vif] | None:
    """Return the VIFs that `--vif` and `--workload` name; None where neither is given.

    Raises:
        UsageError: There is none of that name in the span, or too many are.
    """
    require_host(store, filters, span)
    if filters.is_pair and not filters.vif:
        raise UsageError("--pair: of which VIF? name it with --vif")
    if not filters.vif and not filters.workload:
        return None
    conditions = []
    if filters.vif:
        conditions.append(_named(filters.vif))
    if filters.workload:
        conditions.append(f"workload = {quoted(filters.workload)}")
    if filters.host:
        conditions.append(f"host = {quoted(filters.host)}")
    found = _vifs(store, f"{known_in(span)}", f"WHERE {' AND '.join(conditions)} LIMIT {MOST_VIFS + 1}")
    if len(found) > MOST_VIFS:
        option = "--vif" if filters.vif else "--workload"
        raise UsageError(f"{option}: more than {MOST_VIFS} VIFs are called so; name a host as well, or ask with --by")
    if not found:
        raise UsageError(_unknown(store, filters, span))
    if filters.is_pair:
        peers = {vif.peer_vif_id for vif in found} - {vif.vif_id for vif in found}
        found += called(store, peers, span).values()
    return found


def hosts_of(named: Sequence[Vif] | None, filters: Filters) -> set[str]:
    """Return the hosts that a question is about; empty for all.

    Args:
        named: What `selected` returned.
        filters: What it was asked with.
    """
    return {vif.host for vif in named} if named else {filters.host} - {""}


def called(store: StoreClient, vif_ids: Iterable[int], span: Span) -> dict[int, Vif]:
    """Return what some VIFs are called; those that the inventory does not know are left out."""
    listed = ", ".join(map(str, sorted(set(vif_ids) - {0})))
    if not listed:
        return {}
    return {vif.vif_id: vif for vif in _vifs(store, known_in(span), f"WHERE vif_id IN ({listed})")}


def outward(span: Span) -> str:
    """Return SQL for the ids of VIFs at which ingress is what others sent: they lead out, or lie in the workload."""
    return _in_state(span, "side", f"IN ({', '.join(map(quoted, _OUTWARD))})")


def counting(span: Span) -> str:
    """Return SQL for the ids of VIFs that count, so that a workload's byte counts once in each direction."""
    return _in_state(span, "counting_point", "")


def uplinks(span: Span) -> str:
    """Return SQL for the ids of ports that lead out of their host."""
    return _in_state(span, "side", "= 'uplink'")


def exported(span: Span) -> str:
    """Return SQL for the ids of interfaces that only an exporter knows."""
    return _in_state(span, "side", "= 'exported'")


def _in_state(span: Span, label: str, condition: str) -> str:
    # As flat as can be: it stands in the middle of queries, and what it costs is that it is resolved there.
    return (
        f"SELECT vif_id FROM inventory WHERE time >= {instant(span.from_ns - RESTATED_NS)} GROUP BY vif_id "
        f"HAVING argMaxIf({label}, {_ORDER}, {_holds(span)}) {condition}".rstrip()
    )


def _holds(span: Span) -> str:
    # A state that was settled within a minute of birth holds from birth, so one that is later than the span may hold.
    return f"(valid_from_time < {instant(span.to_ns)} OR valid_from_time <= born_time + INTERVAL 60 SECOND)"


def local_addresses(span: Span) -> str:
    """Return SQL for (vif_id, address) of what is attached to a VIF: of its own end, and of the other end of a veth."""
    return (
        "SELECT holder, arrayJoin(addresses) FROM inventory ARRAY JOIN [vif_id, peer_vif_id] AS holder "
        f"WHERE time >= {instant(span.from_ns - RESTATED_NS)} AND time < {instant(span.to_ns)} AND holder != 0"
    )


def with_labels(span: Span) -> str:
    """Return SQL that joins to rows `flow`, by `vif_id` and `time`, the labels that held then, as a row `label`.

    There is a row for each state of a VIF, as in the view `vif_history`.
    """
    names = ("workload", "service", "tenant", "owner")
    newest = ", ".join(f"argMax({name}, (valid_from_time, time)) AS {name}" for name in names)
    states = (
        "SELECT vif_id, if(change IN ('born', 'baseline') OR valid_from_time <= born_time + INTERVAL 60 SECOND, "
        f"toDateTime64(0, 9, 'UTC'), valid_from_time) AS holds_from_time, {newest} FROM inventory "
        f"WHERE time >= {instant(span.from_ns - RESTATED_NS)} GROUP BY vif_id, holds_from_time"
    )
    return f" ASOF LEFT JOIN ({states}) AS label ON flow.vif_id = label.vif_id AND flow.time >= label.holds_from_time"


def require_host(store: StoreClient, filters: Filters, span: Span) -> None:
    """Raise `UsageError` with the nearest names where `--host` names a host that nothing is known of."""
    if not filters.host:
        return
    rows = store.query_rows(
        f"SELECT DISTINCT host FROM inventory WHERE time >= {instant(span.from_ns - RESTATED_NS)} LIMIT {_MOST_NAMES}"
    )
    hosts = [str(row["host"]) for row in rows]
    if hosts and filters.host not in hosts:
        raise UsageError(f"--host: no host {filters.host!r} is known in this span{_nearest(filters.host, hosts)}")


def _named(text: str) -> str:
    name = quoted(text)
    ways = [f"ifname = {name}", f"vif_key = {name}", f"concat(namespace, '/', ifname) = {name}"]
    ways.append(f"concat(host, '/', namespace, '/', ifname) = {name}")
    if len(text) == _ID_DIGITS and all(digit in "0123456789abcdef" for digit in text.lower()):
        ways.append(f"vif_id = {int(text, 16)}")
    return f"({' OR '.join(ways)})"


def _vifs(store: StoreClient, known: str, condition: str) -> list[Vif]:
    rows = store.query_rows(
        f"SELECT vif_id, host, namespace, ifname, workload, vif_key, side, peer_vif_id FROM ({known}) {condition}"
    )
    return [Vif(**row) for row in rows]


def _unknown(store: StoreClient, filters: Filters, span: Span) -> str:
    where = f" on host {filters.host}" if filters.host else ""
    on_host = f" AND host = {quoted(filters.host)}" if filters.host else ""
    columns, name = ("ifname, namespace, vif_key", filters.vif) if filters.vif else ("workload", filters.workload)
    rows = store.query_rows(f"SELECT DISTINCT {columns} FROM ({known_in(span)}) WHERE 1{on_host} LIMIT {_MOST_NAMES}")
    names: set[str] = set()
    for row in rows:
        names.update(str(value) for value in row.values() if value)
        if filters.vif and row["namespace"]:
            names.add(f"{row['namespace']}/{row['ifname']}")
    option, what = ("--vif", "VIF") if filters.vif else ("--workload", "workload")
    both = f" of workload {filters.workload!r}" if filters.vif and filters.workload else ""
    if not names:
        return f"{option}: no {what} is known{where} in this span; is an agent with the source inventory running?"
    return f"{option}: no {what} {name!r}{both} is known{where} in this span{_nearest(name, names)}"


def _nearest(name: str, names: Iterable[str]) -> str:
    every: Sequence[str] = sorted(names)
    near = difflib.get_close_matches(name, every, n=4, cutoff=0.5) or [each for each in every if name in each][:4]
    if near:
        return f"; nearest: {', '.join(near)}"
    shown = ", ".join(every[:6])
    return f"; known: {shown}{' …' if len(every) > 6 else ''}"
