"""Standing still: a source of which the store has a piece in part is left alone until a person has looked."""

from __future__ import annotations

from prometheus_client import Gauge

from ingest.processor.delivery import StandingStillError
from viflux import logs
from viflux.clock import NANOSECONDS, Clock
from viflux.telemetry import Health

_LEFT_ALONE_NS = 30 * NANOSECONDS
_STUCK = Gauge("viflux_processor_stuck", "Sources that stand still because the store has a piece in part.")


class Stillness:
    """Whether one source stands still, and until when it is left alone; says so where people look."""

    def __init__(self, source: str, clock: Clock, health: Health) -> None:
        self._source = source
        self._clock = clock
        self._health = health
        self._is_told = False
        self._until_ns = 0

    def holds(self) -> bool:
        """Whether the source is to be left alone now."""
        return self._clock.monotonic_ns() < self._until_ns

    def begin(self, error: StandingStillError) -> None:
        """Leave it alone for a while; the first time it is an alarm."""
        self._until_ns = self._clock.monotonic_ns() + _LEFT_ALONE_NS
        self._health.ready(False, f"stands still: {error}", part=self._source)
        if self._is_told:
            return
        self._is_told = True
        _STUCK.inc()
        logs.get("processor").error(
            "the store has a piece in part: nothing more is inserted from this source; "
            "compare the table's rows with the source, then delete those of this piece",
            source=self._source,
            piece=error.piece.token,
            found_rows=error.found,
            expected_rows=error.piece.count,
            reason=str(error),
        )

    def end(self) -> None:
        """Go on, or let go of the source."""
        self._until_ns = 0
        if self._is_told:
            self._is_told = False
            _STUCK.dec()
            logs.get("processor").info("the source goes on", source=self._source)
            self._health.ready(True, part=self._source)
