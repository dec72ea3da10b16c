"""The whole product as its user starts it: `viflux up` on free ports and a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ingest.store.sql_command import answer_of
from tests.running import free_port, wait_for
from viflux.errors import VifluxError
from viflux.settings import load

_ANSWER_SECONDS = 60.0
VIFLUX = Path(sys.executable).with_name("viflux")
T = TypeVar("T")


class Product:
    """A running `viflux up`.

    Attributes:
        data_dir: Its data folder.
        web: Address of the page, `http://127.0.0.1:PORT`.
    """

    def __init__(self, data_dir: Path, config: Path | None = None, **settings: str) -> None:
        self.data_dir = data_dir
        self._config = config
        self._web_port, self._store_port = free_port(), free_port()
        self.web = f"http://127.0.0.1:{self._web_port}"
        self.settings = {
            "web.listen": f"127.0.0.1:{self._web_port}",
            "store.listen": f"127.0.0.1:{self._store_port}",
            "counters.interval": "1s",
            **settings,
        }
        self.log = data_dir.parent / f"{data_dir.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def flags(self) -> list[str]:
        """The flags that every verb of this instance is called with."""
        words = ["--data-dir", str(self.data_dir), *(["--config", str(self._config)] if self._config else [])]
        for key, value in self.settings.items():
            words += ["--set", f"{key}={value}"]
        return words

    def start(self) -> None:
        """Start `viflux up`; returns at once."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([str(VIFLUX), "up", *self.flags], stdout=log, stderr=log)

    def pid(self) -> int:
        """Return the id of `up` itself."""
        assert self._process is not None
        return self._process.pid

    def stage_pid(self, stage: str) -> int | None:
        """Return the process id of a running stage."""
        try:
            state = json.loads((self.data_dir / "run/up.json").read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError):
            return None
        for entry in state["stages"]:
            if entry["name"] == stage and entry.get("pid"):
                return int(entry["pid"])
        return None

    def kill_stage(self, stage: str) -> None:
        """Kill a stage with SIGKILL and wait until another process runs it."""
        before = wait_for(f"{stage} runs", lambda: self.stage_pid(stage))
        os.kill(before, signal.SIGKILL)
        wait_for(f"{stage} runs again", lambda: (now := self.stage_pid(stage)) and now != before and now, 40)

    def kill(self) -> None:
        """Kill `up` itself with SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self, seconds: float = 20.0) -> int:
        """End with SIGTERM as a user would; return the exit code."""
        assert self._process is not None
        self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"up did not end within {seconds:g} s\n{self.log_tail()}") from None

    def log_tail(self) -> str:
        """Return the last lines of the log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:])

    def sql(self, query: str) -> list[dict[str, Any]]:
        """Return the rows that `viflux sql` prints, without a process for each of the many questions of a wait."""
        words = [f"{key}={value}" for key, value in self.settings.items()]
        settings, _ = load(self._config, data_dir=self.data_dir, assignments=words, environment={})
        return answer_of(settings, query, {}, "jsonl", _ANSWER_SECONDS).rows

    def printed(self, query: str) -> list[dict[str, Any]]:
        """Run `viflux sql` as its user does, and return what it printed."""
        words = [str(VIFLUX), "sql", *self.flags, "--format", "jsonl", query]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def sql_so_far(self, query: str) -> list[dict[str, Any]]:
        """Return rows; none while the store does not answer, for those who ask again."""
        try:
            return self.sql(query)
        except VifluxError as error:
            if "does not answer" in str(error) or "UNKNOWN_TABLE" in str(error) or "UNKNOWN_DATABASE" in str(error):
                return []
            raise

    def rows(self, what: str, query: str, seconds: float = 30.0) -> list[dict[str, Any]]:
        """Ask until the query gives rows."""
        try:
            return wait_for(what, lambda: self.sql_so_far(query), seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{query}\n{self.log_tail()}") from None


@contextmanager
def product(data_dir: Path, config: Path | None = None, **settings: str) -> Iterator[Product]:
    """A product that is started, and ended however the test ends."""
    made = Product(data_dir, config, **settings)
    made.start()
    try:
        yield made
    finally:
        if made._process is not None and made._process.poll() is None:
            made.stop()
