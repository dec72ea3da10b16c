"""Where dead letters are kept: one face with two homes, a folder and a topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from prometheus_client import Counter

from ingest.deadletter.letter import Letter
from ingest.processor.intent import Exclusion
from viflux import logs
from viflux.spool import Damaged, Entry

MOST_BYTES = 256 << 20
"""Of all letters of a home together; what is beyond is only named."""

MOST_LETTERS = 50_000
"""That are named; what is beyond is only counted, and told by its event."""

_LETTERS = Counter("viflux_processor_dead_letters", "Batches that could not be stored.", ["cause"])
_CUT = Counter("viflux_processor_dead_letters_without_bytes", "Of these, those whose bytes were not kept.")


class DeadLetters(Protocol):
    """A home of dead letters.

    Attributes:
        place: For a person: the folder's path, or the topic.
    """

    place: str

    def put(self, item: Entry | Damaged, exclusion: Exclusion, now_ns: int, source: str) -> None:
        """Keep a letter; durable when this returns. Twice is as once: its name is where it lay.

        Args:
            item: What cannot be stored.
            exclusion: Why, and of which day.
            now_ns: The instant that it carries.
            source: Name of the source in which it lay.

        Raises:
            OSError: The folder cannot be written.
            SourceAwayError: The brokers do not take it.
        """
        ...

    def letters(self) -> Sequence[Letter]:
        """Return all letters, those that were put away first in front.

        Raises:
            VifluxError: They cannot be read.
        """
        ...

    def data(self, letter: Letter) -> bytes | None:
        """Return the bytes of a letter; None where they were not kept.

        Raises:
            VifluxError: They cannot be read.
        """
        ...

    def remove(self, letter: Letter) -> None:
        """Remove a letter; nothing where it is gone already.

        Raises:
            VifluxError: It cannot be removed.
        """
        ...


class Room:
    """How much a home has, as this process knows it."""

    def __init__(self) -> None:
        self.letters = self.bytes = 0

    def fits(self, size: int) -> bool:
        """Whether bytes of that size are kept."""
        return self.bytes + size <= MOST_BYTES and self.names()

    def names(self) -> bool:
        """Whether one more is named."""
        return self.letters < MOST_LETTERS


def tell(letter: Letter, place: str) -> None:
    """Count a new letter, and log it."""
    _LETTERS.labels(letter.cause).inc()
    if not letter.bytes_kept:
        _CUT.inc()
    logs.get("processor").error(
        "a batch went to the dead letters",
        cause=letter.cause,
        reason=letter.reason,
        letter=letter.name,
        kept_in=place,
        what_to_do="its rows are not in the store; see `viflux deadletter show` and `replay`",
    )
