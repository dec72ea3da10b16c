"""The ClickHouse HTTP interface over the engine: an ASGI application.

Who asks is settled before the body is read; what is asked passes the gate; reads end when their client has gone,
inserts are finished whatever the client does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from ingest.store import statement
from ingest.store.access import Access, User
from ingest.store.codes import Code, StoreError, refusal
from ingest.store.compression import packer_for, unpack
from ingest.store.disk import DiskGuard
from ingest.store.engine import Class, Engine, Handle
from ingest.store.gate import check_class
from ingest.store.reply import ClientStalledError, Reply, Send
from ingest.store.request import Request, text_of
from ingest.store.session import Sessions
from viflux import logs
from viflux.settings import Settings

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Result = TypeVar("Result")

READS_AT_ONCE = 16
WRITES_AT_ONCE = 8
WAITING_AT_MOST = 64
"""Requests that wait for a place; more are refused with 202, so that memory stays bounded."""

_MOST_QUERY_BYTES = 256 << 10
_MOST_READER_BODY_BYTES = 1 << 20
_DISCARDED_BYTES = 16 << 20
_BODY_SECONDS = 60.0
_KILL_AGAIN_SECONDS = 0.1

# Formats whose pieces can be joined to the same bytes as the whole: no header, footer or state over the rows.
_STREAMED = frozenset(
    """
    Native TabSeparated TSV TSVRaw TabSeparatedRaw CSV JSONEachRow JSONLines NDJSON JSONCompactEachRow RowBinary
    LineAsString
    """.split()  # noqa: SIM905  # a table reads better than a list of literals
)


class ClientGoneError(Exception):
    """The client has closed the connection."""


@dataclass(eq=False)
class _Running:
    """One request that is in the engine, or on its way there."""

    comment: str
    is_read: bool
    cancelled: bool = False


class Face:
    """The application.

    Args:
        engine: The running engine.
        access: The users.
        settings: Sizes and limits.
        disk: Asked before rows are taken, and before a change is acknowledged.
    """

    def __init__(self, engine: Engine, access: Access, settings: Settings, disk: DiskGuard) -> None:
        self._engine = engine
        self._access = access
        self._settings = settings
        self._disk = disk
        self._sessions = Sessions(engine, settings)
        self._log = logs.get("store")
        self._readers = ThreadPoolExecutor(READS_AT_ONCE, "read")
        self._writers = ThreadPoolExecutor(WRITES_AT_ONCE, "write")
        self._control = ThreadPoolExecutor(2, "control")
        self._read_places = asyncio.Semaphore(READS_AT_ONCE)
        self._write_places = asyncio.Semaphore(WRITES_AT_ONCE)
        self._waiting = 0
        self._running: set[_Running] = set()
        self._numbers = itertools.count(1)
        self._stopping = False

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            raise RuntimeError(f"{scope['type']} is not served")
        reply = Reply(send, self._engine.version)
        try:
            request = Request.of(scope)
            reply = Reply(send, self._engine.version, request)
            await self._route(request, receive, reply)
        except (ClientGoneError, ClientStalledError):
            pass
        except StoreError as error:
            if error.code == Code.UNKNOWN_EXCEPTION:
                self._log.error("engine failed without a code", error=error.message)
            with contextlib.suppress(ClientStalledError):
                await reply.error(error)
        except Exception:  # noqa: BLE001  # the last resort: whatever fails here must not end the server
            self._log.exception("request failed")
            with contextlib.suppress(ClientStalledError):
                await reply.error(refusal(Code.UNKNOWN_EXCEPTION, "The store failed; its log has the reason."))

    async def stop(self, seconds: float) -> None:
        """Take no more work, cancel reads, and wait for writes.

        Args:
            seconds: After this long, writes are cancelled too.
        """
        self._stopping = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self._running:
            is_late = loop.time() > deadline
            for running in [running for running in self._running if running.is_read or is_late]:
                running.cancelled = True
                await self._kill(running)
            if loop.time() > deadline + 1.0:
                break
            await asyncio.sleep(_KILL_AGAIN_SECONDS)
        for pool in (self._readers, self._writers, self._control):
            pool.shutdown(wait=not self._running, cancel_futures=True)

    @property
    def is_idle(self) -> bool:
        """Whether no request is in the engine."""
        return not self._running

    async def _route(self, request: Request, receive: Receive, reply: Reply) -> None:
        if request.path in {"/ping", "/replicas_status"}:
            await reply.ok("Ok.\n")
        elif request.path not in {"/", "/query"}:
            await reply.ok(f"There is no {request.path}; send queries to / and ask /ping for life.\n", 404)
        elif request.method not in {"GET", "POST"}:
            await reply.ok(f"{request.method} is not served; use GET to read and POST to read or write.\n", 405)
        elif self._stopping:
            raise refusal(Code.ABORTED, "The store is stopping.")
        else:
            user = self._access.user(request.headers, request.parameters)
            request.refuse_unsupported()
            await self._query(request, user, receive, reply)

    async def _query(self, request: Request, user: User, receive: Receive, reply: Reply) -> None:
        if user.may_write:
            # A writer's body is large: its place is taken first, so that the places bound the memory.
            async with self._place(self._write_places):
                await self._take_body(request, receive, int(self._settings.store.max_insert_bytes))
                await self._act(request, user, receive, reply)
        else:
            await self._take_body(request, receive, _MOST_READER_BODY_BYTES)
            async with self._place(self._read_places):
                await self._act(request, user, receive, reply)

    async def _take_body(self, request: Request, receive: Receive, most: int) -> None:
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                request.body = await _body_of(request, receive, most)
        except TimeoutError:
            raise ClientStalledError from None
        if coding := request.headers.get("content-encoding"):
            request.body = await asyncio.to_thread(unpack, request.body, coding, most)
        if request.is_form:
            request.take_form()

    async def _act(self, request: Request, user: User, receive: Receive, reply: Reply) -> None:
        query = request.parameters.get("query", "").encode()
        may_write = user.may_write and request.method == "POST"
        head = statement.insert_head(query or request.body)
        if head is not None and not may_write:
            raise refusal(Code.READONLY, f"{user.name}: Cannot execute query in readonly mode (insert).")
        if head is not None:
            data = query[head.data_start :] + request.body if query else None
            rows = memoryview(request.body)[head.data_start :] if data is None else memoryview(data)
            await self._insert(request, head, rows, reply)
            return
        text = b"\n".join(part for part in (query, request.body) if part)
        if len(text) > _MOST_QUERY_BYTES:
            raise refusal(Code.TOO_LARGE_STRING_SIZE, f"The query is longer than {_MOST_QUERY_BYTES} bytes.")
        if statement.is_empty(text):
            await reply.ok("Ok.\n")
            return
        await self._read(request, text, user, may_write, receive, reply)

    async def _insert(self, request: Request, head: statement.InsertHead, rows: memoryview, reply: Reply) -> None:
        sql = text_of(head.sql.encode("utf-8", "surrogateescape"))
        self._disk.admit(len(rows))

        def run(running: _Running) -> tuple[int, int]:
            # The class is asked with a format, because without one the text is not a whole statement.
            check_class(self._engine.classify(f"{sql} FORMAT {head.form}"), "", may_write=True)
            with self._sessions.open(request, sql, True, running.comment, lambda: running.cancelled) as handle:
                done = handle.insert(sql, head.form, rows)
                self._disk.require_written(handle)
                return done

        with self._registered(request, is_read=False) as running:
            done = await self._in_engine(self._writers, lambda: run(running))
        await reply.written(*done)

    async def _read(
        self, request: Request, text: bytes, user: User, may_write: bool, receive: Receive, reply: Reply
    ) -> None:
        sql = text_of(text)
        form = statement.output_format(text) or request.default_format
        wants_coding = request.parameters.get("enable_http_compression") == "1"
        coding = packer_for(request.headers.get("accept-encoding", "") if wants_coding else "")
        first = statement.keyword(text)
        gone = asyncio.ensure_future(_disconnect(receive))
        handle: Handle | None = None

        def prepare(running: _Running) -> Class:
            nonlocal handle
            found = self._engine.classify(sql)
            check_class(found, user.name, may_write)
            if may_write:
                _check_writer(first, text)
            if first == "INSERT":
                self._disk.admit(0)
            handle = self._sessions.open(request, sql, may_write, running.comment, lambda: running.cancelled)
            running.is_read = found[0] is not Class.MUTATING
            return found[0]

        try:
            with self._registered(request, is_read=True) as running:
                pool = self._writers if user.may_write else self._readers
                kind = await self._in_engine(pool, lambda: prepare(running), running, gone)
                assert handle is not None  # noqa: S101  # prepare has set it or raised
                opened: Handle = handle
                is_streamed = form in _STREAMED and first in {"SELECT", "WITH", ""} and kind is Class.READ_ONLY
                if not is_streamed or request.parameters.get("wait_end_of_query") == "1":
                    # A statement that writes is finished even when its client has gone.
                    watched = gone if kind is Class.READ_ONLY else None
                    answer = await self._in_engine(pool, lambda: opened.query(sql, form), running, watched)
                    if kind is not Class.READ_ONLY:
                        await self._in_engine(pool, lambda: self._disk.require_written(opened))
                    await reply.answer(answer, form, coding)
                    return
                stream = await self._in_engine(pool, lambda: opened.stream(sql, form), running, gone)
                try:
                    piece = await self._in_engine(pool, stream.next, running, gone)
                    await reply.start(form, coding)
                    while piece:
                        await reply.piece(piece)
                        piece = await self._in_engine(pool, stream.next, running, gone)
                    await reply.end()
                finally:
                    await asyncio.shield(self._in_engine(pool, stream.cancel))
        finally:
            gone.cancel()
            if handle is not None:
                await asyncio.shield(self._in_engine(self._control, handle.close))

    async def _in_engine(
        self,
        pool: ThreadPoolExecutor,
        work: Callable[[], Result],
        running: _Running | None = None,
        gone: asyncio.Future[None] | None = None,
    ) -> Result:
        """Run a step in a thread; when the client goes first, have the engine end it."""
        future = asyncio.get_running_loop().run_in_executor(pool, work)
        if running is None or gone is None:
            return await asyncio.shield(future)
        either: set[asyncio.Future[Any]] = {future, gone}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            return future.result()
        running.cancelled = True
        # Again and again: the query may not have begun when the first wish to end it arrives.
        while not future.done():
            await self._kill(running)
            await asyncio.wait([future], timeout=_KILL_AGAIN_SECONDS)
        future.exception()
        raise ClientGoneError

    async def _kill(self, running: _Running) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(StoreError):
            await loop.run_in_executor(self._control, self._engine.kill, running.comment)

    @contextlib.contextmanager
    def _registered(self, request: Request, is_read: bool) -> Any:
        # The number makes the comment unique although clients choose their ids; the id is for people who read the log.
        running = _Running(f"viflux:{next(self._numbers)}:{request.query_id}", is_read)
        self._running.add(running)
        try:
            yield running
        finally:
            self._running.discard(running)

    @contextlib.asynccontextmanager
    async def _place(self, places: asyncio.Semaphore) -> Any:
        if places.locked() and self._waiting >= WAITING_AT_MOST:
            raise refusal(Code.TOO_MANY_SIMULTANEOUS_QUERIES, "Too many requests wait for the store; try again later.")
        self._waiting += 1
        try:
            await places.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            places.release()


def _check_writer(first: str, text: bytes) -> None:
    if first in {"SET", "USE"}:
        raise refusal(Code.NOT_IMPLEMENTED, f"{first} has no effect: sessions are not kept; use URL parameters.")
    if statement.names_file(text):
        raise refusal(Code.SUPPORT_IS_DISABLED, "INTO OUTFILE and FROM INFILE are not available.")


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body_of(request: Request, receive: Receive, most: int) -> bytes:
    declared = request.headers.get("content-length", "")
    parts: list[bytes] = []
    total = 0
    # A client that is still sending when its connection is closed may never see why; so a little more is taken.
    patience = most + _DISCARDED_BYTES
    more = not (declared.isdigit() and int(declared) > patience)
    while more and total <= patience:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        part = message.get("body", b"")
        total += len(part)
        if total <= most:
            parts.append(part)
        else:
            parts.clear()
        more = message.get("more_body", False)
        if not more and total <= most:
            return parts[0] if len(parts) == 1 else b"".join(parts)
    raise refusal(
        Code.TOO_LARGE_STRING_SIZE,
        f"The body is longer than {most} bytes; send smaller inserts or raise store.max_insert_bytes.",
    )
