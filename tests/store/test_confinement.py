"""What the kernel enforces after a process has given things up; each case in a child of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.running import ROOT, until


def child(code: str, *arguments: str | Path) -> str:
    """Run code in a new interpreter; returns what it prints."""
    head = "import os, socket, sys\nfrom pathlib import Path\nfrom viflux import confinement\n"
    done = subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_landlock(tmp_path: Path) -> None:
    """Listed paths work, all others and TCP connections are refused, sockets can be made but nothing read."""
    for name in ("rw", "ro", "sockets", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    out = child(
        """
        root = Path(sys.argv[1])
        listener = socket.create_server(("127.0.0.1", 0))
        report = confinement.confine([root / "rw"], [root / "ro"], tcp_connect=False, sockets=[root / "sockets"])
        if not report.files:
            print("absent"); raise SystemExit
        def attempt(name, work):
            try:
                work(); print(name, "yes")
            except PermissionError:
                print(name, "no")
        attempt("write rw", lambda: (root / "rw" / "new").write_text("x"))
        attempt("read ro", lambda: (root / "ro" / "file").read_text())
        attempt("write ro", lambda: (root / "ro" / "new").write_text("x"))
        attempt("read other", lambda: (root / "other" / "file").read_text())
        attempt("read sockets", lambda: (root / "sockets" / "file").read_text())
        attempt("bind", lambda: socket.socket(socket.AF_UNIX).bind(str(root / "sockets" / "s")))
        attempt("connect", lambda: socket.create_connection(listener.getsockname()))
        """,
        tmp_path,
    )
    if out == "absent\n":
        pytest.skip("the kernel has no Landlock")
    assert out.splitlines() == [
        "write rw yes",
        "read ro yes",
        "write ro no",
        "read other no",
        "read sockets no",
        "bind yes",
        "connect no",
    ]


def test_landlock_wants_one_thread() -> None:
    """With a second thread it would bind only one of them, so it refuses."""
    out = child(
        """
        import threading
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        try:
            confinement.confine([], [], tcp_connect=True)
        except RuntimeError as error:
            print(error)
        """
    )
    assert "2 threads" in out


CAPABILITIES = """
names = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")
print(*[line.split()[1].lstrip("0") or "0" for line in open("/proc/self/status") if line.startswith(names)])
"""


def test_all_capabilities_go() -> None:
    """Every set is empty, also for what is executed later."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    code = f"confinement.drop_all_capabilities()\n{CAPABILITIES}"
    assert child(code) == "0 0 0 0 0 1\n"
    again = "confinement.drop_all_capabilities()\nos.execv(sys.executable, [sys.executable, '-c', sys.argv[1]])"
    assert child(again, CAPABILITIES) == "0 0 0 0 0 1\n"


def test_named_capabilities_stay() -> None:
    """Those and no others; an unknown name is an error."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    code = f"print(confinement.keep_capabilities(['CAP_NET_ADMIN', 'CAP_SYS_PTRACE']))\n{CAPABILITIES}"
    kept = f"{1 << 12 | 1 << 19:x}"
    assert child(code) == f"()\n0 {kept} {kept} {kept} 0 1\n"
    with pytest.raises(AssertionError, match="CAP_NOTHING is not a capability"):
        child("confinement.keep_capabilities(['CAP_NOTHING'])")


def test_become_says_why_not() -> None:
    """A missing user and an unreadable installation are reasons, not crashes."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    assert child("print(confinement.become('no-such-user'), os.geteuid())") == "user no-such-user does not exist 0\n"
    assert child("print(confinement.become('root'))") == "user root is root\n"


def test_a_child_dies_with_its_parent() -> None:
    """SIGKILL to the parent ends the child, and a parent that has already gone counts."""
    code = """
    pid = os.getpid()
    if os.fork() == 0:
        confinement.die_with_parent(pid)
        print(os.getpid(), flush=True)
        import time
        time.sleep(60)
    import time
    time.sleep(60)
    """
    head = "import os, sys\nfrom viflux import confinement\n"
    parent = subprocess.Popen(
        [sys.executable, "-c", head + textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    grandchild = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until("the child is gone", lambda: not _lives(grandchild), 5)
    parent.stdout.close()
    begun = time.monotonic()
    orphan = subprocess.run(
        [sys.executable, "-c", f"{head}confinement.die_with_parent(1 << 22)"], cwd=ROOT, check=False
    )
    assert orphan.returncode == -signal.SIGKILL
    assert time.monotonic() - begun < 20


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
