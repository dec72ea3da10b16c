"""One HTTP request of ClickHouse's interface, read from headers, URL and body into what the store acts on."""

from __future__ import annotations

import email.parser
import email.policy
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from ingest.store.codes import Code, refusal

# Parameters of the URL that are no settings of the engine.
_RESERVED = frozenset(
    """
    query database default_format compress decompress enable_http_compression session_id session_timeout
    session_check query_id user password wait_end_of_query buffer_size quota_key role client_protocol_version
    close_session http_zlib_compression_level stacktrace cancel_http_readonly_queries_on_client_close
    send_progress_in_http_headers http_headers_progress_interval_ms http_write_exception_in_output_format
    output_format_native_write_json_as_string
    """.split()  # noqa: SIM905  # a table reads better than a list of literals
)
_SETTING = re.compile(r"[A-Za-z_]\w*")
_ENGINES_OWN_DATABASE = "default"


@dataclass
class Request:
    """A parsed request; `body` is filled in when it has been read.

    Attributes:
        method: `GET`, `POST`, …
        path: Without the query string.
        headers: By name in lower case.
        parameters: Of the URL, reserved ones and all others.
        query_id: The client's, or a new one.
        body: Raw, as sent.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    parameters: dict[str, str]
    query_id: str
    body: bytes = b""

    @classmethod
    def of(cls, scope: Mapping[str, object]) -> Request:
        """Read an ASGI scope of type `http`.

        Raises:
            StoreError: The URL is not valid text.
        """
        raw: Iterable[tuple[bytes, bytes]] = scope["headers"]  # type: ignore[assignment]
        query_string: bytes = scope["query_string"]  # type: ignore[assignment]
        headers = {name.decode("latin1").lower(): value.decode("latin1") for name, value in raw}
        try:
            pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=500)
        except ValueError as error:
            raise refusal(Code.SYNTAX_ERROR, f"The URL's parameters cannot be read: {error}.") from None
        parameters = dict(pairs)
        query_id = parameters.get("query_id") or str(uuid.uuid4())
        if len(query_id) > 256 or not query_id.isprintable():  # it goes back in a header
            raise refusal(Code.SYNTAX_ERROR, "query_id must be at most 256 printable characters.")
        return cls(str(scope["method"]), str(scope["path"]), headers, parameters, query_id)

    @property
    def database(self) -> str | None:
        """The database that unqualified names are looked up in; None for the store's own."""
        name = self.parameters.get("database") or self.headers.get("x-clickhouse-database")
        # `default` is where the engine takes unknown names for files; nothing of ours is in it.
        return None if name == _ENGINES_OWN_DATABASE else name or None

    @property
    def default_format(self) -> str:
        """The format of a result whose query names none."""
        return self.headers.get("x-clickhouse-format") or self.parameters.get("default_format") or "TabSeparated"

    @property
    def settings(self) -> dict[str, str]:
        """All parameters that are settings of the engine.

        Raises:
            StoreError: One is not a name.
        """
        found = {}
        for name, value in self.parameters.items():
            if name in _RESERVED or name.startswith("param_"):
                continue
            if _SETTING.fullmatch(name) is None:
                raise refusal(Code.SYNTAX_ERROR, f"{name!r} is not the name of a setting.")
            found[name] = value
        return found

    @property
    def query_parameters(self) -> dict[str, str]:
        """The values of `{name:Type}` in the query, as they stand in the URL (`param_name=value`)."""
        found = {name: value for name, value in self.parameters.items() if name.startswith("param_")}
        for name in found:
            if _SETTING.fullmatch(name) is None:
                raise refusal(Code.SYNTAX_ERROR, f"{name!r} is not the name of a parameter.")
        return found

    @property
    def is_form(self) -> bool:
        """Whether the body is a form whose fields stand for parameters of the URL."""
        return self.headers.get("content-type", "").startswith("multipart/form-data")

    def take_form(self) -> None:
        """Move the fields of a form body to the parameters."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode("latin1")
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + self.body)
        for part in message.iter_parts():
            name = part.get_param("name", header="content-disposition")
            payload = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(payload, bytes):
                self.parameters[name] = text_of(payload)
        self.body = b""

    def refuse_unsupported(self) -> None:
        """Refuse what clients may ask of a server and this one does not do, rather than ignore it.

        Raises:
            StoreError: 48 or 372, with what to do instead.
        """
        for name in ("compress", "decompress"):
            if self.parameters.get(name) == "1":
                raise refusal(
                    Code.NOT_IMPLEMENTED,
                    f"{name}=1 (compressed blocks) is not available; use Content-Encoding and "
                    "enable_http_compression=1.",
                )
        if self.parameters.get("session_check") == "1":
            raise refusal(Code.SESSION_NOT_FOUND, "Sessions are not kept between requests.")


def text_of(raw: bytes) -> str:
    """Decode text of a client.

    Raises:
        StoreError: 62, it is not UTF-8 or has a zero byte.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise refusal(Code.SYNTAX_ERROR, f"The text is not valid UTF-8 at byte {error.start}.") from None
    if "\0" in text:
        raise refusal(Code.SYNTAX_ERROR, f"The text has a zero byte at {text.index(chr(0))}.")
    return text
