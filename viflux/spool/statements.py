"""Which frames are a stream's baseline: its newest complete statement and everything after it."""

from __future__ import annotations

from dataclasses import dataclass, field

from viflux.frame import STATEMENT_BEGINS, STATEMENT_ENDS

KEPT = 0


@dataclass(frozen=True)
class Reference:
    """Where a baseline's frame lies.

    Attributes:
        segment: Number of the segment, or `KEPT` for the stream's kept file.
        offset: Byte within that file.
        length: Length of the frame.
        sequence: The batch's number in its stream.
    """

    segment: int
    offset: int
    length: int
    sequence: int


@dataclass
class _Stream:
    frames: list[Reference] = field(default_factory=list)
    complete: bool = False
    begun_at: int | None = None


class Statements:
    """The baselines of all streams, as references; a stream that never begins a statement costs nothing."""

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}

    def add(self, stream: str, statement: int, reference: Reference) -> None:
        """Take the next frame of a stream, in the order of the log."""
        state = self._streams.setdefault(stream, _Stream())
        if statement & STATEMENT_BEGINS:
            if not state.complete:
                state.frames.clear()
            state.begun_at = len(state.frames)
        elif state.begun_at is not None and state.frames[-1].sequence + 1 != reference.sequence:
            # A batch of the statement is missing: it will never be complete.
            state.begun_at = None
            if not state.complete:
                state.frames.clear()
        if state.complete or state.begun_at is not None:
            state.frames.append(reference)
        if statement & STATEMENT_ENDS and state.begun_at is not None:
            del state.frames[: state.begun_at]
            state.begun_at, state.complete = None, True

    def baseline(self, stream: str) -> list[Reference]:
        """Return the newest complete statement of a stream and everything after it; empty without one."""
        state = self._streams.get(stream)
        return list(state.frames) if state is not None and state.complete else []

    def held(self, segment: int) -> dict[str, list[Reference]]:
        """Return what must be kept before a segment is removed: of each stream with frames in it, those up to it."""
        needed: dict[str, list[Reference]] = {}
        for stream, state in self._streams.items():
            if any(reference.segment == segment for reference in state.frames):
                needed[stream] = [reference for reference in state.frames if reference.segment <= segment]
        return needed

    def moved(self, stream: str, moved: dict[Reference, Reference]) -> None:
        """Replace references to frames that lie elsewhere now."""
        state = self._streams[stream]
        state.frames = [moved.get(reference, reference) for reference in state.frames]

    def give_up(self, stream: str) -> None:
        """Forget a stream's baseline; its next complete statement is one again."""
        self._streams.pop(stream, None)

    def uses_kept(self, stream: str) -> bool:
        """Whether a stream's baseline still needs its kept file."""
        state = self._streams.get(stream)
        return state is not None and any(reference.segment == KEPT for reference in state.frames)
