"""Delays before a restart."""

from viflux.supervisor.backoff import FIRST_DELAY_SECONDS, HEALTHY_AFTER_SECONDS, LONGEST_DELAY_SECONDS, Backoff


def test_doubles_up_to_the_longest_delay() -> None:
    """A stage that dies at once is started ever more rarely, but never more rarely than the bound."""
    backoff = Backoff()
    delays = [backoff.delay_after(0.5) for _ in range(40)]
    assert delays[:5] == [0.1, 0.2, 0.4, 0.8, 1.6]
    assert delays[9:] == [LONGEST_DELAY_SECONDS] * 31


def test_a_healthy_minute_forgets() -> None:
    """After a run of a minute the next delay is the first again; a second less does not count."""
    backoff = Backoff()
    for _ in range(8):
        backoff.delay_after(1.0)
    assert backoff.delay_after(HEALTHY_AFTER_SECONDS - 1) > 10
    assert backoff.delay_after(HEALTHY_AFTER_SECONDS) == FIRST_DELAY_SECONDS
    assert backoff.delay_after(0.0) == 2 * FIRST_DELAY_SECONDS
