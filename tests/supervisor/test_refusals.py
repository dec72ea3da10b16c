"""What stops `viflux up` before anything starts: one line with what, where and what to do, and exit code 1 or 2."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.network import need_root
from tests.running import free_port

ROOT = Path(__file__).resolve().parents[2]


def arguments(data_dir: Path, *more: str, web: int | None = None, store: int | None = None) -> list[str]:
    words = [sys.executable, "-m", "viflux", "up", "--data-dir", str(data_dir)]
    words += ["--set", f"web.listen=127.0.0.1:{web or free_port()}"]
    return [*words, "--set", f"store.listen=127.0.0.1:{store or free_port()}", *more]


def refused(words: list[str], code: int = 1) -> str:
    """Run it to its end; return its only line."""
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines), done.stdout) == (code, 1, ""), done.stderr
    assert lines[0].startswith("viflux: ")
    return lines[0]


def entries(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("setting", ["web", "store"])
def test_a_busy_port_names_the_setting_and_a_free_port(tmp_path: Path, taken: int, setting: str) -> None:
    """The line can be followed as it stands: the port that it names is free."""
    line = refused(arguments(tmp_path / "data", **{setting: taken}))
    assert f"{setting}.listen: 127.0.0.1:{taken} is in use" in line
    suggested = int(line.rpartition(":")[2])
    assert f"--set {setting}.listen=127.0.0.1:{suggested}" in line
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", suggested))
    assert not (tmp_path / "data" / "run" / "up.json").exists()


def test_an_address_of_another_host(tmp_path: Path) -> None:
    """What cannot be listened on for another reason is told with that reason."""
    line = refused(arguments(tmp_path / "data", "--set", "web.listen=192.0.2.1:8686"))
    assert "web.listen: cannot listen on 192.0.2.1:8686" in line


@pytest.mark.parametrize("address", ["8686", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000", ":8686"])
def test_what_is_no_address(tmp_path: Path, address: str) -> None:
    """A malformed address is wrong use: exit code 2, and nothing is written."""
    line = refused(arguments(tmp_path / "data", "--set", f"web.listen={address}"), code=2)
    assert "web.listen: expected HOST:PORT" in line
    assert not (tmp_path / "data").exists()


def test_a_newer_data_folder_is_left_alone(tmp_path: Path) -> None:
    """Nothing in a folder that a newer version wrote is touched."""
    (tmp_path / "format").write_text("2\n", encoding="utf-8")
    line = refused(arguments(tmp_path))
    assert "written by a newer Viflux (layout 2, this one knows up to 1)" in line
    assert entries(tmp_path) == ["format"]


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    """A folder with foreign files is neither given away nor written to, whoever asks for it."""
    (tmp_path / "letter").write_text("mine", encoding="utf-8")
    tmp_path.chmod(0o1777)
    assert f"{tmp_path}: holds 'letter' and is no data folder" in refused(arguments(tmp_path))
    assert entries(tmp_path) == ["letter"]
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


@pytest.mark.parametrize("text", [b"", b"one", b"\xff\xfe", b"-1"])
def test_a_damaged_format_file(tmp_path: Path, text: bytes) -> None:
    """A format file that is not a number is refused with the way to restore it."""
    (tmp_path / "format").write_bytes(text)
    assert "expected the version of the data layout" in refused(arguments(tmp_path))
    assert (tmp_path / "format").read_bytes() == text


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    """A file in the folder's place is not written over."""
    (tmp_path / "data").write_text("mine", encoding="utf-8")
    words = arguments(tmp_path, "--set", f"data_dir={tmp_path / 'data'}")
    words[words.index("--data-dir") : words.index("--data-dir") + 2] = []
    assert "the data folder cannot be written" in refused(words)
    assert (tmp_path / "data").read_text(encoding="utf-8") == "mine"


@pytest.mark.root
@pytest.mark.parametrize(
    ("options", "expected"), [("size=64k", "the disk is full"), ("ro", "the file system is read-only")]
)
def test_a_disk_that_takes_nothing(tmp_path: Path, options: str, expected: str) -> None:
    """A full disk and a read-only one are each told as what they are."""
    need_root("mounts a small file system in a mount namespace of its own")
    fill = (
        f"mkdir {tmp_path}/run; head -c 1M /dev/zero > {tmp_path}/run/filler 2>/dev/null;" if "size" in options else ""
    )
    script = f'mount -t tmpfs -o {options} none {tmp_path}; {fill} exec "$@"'
    words = ["unshare", "--mount", "sh", "-c", script, "sh", *arguments(tmp_path)]
    assert expected in refused(words)


@pytest.mark.root
def test_a_folder_of_another_user(tmp_path: Path) -> None:
    """A normal user is told that the folder is not theirs."""
    need_root("changes to another user")
    folder = Path(f"/var/tmp/viflux-refusal-{os.getpid()}")  # noqa: S108 - made here, by root
    folder.mkdir(mode=0o755)
    try:
        python = shutil.which("python3", path="/usr/bin")
        packages = next(path for path in sys.path if path.endswith("site-packages"))
        words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", f"PYTHONPATH={packages}"]
        trial = subprocess.run([*words, str(python), "-c", "import msgspec._core"], capture_output=True, check=False)
        if trial.returncode:
            pytest.skip("missing: a Python that every user can run, with this environment's packages")
        line = refused([*words, str(python), *arguments(folder)[1:]])
        assert f"{folder}: the data folder cannot be written" in line
        assert "Permission denied" in line
        assert entries(folder) == []
    finally:
        shutil.rmtree(folder)


def test_a_second_up_on_the_same_folder(tmp_path: Path) -> None:
    """The second is refused at once with the first one's process id; after `kill -9` of the first a third starts."""
    data_dir = tmp_path / "data"
    log = (tmp_path / "log").open("wb")
    first = subprocess.Popen(arguments(data_dir), cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    third = None
    try:
        await_state_of(first, data_dir)
        line = refused(arguments(data_dir))
        assert f"another `viflux up` (pid {first.pid}) runs on this data folder" in line
        first.kill()
        first.wait()
        third = subprocess.Popen(arguments(data_dir), cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        await_state_of(third, data_dir)
        third.terminate()
        assert third.wait(20) == 0
    finally:
        log.close()
        for process in (first, third):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


def await_state_of(process: subprocess.Popen[bytes], data_dir: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        assert process.poll() is None, "it ended"
        assert time.monotonic() < deadline, "it wrote no state in time"
        path = data_dir / "run" / "up.json"
        if path.exists() and json.loads(path.read_text(encoding="utf-8"))["pid"] == process.pid:
            return
        time.sleep(0.01)
