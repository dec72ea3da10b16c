"""Decides in one place what hurts now: the home page, diagnoses and the evidence of alerts ask here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from analytics.catalogue import CATALOGUE
from analytics.statements import statement
from viflux.clock import NANOSECONDS

if TYPE_CHECKING:
    from ingest.store.client import StoreClient

Level = Literal["hurting", "unknown", "fine"]

_WHAT = {
    ("M1", "utilisation"): "uses {value} of its promised rate",
    ("M2", "local_to"): "loses {value} of the packets to its workload",
    ("M2", "local_from"): "loses {value} of the packets from its workload",
}
_LONGEST_PLACE = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class WorstVif(msgspec.Struct, frozen=True):
    """A VIF beyond a target: its worst figure.

    Attributes:
        times: How many times the target it is.
        window_seconds: Length of the window that shows it.
        vif_id: 16 hex digits.
    """

    times: float
    value: float
    at_most: float
    sli: str
    part: str
    window_seconds: int
    namespace: str
    ifname: str
    vif_key: str
    vif_id: str

    @property
    def workload_name(self) -> str:
        """The workload's end of it, `namespace/ifname`."""
        return workload_name(self.vif_key)

    @property
    def sentence(self) -> str:
        """What is wrong with it, in words, with the target."""
        name = vif_name(self.namespace, self.ifname)
        if self.workload_name != name:
            name = f"{name} ({self.workload_name})"
        what = _WHAT.get((self.sli, self.part), f"has {self.sli} {self.part} at {{value}}").format(
            value=percent(self.value)
        )
        when = "in the last 10 s" if self.window_seconds == 10 else "in the last full minute"
        return f"{name} {what} {when} (target: at most {percent(self.at_most)})"


class Judgement(msgspec.Struct, frozen=True):
    """Whether something hurts, or what is missing to know.

    Attributes:
        level: `hurting`; `fine` only where data are whole, some VIF can be judged, none is beyond a target, and those
            with too few packets for a ratio lost none; else `unknown`.
        headline: The answer, one sentence.
        details: What stands behind it, a sentence each.
        hurting_vif_ids: The worst VIFs, 16 hex digits each.
    """

    level: Level
    headline: str
    details: tuple[str, ...] = ()
    hurting_vif_ids: tuple[str, ...] = ()


class Facts(msgspec.Struct, frozen=True):
    """One row of `statements/hurts.sql`; instants are aware, the epoch stands for never.

    Attributes:
        vifs_count: VIFs that live; a VIF is one of the counting points and physical ports.
        new_count: Those first seen in the newest window or after it, whose figures are not whole yet; in no count below
            but `known_count`, `hurting_count` and what is known.
        judged_count: Those that have figures of the newest window.
        off_count: Those that are administratively down or without carrier.
        known_count: Those of which at least one figure with a target is known.
        with_utilisation_count: Those of which utilisation is known.
        known_directions_count: Directions, two a VIF, of which loss is known.
        few_packets_directions_count: Directions with too few packets for a ratio, of VIFs that are not off, as below.
        few_lost_packets: How many packets these lost.
        idle_directions_count: Directions in which no packet was offered.
        unseen_directions_count: Directions whose sender is no VIF of this host.
        hurting_count: VIFs beyond a target.
        incomplete_count: VIFs of which a part of the expected data did not arrive.
    """

    vifs_count: int
    new_count: int
    judged_count: int
    off_count: int
    known_count: int
    with_utilisation_count: int
    known_directions_count: int
    few_packets_directions_count: int
    few_lost_packets: float
    idle_directions_count: int
    unseen_directions_count: int
    hurting_count: int
    incomplete_count: int
    least_completeness_ratio: float
    incomplete_since_time: datetime
    newest_slice_time: datetime
    worst_vifs: tuple[WorstVif, ...]


def now_hurting(store: StoreClient, database: str, host: str, now_ns: int, stale_after_ns: int) -> Judgement:
    """Ask the store what hurts on a host.

    Args:
        store: A client that may read.
        database: Name of the database that holds the tables.
        host: The host's name, as in all records.
        now_ns: The present, nanoseconds since the epoch.
        stale_after_ns: How long after its end a 10 s window may still stand for now.

    Raises:
        StoreUnavailable: The store does not answer.
        StoreRefused: It refuses, for instance because its tables are not there yet.
    """
    targets = [
        (sli.id, part, sli.target.at_most)
        for sli in CATALOGUE.values()
        if sli.target is not None and sli.target.hurts
        for part in sli.target.parts
    ]
    rows = store.query_rows(statement("hurts", database), {"host": host, "now_ns": now_ns, "targets": targets})
    return judge(msgspec.convert(rows[0], Facts), now_ns, stale_after_ns)


def judge(facts: Facts, now_ns: int, stale_after_ns: int) -> Judgement:
    """Put facts into words; a pure function.

    Args:
        facts: What the store knows.
        now_ns: The present, nanoseconds since the epoch.
        stale_after_ns: How long after its end a 10 s window may still stand for now.
    """
    if facts.vifs_count == 0:
        return Judgement("unknown", "Not known: no VIF of this host has been seen yet.")
    if facts.newest_slice_time <= _EPOCH:
        return _not_yet(facts)
    end = facts.newest_slice_time + timedelta(seconds=10)
    age_ns = now_ns - round(end.timestamp() * NANOSECONDS)
    if age_ns > stale_after_ns:
        return Judgement(
            "unknown",
            f"Not known: nothing has arrived since {clock_time(end)}, {age(age_ns)} ago.",
            (*_old_breaches(facts), "What is on its way is kept and will be added; see the stages below."),
        )
    return _hurting(facts) if facts.hurting_count else _not_hurting(facts)


def _hurting(facts: Facts) -> Judgement:
    breaches = tuple(vif.sentence for vif in facts.worst_vifs)
    more = facts.hurting_count - len(breaches)
    details = (*breaches, *((f"and {more} more",) if more > 0 else ()), *_missing(facts))
    verb = "hurts" if facts.hurting_count == 1 else "hurt"
    headline = f"{facts.hurting_count:,} of {_vifs(facts.vifs_count)} {verb} now."
    return Judgement("hurting", headline, details, tuple(vif.vif_id for vif in facts.worst_vifs))


def _not_hurting(facts: Facts) -> Judgement:
    if missing := _missing(facts):
        return Judgement("unknown", "Nothing that was measured hurts, but data are missing.", missing)
    if facts.new_count == facts.vifs_count:
        return _not_yet(facts)
    known = _known(facts)
    level: Level = "unknown"
    if facts.few_lost_packets:
        headline = "Nothing is beyond its target, but packets were lost where too few were sent for a ratio."
    elif facts.known_count == 0:
        none = "the one VIF cannot" if facts.vifs_count == 1 else f"none of the {_vifs(facts.vifs_count)} can"
        headline = f"Nothing is seen to hurt, but {none} be judged."
    elif facts.with_utilisation_count == facts.vifs_count and facts.known_directions_count == 2 * facts.vifs_count:
        level, headline = "fine", f"Nothing hurts: {_all(facts.vifs_count)} within target."
    else:
        of_all = f"{facts.known_count:,} of {_vifs(facts.vifs_count)}"
        level, headline = "fine", f"Nothing hurts of what can be judged: {of_all}."
    return Judgement(level, headline, known)


def percent(ratio: float) -> str:
    """Write a ratio as a percentage with two or three digits: `0 %`, `0.12 %`, `71 %`."""
    value = ratio * 100
    if value >= 10:
        return f"{value:,.0f} %"
    if value >= 1:
        return f"{value:.1f} %"
    return f"{value:.2g} %"


def age(age_ns: int) -> str:
    """Write a span as a person would: `12 s`, `3 min`, `2 h`, `4 d`."""
    seconds = max(0, age_ns // NANOSECONDS)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length or (unit == "min" and seconds >= length):
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def clock_time(instant: datetime) -> str:
    """Write an instant as the time of day in UTC, with the date where it is not today's in doubt."""
    return f"{instant.astimezone(UTC):%H:%M:%S} UTC"


def vif_name(namespace: str, ifname: str) -> str:
    """Write a VIF as `namespace/ifname`, in the host's own namespace as `ifname`."""
    return f"{namespace}/{ifname}" if namespace else ifname


def workload_name(vif_key: str) -> str:
    """Return the `namespace/ifname` of a `vif_key`, which both ends of a pair take from the workload's end.

    Where the namespace has no name, the workload stands for it, shortened; where that is not known either, it is `?`.
    """
    place, _, ifname = vif_key.partition("/")[2].rpartition("/")
    return vif_name(f"{place[:12]}…" if len(place) > _LONGEST_PLACE else place, ifname)


def _not_yet(facts: Facts) -> Judgement:
    return Judgement(
        "unknown",
        f"Not known yet: the first 10 s of the {_vifs(facts.vifs_count)} are still being read.",
        ("The first figures come when counters were read twice and a 10 s window has closed.",),
    )


def _known(facts: Facts) -> tuple[str, ...]:
    """Say what was judged and what could not be, and why."""
    few = "too few packets for a ratio"
    lost = f"{max(1, round(facts.few_lost_packets)):,} lost" if facts.few_lost_packets else "none lost"
    losses = (
        (facts.known_directions_count, "within target"),
        (facts.few_packets_directions_count, f"with {few} ({lost})"),
        (facts.idle_directions_count, "without any packet"),
        (facts.unseen_directions_count, "whose sender is not visible"),
    )
    utilisations = (
        (facts.with_utilisation_count, "within target"),
        (facts.vifs_count - facts.new_count - facts.with_utilisation_count, "without a known promised rate"),
    )
    lines = [
        f"{what}: {', '.join(f'{count:,} {how}' for count, how in parts if count > 0)}."
        for what, parts in (("Packet loss, each direction", losses), ("Utilisation", utilisations))
        if any(count > 0 for count, _ in parts)
    ]
    if facts.off_count:
        off = "is administratively down or has" if facts.off_count == 1 else "are administratively down or have"
        lines.append(f"{_vifs(facts.off_count)} {off} no carrier.")
    if facts.new_count:
        new = "is too new: its" if facts.new_count == 1 else "are too new: their"
        lines.append(f"{_vifs(facts.new_count)} {new} first figures are on the way.")
    return tuple(lines)


def _missing(facts: Facts) -> tuple[str, ...]:
    lines = []
    if facts.incomplete_count:
        since = facts.incomplete_since_time
        when = f"since {clock_time(since)}" if since > _EPOCH else "since they were first read"
        lines.append(
            f"Data of {_vifs(facts.incomplete_count)} are incomplete {when}; "
            f"the least complete has {percent(facts.least_completeness_ratio)} of what was expected."
        )
    if (unread := facts.vifs_count - facts.new_count - facts.judged_count) > 0:
        lines.append(f"{_vifs(unread)} {'has' if unread == 1 else 'have'} no figure of this window yet.")
    return tuple(lines)


def _old_breaches(facts: Facts) -> tuple[str, ...]:
    if not facts.hurting_count:
        return ()
    verb = "was" if facts.hurting_count == 1 else "were"
    return (f"When last seen, {_vifs(facts.hurting_count)} {verb} beyond target.",)


def _vifs(count: int) -> str:
    return "1 VIF" if count == 1 else f"{count:,} VIFs"


def _all(count: int) -> str:
    return "the one VIF is" if count == 1 else f"all {count:,} VIFs are"
