"""A client's connection to its store: made at the first need, on the address that answers, and again after a failure.

With several addresses it stays with one that answers; a connection that cannot be made, or that broke, moves on to the
next, which must be the same store.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ingest.store.addresses import Address, Addresses
from ingest.store.codes import Code
from ingest.store.login import Login, NoKeyYetError
from viflux.errors import UsageError, VifluxError

if TYPE_CHECKING:  # tens of megabytes, and a process that asks nothing needs none of it
    from clickhouse_connect.driver.httpclient import HttpClient

_NOT_ELSEWHERE = frozenset((Code.AUTHENTICATION_FAILED, 192, 193, 194, 497))
_OLDEST = (24, 8)
_CONNECT_SECONDS = 5
_CONNECTIONS = 16
_PING_SECONDS = 2.0


class StoreUnavailable(VifluxError):  # noqa: N818  # it is a state of the store, and callers read it as one
    """No answer: cannot connect, timed out, or the connection broke. What the request did is unknown."""


class StoreTooOld(VifluxError):  # noqa: N818
    """The server is older than what the tables and queries need."""


class Connection:
    """What reaches one store as one user; safe between threads.

    Args:
        addresses: Where the store may be reached.
        database: The database of unqualified names.
        login: Who asks, and with which certificates.
        timeout_seconds: Longest wait for a byte of an answer.
        limits: Settings of the engine that every request is sent with, as far as the server lets them be set.
        is_ours: Whether it is the embedded store, for what an error suggests.
    """

    def __init__(
        self,
        addresses: Addresses,
        database: str,
        login: Login,
        timeout_seconds: float,
        limits: Mapping[str, int],
        *,
        is_ours: bool,
    ) -> None:
        self.addresses = addresses
        self._database = database
        self._login = login
        self._timeout_seconds = timeout_seconds
        self._limits = dict(limits)
        self._is_ours = is_ours
        self._lock = threading.Lock()
        self._client: HttpClient | None = None
        self._made_time = ""

    def opened(self) -> HttpClient:
        """Return clickhouse-connect's client, connected.

        Raises:
            StoreUnavailable: No address answers.
            StoreTooOld: The server is.
        """
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def close(self) -> None:
        """Close what is open; the next need opens it again."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            _close(client)

    def failed(self) -> None:
        """Close what is open, for it failed: the next request goes to the next address, if there is one."""
        if self._client is not None:
            self.addresses.failed(self.addresses.current)
        self.close()

    def unavailable(self, error: Exception) -> StoreUnavailable:
        """Return the error for an address that does not answer."""
        advice = "is `viflux up` running?" if self._is_ours else "is the server up, and store.url right?"
        url = self.addresses.current.url
        return StoreUnavailable(f"the store at {url} does not answer: {_reason(error)}; {advice}")

    def answers_ping(self) -> bool:
        """Return whether an address answers `/ping`; never raises for the store's state."""
        return any(map(self._answers_ping, self.addresses.in_turn()))

    def require_one_store(self, *, is_new: bool) -> None:
        """Refuse addresses that are not one store: rows would be spread over them, and counted where they are not.

        Args:
            is_new: Whether there are no tables at the current address; then every other address must answer, too.

        Raises:
            VifluxError: An address has other tables than the current one, or may have.
        """
        if not self.addresses.several:
            return
        self._made_time = _made_time(self.opened(), self._database)
        current = self.addresses.current.url
        for address in self.addresses.others():
            try:
                made = self._made_time_at(address)
            except Exception as error:
                if is_new:
                    raise VifluxError(
                        f"store.url: {current} has no tables, and {address.url} cannot be asked whether it has: "
                        f"{_reason(error)}; tables are made when all addresses answer"
                    ) from error
                continue
            if made != self._made_time:
                raise VifluxError(
                    f"store.url: {current} and {address.url} are not one store: their tables differ; name addresses of "
                    "one server, or of replicas that share the database"
                )

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

    def _connect(self) -> HttpClient:
        # What the driver would log is raised, too, and whoever catches it says it better.
        logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
        failures: list[str] = []
        for address in self.addresses.in_turn():
            try:
                client = self._connection_to(address)
                self._require_same(client, address)
            except (StoreTooOld, UsageError):
                raise
            except Exception as error:
                self.addresses.failed(address)
                if not self.addresses.several or getattr(error, "code", None) in _NOT_ELSEWHERE:
                    raise
                failures.append(f"{address.url}: {_reason(error)}")
                continue
            self.addresses.answered(address)
            return client
        raise StoreUnavailable(f"no address of the store answers: {'; '.join(failures)}")

    def _made_time_at(self, address: Address) -> str:
        client = self._connection_to(address)
        try:
            return _made_time(client, self._database)
        finally:
            _close(client)

    def _require_same(self, client: HttpClient, address: Address) -> None:
        """Refuse an address whose tables are not those that were seen before."""
        if not self.addresses.several:
            return
        with _closed_on_error(client):
            made = _made_time(client, self._database)
            if self._made_time and made != self._made_time:
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
            self._database,
            compress=False,  # between two processes of one host it only costs
            query_retries=0,
            connect_timeout=_CONNECT_SECONDS,
            send_receive_timeout=round(self._timeout_seconds),
            autogenerate_session_id=False,  # sessions would serialise threads, and none is needed
            # A pool of our own: no proxy of the environment gets between.
            pool_mgr=get_pool_manager(maxsize=_CONNECTIONS, **(self._login.pool_options() if is_tls else {})),
            **(self._login.client_options() if is_tls else {}),
        )
        if not self._is_ours:
            with _closed_on_error(client):
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


def _require_version(address: Address, client: HttpClient) -> None:
    numbers = re.findall(r"\d+", client.server_version or "")[:2]
    if tuple(map(int, numbers)) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise StoreTooOld(
            f"store.url: {address.url} is ClickHouse {client.server_version}; {oldest} or newer is needed"
        )


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


@contextlib.contextmanager
def _closed_on_error(client: HttpClient) -> Iterator[None]:
    try:
        yield
    except BaseException:
        _close(client)
        raise


def _close(client: HttpClient) -> None:
    client.close()
    client.close_connections()  # the pool is ours, and `close` leaves such a pool open
