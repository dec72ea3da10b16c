"""The kinds of rows that `viflux decode` prints: their columns in order, and those that a table shows."""

from __future__ import annotations

from dataclasses import dataclass

from viflux.registry.column import Column, Type
from viflux.registry.columns import COLUMNS
from viflux.registry.kinds import KINDS

_NUMBERS = {
    "UINT64",
    "COUNT",
    "TOTAL",
    "UINT32",
    "UINT16",
    "UINT8",
    "INT64",
    "INT32",
    "FLOAT64",
}


@dataclass(frozen=True)
class Shown:
    """A column as it is printed.

    Attributes:
        name: As in the registry.
        form: `id` for 16 hex digits, `mac` for aa:bb:cc:dd:ee:ff, else empty.
        is_number: Printed to the right in a table.
    """

    name: str
    form: str = ""
    is_number: bool = False


@dataclass(frozen=True)
class Records:
    """One kind of rows.

    Attributes:
        columns: All of them, in order.
        table: Names of those that a table shows, the more important ones first.
    """

    columns: tuple[Shown, ...]
    table: tuple[str, ...]

    def named(self, names: tuple[str, ...]) -> tuple[Shown, ...]:
        """Return the columns of these names.

        Raises:
            KeyError: There is none of that name.
        """
        by_name = {column.name: column for column in self.columns}
        return tuple(by_name[name] for name in names)


def _shown(column: Column) -> Shown:
    if column.type is Type.MAC:
        return Shown(column.name, "mac")
    if column.type is Type.UINT64 and column.name.endswith("_id"):
        return Shown(column.name, "id")
    return Shown(column.name, is_number=column.type.name.removesuffix("_OR_NULL") in _NUMBERS)


def _stored(kind: str, *table: str) -> Records:
    return Records(tuple(_shown(column) for column in KINDS[kind].record_columns), table)


def _counters(*table: str) -> Records:
    # In the store the inventory says which interface a VIF is; here nothing else does.
    place = (
        Shown("exporter_address"),
        *(_shown(COLUMNS[name]) for name in ("observation_domain_id", "ifindex", "ifname")),
    )
    return Records((*place, *_stored("counters").columns), table)


def _own(*columns: tuple[str, bool], table: tuple[str, ...]) -> Records:
    return Records(tuple(Shown(name, is_number=is_number) for name, is_number in columns), table)


RECORDS: dict[str, Records] = {
    "flows": _stored(
        "flows",
        "src_address",
        "src_port",
        "dst_address",
        "dst_port",
        "protocol",
        "packets",
        "bytes",
        "time",
        "sampling_rate",
        "exporter_address",
        "in_if_index",
        "out_if_index",
        "sampling_origin",
        "source_kind",
        "observation_domain_id",
        "tcp_flags",
        "src_vlan",
        "vni",
        "header_problem",
    ),
    "options": _own(
        ("received_time", False),
        ("source_kind", False),
        ("exporter_address", False),
        ("observation_domain_id", True),
        ("template_id", True),
        ("scope", False),
        ("fields", False),
        table=("exporter_address", "observation_domain_id", "template_id", "scope", "fields"),
    ),
    "counters": _counters(
        "exporter_address",
        "ifindex",
        "ifname",
        "time",
        "rx_bytes",
        "tx_bytes",
        "rx_packets",
        "tx_packets",
        "rx_dropped_packets",
        "tx_dropped_packets",
        "delta_kind",
        "duration_ns",
    ),
    "drops": _stored(
        "drops",
        "src_address",
        "dst_address",
        "dst_port",
        "protocol",
        "reason",
        "drop_class",
        "packets",
        "time",
        "exporter_address",
        "in_if_index",
    ),
    "hosts": _stored(
        "hosts",
        "host_name",
        "exporter_address",
        "cpu_count",
        "cpu_busy_ratio",
        "memory_total_bytes",
        "memory_free_bytes",
        "load_1m",
        "time",
    ),
    "errors": _own(
        ("file", False),
        ("packet_number", True),
        ("received_time", False),
        ("exporter_address", False),
        ("protocol", False),
        ("layer", False),
        ("offset", True),
        ("needed", True),
        ("present", True),
        ("reason", False),
        ("sample", False),
        table=(
            "packet_number",
            "protocol",
            "layer",
            "offset",
            "needed",
            "present",
            "reason",
            "exporter_address",
            "received_time",
            "file",
        ),
    ),
}
"""By the name that `--records` takes; `errors` is what `--errors` asks for."""
