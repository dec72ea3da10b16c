"""The store's client: one for every stage, for the embedded store and for an existing ClickHouse server.

It connects at the first call, so it can be made before the store runs, and again after the store was restarted. It can
be used by several threads. Nothing is tried twice here: after `StoreUnavailable` the outcome is unknown, and only the
caller knows how to find out (for inserts, see the processor).
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import msgspec

from ingest.store.access import ANONYMOUS
from ingest.store.addresses import Address, Addresses
from ingest.store.codes import Code, StoreError, from_engine
from ingest.store.configuration import reader_limits
from ingest.store.connection import Connection, StoreUnavailable
from ingest.store.login import Login
from viflux.errors import VifluxError
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
# Such a server cannot serve now, and another address of the same store may: it shuts down, has lost its coordinator, is
# read-only, has no room, reaches no replica.
_ELSEWHERE = frozenset((225, Code.ABORTED, 242, 243, 279, 285, 415, 999))
# The server itself does not know what became of the insert: its connections to other servers or to its coordinator.
_UNKNOWN = frozenset((Code.ABORTED, 209, 210, 319))
_CHUNK_BYTES = 64 << 10
_LONGEST_ERROR_FRAME_BYTES = 32 << 10
_DRIVERS_SUFFIX = re.compile(r" \(for url [^)]*\)")


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
        url: `http://HOST:PORT` or `https://…`; several by comma are tried in that order.
        database: The database of unqualified names.
        login: Who asks, and with which certificates; a name alone has no password.
        timeout_seconds: Longest wait for a byte of an answer.
        limits: Settings of the engine that every request is sent with, as far as the server lets them be set.
        is_ours: Whether it is the embedded store, for what an error suggests.

    Attributes:
        waiting: Threads, by identifier, that wait for an answer.
    """

    def __init__(
        self,
        url: str,
        database: str,
        login: Login | str = ANONYMOUS,
        timeout_seconds: float = 120.0,
        *,
        limits: Mapping[str, int] | None = None,
        is_ours: bool = True,
    ) -> None:
        self.database = database
        known = Login(login) if isinstance(login, str) else login
        self._connection = Connection(Addresses(url), database, known, timeout_seconds, limits or {}, is_ours=is_ours)
        self.waiting: set[int] = set()

    @property
    def url(self) -> str:
        """The address that is used, or was last."""
        return self._connection.addresses.current.url

    @property
    def is_waiting(self) -> bool:
        """Whether the main thread has sent something and waits for the answer."""
        return threading.main_thread().ident in self.waiting

    @classmethod
    def writer(cls, settings: Settings, timeout_seconds: float = 120.0) -> Self:
        """Return a client that may write: `store.user`, or the embedded store's with the key in `run/store.key`."""
        url, is_ours = _url_of(settings)
        return cls(url, settings.store.database, Login.writer(settings), timeout_seconds, is_ours=is_ours)

    @classmethod
    def reader(cls, settings: Settings, timeout_seconds: float = 120.0) -> Self:
        """Return a client that may only read, within the limits of `store.max_query_…`.

        The embedded store sees to both itself. To an existing server they are sent with each request, as far as its
        user may set them: one that may set nothing is bounded by its own profile.
        """
        url, is_ours = _url_of(settings)
        login = Login.reader(settings, on_loopback=all(map(_is_loopback, Addresses(url).in_turn())))
        limits = {} if is_ours else {**reader_limits(settings), "readonly": 2}
        return cls(url, settings.store.database, login, timeout_seconds, limits=limits, is_ours=is_ours)

    def ping(self) -> bool:
        """Return whether the store answers `/ping`; never raises for the store's state."""
        return self._connection.answers_ping()

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
        with self._asking() as client:
            return client.command(sql, parameters=_mutable(parameters), settings=_mutable(settings))

    def knows_setting(self, name: str) -> bool:
        """Return whether the server has a setting of the engine, which tells what it can do; asked once a connection.

        Raises:
            StoreUnavailable: No answer.
        """
        with self._asking() as client:
            return name in client.server_settings

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
        with self._asking() as client:
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
        with self._asking() as client:
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
        self._connection.close()

    def settle(self, table: str) -> None:
        """Make sure that what an insert has written anywhere can be counted here.

        With several addresses an insert may have gone to another replica: this one first takes over what it has not
        yet. Waits as long as that takes; a replica that is gone for good and had it alone is waited for.

        Raises:
            StoreRefused: It did not come in the server's time.
            StoreUnavailable: No answer.
        """
        if not self._connection.addresses.several:
            return
        sql = "SELECT engine FROM system.tables WHERE database = {database:String} AND name = {table:String}"
        found = self.query_rows(sql, {"database": self.database, "table": table})
        if found and found[0]["engine"].startswith(("Replicated", "Shared")):
            self.command(f"SYSTEM SYNC REPLICA {self.database}.{table}")

    def require_one_store(self, *, is_new: bool) -> None:
        """Refuse addresses that are not one store: rows would be spread over them, and counted where they are not.

        Args:
            is_new: Whether there are no tables at the current address; then every other address must answer, too.

        Raises:
            VifluxError: An address has other tables than the current one, or may have.
        """
        with _translated(self._connection):
            self._connection.require_one_store(is_new=is_new)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[HttpClient]:
        """Yield what the driver asks with; its errors become ours."""
        thread = threading.get_ident()
        self.waiting.add(thread)
        try:
            with _translated(self._connection):
                yield self._connection.opened()
        finally:
            self.waiting.discard(thread)

    def _whole(self, sql: str, form: str, parameters: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> bytes:
        return b"".join(self.stream(sql, form, parameters, {**settings, "wait_end_of_query": 1}))


@contextlib.contextmanager
def _translated(connection: Connection) -> Iterator[None]:
    """Turn the driver's errors into ours, and forget a connection that may have gone bad."""
    try:
        yield
    except StoreUnavailable:
        connection.failed()
        raise
    except VifluxError:
        raise
    except Exception as error:
        raise _ours(error, connection) from error


def _ours(error: Exception, connection: Connection) -> Exception:
    from clickhouse_connect.driver.exceptions import Error, StreamFailureError  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    code = getattr(error, "code", None)
    if code == Code.AUTHENTICATION_FAILED:  # the key may have changed with the store: read it again next time
        connection.close()
    if code in _ELSEWHERE:
        connection.failed()
    if code is not None and code not in _UNKNOWN:
        refused = from_engine(_DRIVERS_SUFFIX.sub("", str(error)))
        return StoreRefused(code, refused.message)
    if isinstance(error, (Error, StreamFailureError, HTTPError, OSError)):
        connection.failed()
        return connection.unavailable(error)
    return error


def _url_of(settings: Settings) -> tuple[str, bool]:
    """Return the store's addresses, and whether it is the embedded one."""
    if settings.store.url is None:
        return f"http://{settings.store.listen}", True
    return settings.store.url, False


def _is_loopback(address: Address) -> bool:
    host = address.host
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
