"""Where a statement's clauses begin: enough of the engine's lexical rules to find `FORMAT` and an insert's data.

What a statement *does* is never decided here but by the engine's own parser (see `gate.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_INSERT_HEAD_BYTES = 256 << 10
"""An insert's text up to its data must end within this, like the engine's `max_query_size`."""

# What is not closed runs to the end of the text and nothing is tried twice (`*+`), so hostile text costs linear time.
_TOKEN = re.compile(
    rb"(?P<space>[\s\x00]++|--[^\n]*+|\#[ !][^\n]*+|/\*.*?(?:\*/|\Z))"
    rb"|(?P<text>'(?:[^'\\]|\\.|'')*+(?:'|\\?\Z)|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z))"
    rb"|(?P<name>[A-Za-z_]\w*+|`(?:[^`\\]|\\.|``)*+(?:`|\\?\Z)|\"(?:[^\"\\]|\\.|\"\")*+(?:\"|\\?\Z))"
    rb"|(?P<other>\d[\w.]*+|.)",
    re.DOTALL,
)
_DATA_FOLLOWS = re.compile(rb"[ \t]*;?(?:[ \t]*\r?\n)?")


@dataclass(frozen=True)
class InsertHead:
    """An insert whose rows follow in the body.

    Attributes:
        sql: `INSERT INTO …` without `FORMAT`.
        form: Name of the format of the rows.
        data_start: Where the rows start, in bytes from the start of the text.
    """

    sql: str
    form: str
    data_start: int


def keyword(sql: bytes) -> str:
    """Return the first word of a statement, in upper case; empty when there is none."""
    for kind, word, _, _ in _tokens(sql):
        return word.decode("ascii", "replace").upper() if kind == "name" else ""
    return ""


def insert_head(text: bytes) -> InsertHead | None:
    """Split an insert into its statement and the place where its rows start.

    Args:
        text: The statement, and as much of what follows as is at hand; only its first 256 KiB are looked at.

    Returns:
        None when the text is not an insert with rows (another statement, or `INSERT … SELECT`).
    """
    head = text[:LONGEST_INSERT_HEAD_BYTES]
    words = _tokens(head)
    if next(words, ("", b"", 0, 0))[1].upper() != b"INSERT":
        return None
    depth = 0
    for kind, word, start, end in words:
        if word in {b"(", b")"}:
            depth += 1 if word == b"(" else -1
        if kind != "name" or depth:
            continue
        upper = word.upper()
        if upper in {b"SELECT", b"WITH", b"FROM", b"WATCH"}:
            return None
        if upper == b"VALUES":
            return InsertHead(_decode(head[:start]), "Values", end)
        if upper == b"FORMAT":
            _, form, _, form_end = next(words, ("", b"", 0, end))
            data = _DATA_FOLLOWS.match(text, form_end)
            return InsertHead(_decode(head[:start]), form.decode("ascii", "replace"), data.end() if data else form_end)
    return None


def output_format(sql: bytes) -> str | None:
    """Return the format that a query names itself (`… FORMAT CSV`), None when it names none."""
    words = [(kind, word) for kind, word, _, _ in _tokens(sql) if word != b";"]
    for index in range(len(words) - 2, -1, -1):
        kind, word = words[index]
        if kind == "name" and word.upper() == b"FORMAT" and words[index + 1][0] == "name":
            rest = words[index + 2 :]
            if not rest or rest[0][1].upper() == b"SETTINGS":
                return words[index + 1][1].decode("ascii", "replace")
    return None


def names_file(sql: bytes) -> bool:
    """Return whether a statement would read or write a file of its own choice (`INTO OUTFILE`, `FROM INFILE`)."""
    return any(kind == "name" and word.upper() in {b"OUTFILE", b"INFILE"} for kind, word, _, _ in _tokens(sql))


def is_empty(sql: bytes) -> bool:
    """Return whether a text has no statement, only space, comments and semicolons."""
    return all(word == b";" for _, word, _, _ in _tokens(sql))


def _tokens(text: bytes) -> Iterator[tuple[str, bytes, int, int]]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if match["space"] is None:
            kind = "text" if match["text"] is not None else kind
            yield kind, match[0], match.start(), match.end()


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape").rstrip()
