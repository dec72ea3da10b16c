"""The engine's error codes: their names, how they read in text, and the HTTP status that a client expects for each.

Numbers and names are ClickHouse's (`src/Common/ErrorCodes.cpp`); `system.errors` lists them too.
"""

from __future__ import annotations

import re
from enum import IntEnum

from viflux.errors import VifluxError


class Code(IntEnum):
    """The codes that this server raises itself or answers with a status of their own."""

    UNKNOWN_FUNCTION = 46
    UNKNOWN_IDENTIFIER = 47
    NOT_IMPLEMENTED = 48
    UNKNOWN_TABLE = 60
    SYNTAX_ERROR = 62
    UNKNOWN_DATABASE = 81
    TOO_LARGE_STRING_SIZE = 131
    TIMEOUT_EXCEEDED = 159
    TOO_SLOW = 160
    READONLY = 164
    TOO_MANY_SIMULTANEOUS_QUERIES = 202
    ABORTED = 236
    MEMORY_LIMIT_EXCEEDED = 241
    NOT_ENOUGH_SPACE = 243
    CANNOT_DECOMPRESS = 271
    SUPPORT_IS_DISABLED = 344
    SESSION_NOT_FOUND = 372
    QUERY_IS_PROHIBITED = 392
    QUERY_WAS_CANCELLED = 394
    UNKNOWN_QUERY_PARAMETER = 456
    ACCESS_DENIED = 497
    AUTHENTICATION_FAILED = 516
    UNKNOWN_EXCEPTION = 1002


_STATUS = {
    Code.UNKNOWN_FUNCTION: 404,
    Code.UNKNOWN_IDENTIFIER: 404,
    Code.NOT_IMPLEMENTED: 501,
    Code.UNKNOWN_TABLE: 404,
    Code.SYNTAX_ERROR: 400,
    Code.UNKNOWN_DATABASE: 404,
    Code.TOO_LARGE_STRING_SIZE: 413,
    Code.TIMEOUT_EXCEEDED: 408,
    Code.TOO_SLOW: 408,
    Code.READONLY: 403,
    Code.TOO_MANY_SIMULTANEOUS_QUERIES: 429,
    Code.ABORTED: 503,
    Code.MEMORY_LIMIT_EXCEEDED: 500,
    Code.NOT_ENOUGH_SPACE: 507,
    Code.CANNOT_DECOMPRESS: 400,
    Code.SUPPORT_IS_DISABLED: 403,
    Code.SESSION_NOT_FOUND: 404,
    Code.QUERY_IS_PROHIBITED: 403,
    Code.UNKNOWN_QUERY_PARAMETER: 400,
    Code.ACCESS_DENIED: 403,
    Code.AUTHENTICATION_FAILED: 403,
}
# The codes of a request that is wrong in itself: parsing (26-43, 53, 69-73), types, arguments and settings.
_BAD_REQUEST = frozenset((*range(26, 46), 53, 61, 63, 64, 69, 70, 72, 73, 115, 117, 180, 306, 386, 436, 452, 457, 636))

_PREFIX = re.compile(r"(?:[^\n]*?)Code: (\d+)\. DB::\w*Exception: ", re.DOTALL)
_VERSION = re.compile(r" \(version [\d.]+\)\.?")


class StoreError(VifluxError):
    """A request that the store refuses, with the engine's code and the text that a ClickHouse server would send.

    Attributes:
        code: The engine's number.
        message: `Code: N. DB::Exception: … (NAME)`, without the version.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = int(code)
        self.message = message


def refusal(code: Code, reason: str) -> StoreError:
    """Return an error of this server in the engine's form."""
    return StoreError(code, f"Code: {code.value}. DB::Exception: {reason} ({code.name})")


def from_engine(text: str) -> StoreError:
    """Return the error for an exception text of the engine; nested prefixes and versions are taken off."""
    match = _PREFIX.match(text)
    if match is None:
        return refusal(Code.UNKNOWN_EXCEPTION, text.strip())
    code, body = int(match[1]), text[match.end() :]
    while (inner := _PREFIX.match(body)) and int(inner[1]) == code and inner.start() == 0 and body.startswith("Code:"):
        body = re.sub(r" \(version [\d.]+\)\. \([A-Z0-9_]+\)\s*$", "", body[inner.end() :])
    body = _VERSION.sub("", body).strip()
    return StoreError(code, f"Code: {code}. DB::Exception: {body}")


def status_of(code: int) -> int:
    """Return the HTTP status for an error code; 500 for what has none of its own."""
    if code in _BAD_REQUEST:
        return 400
    return _STATUS.get(Code(code), 500) if code in Code._value2member_map_ else 500
