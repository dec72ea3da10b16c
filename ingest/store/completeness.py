"""The SELECT of the view `completeness`, over a bounded time: the view itself reads all that the ledger keeps."""

from __future__ import annotations

import functools
from importlib import resources

_ALL = "toInt64(0)"


@functools.cache
def completeness_since(since_ns: str) -> str:
    """Return the view's SELECT; `{database}` stands for the database's name.

    Args:
        since_ns: SQL: what the ledger has of before this instant, in nanoseconds, is not read.
    """
    text = (resources.files("ingest.store") / "views" / "08_completeness.sql").read_text(encoding="utf-8")
    select = text.partition(" AS\n")[2].rstrip().removesuffix(";")
    return select.replace(_ALL, since_ns, 1)
