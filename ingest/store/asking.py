"""What verbs that ask the store have in common: how far they look back, and errors in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ingest.store.client import StoreRefused
from viflux.errors import UsageError, VifluxError
from viflux.settings.units import Duration

_SHORTEST, _LONGEST = Duration.parse("1s"), Duration.parse("30d")


@contextmanager
def in_one_line() -> Iterator[None]:
    """Make the one line of an error out of what the store refuses in the block; that it is away is one already.

    Raises:
        VifluxError: The store refused.
    """
    try:
        yield
    except StoreRefused as error:
        raise VifluxError(" ".join(error.message.split())) from error


def look_back_seconds(option: str, text: str, kept: str) -> int:
    """Return how far an option looks back, whole seconds.

    Args:
        option: Its name, for the message.
        text: A duration from 1s to 30d.
        kept: What is kept for so long, for the message.

    Raises:
        UsageError: It is none.
    """
    try:
        span = Duration.parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
    if not _SHORTEST <= span <= _LONGEST:
        raise UsageError(f"{option}: {text} is out of range; expected 1s to 30d, for so long {kept}")
    return int(span.seconds)
