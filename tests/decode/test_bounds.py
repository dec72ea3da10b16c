"""Large, endless and hostile captures: the right answer or a clear one, in flat memory."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.captures.build import FLOW4, START, flow4, ipfix, ipfix_set, sent
from tests.captures.datagrams import Template, ethernet, ipv4, u16
from tests.decode import files
from tests.decode.decoding import CAPTURES, ENVIRONMENT, VERB, decode, read

MOST_KILOBYTES = 300 * 1024
ORIGIN = CAPTURES / "softflowd_ipfix.pcap"
LARGEST = 5 << 30


# A parent's size counts as its child's in the kernel's accounts, and a shell's background jobs do not hear Ctrl-C: so
# the verb tells its own largest size, and listens.
RUN = """
import atexit, pathlib, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
status = sys.argv.pop(1)
atexit.register(lambda: pathlib.Path(status).write_text(pathlib.Path("/proc/self/status").read_text()))
from viflux.command import main
main()
"""


def started(status: Path | str, *arguments: str | Path, out: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start the verb so that it writes its status to a file when it ends."""
    words = [sys.executable, "-c", RUN, str(status), "decode", *map(str, arguments)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.PIPE, env=ENVIRONMENT)


def measured(folder: Path, arguments: Iterable[str | Path], feed: Iterable[bytes] = ()) -> tuple[int, int, list[str]]:
    """Run the verb with its rows thrown away; return exit code, largest resident size in kB, and what it said."""
    status = folder / "status"
    with started(status, *arguments) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        for piece in feed:
            process.stdin.write(piece)
        process.stdin.close()
        said = process.stderr.read().decode().splitlines()
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return process.returncode, int(line.split()[1]), said


def data_without_template(count: int) -> Iterable[tuple[int, bytes]]:
    """Yield frames of data sets that nobody can read, 1,400 bytes each, from as many domains."""
    for number in range(count):
        message = ipfix(START, 0, number % 4_000, ipfix_set(400, bytes(1_380)))
        yield START * 1_000_000_000 + number * 1_000, sent([message], 4739)[0]


@pytest.mark.slow
def test_five_gigabytes_are_gone_through_in_flat_memory(tmp_path: Path) -> None:
    """A sparse capture of 5 GiB: what is in it is decoded, the rest is empty packets."""
    path = tmp_path / "large.pcap"
    path.write_bytes(ORIGIN.read_bytes())
    os.truncate(path, LARGEST)
    code, kilobytes, said = measured(tmp_path, [path])
    assert code in {0, 1}
    assert kilobytes < MOST_KILOBYTES
    assert "rows 100" in said[-1]
    empty = (LARGEST - ORIGIN.stat().st_size) // 16
    assert f"broken packets {empty}" in said[-1]


def test_five_gigabytes_of_another_kind_are_refused_at_once(tmp_path: Path) -> None:
    """Nothing is looked for behind a beginning that is none, or behind a block that cannot be."""
    path = tmp_path / "large"
    for content, words in ((b"", "zero bytes"), (files.pcapng([]), "says that it has 0 bytes")):
        path.write_bytes(content)
        os.truncate(path, LARGEST)
        done = decode(path)
        assert (done.code, done.out) == (1, b"")
        assert words in done.err


def test_a_block_of_gigabytes_is_skipped_without_being_held(tmp_path: Path) -> None:
    """A block may say that it is 3 GiB long, and be: what is behind it is decoded."""
    length = 3 << 30
    frames = files.frames_of(ORIGIN.read_bytes())
    path = tmp_path / "large.pcapng"
    head = files.section() + struct.pack("<II", 0x0BAD, length)
    path.write_bytes(head)
    with path.open("r+b") as file:
        file.seek(len(head) + length - 12)
        file.write(struct.pack("<I", length) + files.enhanced(frames))
    code, kilobytes, said = measured(tmp_path, [path])
    assert code == 0
    assert kilobytes < MOST_KILOBYTES
    assert "rows 100" in said[-1]


def test_a_long_stream_on_standard_input_stays_flat(tmp_path: Path) -> None:
    """200 MB of datagrams without a template: each is told, and memory does not grow with them."""
    frames = list(data_without_template(4_000))
    head, chunk = files.pcap([]), files.pcap(frames)[24:]
    code, kilobytes, said = measured(tmp_path, ["-"], [head, *[chunk] * 34])
    assert code == 0
    assert kilobytes < MOST_KILOBYTES
    assert "datagrams 136000, rows 0" in said[-1]
    assert "template missing 136000" in said[-1]


@pytest.mark.slow
def test_floods_of_templates_and_options_stay_flat(tmp_path: Path) -> None:
    """Datagrams full of templates of one field, and of option records of one byte each, cost bounded memory."""
    template = ipfix_set(3, u16(500, 1, 1, 144, 1))
    records = ipfix_set(500, bytes(60_000))
    option = sent([ipfix(START, 0, 1, template, records)], 4739)[0]
    many = b"".join(u16(number, 1, 4, 1) for number in range(256, 7_000))
    frames = [(START * 1_000_000_000, option)] * 20
    frames += [
        (START * 1_000_000_000, sent([ipfix(START, 0, domain, ipfix_set(2, many))], 4739)[0]) for domain in range(100)
    ]
    code, kilobytes, said = measured(tmp_path, ["--records", "options", "-"], [files.pcap(frames)])
    assert code == 0
    assert kilobytes < MOST_KILOBYTES
    assert "datagrams 120, rows 1200000, " in said[-1]


def test_a_flood_of_fragments_stays_flat(tmp_path: Path) -> None:
    """First fragments whose rest never comes are forgotten and counted."""
    packets = (ipv4("192.0.2.1", "192.0.2.2", 17, bytes(1_480)) for _ in range(100_000))
    frames = []
    for number, packet in enumerate(packets):
        fragment = packet[:4] + u16(number % 65_536, 0x2000) + packet[8:]
        frame = ethernet("00:00:5e:00:53:01", "00:00:5e:00:53:02", 0x0800, fragment)
        frames.append((START * 1_000_000_000 + number, frame))
    code, kilobytes, said = measured(tmp_path, ["-"], [files.pcap(frames)])
    assert code == 0
    assert kilobytes < MOST_KILOBYTES
    assert said[-1].startswith("datagrams 0, rows 0, undecodable 0")
    assert "lost fragments" in said[-1]


def test_many_small_files_are_one_stream(tmp_path: Path) -> None:
    """Two thousand files: no descriptor is kept, and the template of the first one holds to the last."""
    template = Template(300, FLOW4)
    first = sent([ipfix(START, 0, 1, template.ipfix())], 4739)[0]
    paths = []
    for number in range(2_000):
        data = sent([ipfix(START, number, 1, template.data(template.record(*flow4(number + 1)), pad=1))], 4739)[0]
        frames = [(START * 1_000_000_000, frame) for frame in ([first, data] if number == 0 else [data])]
        paths.append(tmp_path / f"{number}.pcap")
        paths[-1].write_bytes(files.pcap(frames))
    before = len(list(Path("/proc/self/fd").iterdir()))
    rows, failures = read(paths)
    assert failures == []
    assert [row["src_port"] for row in rows] == list(range(1, 2_001))
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 100


def test_whoever_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    """When the reader of the rows goes away, the verb ends with 0 and without a word about it."""
    path = tmp_path / "long.pcap"
    frames = files.frames_of(ORIGIN.read_bytes())
    path.write_bytes(files.pcap(frames * 500))
    for form in ("jsonl", "csv", "arrow", "table"):
        process = subprocess.Popen(
            [*VERB, path, "--format", form], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
        )
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1_000)
        process.stdout.close()
        said = process.stderr.read().decode()
        process.stderr.close()
        assert process.wait(60) == 0, form
        assert said == "", form


def test_rows_of_a_live_capture_come_before_its_end() -> None:
    """What has come through a pipe is printed while more is waited for."""
    process = subprocess.Popen(
        [*VERB, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    guard = threading.Timer(60, process.kill)
    guard.start()
    try:
        process.stdin.write(ORIGIN.read_bytes())
        process.stdin.flush()
        rows = [process.stdout.readline() for _ in range(100)]
        assert all(row.startswith(b'{"time":') for row in rows)
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.stderr.read().startswith(b"datagrams 5, rows 100")
        assert process.wait(30) == 0
    finally:
        guard.cancel()
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()


@pytest.mark.parametrize("rows", [1, 100])
def test_an_interrupt_ends_it_while_a_pipe_is_waited_for(tmp_path: Path, rows: int) -> None:
    """Ctrl-C ends the verb with 130, be it that nobody takes its rows or that nothing comes."""
    process = started(tmp_path / "status", "-", out=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    guard = threading.Timer(60, process.kill)
    guard.start()
    try:
        process.stdin.write(ORIGIN.read_bytes())
        process.stdin.flush()
        assert all(process.stdout.readline() for _ in range(rows))
        process.send_signal(2)
        assert process.wait(30) == 130
    finally:
        guard.cancel()
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()
