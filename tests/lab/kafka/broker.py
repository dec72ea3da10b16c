"""One process of Apache Kafka (KRaft; broker and controller in one): started, killed, stopped in its tracks, ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_LOGGING = """<Configuration><Appenders><Console name="out" target="SYSTEM_OUT">
<PatternLayout pattern="%d %p %c %m%n"/></Console></Appenders>
<Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers></Configuration>
"""
_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xms128m")
# Once a broker ignored SIGTERM for ten minutes.
_END_SECONDS = 5.0


@dataclass
class Broker:
    """A broker of a cluster.

    Attributes:
        node: Its id, from 1.
        folder: Its properties, data and log.
        classpath: Where Kafka's jars are.
        port: Where it listens without TLS and login; the brokers themselves use it.
        client_port: Where clients of a secured cluster come in; the same as `port` otherwise.
        mutual_port: Where clients of a secured cluster come in that have a certificate; the same as `port` otherwise.
        controller_port: Where it listens as a controller.
        heap: The Java heap's limit.
    """

    node: int
    folder: Path
    classpath: str
    port: int
    client_port: int
    mutual_port: int
    controller_port: int
    heap: str
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder / "broker.log"

    @property
    def pid(self) -> int:
        """Id of its running process."""
        assert self._process is not None, "the broker does not run"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether its process has not ended."""
        return self._process is not None and self._process.poll() is None

    def format(self, cluster_id: str, properties: Mapping[str, str], flags: Sequence[str] = ()) -> None:
        """Write its properties and make its folder of data."""
        self.folder.mkdir()
        (self.folder / "log4j2.xml").write_text(_LOGGING, encoding="utf-8")
        mine = {
            "process.roles": "broker,controller",
            "node.id": str(self.node),
            "log.dirs": str(self.folder / "data"),
            **properties,
        }
        text = "".join(f"{key}={value}\n" for key, value in mine.items())
        (self.folder / "server.properties").write_text(text, encoding="utf-8")
        words = ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self.folder / "server.properties")]
        done = subprocess.run(self._java(*words, *flags), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start it; returns at once."""
        assert not self.is_running
        words = self._java("kafka.Kafka", str(self.folder / "server.properties"))
        if (setpriv := shutil.which("setpriv")) is not None:
            words = [setpriv, "--pdeathsig", "KILL", *words]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Stop it in its tracks: its connections stay open and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """End it whatever state it is in."""
        if not self.is_running:
            return
        assert self._process is not None
        self.thaw()
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def log_tail(self) -> str:
        """Return the last lines that it printed."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])

    def _java(self, *words: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.xml'}"
        return ["java", *_JVM, f"-Xmx{self.heap}", logging, "-cp", self.classpath, *words]
