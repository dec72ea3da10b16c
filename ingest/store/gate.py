"""The statement gate: what a reader may ask, judged by the engine's own parser before anything runs.

It is one of four layers; none is enough alone. Grants do not cover the scalar function `file`, `readonly` does not
cover `INTO OUTFILE`, no syntax tree shows SQL inside a setting, and Landlock knows nothing of tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ingest.store.codes import Code, StoreError, refusal
from ingest.store.configuration import SYSTEM_TABLES, TABLE_ENGINES
from ingest.store.engine import Class, Handle
from viflux.registry.rollups import ROLLUPS

# Table functions that make rows out of nothing, or of queries that are in the tree themselves.
ALLOWED_TABLE_FUNCTIONS = frozenset(
    """
    format generaterandom generateseries generate_series null numbers numbers_mt primes sqlstandardvalues
    values view viewexplain viewifpermitted zeros zeros_mt
    """.split()  # noqa: SIM905  # a table reads better than a list of literals
)
# They stand where a table function stands; what they read is in their definition, and under the reader's grants.
_VIEWS_WITH_PARAMETERS = frozenset(f"{kind}_over" for kind in ROLLUPS)
# Scalar functions that read files, ask a name server or a model, call out, or look into the process. The engine writes
# their names in several ways of case, so they are compared in lower case.
DENIED_FUNCTIONS = frozenset(
    """
    file reversednsquery catboostevaluate modelevaluate getclienthttpheader showcertificate logtrace
    generateserialid addresstoline addresstolinewithinlines addresstosymbol structuretocapnprotoschema
    structuretoprotobufschema filesystemavailable filesystemcapacity filesystemunreserved zookeepersessionuptime
    fuzzquery
    """.split()  # noqa: SIM905  # a table reads better than a list of literals
)
# Refused wherever a call may stand, not only behind FROM: the engine resolves some table functions early, and `sqlite`
# makes its file before any grant is checked.
DENIED_CALLS = DENIED_FUNCTIONS | {
    "eval",
    "python",
    "sqlite",
    "url",
    "remote",
    "remotesecure",
    "executable",
    "arrowstream",
}

_AI = re.compile(r"ai(classify|embed|extract|filter|generate|redact|similarity|translate)")

_SYSTEM_TABLES = frozenset(SYSTEM_TABLES)
_DATABASE_ENGINES = ("Atomic", "Memory")

# A line of the tree is an indented node; anything else means that the text is not the tree that was asked for.
_TREE = re.compile(r"[A-Z]\w+")
_FUNCTION = re.compile(r"(?:^|\n) *Function ([^\s(]+)")
_TABLE_FUNCTION = re.compile(r"(?:^|\n)( *)TableExpression [^\n]*\n\1 Function ([^\s(]+)")
_IDENTIFIER = re.compile(r"(?:^|\n) *Identifier ([^\s(]+)")
_SYSTEM_TABLE = re.compile(r"(?:^|\n) *(?:Table)?Identifier system\.(\w+)")
_STORAGE = re.compile(r"\n *Storage definition [^\n]*\n *Function (\w+)")
_WORD = re.compile(r"\w+")

# Here the tree does not show the functions: `APPLY` keeps a bare name, and these settings hold SQL as text.
_HIDES_IN_TREE = re.compile(r"ColumnsApplyTransformer")
_HIDES_IN_TEXT = re.compile(r"additional_table_filters|additional_result_filter", re.IGNORECASE)

_ENGINE_POSITION = re.compile(r"position (\d+)")
_EXPLAIN = "EXPLAIN AST "


def check_class(found: tuple[Class, int], user: str, may_write: bool) -> None:
    """Refuse what is not one statement, and for a reader what is not a pure read.

    Args:
        found: Class and count, from `Engine.classify`.
        user: Name, for the message.
        may_write: Whether this request may do more than read.

    Raises:
        StoreError: 62 for more than one statement, 164 for a statement that is not read-only.
    """
    kind, count = found
    if count > 1:
        raise refusal(Code.SYNTAX_ERROR, f"Multi-statements are not allowed: expected one statement, got {count}.")
    if not may_write and kind not in {Class.READ_ONLY, Class.UNKNOWN}:
        raise refusal(Code.READONLY, f"{user}: Cannot execute query in readonly mode ({kind.name.lower()}).")


def check_tree(handle: Handle, sql: str, settings: Mapping[str, str]) -> None:
    """Refuse a reader's statement whose syntax tree names what it may not use.

    Args:
        handle: The request's own handle, confined to reading, with the parameters set.
        sql: One statement of class `READ_ONLY`.
        settings: The settings of the request's URL.

    Raises:
        StoreError: 497 with the name; 62 and others of the parser.
    """
    try:
        tree = handle.query(_EXPLAIN + sql, "TSVRaw").body.decode("utf-8", "replace")
    except StoreError as error:
        raise _moved_back(error) from None
    if _TREE.match(tree) is None:
        raise refusal(Code.ACCESS_DENIED, "The statement cannot be checked.")
    for _, name in _TABLE_FUNCTION.findall(tree):
        if name.lower() not in ALLOWED_TABLE_FUNCTIONS and name.rpartition(".")[2] not in _VIEWS_WITH_PARAMETERS:
            raise _denied(f"Table function {name}")
    # This engine hands out its system tables whatever the grants say, so these names are checked here.
    for name in _SYSTEM_TABLE.findall(tree):
        if name not in _SYSTEM_TABLES:
            raise _denied(f"Table system.{name}")
    # A bare name can be a function, too: `arrayMap(file, …)`.
    calls = [*_FUNCTION.findall(tree), *(name for name in _IDENTIFIER.findall(tree) if _denies(name, False))]
    for name in calls:
        if _denies(name, True):
            raise _denied(f"Function {name}")
    hidden = [sql] if _HIDES_IN_TREE.search(tree) or _HIDES_IN_TEXT.search(sql) else []
    _check_hidden([*hidden, *(value for name, value in settings.items() if _HIDES_IN_TEXT.search(name))])


def _check_hidden(texts: list[str]) -> None:
    """Refuse by its words what the tree does not show."""
    for text in texts:
        if "\\" in text:
            raise refusal(Code.ACCESS_DENIED, "APPLY and SQL in settings are not available with escape sequences.")
        for word in _WORD.findall(text):
            if _denies(word, True):
                raise _denied(f"Function {word}")
            if word.lower() == "system":
                raise _denied("Database system in settings or beside APPLY")


def check_storage(handle: Handle, sql: str) -> None:
    """Refuse a definition whose table or database would reach outside the data folder; the writer's, too.

    Args:
        handle: The request's own.
        sql: One statement that begins with CREATE, ATTACH or REPLACE.

    Raises:
        StoreError: 497 with the engine's name; 62 and others of the parser.
    """
    try:
        tree = handle.query(_EXPLAIN + sql, "TSVRaw").body.decode("utf-8", "replace")
    except StoreError as error:
        raise _moved_back(error) from None
    for name in _STORAGE.findall(tree):
        if name not in (*TABLE_ENGINES, *_DATABASE_ENGINES):
            raise refusal(Code.ACCESS_DENIED, f"Engine {name} is not available: it would reach outside the store.")


def _denies(name: str, is_call: bool) -> bool:
    lower = name.lower()
    return lower in (DENIED_CALLS if is_call else DENIED_FUNCTIONS) or _AI.fullmatch(lower) is not None


def _denied(what: str) -> StoreError:
    return refusal(Code.ACCESS_DENIED, f"{what} is not available to readers.")


def _moved_back(error: StoreError) -> StoreError:
    # The parser counted from the start of EXPLAIN; the client knows only its own text.
    def earlier(match: re.Match[str]) -> str:
        return f"position {max(1, int(match[1]) - len(_EXPLAIN))}"

    return StoreError(error.code, _ENGINE_POSITION.sub(earlier, error.message, count=1))
