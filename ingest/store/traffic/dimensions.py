"""By what rows are told apart: each name that `--by` takes, the columns that it gives, and where they are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ingest.store.traffic.rules import rule_text
from viflux.errors import UsageError

VIF, DIRECTION, EXPORTER = "vif", "direction", "exporter"


@dataclass(frozen=True)
class Dimension:
    """What rows are told apart by.

    Attributes:
        meaning: In words, for the help.
        columns: What it gives: SQL by name, about a row `flow`, and of labels about a row `label`.
        is_raw: Only single flows say it, and no tier does.
        is_label: It is a label of the VIF, as it held at the row's time.
    """

    meaning: str
    columns: Mapping[str, str]
    is_raw: bool = False
    is_label: bool = False


def _label(name: str, meaning: str) -> Dimension:
    return Dimension(meaning, {name: f"label.{name}"}, is_label=True)


def _raw(name: str, meaning: str) -> Dimension:
    return Dimension(meaning, {name: f"flow.{name}"}, is_raw=True)


FLOW_DIMENSIONS: dict[str, Dimension] = {
    VIF: Dimension("the VIF", {"host": "flow.host", "vif_id": "flow.vif_id"}),
    "host": Dimension("the host", {"host": "flow.host"}),
    "workload": _label("workload", "who is behind the VIF"),
    "service": _label("service", "its service"),
    "tenant": _label("tenant", "its tenant"),
    "owner": _label("owner", "its owner"),
    DIRECTION: Dimension("ingress or egress of the VIF; without the VIF, from or to the workload", {}),
    "peer": Dimension("address of the other end", {"peer_address": "flow.peer_address"}, is_raw=True),
    "network": Dimension("its network, /24 of IPv4 and /48 of IPv6", {"peer_network": "flow.peer_network"}),
    "protocol": Dimension("IP protocol", {"protocol": "flow.protocol"}),
    "port": Dimension("the service's port", {"protocol": "flow.protocol", "service_port": "flow.service_port"}),
    "ethertype": _raw("ether_type", "EtherType: IPv4, IPv6, ARP, …"),
    "src": _raw("src_address", "source address"),
    "dst": _raw("dst_address", "destination address"),
    "src_port": _raw("src_port", "source port"),
    "dst_port": _raw("dst_port", "destination port"),
    EXPORTER: Dimension(
        "who told it", {"source_kind": "flow.source_kind", "exporter_address": "flow.exporter_address"}
    ),
}

_NAMES = {name: f"if(flow.vif_id = 0, flow.{name}, '')" for name in ("namespace", "ifname")}

DROP_DIMENSIONS: dict[str, Dimension] = {
    # An interface that is no known VIF is called what the row says.
    VIF: Dimension("the VIF", {"host": "flow.host", "vif_id": "flow.vif_id", **_NAMES}),
    "host": Dimension("the host", {"host": "flow.host"}),
    "workload": _label("workload", "who is behind the VIF"),
    "service": _label("service", "its service"),
    "tenant": _label("tenant", "its tenant"),
    "owner": _label("owner", "its owner"),
    "class": Dimension("loss, denied, endpoint or benign", {"drop_class": "flow.drop_class"}),
    "reason": Dimension("why", {"reason": "flow.reason"}),
    "place": Dimension("where in the packet's path", {"place": "flow.place"}),
    "rule": Dimension(
        "the rule of nftables that denied it, and how that is known",
        {"rule": rule_text("flow"), "rule_attribution": "flow.rule_attribution"},
    ),
    "origin": Dimension("who else counted it: qdisc, device or core", {"drop_origin": "flow.drop_origin"}),
    DIRECTION: Dimension("ingress or egress of the VIF", {"flow_direction": "flow.flow_direction"}),
    "ethertype": _raw("ether_type", "EtherType: IPv4, IPv6, ARP, …"),
    "src": _raw("src_address", "source address"),
    "dst": _raw("dst_address", "destination address"),
    "protocol": Dimension("IP protocol", {"protocol": "flow.protocol"}),
    "port": Dimension("the service's port", {"protocol": "flow.protocol", "service_port": "flow.service_port"}),
    EXPORTER: Dimension(
        "who told it", {"source_kind": "flow.source_kind", "exporter_address": "flow.exporter_address"}
    ),
}


def chosen(text: str, every: Mapping[str, Dimension]) -> tuple[str, ...]:
    """Return the dimensions that `--by` names, each once.

    Raises:
        UsageError: One is unknown, or there is none.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in names:
        if name not in every:
            raise UsageError(f"--by: expected names out of {', '.join(every)} with commas between, got {name!r}")
    if not names:
        raise UsageError(f"--by: expected one or more of {', '.join(every)}, got {text!r}")
    return names


def listed(every: Mapping[str, Dimension]) -> str:
    """Return the table of dimensions, a line each, for the help."""
    width = max(map(len, every))
    return "\n".join(f"  {name:<{width}}  {each.meaning}" for name, each in every.items())
