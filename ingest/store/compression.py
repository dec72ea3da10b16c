"""HTTP content codings: bounded when a body is unpacked, piece by piece when an answer is packed."""

from __future__ import annotations

import zlib
from typing import Protocol

import lz4.frame
import zstandard

from ingest.store.codes import Code, refusal

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_STEP_BYTES = 4 << 10


class Packer(Protocol):
    """Packs the pieces of one answer."""

    def pack(self, piece: bytes) -> bytes:
        """Return the packed form of a piece, complete enough to be read at once."""
        ...

    def end(self) -> bytes:
        """Return what closes the stream."""
        ...


class Plain:
    """No content coding."""

    def pack(self, piece: bytes) -> bytes:
        """Return the piece."""
        return piece

    def end(self) -> bytes:
        """Return nothing."""
        return b""


class _Zlib:
    def __init__(self, window: int) -> None:
        self._stream = zlib.compressobj(1, zlib.DEFLATED, window)

    def pack(self, piece: bytes) -> bytes:
        return self._stream.compress(piece) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._stream.flush()


class _Zstandard:
    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor(level=1).compressobj()

    def pack(self, piece: bytes) -> bytes:
        return self._stream.compress(piece) + self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def end(self) -> bytes:
        return self._stream.flush()


class _Lz4:
    def __init__(self) -> None:
        self._stream = lz4.frame.LZ4FrameCompressor(auto_flush=True)
        self._head = self._stream.begin()

    def pack(self, piece: bytes) -> bytes:
        head, self._head = self._head, b""
        return bytes(head + self._stream.compress(piece))

    def end(self) -> bytes:
        head, self._head = self._head, b""
        return bytes(head + self._stream.flush())


def packer_for(accept_encoding: str) -> tuple[str | None, Packer]:
    """Choose the coding of an answer: the quickest that the client takes.

    Args:
        accept_encoding: The header; empty when the client did not ask for compression.

    Returns:
        The value of `Content-Encoding`, None for none; and its packer.
    """
    accepted = {part.partition(";")[0].strip() for part in accept_encoding.lower().split(",")}
    if "lz4" in accepted:
        return "lz4", _Lz4()
    if "zstd" in accepted:
        return "zstd", _Zstandard()
    if "gzip" in accepted:
        return "gzip", _Zlib(_GZIP_WINDOW)
    if "deflate" in accepted:
        return "deflate", _Zlib(zlib.MAX_WBITS)
    return None, Plain()


def unpack(body: bytes, coding: str, most_bytes: int) -> bytes:
    """Undo a request's content coding.

    Raises:
        StoreError: 131 when it is longer than `most_bytes`, 271 when it is damaged or cut, 48 for an unknown coding.
    """
    try:
        match coding.lower().strip():
            case "" | "identity":
                return body
            case "gzip":
                return _inflate(body, _GZIP_WINDOW, most_bytes)
            case "deflate":
                return _inflate(body, zlib.MAX_WBITS, most_bytes)
            case "zstd":
                return _unzstd(body, most_bytes)
            case "lz4":
                return _unlz4(body, most_bytes)
    except (zlib.error, zstandard.ZstdError, RuntimeError, EOFError) as error:
        raise refusal(Code.CANNOT_DECOMPRESS, f"The body is not valid {coding}: {error}.") from None
    raise refusal(Code.NOT_IMPLEMENTED, f"Content-Encoding {coding} is not available; use lz4, zstd, gzip or deflate.")


def _inflate(body: bytes, window: int, most_bytes: int) -> bytes:
    stream = zlib.decompressobj(window)
    data = stream.decompress(body, most_bytes + 1)
    _check_length(len(data), most_bytes)
    if not stream.eof:
        raise EOFError("it is cut")
    return data


def _unzstd(body: bytes, most_bytes: int) -> bytes:
    # Small steps: one step of input unpacks to at most a few tens of megabytes before the length is looked at.
    stream = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    parts, total = [], 0
    for start in range(0, len(body), _STEP_BYTES):
        part = stream.decompress(body[start : start + _STEP_BYTES])
        parts.append(part)
        total += len(part)
        _check_length(total, most_bytes)
    if not stream.eof:
        raise EOFError("it is cut")
    return b"".join(parts)


def _unlz4(body: bytes, most_bytes: int) -> bytes:
    stream = lz4.frame.LZ4FrameDecompressor()
    data = bytes(stream.decompress(body, max_length=most_bytes + 1))
    _check_length(len(data), most_bytes)
    if not stream.eof:
        raise EOFError("it is cut")
    return data


def _check_length(length: int, most_bytes: int) -> None:
    if length > most_bytes:
        raise refusal(
            Code.TOO_LARGE_STRING_SIZE,
            f"The body is longer than {most_bytes} bytes; send smaller inserts or raise store.max_insert_bytes.",
        )
