"""A verb that follows, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import threading
from typing import Any

from tests.running import until


class Follower:
    """A verb that follows in a process of its own; its lines are read as they come."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.rows: list[dict[str, Any]] = []
        self.notes: list[str] = []
        assert process.stdout is not None
        assert process.stderr is not None
        threads = [
            threading.Thread(target=self._read, args=(process.stdout, lambda line: self.rows.append(json.loads(line)))),
            threading.Thread(target=self._read, args=(process.stderr, lambda line: self.notes.append(line.decode()))),
        ]
        for thread in threads:
            thread.start()

    @staticmethod
    def _read(pipe: Any, take: Any) -> None:
        for line in pipe:
            take(line)

    def await_note(self, text: str) -> None:
        until(f"it says {text!r}: {self.notes}", lambda: any(text in note for note in self.notes), 30)

    def await_rows(self, count: int) -> None:
        until(f"{count} rows came", lambda: len(self.rows) >= count, 30)
