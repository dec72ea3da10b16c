"""The batch frame: what goes in comes out, and nothing that was changed does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viflux import frame

times = st.integers(min_value=-(2**63), max_value=2**63 - 1)
texts = st.text(max_size=40)
metadatas = st.builds(
    frame.Metadata,
    stream=texts,
    sequence=st.integers(min_value=1, max_value=2**64 - 1),
    kind=texts,
    version=st.integers(min_value=0, max_value=65535),
    rows=st.integers(min_value=0, max_value=2**32),
    first_time_ns=times,
    last_time_ns=times,
    sealed_time_ns=times,
    host=texts,
    boot_id=texts,
    statement=st.integers(min_value=0, max_value=3),
    ends_commit=st.booleans(),
    settles=st.lists(st.integers(min_value=0, max_value=2**63), max_size=5).map(tuple),
)
SMALL = frame.encode(
    frame.Metadata("counters.netlink", 7, "counters", 1, 3, 10, 20, 30, "host-1", "boot-1", 3, True, (4, 5)), b"payload"
)


@given(metadatas, st.binary(max_size=2000), st.binary(max_size=50))
def test_a_frame_comes_back_as_it_was(metadata: frame.Metadata, payload: bytes, behind: bytes) -> None:
    """Metadata, payload and length survive, whatever follows the frame."""
    data = frame.encode(metadata, payload)
    found = frame.decode(data + behind)
    assert (found.metadata, found.payload, found.length) == (metadata, payload, len(data))
    assert frame.decode_metadata(data + behind) == metadata
    assert frame.length_of(data[: frame.FIXED_BYTES]) == len(data)


@given(metadatas, st.binary(max_size=200), st.data())
def test_a_cut_frame_is_detected(metadata: frame.Metadata, payload: bytes, data: st.DataObject) -> None:
    """A frame that ends early is cut, never half a batch."""
    whole = frame.encode(metadata, payload)
    length = data.draw(st.integers(min_value=0, max_value=len(whole) - 1))
    with pytest.raises(frame.FrameCutError):
        frame.decode(whole[:length])


@given(metadatas, st.binary(max_size=200), st.data())
@settings(max_examples=300, deadline=None)
def test_a_flipped_byte_is_detected(metadata: frame.Metadata, payload: bytes, data: st.DataObject) -> None:
    """Any other value of any byte makes the frame unreadable."""
    whole = bytearray(frame.encode(metadata, payload))
    at = data.draw(st.integers(min_value=0, max_value=len(whole) - 1))
    whole[at] ^= data.draw(st.integers(min_value=1, max_value=255))
    with pytest.raises(frame.FrameError):
        frame.decode(bytes(whole) + bytes(600_000))


def test_every_cut_and_every_flipped_bit_of_one_frame_is_detected() -> None:
    """The same without luck: all lengths and all bits."""
    for length in range(len(SMALL)):
        with pytest.raises(frame.FrameCutError):
            frame.decode(SMALL[:length])
    for bit in range(8 * len(SMALL)):
        changed = bytearray(SMALL)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(frame.FrameError):
            frame.decode(bytes(changed) + bytes(100))


def test_the_layout_is_the_documented_one() -> None:
    """Pinned: what lies on a disk must be readable by later versions."""
    assert SMALL[:4] == b"VFB1"
    assert SMALL[12:16] == (len(SMALL) - 18).to_bytes(4, "little")
    assert SMALL[16:18] == (len(SMALL) - 18 - len(b"payload")).to_bytes(2, "little")
    assert SMALL.endswith(b"payload")
    assert SMALL.hex() == (
        "564642314798b43713dfdde23c00000035009eb0636f756e746572732e6e65746c696e6b07a8636f"
        "756e7465727301030a141ea6686f73742d31a6626f6f742d3103c3920405907061796c6f6164"
    )


@given(st.binary(max_size=300))
def test_foreign_bytes_are_an_error_and_nothing_worse(data: bytes) -> None:
    """Random bytes, also behind a true magic, raise the one documented error."""
    for candidate in (data, frame.MAGIC + data):
        with pytest.raises(frame.FrameError):
            frame.decode(candidate)


def test_a_payload_beyond_the_limit_is_refused() -> None:
    """512 KiB fit; one byte more does not."""
    said = frame.decode(SMALL).metadata
    largest = frame.encode(said, bytes(frame.MAX_PAYLOAD_BYTES))
    assert len(frame.decode(largest).payload) == frame.MAX_PAYLOAD_BYTES
    with pytest.raises(frame.FrameTooLargeError, match=r"524289 bytes in counters\.netlink; the limit is 524288"):
        frame.encode(said, bytes(frame.MAX_PAYLOAD_BYTES + 1))
