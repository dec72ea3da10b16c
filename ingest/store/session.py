"""A handle made ready for one request: its database, role, limits, parameters and settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.store.codes import Code, refusal
from ingest.store.configuration import reader_limits
from ingest.store.engine import Engine, Handle, quote, quote_name
from ingest.store.gate import check_storage, check_tree
from ingest.store.request import Request
from ingest.store.statement import keyword
from viflux.settings import Settings

# With readonly=2 a client may still set what it needs (limits within bounds, formats), but not readonly itself.
_READONLY = 2
# What this engine has open and its server form has closed; the profile's constraints then keep it so.
_CLOSED = {"implicit_select": "0", "allow_introspection_functions": "0", "allow_ddl": "0"}
_DEFINITIONS = {"CREATE", "ATTACH", "REPLACE"}


@dataclass(frozen=True)
class Sessions:
    """Makes handles ready.

    Attributes:
        engine: The running engine.
        settings: Where the database and a reader's limits come from.
    """

    engine: Engine
    settings: Settings

    def open(self, request: Request, sql: str, may_write: bool, comment: str, cancelled: Callable[[], bool]) -> Handle:
        """Open a handle for a request; blocks for some milliseconds.

        Args:
            request: Names the database, the parameters and the settings.
            sql: The statement; for a reader it passes the gate here.
            may_write: Whether the handle keeps the writer's role.
            comment: The `log_comment` by which the query can be found and killed.
            cancelled: Asked last, so that a request that is gone never starts.

        Raises:
            StoreError: A setting or parameter is wrong, or the statement is refused.
        """
        handle = self.engine.handle()
        try:
            handle.command(f"USE {quote_name(request.database or self.settings.store.database)}")
            handle.command(_set({"log_comment": comment, **({} if may_write else _CLOSED)}))
            settings = request.settings
            if not may_write:
                self._confine(handle, request, settings)
            if parameters := request.query_parameters:
                handle.command(_set(parameters))
            if not may_write:
                check_tree(handle, sql, settings)
            elif keyword(sql.encode()) in _DEFINITIONS:
                check_storage(handle, sql)
            if settings:
                handle.command(_set(settings))
        except BaseException:
            handle.close()
            raise
        if cancelled():
            handle.close()
            raise refusal(Code.QUERY_WAS_CANCELLED, "The query was cancelled before it began.")
        return handle

    def _confine(self, handle: Handle, request: Request, settings: dict[str, str]) -> None:
        if (request.database or "").lower() == "system":
            raise refusal(Code.ACCESS_DENIED, "Name the tables as system.NAME; it cannot be the database of a reader.")
        if settings.get("readonly") in {"1", "2"}:
            settings.pop("readonly")
        if forbidden := settings.keys() & {"profile", "readonly"}:
            raise refusal(Code.READONLY, f"Cannot modify '{min(forbidden)}' setting in readonly mode.")
        # A handle takes a profile's constraints and not its values, so the values follow; readonly closes the door.
        handle.command("SET profile='reader'")
        limits = {name: str(value) for name, value in reader_limits(self.settings).items()}
        handle.command(_set(limits))
        handle.command("SET ROLE reader")
        handle.command(f"SET readonly={_READONLY}")


def _set(values: dict[str, str]) -> str:
    return "SET " + ", ".join(f"{name}={quote(value)}" for name, value in values.items())
