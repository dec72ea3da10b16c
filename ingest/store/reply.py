"""One answer in ClickHouse's HTTP form: headers, summary, pieces, and errors before and within the body."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ingest.store.codes import StoreError, status_of
from ingest.store.compression import Packer, Plain
from ingest.store.engine import Answer
from ingest.store.request import Request

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

STALL_SECONDS = 60.0
"""A client that takes no byte for this long loses its connection, and its query ends."""

_CONTENT_TYPES = {
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "Parquet": "application/octet-stream",
    "Native": "application/octet-stream",
    "ArrowStream": "application/vnd.apache.arrow.stream",
}
_TEXT = "text/plain; charset=UTF-8"


class ClientStalledError(Exception):
    """The client has stopped taking the answer."""


class Reply:
    """The answer to one request.

    Args:
        send: ASGI's.
        version: The engine's, for error texts.
        request: None when it could not even be read.
    """

    def __init__(self, send: Send, version: str, request: Request | None = None) -> None:
        self._send = send
        self._version = version
        self._request = request
        self._start_ns = time.monotonic_ns()
        self._packer: Packer = Plain()
        self._tag = secrets.token_hex(8)
        self._form = ""
        self._summary: dict[str, int] = {}
        self.started = False

    async def ok(self, text: str = "", status: int = 200) -> None:
        """Send a short text."""
        await self._whole(status, text.encode(), [(b"Content-Type", _TEXT.encode())])

    async def answer(self, answer: Answer, form: str, coding: tuple[str | None, Packer]) -> None:
        """Send a whole result."""
        self._form = form
        self._summary = {
            "read_rows": answer.read_rows,
            "read_bytes": answer.read_bytes,
            "written_rows": answer.written_rows,
            "written_bytes": answer.written_bytes,
            "result_rows": answer.result_rows,
            "result_bytes": len(answer.body),
        }
        name, packer = coding
        headers = self._content_headers(form, name)
        if name is None:
            await self._whole(200, answer.body, headers)
            return
        body = await asyncio.to_thread(lambda: packer.pack(answer.body) + packer.end())
        await self._whole(200, body, headers)

    async def written(self, rows: int, size: int) -> None:
        """Say that an insert is done."""
        self._summary = {"written_rows": rows, "written_bytes": size, "result_rows": rows, "result_bytes": size}
        await self._whole(200, b"", [(b"Content-Type", _TEXT.encode())])

    async def start(self, form: str, coding: tuple[str | None, Packer]) -> None:
        """Send the headers of a result that follows in pieces."""
        self._form = form
        name, self._packer = coding
        headers = self._content_headers(form, name)
        await self._start(200, [*headers, (b"X-ClickHouse-Exception-Tag", self._tag.encode())])

    async def piece(self, piece: bytes) -> None:
        """Send a piece; waits until the client has room for it.

        Raises:
            ClientStalledError: The client takes nothing.
        """
        await self._body(self._packer.pack(piece), more=True)

    async def end(self) -> None:
        """Say that all pieces were sent."""
        await self._body(self._packer.end(), more=False)

    async def error(self, error: StoreError) -> None:
        """Send an error instead of a result, or within one that has begun."""
        text = f"{error.message} (version {self._version})\n"
        if not self.started:
            headers = [
                (b"Content-Type", _TEXT.encode()),
                (b"X-ClickHouse-Exception-Code", str(error.code).encode()),
            ]
            await self._whole(status_of(error.code), text.encode(), headers)
            return
        # The frame that drivers look for; its length lets them find the text from the end.
        raw = text.encode()
        tag = self._tag.encode()
        frame = b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n" % (tag, raw, len(raw), tag)
        packed = self._packer.pack(frame) + self._packer.end()
        # Drivers read Native to its end and show the frame's text. Whoever reads a text format may not know the frame:
        # the missing end of the chunked body tells him that the answer is not whole.
        await self._body(packed, more=self._form != "Native")

    async def _whole(self, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        await self._start(status, [*headers, (b"Content-Length", str(len(body)).encode())])
        await self._body(body, more=False)

    async def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.started = True
        summary = {name: str(value) for name, value in self._summary.items()}
        for name in ("read_rows", "read_bytes", "written_rows", "written_bytes", "total_rows_to_read", "result_rows"):
            summary.setdefault(name, "0")
        summary["elapsed_ns"] = str(time.monotonic_ns() - self._start_ns)
        own = [
            (b"X-ClickHouse-Summary", json.dumps(summary, separators=(",", ":")).encode()),
            (b"X-ClickHouse-Server-Display-Name", b"viflux-store"),
            (b"X-ClickHouse-Timezone", b"UTC"),
        ]
        if self._request is not None:
            own.append((b"X-ClickHouse-Query-Id", self._request.query_id.encode("latin1", "replace")))
        await self._send({"type": "http.response.start", "status": status, "headers": [*own, *headers]})

    async def _body(self, body: bytes, more: bool) -> None:
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await self._send({"type": "http.response.body", "body": body, "more_body": more})
        except TimeoutError:
            raise ClientStalledError from None

    @staticmethod
    def _content_headers(form: str, coding: str | None) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"Content-Type", _CONTENT_TYPES.get(form, _TEXT).encode()),
            (b"X-ClickHouse-Format", form.encode("latin1", "replace")),
        ]
        if coding is not None:
            headers.append((b"Content-Encoding", coding.encode()))
        return headers
