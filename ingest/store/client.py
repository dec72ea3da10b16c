"""The store's client: one for every stage, for the embedded store and for an existing ClickHouse server.

It connects at the first call, so it can be made before the store runs, and again after the store was restarted. It can
be used by several threads. Nothing is tried twice here: after `StoreUnavailable` the outcome is unknown, and only the
caller knows how to find out (for inserts, see the processor).
"""

from __future__ import annotations

import http.client
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import msgspec

from ingest.store.access import ANONYMOUS, READER, WRITER
from ingest.store.codes import Code, StoreError, from_engine
from ingest.store.folder import read_key
from viflux.errors import VifluxError
from viflux.paths import DataPaths
from viflux.settings import Settings

if TYPE_CHECKING:  # both cost tens of megabytes, and a process that only holds a client needs neither
    import pyarrow as pa
    from clickhouse_connect.driver.httpclient import HttpClient

ONE_BLOCK = {"min_insert_block_size_rows": 1_000_000, "min_insert_block_size_bytes": 0, "async_insert": 0}
"""Settings with which one insert body becomes one block, and so one part for each partition."""

# JSON that loses nothing: whole 64-bit integers, nanoseconds, instants in UTC.
_EXACT_JSON = {"output_format_json_quote_64bit_integers": 0, "date_time_output_format": "iso"}

_TEMPORARY = frozenset(
    (Code.TOO_MANY_SIMULTANEOUS_QUERIES, Code.MEMORY_LIMIT_EXCEEDED, Code.TIMEOUT_EXCEEDED, 243, 252)
)
_CHUNK_BYTES = 64 << 10
_LONGEST_ERROR_FRAME_BYTES = 32 << 10
_PING_SECONDS = 2.0
_DRIVERS_SUFFIX = re.compile(r" \(for url [^)]*\)")


class StoreUnavailable(VifluxError):  # noqa: N818  # it is a state of the store, and callers read it as one
    """No answer: cannot connect, timed out, or the connection broke. What the request did is unknown."""


class StoreRefused(StoreError):  # noqa: N818
    """The store answered with an error; the request did not succeed.

    Attributes:
        code: The engine's number, such as 60 for an unknown table.
        message: `Code: N. DB::Exception: … (NAME)`.
    """

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may succeed later: load, memory, disk space, too many parts."""
        return self.code in _TEMPORARY


class StoreClient:
    """Reads from and writes to one store as one user.

    Args:
        url: `http://HOST:PORT` or `https://…`.
        database: The database of unqualified names.
        user: Name of the user.
        paths: The data folder with the user's key, which is read when connecting. None for no password.
        timeout_seconds: Longest wait for a byte of an answer.

    Attributes:
        waiting: Threads, by identifier, that wait for an answer.
    """

    def __init__(
        self, url: str, database: str, user: str, paths: DataPaths | None = None, timeout_seconds: float = 120.0
    ) -> None:
        self.url = url
        self.database = database
        self._user = user
        self._paths = paths
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._client: HttpClient | None = None
        self.waiting: set[int] = set()

    @property
    def is_waiting(self) -> bool:
        """Whether the main thread has sent something and waits for the answer."""
        return threading.main_thread().ident in self.waiting

    @classmethod
    def writer(cls, settings: Settings, timeout_seconds: float = 120.0) -> Self:
        """Return a client that may write, with the key in `run/store.key`."""
        return cls(_url_of(settings), settings.store.database, WRITER, DataPaths(settings.data_dir), timeout_seconds)

    @classmethod
    def reader(cls, settings: Settings, timeout_seconds: float = 120.0) -> Self:
        """Return a client that may only read, within the limits of `store.max_query_…`."""
        return cls(_url_of(settings), settings.store.database, ANONYMOUS, DataPaths(settings.data_dir), timeout_seconds)

    def ping(self) -> bool:
        """Return whether the store answers `/ping`; never raises for the store's state."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_PING_SECONDS)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def command(
        self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> Any:
        """Run one statement that has no rows to return (DDL, `INSERT … SELECT`, `ALTER`).

        Args:
            sql: The statement; `{name:Type}` stands for a parameter.
            parameters: Values by name.
            settings: Settings of the engine for this statement.

        Returns:
            The one value of a statement that has one (`EXISTS TABLE …`), else a summary.

        Raises:
            StoreRefused: The store said no.
            StoreUnavailable: It did not answer.
        """
        with _Translated(self) as client:
            return client.command(sql, parameters=_mutable(parameters), settings=_mutable(settings))

    def insert_arrow_stream(
        self,
        table: str,
        body: bytes | pa.Table | pa.RecordBatch,
        token: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> int:
        """Insert rows as one block.

        Args:
            table: Its name, in the client's database unless qualified.
            body: An Arrow IPC stream, or what becomes one. Columns are matched by name; a missing one gets its default.
            token: `insert_deduplication_token`: a second insert with it is dropped while the table remembers it.
            settings: Further settings of the engine.

        Returns:
            Rows that the store took, also when it dropped them because it knew the token.

        Raises:
            StoreRefused: The store said no; nothing of a block that was refused is stored.
            StoreUnavailable: It did not answer; the rows may be stored or not.
        """
        block = body if isinstance(body, bytes) else _arrow_stream(body)
        every: dict[str, Any] = {**ONE_BLOCK, **(settings or {})}
        if token is not None:
            every["insert_deduplication_token"] = token
        with _Translated(self) as client:
            summary = client.raw_insert(table, insert_block=block, fmt="ArrowStream", settings=every)
            return int(summary.written_rows)

    def query_rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Return the rows of a small result.

        Returns:
            One dict a row, columns in order. Integers of any width are exact, instants are RFC 3339 text in UTC with
            the column's precision, addresses and enums are text, an unknown number (NaN too) is None.

        Raises:
            StoreRefused: The store said no.
            StoreUnavailable: It did not answer.
        """
        body = self._whole(sql, "JSONEachRow", parameters, {**_EXACT_JSON, **(settings or {})})
        rows: list[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any]).decode_lines(body)
        return rows

    def query_arrow(
        self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> pa.Table:
        """Return a result as an Arrow table; imports pyarrow.

        Returns:
            Strings as `string`, `LowCardinality` as dictionaries, `IPv6` as 16 bytes, `DateTime64(9)` as nanoseconds.

        Raises:
            StoreRefused: The store said no.
            StoreUnavailable: It did not answer.
        """
        import pyarrow as pa  # noqa: PLC0415

        forms = {"output_format_arrow_string_as_string": 1, "output_format_arrow_low_cardinality_as_dictionary": 1}
        body = self._whole(sql, "ArrowStream", parameters, {**forms, **(settings or {})})
        return pa.ipc.open_stream(body).read_all()

    def stream(
        self,
        sql: str,
        form: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Iterator[bytes]:
        """Yield a result in a format, piece by piece, as the store sends it.

        Closing the iterator ends the query.

        Raises:
            StoreRefused: The store said no, at once or after some pieces: what came is then not the whole.
            StoreUnavailable: It did not answer, or the connection broke.
        """
        with _Translated(self) as client:
            response: Any = client.raw_stream(
                sql, parameters=_mutable(parameters), settings=_mutable(settings), fmt=form
            )
            marker = b"__exception__\r\n" + response.headers.get("X-ClickHouse-Exception-Tag", "").encode()
            held = b""
            try:
                for piece in _pieces(response):
                    # An error frame is at the end, so that much is held back until more has come.
                    held += piece
                    if len(held) > _LONGEST_ERROR_FRAME_BYTES + _CHUNK_BYTES:
                        yield held[:-_LONGEST_ERROR_FRAME_BYTES]
                        held = held[-_LONGEST_ERROR_FRAME_BYTES:]
                _raise_if_framed(held, marker)
            except BaseException:
                _raise_if_framed(held, marker)
                raise
            finally:
                response.close()
            if held:
                yield held

    def close(self) -> None:
        """Close the connections; the client can be used again."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def connected(self) -> HttpClient:
        """Return clickhouse-connect's own client, for what this one has no method for; connects if needed."""
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> HttpClient:
        from clickhouse_connect.driver.httpclient import HttpClient  # noqa: PLC0415
        from clickhouse_connect.driver.httputil import get_pool_manager  # noqa: PLC0415

        # What the driver would log is raised, too, and whoever catches it says it better.
        logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
        parts = urlsplit(self.url)
        user, password = self._credentials()
        return HttpClient(
            parts.scheme,
            parts.hostname or "",
            parts.port or (8443 if parts.scheme == "https" else 8123),
            parts.username or user,
            password,
            self.database,
            compress=False,  # between two processes of one host it only costs
            query_retries=0,
            connect_timeout=5,
            send_receive_timeout=round(self._timeout_seconds),
            autogenerate_session_id=False,  # sessions would serialise threads, and none is needed
            pool_mgr=get_pool_manager(maxsize=16),  # a pool of our own: no proxy of the environment gets between
        )

    def _credentials(self) -> tuple[str, str]:
        if self._paths is None or self._user == ANONYMOUS:
            named = self._paths.run / "store-reader.key" if self._paths is not None else None
            if named is None or _is_loopback(self.url) or not named.exists():
                return ANONYMOUS, ""
            return READER, read_key(named)
        try:
            return self._user, read_key(self._paths.store_key)
        except FileNotFoundError:
            raise StoreUnavailable(
                f"{self._paths.store_key}: there is no writer's key: the store has not run on this data folder; "
                "start it with `viflux up` or `viflux store`"
            ) from None

    def _whole(self, sql: str, form: str, parameters: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> bytes:
        return b"".join(self.stream(sql, form, parameters, {**settings, "wait_end_of_query": 1}))


class _Translated:
    """Turns the driver's errors into ours, and forgets a connection that may have gone bad."""

    def __init__(self, store: StoreClient) -> None:
        self._store = store

    def __enter__(self) -> HttpClient:
        waiting = self._store.waiting
        waiting.add(threading.get_ident())
        try:
            return self._store.connected()
        except BaseException as error:
            waiting.discard(threading.get_ident())
            if not isinstance(error, Exception) or isinstance(error, VifluxError):
                raise
            raise self._translate(error) from error  # the driver raises its own errors and those of its transport

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._store.waiting.discard(threading.get_ident())
        if isinstance(error, StoreUnavailable):
            self._store.close()
        if isinstance(error, Exception) and not isinstance(error, VifluxError):
            raise self._translate(error) from error

    def _translate(self, error: Exception) -> Exception:
        from clickhouse_connect.driver.exceptions import Error, StreamFailureError  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        code = getattr(error, "code", None)
        if code == Code.AUTHENTICATION_FAILED:  # the key may have changed with the store: read it again next time
            self._store.close()
        if code is not None and code != Code.ABORTED:
            refused = from_engine(_DRIVERS_SUFFIX.sub("", str(error)))
            return StoreRefused(code, refused.message)
        if isinstance(error, (Error, StreamFailureError, HTTPError, OSError)):
            self._store.close()
            reason = _reason(error)
            return StoreUnavailable(
                f"the store at {self._store.url} does not answer: {reason}; is `viflux up` running?"
            )
        return error


def _reason(error: Exception) -> str:
    deepest: BaseException = error
    while (cause := deepest.__cause__ or deepest.__context__) is not None:
        deepest = cause
    strerror = getattr(deepest, "strerror", None)
    return str(strerror or deepest).splitlines()[0] if str(deepest) else type(deepest).__name__


def _url_of(settings: Settings) -> str:
    return settings.store.url or f"http://{settings.store.listen}"


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _mutable(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else dict(values)


def _pieces(response: Any) -> Iterator[bytes]:
    yield from response.stream(_CHUNK_BYTES)


def _raise_if_framed(held: bytes, marker: bytes) -> None:
    start = held.find(marker)
    if start >= 0:
        text = held[start + len(marker) :].decode("utf-8", "replace").strip()
        error = from_engine(text.rsplit("\n", 2)[0].strip())
        raise StoreRefused(error.code, error.message)


def _arrow_stream(body: pa.Table | pa.RecordBatch) -> bytes:
    import pyarrow as pa  # noqa: PLC0415

    sink = pa.BufferOutputStream()
    # A tenth of the bytes to copy, send and write; the engine reads both at the same cost.
    with pa.ipc.new_stream(sink, body.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write(body)
    return bytes(sink.getvalue())
