"""A batch as a message: what comes back is what went in, and damage is told, never raised."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from ingest.kafka.message import FRAME_HEADER, SPOOL_HEADER, Parts, item_of, parts_of, position_of
from viflux import frame
from viflux.frame import Metadata
from viflux.spool import Damaged, Entry

instants = st.integers(0, 2**62)
metadata = st.builds(
    Metadata,
    stream=st.from_regex(r"[a-z_]{1,20}\.[a-z]{1,12}", fullmatch=True),
    sequence=st.integers(1, 2**62),
    kind=st.text(min_size=1, max_size=20),
    version=st.integers(1, 100),
    rows=st.integers(1, 2**31),
    first_time_ns=instants,
    last_time_ns=instants,
    sealed_time_ns=instants,
    host=st.text(min_size=1, max_size=50),
    boot_id=st.text(max_size=36),
    statement=st.integers(0, 3),
    ends_commit=st.booleans(),
    settles=st.lists(st.integers(0, 2**40), max_size=5).map(tuple),
)
spool_ids = st.from_regex(r"[0-9a-f]{32}", fullmatch=True)


@dataclass
class Message:
    """What a consumer would hand over."""

    parts: Parts
    at: int = 0
    changed: dict[str, bytes | None] = field(default_factory=dict)

    def value(self) -> bytes | None:
        return self.changed.get("value", self.parts.value)

    def headers(self) -> list[tuple[str, str | bytes | None]]:
        return [(name, self.changed.get(name, value)) for name, value in self.parts.headers]

    def offset(self) -> int:
        return self.at


def entry_of(spool_id: str, said: Metadata, payload: bytes, offset: int) -> Entry:
    found = frame.decode(frame.encode(said, payload))
    return Entry(spool_id, found, position_of(offset), position_of(offset + 1))


@given(spool_ids, metadata, st.binary(max_size=2000), st.integers(0, 2**62))
def test_what_comes_back_is_what_went_in(spool_id: str, said: Metadata, payload: bytes, offset: int) -> None:
    """Identity, checksum, payload and place survive; key and time are the host's and the sealing's."""
    entry = entry_of(spool_id, said, payload, offset)
    parts = parts_of(entry)
    assert item_of(Message(parts, offset)) == entry
    assert (parts.key.decode(), parts.timestamp_ms) == (said.host, said.sealed_time_ns // 10**6)
    assert dict(parts.headers)[FRAME_HEADER] + parts.value == entry.frame_bytes()


@given(spool_ids, metadata, st.binary(min_size=1, max_size=300), st.data())
def test_any_changed_byte_is_damage(spool_id: str, said: Metadata, payload: bytes, data: st.DataObject) -> None:
    """A byte that changed in the value or in the frame's head, or one that is gone, makes damage with a reason."""
    parts = parts_of(entry_of(spool_id, said, payload, 7))
    name = data.draw(st.sampled_from(["value", FRAME_HEADER]))
    whole = parts.value if name == "value" else dict(parts.headers)[FRAME_HEADER]
    assert isinstance(whole, bytes)
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    changed = whole[:at] if cut else whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    item = item_of(Message(parts, 7, {name: changed}))
    assert isinstance(item, Damaged)
    assert (item.spool_id, item.start, item.end) == (spool_id, position_of(7), position_of(8))
    assert item.reason


@given(st.one_of(st.none(), st.binary(max_size=100)), st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=40))))
def test_foreign_messages_are_damage(value: bytes | None, headers: list[tuple[str, str | bytes | None]]) -> None:
    """What other programs write into a topic never raises."""
    item = item_of(Message(Parts(b"", value, headers, 0), 1))  # type: ignore[arg-type]
    assert isinstance(item, Damaged)
    assert "shipper" in item.reason


def test_a_spool_id_of_another_form_is_damage() -> None:
    """The spool's id names files and rows later on, so it is 32 hex digits or nothing."""
    said = Metadata("counters.netlink", 1, "counters", 1, 1, 1, 2, 3, "host", "boot")
    parts = parts_of(entry_of("0" * 32, said, b"x", 1))
    item = item_of(Message(parts, 1, {SPOOL_HEADER: b"../../etc/passwd"}))
    assert isinstance(item, Damaged)
    assert item.spool_id == ""
