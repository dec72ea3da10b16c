"""Wall clocks of single processes, by Debian's faketime; monotonic time and the times of files stay true."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.spool.making import missing


class NoFaketimeError(Exception):
    """No process can be given a clock of its own here; the message says what is missing."""


class FalseClock:
    """A clock that one process, and whoever it starts, takes for the wall clock.

    Attributes:
        environment: What the process is started with.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / f"{name}.clock"
        self.environment = {
            "LD_PRELOAD": f"{_waits(folder)}:{faketime()}",
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            # So many seconds later at most a step is seen.
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        self.step(0)

    def step(self, seconds: int) -> None:
        """Make it wrong by so much, now and for processes that start later."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}s\n", encoding="ascii")
        new.replace(self._file)


def faketime() -> Path:
    """Return the library.

    Raises:
        NoFaketimeError: It is not installed.
    """
    for found in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"):
        return found
    raise NoFaketimeError("no process can be given a clock of its own: install faketime (Debian)")


def need_faketime() -> None:
    """Skip by name where it is not installed; a failure where every real part must be there."""
    try:
        faketime()
    except NoFaketimeError as error:
        missing(str(error))


def _waits(folder: Path) -> Path:
    made = folder / "waits.so"
    if not made.exists():
        source = Path(__file__).with_name("waits.c")
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(made), str(source)], check=True)
    return made
