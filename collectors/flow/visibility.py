"""VIFs whose packets are taken past the place where flows are counted: told when it begins, ends, and meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Gauge

from viflux.clock import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collectors.agent.happenings import Problems

HIDDEN, VISIBLE = "dataplane_not_visible", "dataplane_visible"
"""Events; their subject is `VIF_ID ingress` or `VIF_ID egress`."""

AGAIN_NS = 1_800 * NANOSECONDS
"""A state that lasts is told so often: whoever looks back an hour knows it."""

_HIDDEN = Gauge("viflux_agent_hidden_directions", "Directions of interfaces whose packets pass the flow probe by")


class Visibility:
    """What is hidden now, as events.

    Args:
        problems: Where they are told.
    """

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._hidden: dict[str, tuple[str, int]] = {}

    def take(self, sights: Iterable[tuple[int, bool, bool, int, int, int]], now_ns: int) -> None:
        """Tell what changed, and what has lasted for long; `sights` as in `FlowHarvest`."""
        for vif_id, is_egress, is_hidden, packets, size, seen in sights:
            subject = f"{vif_id:016x} {'egress' if is_egress else 'ingress'}"
            way = "sent" if is_egress else "received"
            passed = f"of {packets:,} packets with {size:,} bytes that the interface {way}, the probe saw {seen:,}"
            if is_hidden:
                detail = (
                    f"dataplane not visible: {passed}; another program (redirect_peer, netkit, XDP) takes them past tcx"
                )
                self._tell(subject, detail, now_ns)
            else:
                self._hidden.pop(subject, None)
                self._problems.add(VISIBLE, subject, f"dataplane visible again: {passed}")
        for subject, (detail, told_ns) in list(self._hidden.items()):
            if now_ns - told_ns >= AGAIN_NS or now_ns < told_ns:
                self._tell(subject, detail, now_ns)
        _HIDDEN.set(len(self._hidden))

    def keep(self, vif_ids: set[int]) -> None:
        """Forget all but these VIFs, for the others are not watched any more."""
        self._hidden = {name: told for name, told in self._hidden.items() if int(name.split()[0], 16) in vif_ids}

    def _tell(self, subject: str, detail: str, now_ns: int) -> None:
        self._hidden[subject] = (detail, now_ns)
        self._problems.add(HIDDEN, subject, detail)
