"""What an address is called: the VIF that held it then, else a network of the settings, else nothing.

An address may have been given from one VIF to another, and may be used in several networks at once. So it is called
after those VIFs alone that held it while a row's traffic was seen, those of the row's host first; where that is still
more than one, all are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import zip_longest

from ingest.store.client import StoreClient
from ingest.store.literals import instant, quoted
from ingest.store.sql_command import address_text
from ingest.store.traffic.question import Network, Span
from ingest.store.traffic.vifs import RESTATED_NS

_FOREVER_NS = 1 << 62
_MOST_NAMED = 2
_SETTLED_NS = 60 * 10**9


@dataclass(frozen=True)
class Holder:
    """A VIF that held an address for a time.

    Attributes:
        vif_id: Which.
        host: Its host.
        name: Its lineage; of a host's end of a pair, where that itself is.
        from_ns: From when on.
        to_ns: Until when.
    """

    vif_id: int
    host: str
    name: str
    from_ns: int
    to_ns: int


class Peers:
    """Names of addresses in a span.

    Args:
        store: Where the inventory is.
        networks: Names by network, as the settings have them.
    """

    def __init__(self, store: StoreClient, networks: Mapping[str, str]) -> None:
        self._store = store
        named: list[tuple[Network, str]] = [(ip_network(network), name) for network, name in networks.items()]
        self._networks = sorted(named, key=lambda pair: -pair[0].prefixlen)
        self._holders: dict[str, list[Holder]] = {}

    def look_up(self, addresses: Iterable[str], span: Span) -> None:
        """Read from the inventory who held addresses in a span; what was known of others is forgotten."""
        wanted = sorted({address for address in addresses if _can_be_a_vif(address)})
        self._holders = {}
        if wanted:
            for address, holder in _held(self._store, wanted, span):
                self._holders.setdefault(address, []).append(holder)

    def name(self, address: str, host: str, from_ns: int, to_ns: int) -> str:
        """Return what an address was called.

        Args:
            address: As text, IPv4 as IPv4; one of those that were looked up.
            host: Where it was seen.
            from_ns: When that began.
            to_ns: When it ended.

        Returns:
            The name; `a or b` where two VIFs held it at once, `a, then b` one after the other; empty for none.
        """
        there = [each for each in self._holders.get(address, ()) if each.from_ns <= to_ns and each.to_ns > from_ns]
        near = [each for each in there if each.host == host] or there
        return _called(near) or self.network_name(address)

    def network_name(self, address: str, prefix_length: int | None = None) -> str:
        """Return the name of the network that holds an address, or all of a network; empty for none."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return ""
        for network, name in self._networks:
            if parsed.version == network.version and parsed in network:
                return name if prefix_length is None or network.prefixlen <= prefix_length else ""
        return ""


def _called(holders: list[Holder]) -> str:
    by_vif: dict[int, Holder] = {}
    for each in sorted(holders, key=lambda holder: holder.from_ns):
        by_vif.setdefault(each.vif_id, each)
    vifs = list(by_vif.values())
    names = list(dict.fromkeys(each.name for each in vifs))
    if len(names) <= 1:
        return names[0] if names else ""
    if len(names) > _MOST_NAMED:
        return f"one of {len(names)} VIFs"
    one, other = vifs[0], vifs[-1]
    ended = max(each.to_ns for each in holders if each.vif_id == one.vif_id)
    return f"{one.name}, then {other.name}" if ended <= other.from_ns else f"{one.name} or {other.name}"


def _held(store: StoreClient, addresses: list[str], span: Span) -> Iterable[tuple[str, Holder]]:
    listed = ", ".join(f"toIPv6({quoted(_mapped(address))})" for address in addresses)
    since = instant(span.from_ns - RESTATED_NS)
    rows = store.query_rows(
        "SELECT vif_id, host, vif_key, toUnixTimestamp64Nano(valid_from_time) AS valid_ns, "
        "argMax(arrayIntersect(addresses, [" + listed + "]), (time, sequence)) AS held, "
        "ifNull(toUnixTimestamp64Nano(max(gone_time)), 0) AS gone_ns, "
        "ifNull(toUnixTimestamp64Nano(max(born_time)), 0) AS born_ns, "
        "max(change IN ('born', 'baseline')) AS is_first, "
        # Both ends of a pair are of the lineage of the end that is the workload's; the host's is called by itself.
        "argMax(if(side = 'host', concat(host, '/', namespace, '/', ifname), vif_key), (time, sequence)) AS name "
        f"FROM inventory WHERE time >= {since} AND kind != 'loopback' AND vif_id IN "
        f"(SELECT vif_id FROM inventory WHERE time >= {since} AND hasAny(addresses, [{listed}])) "
        "GROUP BY vif_id, host, vif_key, valid_from_time ORDER BY vif_id, valid_from_time"
    )
    for row, following in zip_longest(rows, rows[1:]):
        begins = int(row["valid_ns"])
        # What was settled soon after birth holds from birth; where nobody saw that, from before all that is known.
        if row["is_first"] or (row["born_ns"] and begins <= int(row["born_ns"]) + _SETTLED_NS):
            begins = int(row["born_ns"])
        ends = int(row["gone_ns"]) or _FOREVER_NS
        if following is not None and following["vif_id"] == row["vif_id"]:
            ends = min(ends, int(following["valid_ns"]))
        for address in row["held"]:
            name = row["name"] or f"{row['vif_id']:016x}"
            yield address_text(address), Holder(int(row["vif_id"]), row["host"], name, begins, ends)


def _can_be_a_vif(address: str) -> bool:
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    # Each namespace has its own of these.
    return not (parsed.is_loopback or parsed.is_unspecified or parsed.is_multicast)


def _mapped(address: str) -> str:
    return address if ":" in address else f"::ffff:{address}"
