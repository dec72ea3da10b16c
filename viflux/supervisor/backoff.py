"""How long to wait before a stage that ended is started again."""

from __future__ import annotations

FIRST_DELAY_SECONDS = 0.1
"""Short: a first death is most often a kill or a passing fault, and each second without the agent is a gap."""

LONGEST_DELAY_SECONDS = 30.0
HEALTHY_AFTER_SECONDS = 60.0
"""A stage that ran this long starts again with the first delay."""


class Backoff:
    """Doubles the delay with each death, from the first to the longest, and forgets after a healthy minute."""

    def __init__(self) -> None:
        self._deaths_in_a_row = 0

    def delay_after(self, ran_seconds: float) -> float:
        """Return how many seconds to wait after a run of `ran_seconds` that ended."""
        if ran_seconds >= HEALTHY_AFTER_SECONDS:
            self._deaths_in_a_row = 0
        # The exponent is bounded so that a stage which dies for a year does not make a number without end.
        delay = FIRST_DELAY_SECONDS * 2.0 ** min(self._deaths_in_a_row, 16)
        self._deaths_in_a_row += 1
        return float(min(delay, LONGEST_DELAY_SECONDS))
