"""A store's client whose other end is the engine of ClickHouse 24.8, in a process of its own, without HTTP."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clickhouse_connect.driver.binding import bind_query

from ingest.store.client import StoreClient, StoreRefused
from ingest.store.literals import quoted
from tests.running import ROOT
from tests.spool.making import missing

if TYPE_CHECKING:
    import pyarrow as pa

LIBRARY = Path(sys.prefix) / "oldest"


class OldestStore(StoreClient):
    """Statements go to the oldest engine with their parameters and settings, as a server would get them.

    Args:
        engine: The child, see `oldest_engine.py`.
        folder: Where rows on their way lie.
    """

    def __init__(self, engine: subprocess.Popen[str], folder: Path) -> None:
        super().__init__("http://oldest.invalid", "viflux")
        self._engine = engine
        self._folder = folder

    def command(
        self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> Any:
        """Run one statement; return what it writes as TSV, stripped."""
        return self._run(sql, "TSV", parameters, settings).strip()

    def stream(
        self,
        sql: str,
        form: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Iterator[bytes]:
        """Yield a result whole; the format must be one of text."""
        yield self._run(sql, form, parameters, settings).encode()

    def insert_arrow_stream(
        self,
        table: str,
        body: bytes | pa.Table | pa.RecordBatch,
        token: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> int:
        """Insert a table by a file, columns by name."""
        import pyarrow as pa  # noqa: PLC0415

        assert isinstance(body, pa.Table)
        assert (token, settings) == (None, None)
        rows = self._folder / "rows.arrows"
        with pa.ipc.new_stream(rows, body.schema) as stream:
            stream.write(body)
        # As a server's `ArrowStream` does: what the table has no column for is passed over.
        known = self.command(f"SELECT name FROM system.columns WHERE concat(database, '.', table) = '{table}'").split()
        names = ", ".join(name for name in body.column_names if name in known)
        self._run(f"INSERT INTO {table} ({names}) SELECT {names} FROM file('{rows}', 'ArrowStream')", "TSV", None, None)
        return body.num_rows

    def knows_setting(self, name: str) -> bool:
        """Return whether the engine has a setting."""
        return self.command("SELECT count() FROM system.settings WHERE name = {name:String}", {"name": name}) == "1"

    def _run(
        self, sql: str, form: str, parameters: Mapping[str, Any] | None, settings: Mapping[str, Any] | None
    ) -> str:
        text, bound = bind_query(sql, dict(parameters or {}))
        assert isinstance(text, str)
        # Parameters hold for the text that sets them. Of several statements in one text this engine takes a comment's
        # semicolon for an end; settings that are set so it would repeat before every text, without their quotes.
        sets = ", ".join(f"{name} = {_literal(value)}" for name, value in bound.items())
        whole = f"SET {sets}; {re.sub(r'(?m)^ *--.*$', '', text)}" if sets else text
        every = {name: value for name, value in (settings or {}).items() if name != "wait_end_of_query"}
        if every:
            whole += "\nSETTINGS " + ", ".join(f"{name} = {_literal(value)}" for name, value in every.items())
        assert self._engine.stdin is not None
        assert self._engine.stdout is not None
        self._engine.stdin.write(json.dumps([whole, form]) + "\n")
        self._engine.stdin.flush()
        line = self._engine.stdout.readline()
        assert line, "the engine has ended: an earlier statement failed"
        answer = json.loads(line)
        if "error" in answer:
            raise StoreRefused(0, f"{answer['error']}\n{text}")
        result: str = answer["result"]
        return result


@contextmanager
def oldest_store(folder: Path) -> Iterator[OldestStore]:
    """Run the engine on a new folder for a test; its deadline is that of the test run."""
    if not (LIBRARY / "chdb").is_dir():
        missing(f"chdb 2.1.1 (ClickHouse 24.8) is not in {LIBRARY}; `make .venv/.developer` puts it there")
    folder.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, str(ROOT / "tests/lab/oldest_engine.py"), str(folder / "data")],
        env={**os.environ, "PYTHONPATH": str(LIBRARY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as engine:
        try:
            yield OldestStore(engine, folder)
        finally:
            engine.kill()


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else quoted(str(value))
