"""One running store for each test module."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.running import RunningStore, running_store

_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Answered:
    """What came back for one HTTP request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def code(self) -> int:
        """The engine's error code; 0 for none."""
        return int(self.headers.get("x-clickhouse-exception-code", "0"))

    @property
    def summary(self) -> dict[str, Any]:
        return json.loads(self.headers["x-clickhouse-summary"])


def ask(
    url: str,
    body: bytes | str = b"",
    *,
    key: str | None = None,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    **parameters: str,
) -> Answered:
    """Send one request as curl would; `key` makes it the writer's."""
    every = dict(headers or {})
    if key is not None:
        every |= {"X-ClickHouse-User": "viflux", "X-ClickHouse-Key": key}
    data = (body.encode() if isinstance(body, str) else body) if method == "POST" else None
    query = f"/?{urlencode(parameters)}" if parameters else "/"
    request = urllib.request.Request(url + query, data=data, headers=every, method=method)
    try:
        with _NO_PROXY.open(request, timeout=20) as answer:
            return Answered(answer.status, _lower(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        return Answered(error.code, _lower(error.headers), error.read())


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    """A store with small limits, so that what runs away is stopped soon."""
    limits = [
        "store.max_memory=1GiB",
        "store.max_query_memory=200MB",
        "store.max_query_rows=100000",
        "store.max_query_time=70s",
        "store.max_insert_bytes=8MiB",
    ]
    with running_store(tmp_path_factory.mktemp("store") / "data", limits) as running:
        yield running
