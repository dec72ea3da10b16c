"""The only room that knows chDB: one engine in this process, a fresh handle for each request.

A handle is used for one request and closed: after a query that failed in the middle of its output, the next query on
the same handle answers with rows of the failed one. One handle stays open and unused for the whole life, because the
engine stops with its last handle.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ingest.store.codes import StoreError, from_engine
from viflux.errors import MissingPartError

_NO_SPACE = 243


class Class(Enum):
    """What a statement does, as the engine's own parser sees it."""

    READ_ONLY = auto()
    MUTATING = auto()
    MUTATING_GLOBAL = auto()
    CONTROL = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Answer:
    """A whole result and what it cost."""

    body: bytes
    read_rows: int
    read_bytes: int
    result_rows: int
    written_rows: int
    written_bytes: int


def library() -> dict[str, Any]:
    """Load the engine's library into this process, and return what is in it; it takes some 240 MB.

    Raises:
        ImportError: It is not there, or is not for this machine.
        MissingPartError: It cannot be loaded here.
    """
    _require_auxiliary_vector()
    # chDB imports these where they exist; in this process they would only cost 60 MB.
    for module in ("pandas", "pyarrow", "numpy"):
        sys.modules.setdefault(module, None)  # type: ignore[arg-type]
    from chdb import _chdb  # noqa: PLC0415

    return vars(_chdb)


def _require_auxiliary_vector() -> None:
    """Refuse to load the engine where it could not find out about its processor.

    The library's constructors read /proc/self/auxv. Where they cannot, they look for the vector behind the end of the
    environment, which a new variable such as TMPDIR has moved to the heap by then; what they find there is garbage, and
    they crash on some of it.
    """
    try:
        Path("/proc/self/auxv").read_bytes()
    except OSError as error:
        raise MissingPartError(f"/proc/self/auxv: {error.strerror}; the engine needs it to start") from error


class Engine:
    """The running engine.

    Args:
        folder: The engine's own files; one process only.
        config: `config.xml`. Every handle is opened with it: an engine without it has no roles and no limits.
        temporary: For what the engine writes while it is being loaded.

    Raises:
        StoreError: The engine refuses to open the folder.
    """

    def __init__(self, folder: Path, config: Path, temporary: Path) -> None:
        # Loading the library starts an engine in a temporary folder, with threads; so confine the process before.
        os.environ["TMPDIR"] = str(temporary)
        self._connect: Any = library()["connect"]
        self._address = f"{folder}?config-file={config}"
        try:
            self._keeper = self._connect(self._address)
        except RuntimeError as error:
            raise from_engine(str(error)) from None
        self.version = self.handle_value("SELECT version()")

    def handle(self) -> Handle:
        """Open a handle for one request; it starts as the engine's only user with all roles."""
        try:
            return Handle(self._connect(self._address))
        except RuntimeError as error:
            raise from_engine(str(error)) from None

    def handle_value(self, sql: str) -> str:
        """Return the one value of a query of this server itself."""
        with self.handle() as handle:
            return handle.query(sql, "TSVRaw").body.decode().strip()

    def classify(self, sql: str) -> tuple[Class, int]:
        """Return what a statement does and how many statements the text has; nothing is run."""
        with self.handle() as handle:
            return handle.classify(sql)

    def kill(self, comment: str) -> None:
        """Cancel the running queries whose `log_comment` starts with this; returns at once."""
        with self.handle() as handle:
            handle.command(f"KILL QUERY WHERE startsWith(Settings['log_comment'], {quote(comment)}) ASYNC")

    def close(self) -> None:
        """Stop the engine; no other handle may be open."""
        self._keeper.close()


class Handle:
    """One request's session with the engine; not for several threads at once."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the handle back; can be called twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def classify(self, sql: str) -> tuple[Class, int]:
        """Return what a statement does and how many statements the text has; nothing is run."""
        found = self._connection.classify_query(sql)
        return Class[found["query_class"].name], int(found["statement_count"])

    def command(self, sql: str) -> None:
        """Run a statement whose result does not matter."""
        self.query(sql, "Null")

    def query(self, sql: str, form: str) -> Answer:
        """Run a statement and return its whole result in a format.

        Raises:
            StoreError: With the engine's code.
        """
        try:
            result = self._connection.query(sql, form, params={})
            if result.has_error():
                raise from_engine(result.error_message())
            return Answer(
                bytes(result.bytes() or b""),
                result.storage_rows_read(),
                result.storage_bytes_read(),
                result.rows_read(),
                result.rows_written(),
                result.bytes_written(),
            )
        except RuntimeError as error:
            raise from_engine(str(error)) from None

    def stream(self, sql: str, form: str) -> Stream:
        """Start a query whose result is taken in pieces; only for formats whose pieces can be joined."""
        try:
            result = self._connection.send_query(sql, form, params={})
        except RuntimeError as error:
            raise from_engine(str(error)) from None
        return Stream(self._connection, result)

    def insert(self, sql: str, form: str, body: memoryview) -> tuple[int, int]:
        """Insert rows in a format.

        Args:
            sql: `INSERT INTO …` up to and without `FORMAT`.
            form: Name of the format.
            body: All rows.

        Returns:
            Rows and bytes written.

        Raises:
            StoreError: With the engine's code; parts that were committed before stay.
        """
        # From a file, and not by `send_insert`: the end of a streamed insert hides what went wrong while the part was
        # written (a violated constraint, a full disk) and reports rows that are not there.
        before, settings, after = sql.partition(" SETTINGS ")
        try:
            with tempfile.NamedTemporaryFile(prefix="insert-") as file:
                file.write(body)
                file.flush()
                source = f"FROM INFILE {quote(file.name)} COMPRESSION 'none'"
                done = self._connection.query(f"{before} {source}{settings}{after} FORMAT {form}", "TSV", params={})
                if done.has_error():
                    raise from_engine(done.error_message())
        except RuntimeError as error:
            raise from_engine(str(error)) from None
        except OSError as error:
            message = f"Code: {_NO_SPACE}. DB::Exception: the rows cannot be laid down: {error} (NOT_ENOUGH_SPACE)"
            raise StoreError(_NO_SPACE, message) from None
        return int(done.rows_written()), int(done.bytes_written())


class Stream:
    """The pieces of a running query's result."""

    def __init__(self, connection: Any, result: Any) -> None:
        self._connection = connection
        self._result = result
        self._ended = False

    def next(self) -> bytes:
        """Return the next piece; empty at the end.

        Raises:
            StoreError: The query failed; what came before is not a whole result.
        """
        if self._ended:
            return b""
        try:
            piece = self._connection.streaming_fetch_result(self._result)
            if piece is not None and piece.has_error():
                raise from_engine(piece.error_message())
        except RuntimeError as error:
            self._ended = True
            raise from_engine(str(error)) from None
        if piece is None or piece.rows_read() == 0:
            self._ended = True
            return b""
        return bytes(piece.bytes())

    def cancel(self) -> None:
        """Stop the query, unless it has ended."""
        if not self._ended:
            self._ended = True
            self._connection.streaming_cancel_query(self._result)

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.next():
            yield piece


def quote(text: str) -> str:
    """Return a string literal of the engine's SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return f"'{escaped}'"


def quote_name(name: str) -> str:
    """Return a quoted identifier of the engine's SQL."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


__all__ = ["Answer", "Class", "Engine", "Handle", "StoreError", "Stream", "quote", "quote_name"]
