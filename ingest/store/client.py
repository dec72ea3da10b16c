"""The store's client: one for every stage, for the embedded store and for an existing ClickHouse server.

It connects at the first call, so it can be made before the store runs, and again after the store was restarted. It can
be used by several threads. Nothing is tried twice here: after `StoreUnavailable` the outcome is unknown, and only the
caller knows how to find out (for inserts, see the processor). With several addresses it stays with one that answers; a
connection that cannot be made, or that broke, moves it on to the next, which must be the same store.
"""

from __future__ import annotations

import http.client
import logging
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import msgspec

from ingest.store.access import ANONYMOUS
from ingest.store.addresses import Address, Addresses
from ingest.store.codes import Code, StoreError, from_engine
from ingest.store.configuration import reader_limits
from ingest.store.login import Login, NoKeyYetError
from viflux.errors import UsageError, VifluxError
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
_NOT_ELSEWHERE = frozenset((Code.AUTHENTICATION_FAILED, 192, 193, 194, 497))
_OLDEST = (24, 8)
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


class StoreTooOld(VifluxError):  # noqa: N818
    """The server is older than what the tables and queries need."""


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
        self._addresses = Addresses(url)
        self._login = Login(login) if isinstance(login, str) else login
        self._timeout_seconds = timeout_seconds
        self._limits = dict(limits or {})
        self._is_ours = is_ours
        self._lock = threading.Lock()
        self._client: HttpClient | None = None
        self._made_time = ""
        self.waiting: set[int] = set()

    @property
    def url(self) -> str:
        """The address that is used, or was last."""
        return self._addresses.current.url

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
        return any(self._answers_ping(address) for address in self._addresses.in_turn())

    def _answers_ping(self, address: Address) -> bool:
        connection: http.client.HTTPConnection
        if address.scheme == "https":
            context = self._login.ssl_context()
            connection = http.client.HTTPSConnection(address.host, address.port, timeout=_PING_SECONDS, context=context)
        else:
            connection = http.client.HTTPConnection(address.host, address.port, timeout=_PING_SECONDS)
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

    def knows_setting(self, name: str) -> bool:
        """Return whether the server has a setting of the engine, which tells what it can do; asked once a connection.

        Raises:
            StoreUnavailable: No answer.
        """
        with _Translated(self) as client:
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
            _close(client)

    def connected(self) -> HttpClient:
        """Return clickhouse-connect's own client, for what this one has no method for; connects if needed."""
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def unavailable(self, reason: str) -> StoreUnavailable:
        """Return the error for an address that does not answer."""
        advice = "is `viflux up` running?" if self._is_ours else "is the server up, and store.url right?"
        return StoreUnavailable(f"the store at {self.url} does not answer: {reason}; {advice}")

    def forget(self, *, failed: bool) -> None:
        """Close the connections; after a failure the next request goes to the next address, if there is one."""
        if failed and self._client is not None:
            self._addresses.failed(self._addresses.current)
        self.close()

    def settle(self, table: str) -> None:
        """Make sure that what an insert has written anywhere can be counted here.

        With several addresses an insert may have gone to another replica: this one first takes over what it has not
        yet. Waits as long as that takes; a replica that is gone for good and had it alone is waited for.

        Raises:
            StoreRefused: It did not come in the server's time.
            StoreUnavailable: No answer.
        """
        if not self._addresses.several:
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
        if not self._addresses.several:
            return
        with _Translated(self) as client:
            self._made_time = _made_time(client, self.database)
        for address in self._addresses.others():
            try:
                made = _made_time(self._connection_to(address), self.database)
            except Exception as error:
                if is_new:
                    raise VifluxError(
                        f"store.url: {self.url} has no tables, and {address.url} cannot be asked whether it has: "
                        f"{_reason(error)}; tables are made when all addresses answer"
                    ) from error
                continue
            if made != self._made_time:
                raise VifluxError(
                    f"store.url: {self.url} and {address.url} are not one store: their tables differ; name addresses "
                    "of one server, or of replicas that share the database"
                )

    def _connect(self) -> HttpClient:
        # What the driver would log is raised, too, and whoever catches it says it better.
        logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
        failures: list[str] = []
        for address in self._addresses.in_turn():
            try:
                client = self._connection_to(address)
                if self._addresses.several:
                    self._require_same(client, address)
            except (StoreTooOld, UsageError):
                raise
            except Exception as error:
                self._addresses.failed(address)
                if not self._addresses.several or getattr(error, "code", None) in _NOT_ELSEWHERE:
                    raise
                failures.append(f"{address.url}: {_reason(error)}")
                continue
            self._addresses.answered(address)
            return client
        raise StoreUnavailable(f"no address of the store answers: {'; '.join(failures)}")

    def _require_same(self, client: HttpClient, address: Address) -> None:
        """Refuse an address whose tables are not those that were seen before."""
        made = _made_time(client, self.database)
        if self._made_time and made != self._made_time:
            _close(client)
            raise StoreUnavailable(f"{address.url} is another store than the one that was used: its tables differ")
        self._made_time = made

    def _connection_to(self, address: Address) -> HttpClient:
        from clickhouse_connect.driver.httpclient import HttpClient  # noqa: PLC0415
        from clickhouse_connect.driver.httputil import get_pool_manager  # noqa: PLC0415

        try:
            user, password = self._login.credentials()
        except NoKeyYetError as error:
            raise StoreUnavailable(str(error)) from None
        is_tls = address.scheme == "https"
        client = HttpClient(
            address.scheme,
            address.host,
            address.port,
            user,
            password,
            self.database,
            compress=False,  # between two processes of one host it only costs
            query_retries=0,
            connect_timeout=5,
            send_receive_timeout=round(self._timeout_seconds),
            autogenerate_session_id=False,  # sessions would serialise threads, and none is needed
            # A pool of our own: no proxy of the environment gets between.
            pool_mgr=get_pool_manager(maxsize=16, **(self._login.pool_options() if is_tls else {})),
            **(self._login.client_options() if is_tls else {}),
        )
        if not self._is_ours:
            _require_version(address, client)
            for name, value in self._allowed(client).items():
                client.set_client_setting(name, value)
        return client

    def _allowed(self, client: HttpClient) -> dict[str, int]:
        """Return the limits that this user may set, each at most as large as the server lets it be."""
        if not self._limits:
            return {}
        names = ", ".join(f"'{name}'" for name in self._limits)
        sql = f"SELECT name, max FROM system.settings WHERE readonly = 0 AND name IN ({names})"
        most = {line[0]: line[1] for line in _lines(client, sql)}
        allowed = {name: value for name, value in self._limits.items() if name in most}
        return {
            name: min(value, int(most[name])) if str(most[name] or "").isdigit() else value
            for name, value in allowed.items()
        }

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
            self._store.forget(failed=True)
        if isinstance(error, Exception) and not isinstance(error, VifluxError):
            raise self._translate(error) from error

    def _translate(self, error: Exception) -> Exception:
        from clickhouse_connect.driver.exceptions import Error, StreamFailureError  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        code = getattr(error, "code", None)
        if code == Code.AUTHENTICATION_FAILED:  # the key may have changed with the store: read it again next time
            self._store.close()
        if code in _ELSEWHERE:
            self._store.forget(failed=True)
        if code is not None and code not in _UNKNOWN:
            refused = from_engine(_DRIVERS_SUFFIX.sub("", str(error)))
            return StoreRefused(code, refused.message)
        if isinstance(error, (Error, StreamFailureError, HTTPError, OSError)):
            self._store.forget(failed=True)
            return self._store.unavailable(_reason(error))
        return error


def _reason(error: Exception) -> str:
    deepest: BaseException = error
    if isinstance(error, VifluxError):
        return str(error)
    while (cause := deepest.__cause__ or deepest.__context__) is not None:
        deepest = cause
    if isinstance(deepest, ssl.SSLCertVerificationError):
        return f"its certificate is refused ({deepest.verify_message}); see store.ca_file"
    strerror = getattr(deepest, "strerror", None)
    return str(strerror or deepest).splitlines()[0] if str(deepest) else type(deepest).__name__


def _url_of(settings: Settings) -> tuple[str, bool]:
    """Return the store's addresses, and whether it is the embedded one."""
    if settings.store.url is None:
        return f"http://{settings.store.listen}", True
    return settings.store.url, False


def _require_version(address: Address, client: HttpClient) -> None:
    numbers = re.findall(r"\d+", client.server_version or "")[:2]
    if tuple(map(int, numbers)) < _OLDEST:
        version = client.server_version
        _close(client)
        oldest = ".".join(map(str, _OLDEST))
        raise StoreTooOld(f"store.url: {address.url} is ClickHouse {version}; {oldest} or newer is needed")


def _made_time(client: HttpClient, database: str) -> str:
    """Return what tells one store from another: when its first migration was applied; empty where there is none."""
    known = f"SELECT count() FROM system.tables WHERE database = '{database}' AND name = 'schema_migrations'"
    if _lines(client, known) == [["0"]]:
        return ""
    found = _lines(client, f"SELECT toString(min(applied_time)) FROM {database}.schema_migrations WHERE number = 1")
    return "" if not found or found[0][0].startswith("1970") else found[0][0]


def _lines(client: HttpClient, sql: str) -> list[list[str]]:
    body: bytes = client.raw_query(sql, fmt="TSVRaw")
    return [line.split("\t") for line in body.decode().splitlines()]


def _close(client: HttpClient) -> None:
    client.close()
    client.close_connections()  # the pool is ours, and `close` leaves such a pool open


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
