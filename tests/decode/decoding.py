"""Running the verb as a user does, and the native core as the verb does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from collectors._native import DecodeFiles
from collectors.decode.records import RECORDS

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = ROOT / "tests/captures"
VERB = [sys.executable, "-m", "viflux", "decode"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
MOST_SECONDS = 120


@dataclass
class Done:
    """How a run of the verb ended.

    Attributes:
        code: Exit code.
        out: What it printed.
        err: What it said on stderr.
    """

    code: int
    out: bytes
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows that were printed as JSON lines."""
        return msgspec.json.Decoder(dict[str, Any]).decode_lines(self.out)


def decode(*arguments: str | Path, stdin: bytes | None = None) -> Done:
    """Run the verb to its end."""
    words = [*VERB, *map(str, arguments)]
    done = subprocess.run(
        words,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        env=ENVIRONMENT,
        timeout=MOST_SECONDS,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


def read(files: Sequence[Path], records: str = "flows", **more: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of captures and what is wrong with files, without a process of its own."""
    source = DecodeFiles([str(file) for file in files], records=records, **more)
    columns = [(column.name, column.form) for column in RECORDS[records].columns]
    decoder = msgspec.json.Decoder(dict[str, Any])
    rows = [row for batch in source for row in decoder.decode_lines(batch.jsonl(columns))]
    return rows, [reason for _, reason in source.failures()]
