"""Rows as they are printed: columns with their types, names beside ids and numbers, what a table leaves out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ingest.store.sql_command import address_text
from ingest.store.traffic.peers import Peers
from ingest.store.traffic.question import Span
from ingest.store.traffic.services import ether_type_name, is_ip, port_name, protocol_name
from ingest.store.traffic.vifs import Vif
from viflux import output
from viflux.errors import UsageError

Row = dict[str, Any]

TEXT = frozenset(
    (
        "time",
        "host",
        "vif_id",
        "namespace",
        "ifname",
        "workload",
        "service",
        "tenant",
        "owner",
        "flow_direction",
        "workload_direction",
        "peer_address",
        "peer_name",
        "peer_network",
        "ether_type_name",
        "protocol_name",
        "port_name",
        "src_address",
        "dst_address",
        "src_name",
        "dst_name",
        "source_kind",
        "exporter_address",
        "drop_class",
        "drop_origin",
        "reason",
        "place",
        "rule",
        "rule_attribution",
        "tcp_flag_names",
        "sampling_origin",
    )
)
"""Columns of text; all others are numbers."""

_FRACTIONS = ("_ratio", "_per_second", "_seconds", "_rate")
_ADDRESS_NAMES = {"peer_address": "peer_name", "src_address": "src_name", "dst_address": "dst_name"}
_TCP_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")
_HIDDEN = frozenset(("from_ns", "to_ns", "groups_count"))
# What a table leaves out where no row has anything in it.
_ONLY_IF_ANY = frozenset(
    (
        "namespace",
        "workload",
        "peer_name",
        "src_name",
        "dst_name",
        "port_name",
        "samples_count",
        "relative_error_ratio",
        "unknown_rate_flows_count",
        "unknown_rate_skb_bytes",
        "unknown_rate_packets",
        "bytes",
        "place",
        "rule",
        "rule_attribution",
        "scaled_bytes",
        "src_port",
        "dst_port",
        "src_address",
        "dst_address",
        "flow_direction",
        "drop_origin",
    )
)
HIDDEN_WHILE_FOLLOWING = frozenset(
    ("vif_id", "protocol", "skb_bytes", "bytes", "packets", "tcp_flags", "sampling_origin", "duration_seconds")
)
"""Columns that a table of rows as they come leaves out: beside a name, and before they are scaled."""

# And where all rows have the same in it.
_ONLY_IF_SEVERAL = frozenset(("host",))


def named(rows: Sequence[Row], vifs: Mapping[int, Vif], peers: Peers) -> list[Row]:
    """Return rows with names beside their ids, addresses, protocols and ports; addresses as a person writes them.

    Args:
        rows: As the store gave them, with `from_ns` and `to_ns`.
        vifs: What the VIFs are called.
        peers: Has looked up all addresses.
    """
    return [_named(row, vifs, peers) for row in rows]


def _named(row: Row, vifs: Mapping[int, Vif], peers: Peers) -> Row:
    fresh: Row = {}
    for name, value in row.items():
        if name in _HIDDEN or name in fresh:
            continue
        if name == "vif_id":
            vif = vifs.get(value)
            fresh["vif_id"] = f"{value:016x}"
            fresh["namespace"] = vif.namespace if vif else row.get("namespace", "")
            fresh["ifname"] = vif.ifname if vif else row.get("ifname", "")
            if "workload" not in row:
                fresh["workload"] = vif.workload if vif else ""
            continue
        fresh[name] = address_text(value)
        if name in _ADDRESS_NAMES:
            fresh[_ADDRESS_NAMES[name]] = peers.name(fresh[name], row.get("host", ""), row["from_ns"], row["to_ns"])
        elif name == "peer_network":
            length = 48 if ":" in fresh[name] else 24
            fresh |= {name: f"{fresh[name]}/{length}", "peer_name": peers.network_name(fresh[name], length)}
        elif name in _NUMBER_NAMES:
            named_by, name_of = _NUMBER_NAMES[name]
            fresh[named_by] = name_of(row, value)
    return fresh


def flag_names(flags: int | None) -> str:
    """Return the names of TCP flags that are set, as RFC 9293 has them; empty where none are known."""
    return ",".join(name for bit, name in enumerate(_TCP_FLAGS) if (flags or 0) >> bit & 1)


# Columns of numbers, with the column of their name and how it is found.
_NUMBER_NAMES: dict[str, tuple[str, Callable[[Row, Any], str]]] = {
    "ether_type": ("ether_type_name", lambda _, ether_type: ether_type_name(ether_type)),
    "protocol": ("protocol_name", lambda _, protocol: protocol_name(protocol)),
    "service_port": ("port_name", lambda row, port: port_name(row.get("protocol", 0), port)),
    "tcp_flags": ("tcp_flag_names", lambda _, flags: flag_names(flags)),
}


def addresses_in(rows: Iterable[Row]) -> set[str]:
    """Return the addresses in rows as the store gave them, that are to be named."""
    return {address_text(row[name]) for row in rows for name in _ADDRESS_NAMES if name in row}


def columns_of(rows: Sequence[Row]) -> list[output.Column]:
    """Return the columns of rows, in their order."""
    return [output.Column(name, is_number=name not in TEXT) for name in rows[0]] if rows else []


def shown(rows: Sequence[Row]) -> list[Row]:
    """Return rows as a table shows them: a protocol by its name, and without columns that say nothing."""
    if not rows:
        return []
    names = [name for name in rows[0] if name != "vif_id" or _is_ambiguous(rows)]
    names = [name for name in names if name not in _ONLY_IF_ANY or any(row[name] for row in rows)]
    names = [name for name in names if name not in _ONLY_IF_SEVERAL or len({row[name] for row in rows}) > 1]
    if "ether_type" in names:
        names.remove("ether_type")
        if all(is_ip(row["ether_type"]) for row in rows):
            names.remove("ether_type_name")
    # What is no IP has no protocol of it.
    ips = [row for row in rows if is_ip(row.get("ether_type", 0))]
    if "protocol" in names and all(row["protocol_name"] for row in ips):
        names.remove("protocol")
    elif "protocol_name" in names and not any(row["protocol_name"] for row in rows):
        names.remove("protocol_name")
    return [{name: row[name] for name in names} for row in rows]


def write(rows: Sequence[Row], form: str | None) -> None:
    """Print rows to stdout.

    Raises:
        UsageError: Arrow, to a terminal.
    """
    chosen = output.chosen(form)
    if chosen == "arrow":
        _write_arrow(rows)
        return
    listed = shown(rows) if chosen == "table" else list(rows)
    columns = columns_of(listed)
    if columns:
        output.write_rows(columns, ([row[column.name] for column in columns] for row in listed), chosen)


def _write_arrow(rows: Sequence[Row]) -> None:
    import pyarrow as pa  # noqa: PLC0415

    if sys.stdout.isatty():
        raise UsageError("--format arrow: not on a terminal; send it to a file or a pipe")
    schema = pa.schema([(column.name, _arrow_type(column.name)) for column in columns_of(rows)])
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as stream:
        stream.write_table(table)
    sys.stdout.buffer.flush()


def _arrow_type(name: str) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    if name in TEXT:
        return pa.string()
    return pa.float64() if name.endswith(_FRACTIONS) else pa.uint64()


def _is_ambiguous(rows: Sequence[Row]) -> bool:
    """Return whether two VIFs are called alike, as where one came after the other, or one has no name."""
    if any(not row["ifname"] for row in rows):
        return True
    names = {(row["host"], row["namespace"], row["ifname"]): row["vif_id"] for row in rows}
    return len(names) < len({row["vif_id"] for row in rows})


def span_of(rows: Iterable[Row], otherwise: Span) -> Span:
    """Return the span in which rows' traffic was seen."""
    spans = [(row["from_ns"], row["to_ns"]) for row in rows]
    if not spans:
        return otherwise
    return Span(min(begin for begin, _ in spans), max(end for _, end in spans) + 1, otherwise.now_ns)
