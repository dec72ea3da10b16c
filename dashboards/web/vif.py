"""What the page of one VIF shows at one instant."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from analytics.hurts import percent, vif_name
from dashboards.boards.vif import DROPPED, TALKS
from dashboards.web.figures import DASH, Cell, bits_per_second
from dashboards.web.fresh import Fresh, Remembered
from ingest.store.client import StoreClient, StoreRefused
from ingest.store.connection import StoreUnavailable
from ingest.store.traffic import answers, vifs
from ingest.store.traffic.answers import Answer, Order
from ingest.store.traffic.discarded import Why
from ingest.store.traffic.question import Filters, Span
from ingest.store.traffic.services import is_ip
from viflux.clock import NANOSECONDS, Clock
from viflux.errors import UsageError
from viflux.settings import Settings

_FRESH_NS = 5 * NANOSECONDS
_SPAN_NS = 300 * NANOSECONDS
_MOST_REMEMBERED = 64
# At these a VIF has a workload on one side; at others there is only in and out.
_OF_WORKLOADS = ("host", "workload")
_FLOWS_BY = ("vif", "direction", "peer", "ethertype", "port")
_DROPS_BY = ("vif", "class", "reason", "place", "rule")
_UNKNOWN_RULES = {
    "ambiguous": "one of: {}",
    "changed": "rules changed meanwhile",
    "unread": "rules could not be read",
    "none": "no rule of nftables",
}
_TONES = {"loss": "bad", "denied": "warn", "endpoint": "", "benign": "muted"}

Cells = dict[str, Cell]


@dataclass(frozen=True)
class VifPage:
    """One state of the page.

    Attributes:
        vif: What the VIF is called; None where nothing is known of it.
        name: The same for the title.
        talks: Rows of the panel `talks`.
        dropped: Rows of the panel `dropped`.
        flows: What the former are made of; None where it is not known.
        drops: The same of the latter.
        other: The other end of its pair, where there is one.
        trouble: Why the rows are not of now; empty while the store answers.
    """

    vif: vifs.Vif | None = None
    name: str = ""
    talks: tuple[Cells, ...] = ()
    dropped: tuple[Cells, ...] = ()
    flows: Answer | None = None
    drops: Answer | None = None
    other: vifs.Vif | None = None
    trouble: str = ""


@dataclass
class VifPages:
    """Asks the store at most every few seconds of each VIF, however many look at it.

    Attributes:
        store: A client that may read.
        settings: Names of networks, which sources are on.
        clock: The time.
    """

    store: StoreClient
    settings: Settings
    clock: Clock
    _pages: Remembered[int, VifPage] = field(default_factory=lambda: Remembered(_MOST_REMEMBERED))

    def current(self, vif_id: int) -> VifPage:
        """Return the state of a VIF of at most five seconds ago."""

        def made() -> Fresh[VifPage]:
            return Fresh(partial(self._take, vif_id), VifPage(), _FRESH_NS, self.clock)

        return self._pages.get(vif_id, made).current()

    def _take(self, vif_id: int, before: VifPage) -> VifPage:
        now_ns = self.clock.now_ns()
        span = Span(now_ns - _SPAN_NS, now_ns, now_ns)
        filters = Filters(vif=f"{vif_id:016x}", is_pair=True)
        try:
            pair = {each.vif_id: each for each in vifs.selected(self.store, filters, span) or ()}
            vif = pair.get(vif_id)
            if vif is None:
                return VifPage()
            order = Order("bytes", TALKS.most_rows)
            flows = answers.flows(self.store, self.settings, span, filters, _FLOWS_BY, None, order)
            order = Order("packets", DROPPED.most_rows)
            drops = answers.drops(self.store, self.settings, span, filters, Why(), _DROPS_BY, order)
        except UsageError:
            # There is none, or it ended between two questions.
            return VifPage()
        except (StoreUnavailable, StoreRefused) as error:
            trouble = f"Not known: {' '.join(str(error).split())[:200]}"
            return replace(before, trouble=trouble)
        return VifPage(
            vif,
            vif_name(vif.namespace, vif.ifname),
            tuple(talk(row, pair, is_at_both=_is_at_both(flows, vif)) for row in flows.rows),
            tuple(drop(row, pair, is_at_both=_is_at_both(drops, vif)) for row in drops.rows),
            flows,
            drops,
            pair.get(vif.peer_vif_id),
        )


def directions(side: str) -> tuple[str, str]:
    """Return what `to` and `from` of the SLIs mean at a VIF of some side."""
    if side in _OF_WORKLOADS:
        return "to workload", "from workload"
    # M1: what leads out of the host receives what is for it; at all others what they send is for what is behind them.
    return ("received", "sent") if side in ("uplink", "overlay") else ("sent", "received")


def talk(row: dict[str, Any], pair: dict[int, vifs.Vif], *, is_at_both: bool) -> Cells:
    """Make a row of `viflux flows` ready to be shown.

    Args:
        row: Told apart by VIF, direction, peer, EtherType and port.
        pair: The VIF of the page, and the other end of its pair.
        is_at_both: Whether a row is of the other end, so that each has to say of which it is.
    """
    vif = pair[int(row["vif_id"], 16)]
    is_of_ip = is_ip(row["ether_type"])
    port = str(row["service_port"]) if row["service_port"] else ""
    protocol = row["protocol_name"] or f"protocol {row['protocol']}"
    if not is_of_ip:
        port, protocol = "", row["ether_type_name"]
    error = row["relative_error_ratio"]
    sampled = f"{row['samples_count']:,} packets were sampled" if row["samples_count"] else ""
    return {
        "peer": _peer(row) if is_of_ip else Cell(DASH, "Frames that are no IP have no address here.", tone="muted"),
        "end": _end(vif, named=is_at_both),
        "direction": _direction(row["flow_direction"], vif),
        "service": Cell(f"{port}/{protocol}" if port else protocol, note=row["port_name"]),
        "rate": _rate(row),
        "packets": _count(row["scaled_packets"]),
        "flows": _count(row["flows_count"]),
        "error": Cell(f"± {percent(error)}", sampled) if error else Cell(DASH, "Nothing was sampled.", tone="muted"),
        "unknown": _count(row["unknown_rate_flows_count"], "warn"),
        "told": _told(row),
    }


def drop(row: dict[str, Any], pair: dict[int, vifs.Vif], *, is_at_both: bool) -> Cells:
    """Make a row of `viflux drops` ready to be shown; arguments as `talk`."""
    rate = row["packets_per_second"]
    return {
        "reason": Cell(row["reason"] or DASH, row["reason"]),
        "end": _end(pair[int(row["vif_id"], 16)], named=is_at_both),
        "class": Cell(row["drop_class"], tone=_TONES.get(row["drop_class"], "")),
        "place": Cell(row["place"] or DASH, row["place"], tone="" if row["place"] else "muted", note=rule(row)),
        "packets": _count(row["scaled_packets"]),
        "rate": Cell(DASH, tone="muted") if rate is None else Cell(_per_second(rate), f"{rate:,}/s"),
        "told": _told(row),
    }


def rule(row: dict[str, Any]) -> str:
    """Return which rule of nftables it was, or why that is not known; empty where it was none."""
    name, how = row["rule"], row["rule_attribution"]
    if how in ("exact", "counter"):
        return str(name)
    return _UNKNOWN_RULES.get(how, "").format(name)


def _peer(row: dict[str, Any]) -> Cell:
    return Cell(row["peer_address"], row["peer_address"], note=row["peer_name"])


def _is_at_both(answer: Answer, vif: vifs.Vif) -> bool:
    return any(int(row["vif_id"], 16) != vif.vif_id for row in answer.rows)


def _end(vif: vifs.Vif, *, named: bool) -> Cell:
    name = vif_name(vif.namespace, vif.ifname)
    return Cell(name, f"side: {vif.side}") if named else Cell(DASH, name, tone="muted")


def _direction(way: str, vif: vifs.Vif) -> Cell:
    if not way:
        return Cell(DASH, "Its exporter did not say.", tone="muted")
    if vif.side not in _OF_WORKLOADS:
        return Cell({"ingress": "in", "egress": "out"}[way], way)
    is_from = (way == "ingress") != vif.is_outward
    return Cell("from workload" if is_from else "to workload", f"{way} of the VIF")


def _rate(row: dict[str, Any]) -> Cell:
    if row["bits_per_second"] is None:
        return Cell(DASH, "No sampling rate is known, so this stands for an unknown volume.", tone="muted")
    return Cell(bits_per_second(row["bits_per_second"]), f"{row['scaled_skb_bytes']:,} bytes in the span")


def _count(value: int | None, tone: str = "") -> Cell:
    if value is None:
        return Cell(DASH, tone="muted")
    return Cell(f"{value:,}", tone=tone if value else "muted")


def _per_second(rate: float) -> str:
    # What is there must not be written as nothing.
    return f"{rate:,.1f}/s" if rate >= 1 or not rate else f"{rate:.2g}/s"


def _told(row: dict[str, Any]) -> Cell:
    if "source_kind" not in row:
        return Cell(DASH, "One source alone tells of this VIF.", tone="muted")
    address = row["exporter_address"]
    return Cell(row["source_kind"], address, note="" if address == "::" else address)
