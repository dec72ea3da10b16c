"""What verbs that ask the store have in common: how far they look back, their rows, and errors in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ingest.store.client import StoreClient, StoreRefused
from viflux.errors import UsageError, VifluxError
from viflux.settings import Settings
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


def rows_of(settings: Settings, query: str, parameters: Mapping[str, str], most_seconds: float) -> list[dict[str, Any]]:
    """Return the rows of a small result, asked as one who may only read.

    Args:
        settings: Where the store is.
        query: What is asked.
        parameters: Values of `{name:Type}` in it.
        most_seconds: How long the answer may take.

    Raises:
        VifluxError: The store refuses or does not answer.
    """
    with in_one_line():
        return StoreClient.reader(settings, most_seconds).query_rows(query, dict(parameters))
