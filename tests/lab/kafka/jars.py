"""The jars of Apache Kafka: fetched once by Maven into the user's cache folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

_POM = Path(__file__).with_name("pom.xml")
_FETCH_SECONDS = 600


class MissingJarsError(Exception):
    """Kafka cannot be started here; the message says what is missing."""


def classpath() -> str:
    """Return the class path of a broker, fetching its jars where they are not there yet.

    Raises:
        MissingJarsError: Java or Maven is not installed, or Maven could not fetch them.
    """
    if shutil.which("java") is None:
        raise MissingJarsError("needs Java 17 for Apache Kafka (Debian: openjdk-17-jre-headless)")
    # Another list of parts is another folder.
    wanted = hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "viflux-tests"
    folder = cache / f"kafka-{wanted}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "kafka.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                _fetch(folder)
    return f"{folder}/*"


def _fetch(folder: Path) -> None:
    if shutil.which("mvn") is None:
        raise MissingJarsError("needs Maven to fetch Apache Kafka (Debian: maven)")
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    words = ["mvn", "-q", "-B", "-f", str(_POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    try:
        done = subprocess.run(
            [*words, f"-DoutputDirectory={unfinished}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_FETCH_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise MissingJarsError(f"Maven did not fetch Apache Kafka within {_FETCH_SECONDS} s") from error
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
        raise MissingJarsError(f"Maven could not fetch Apache Kafka:\n{tail}")
    unfinished.rename(folder)
