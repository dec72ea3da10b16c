"""Captures of every form give the same rows; files that are cut, damaged or of another kind give what can be had."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.decode import files
from tests.decode.decoding import CAPTURES, decode, read

ORIGIN = CAPTURES / "softflowd_ipfix.pcap"


@pytest.fixture(scope="module")
def frames() -> list[tuple[int, bytes]]:
    """The frames of a real exporter's capture."""
    return files.frames_of(ORIGIN.read_bytes())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("link", [files.ETHERNET, files.RAW, files.IPV4, files.LOOP, files.NULL, files.SLL, files.SLL2])
def test_every_form_of_file_and_link_gives_the_same_rows(
    tmp_path: Path, frames: list[tuple[int, bytes]], order: str, link: int
) -> None:
    """The byte order, the unit of time, the format and the link type make no difference."""
    expected, _ = read([ORIGIN])
    linked = [(time, files.linked(frame, link)) for time, frame in frames]
    for name, content in {
        "micro.pcap": files.pcap(linked, order=order, link=link),
        "nano.pcap": files.pcap(linked, order=order, link=link, magic=files.NANOSECONDS),
        "next.pcapng": files.pcapng(linked, order, link),
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert read([path]) == (expected, []), name
    assert len(expected) == 100


@pytest.mark.parametrize("form", ["pcap", "nsecpcap", "modpcap", "pcapng"])
def test_what_another_program_writes_is_read(tmp_path: Path, form: str) -> None:
    """Captures that Wireshark's editcap converted give the same rows as the original."""
    if shutil.which("editcap") is None:
        pytest.skip("editcap is not installed (wireshark-common)")
    path = tmp_path / "converted"
    for name in ("pmacctd_two_samplers", "ovs_sflow", "odd_transport"):
        subprocess.run(["editcap", "-F", form, CAPTURES / f"{name}.pcap", path], check=True, capture_output=True)
        assert read([path]) == read([CAPTURES / f"{name}.pcap"]), name


def test_sections_interfaces_and_foreign_blocks_in_one_file(tmp_path: Path, frames: list[tuple[int, bytes]]) -> None:
    """A pcapng file may change byte order and link type, and have blocks of any other kind in between."""
    first, rest = frames[:2], frames[2:]
    sll = [(time, files.linked(frame, files.SLL)) for time, frame in rest]
    content = (
        files.section(">", (files.ETHERNET, files.SLL))
        + files.enhanced(first, ">")
        + files.block(">", 0x0BAD, bytes(2_000_000))
        + files.enhanced(sll[:1], ">", interface=1)
        + files.section("<", (files.SLL,))
        + files.block("<", 5, bytes(13))
        + files.enhanced(sll[1:])
    )
    path = tmp_path / "sections.pcapng"
    path.write_bytes(content)
    assert read([path]) == read([ORIGIN])


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_a_file_cut_at_any_byte_gives_the_rows_before_the_cut(
    tmp_path: Path, frames: list[tuple[int, bytes]], form: str
) -> None:
    """No row more, no row less, and a message exactly where the cut is inside of something."""
    few = frames[:2]
    make = files.pcap if form == "pcap" else files.pcapng
    whole = make(few)
    counts, ends = {}, []
    for count in range(len(few) + 1):
        end = len(make(few[:count]))
        ends.append(end)
        path = tmp_path / "whole"
        path.write_bytes(make(few[:count]))
        counts[end] = len(read([path])[0])
    assert len(set(counts.values())) == len(few) + 1
    header = len(files.section()) - len(files.block("<", 1, bytes(20))) if form == "pcapng" else ends[0]
    path = tmp_path / "cut"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        rows, failures = read([path])
        before = max((end for end in ends if end <= length), default=None)
        assert len(rows) == (counts[before] if before is not None else 0), length
        if length in (*ends, header):
            assert failures == [], length
        else:
            (reason,) = failures
            wanted = "empty" if length == 0 else "not a capture" if length < 4 else "cut off"
            assert wanted in reason, (length, reason)
            if before is not None:
                assert f"byte {before} has" in reason, (length, reason)


def test_several_files_are_one_stream(tmp_path: Path, frames: list[tuple[int, bytes]]) -> None:
    """A template in one file holds in the next, whatever their formats; what is cut between is told and passed over."""
    first, second = tmp_path / "first.pcapng", tmp_path / "second.pcap"
    first.write_bytes(files.pcapng(frames[:2], ">") + b"\0\0\0\1cut")
    second.write_bytes(files.pcap(frames[2:]))
    done = decode(first, second)
    assert done.code == 1
    assert len(done.rows) == 100
    message, summary = done.err.splitlines()
    assert message.startswith(f"viflux: {first}: the file is cut off: a block at byte ")
    assert summary.startswith("datagrams 5, rows 100, undecodable 0, template missing 0, rate unknown 0")
    assert read([second])[0] == []


def test_other_files_are_refused_with_what_they_look_like(tmp_path: Path) -> None:
    """One line each that names the file; the exit code is 1, and good files beside them are decoded."""
    texts = {
        "program": (Path("/bin/true").read_bytes(), "ELF"),
        "packed.pcap.gz": (gzip.compress(ORIGIN.read_bytes()), "gzip"),
        "notes.txt": (b"nothing to see\n", "text"),
        "zeros": (bytes(100_000), "zero bytes"),
        "nothing.pcap": (b"", "the file is empty"),
        "datagram": (bytes.fromhex("000a0010000000000000000000000000"), "bare IPFIX"),
        "noise": (bytes(range(255, 0, -1)) * 40, "nothing known"),
    }
    for name, (content, _) in texts.items():
        (tmp_path / name).write_bytes(content)
    done = decode(*(tmp_path / name for name in texts), ORIGIN)
    assert done.code == 1
    assert len(done.rows) == 100
    lines = done.err.splitlines()
    assert len(lines) == len(texts) + 1
    for line, (name, (_, word)) in zip(lines, texts.items(), strict=False):
        assert line.startswith(f"viflux: {tmp_path / name}: "), line
        assert word in line, line
    alone = decode(tmp_path / "nothing.pcap")
    assert (alone.code, alone.out) == (1, b"")
    assert alone.err == f"viflux: {tmp_path / 'nothing.pcap'}: the file is empty; expected a capture, pcap or pcapng\n"


def test_lengths_that_lie_are_refused_where_they_stand(tmp_path: Path, frames: list[tuple[int, bytes]]) -> None:
    """A record of four gigabytes, a block without an end, a packet of nobody's interface: one message with the byte."""
    good, other = files.pcap(frames), files.pcapng(frames)
    huge = b"\xff" * 4
    for name, content, byte, words in (
        ("record", good + bytes(8) + huge + huge + bytes(99), len(good), "4294967295 bytes were captured"),
        ("block", other + b"\1\0\0\0" + huge + bytes(99), len(other), "4294967295 bytes"),
        ("long", other + b"\1\0\0\0" + b"\xfc" + huge[1:] + bytes(99), len(other), "cut off"),
        ("nobody", other + files.enhanced(frames[:1], interface=9), len(other), "interface 9"),
        ("short", other + files.block("<", 6, bytes(4)), len(other), "body of 4 bytes"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        rows, (reason,) = read([path])
        assert len(rows) == 100
        assert f"byte {byte} " in reason, reason
        assert words in reason, reason


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["/nonexistent/file.pcap"], "no such file"),
        ([CAPTURES], "folder"),
        ([], "FILE"),
        ([ORIGIN, "--columns", "src_address,nonsense"], "nonsense"),
        ([ORIGIN, "--records", "options", "--errors"], "--errors"),
        ([ORIGIN, "--output", ORIGIN], "one of the captures"),
        (["-", "-"], "twice"),
        ([ORIGIN, "--limit", "-1"], "-1"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments: list[str | Path], word: str) -> None:
    """Nothing is decoded, and no capture is harmed."""
    before = ORIGIN.read_bytes()
    done = decode(*arguments)
    assert (done.code, done.out) == (2, b"")
    assert word in done.err
    assert len(done.err.splitlines()) == 1
    assert ORIGIN.read_bytes() == before
