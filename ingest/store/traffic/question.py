"""What is asked of flows and drops: over which span, of which VIFs, and of which peers, ports and protocols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from ingest.store.asking import look_back_seconds
from ingest.store.literals import quoted
from ingest.store.traffic.services import port_number, protocol_number
from viflux.clock import NANOSECONDS
from viflux.errors import UsageError
from viflux.instant import instant_text, parse_instant
from viflux.registry.flows import SOURCE_KINDS

DIRECTIONS = ("ingress", "egress", "from", "to")
"""Of the VIF, or of the workload behind it."""

_LONGEST_NS = 400 * 86_400 * NANOSECONDS
_USUAL = "5m"
Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Span:
    """A time, nanoseconds since the epoch.

    Attributes:
        from_ns: Its start.
        to_ns: Its end, not in it; may lie after now.
        now_ns: The time at which it was asked for.
    """

    from_ns: int
    to_ns: int
    now_ns: int

    @property
    def seconds(self) -> float:
        """How much of it is over; rates are over that."""
        return max(1, min(self.to_ns, self.now_ns) - self.from_ns) / NANOSECONDS

    @property
    def text(self) -> str:
        """The same for a person."""
        return f"{instant_text(self.from_ns)} to {instant_text(min(self.to_ns, self.now_ns))}"

    @classmethod
    def asked(cls, last: str | None, since: str | None, until: str, now_ns: int) -> Span:
        """Return the span that options name.

        Args:
            last: `--last`, so far back from now; five minutes where it is not given.
            since: `--from`, goes before `last`.
            until: `--to`, with `since`.
            now_ns: The time.

        Raises:
            UsageError: They name none.
        """
        if since is None:
            if until != "now":
                raise UsageError("--to: it is the end of a span that begins at --from; give that, too")
            return cls(
                now_ns - look_back_seconds("--last", last or _USUAL, "most is kept") * NANOSECONDS, now_ns, now_ns
            )
        try:
            from_ns, to_ns = parse_instant(since, now_ns), parse_instant(until, now_ns)
        except ValueError as error:
            raise UsageError(f"--from, --to: {error}") from error
        if not 0 <= now_ns - from_ns <= _LONGEST_NS:
            raise UsageError(f"--from: {since} is out of range; expected an instant of the last 400 days")
        if from_ns >= to_ns:
            raise UsageError("--from, --to: the span is empty: its end must come after its start")
        return cls(from_ns, to_ns, now_ns)

    @classmethod
    def followed(cls, last: str | None, since: str | None, until: str, now_ns: int) -> int:
        """Return how long before now what is followed was stored, nanoseconds; arguments as `asked`.

        Raises:
            UsageError: They name no such time.
        """
        if until != "now":
            raise UsageError("--to: what is followed has no end")
        if last is None and since is None:
            return 0
        span = cls.asked(last, since, until, now_ns)
        return span.to_ns - span.from_ns


@dataclass(frozen=True)
class Filters:
    """Which rows count; empty ones, and None, let all pass.

    Attributes:
        vif: A VIF by id, name, namespace and name, or lineage.
        is_pair: And the VIF at the other end of its pair.
        workload: A workload.
        host: A host.
        peers: Networks, of which one holds the peer; a single address is a network too.
        port: The service's port.
        protocol: Protocol number.
        direction: One of `DIRECTIONS`.
        exporter: An exporter's address, or a kind of source such as `ebpf`.
    """

    vif: str = ""
    is_pair: bool = False
    workload: str = ""
    host: str = ""
    peers: tuple[Network, ...] = ()
    port: int | None = None
    protocol: int | None = None
    direction: str = ""
    exporter: str = ""


def peers_of(text: str, networks: Mapping[str, str]) -> tuple[Network, ...]:
    """Return the networks that `--peer` names.

    Args:
        text: An address, a network, or the name of networks in the settings.
        networks: The setting of that name.

    Raises:
        UsageError: It is none of these.
    """
    if not text:
        return ()
    if named := tuple(ip_network(network) for network, name in networks.items() if name == text):
        return named
    try:
        return (ip_network(text),)
    except ValueError as error:
        hint = f": {error}" if "host bits" in str(error) else ""
        known = f", or a name in the setting networks ({', '.join(sorted(set(networks.values())))})" if networks else ""
        raise UsageError(
            f"--peer: expected an address such as 192.0.2.1, a network such as 192.0.2.0/24{known}, got {text!r}{hint}"
        ) from error


def port_of(text: str) -> int | None:
    """Return the port that `--port` names; raises `UsageError` for none."""
    try:
        return port_number(text) if text else None
    except ValueError as error:
        raise UsageError(f"--port: {error}") from error


def protocol_of(text: str) -> int | None:
    """Return the number of the protocol that `--protocol` names; raises `UsageError` for none."""
    try:
        return protocol_number(text) if text else None
    except ValueError as error:
        raise UsageError(f"--protocol: {error}") from error


def held_by(address: str, network: Network) -> str:
    """Return SQL: whether an address lies in a network.

    Args:
        address: SQL for an IPv6, with IPv4 mapped.
        network: The network.
    """
    first, last = network[0], network[-1]
    mapped = "::ffff:" if isinstance(network, IPv4Network) else ""
    if first == last:
        return f"{address} = toIPv6('{mapped}{first}')"
    return f"{address} BETWEEN toIPv6('{mapped}{first}') AND toIPv6('{mapped}{last}')"


def of_exporter(row: str, exporter: str) -> str:
    """Return SQL: whether a row is told by who `--exporter` names.

    Args:
        row: Alias of rows with `source_kind` and `exporter_address`.
        exporter: A kind of source, or an address.

    Raises:
        UsageError: It is neither.
    """
    if exporter in SOURCE_KINDS:
        return f"{row}.source_kind = {quoted(exporter)}"
    try:
        return held_by(f"{row}.exporter_address", ip_network(exporter))
    except ValueError as error:
        raise UsageError(
            f"--exporter: expected an exporter's address, or one of {', '.join(SOURCE_KINDS)}, got {exporter!r}"
        ) from error


def any_of(conditions: Iterable[str]) -> str:
    """Return SQL: whether any of some conditions holds."""
    return f"({' OR '.join(conditions)})"
