"""Kept statements: baselines whose segments were removed, one small file a stream in the form of a segment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, unquote

from viflux.spool import segment
from viflux.spool.durable import replace_file, sync_folder
from viflux.spool.segment import Damage, Header
from viflux.spool.statements import KEPT, Reference, Statements

_SUFFIX = ".kept"


class KeptStatements:
    """The folder of kept statements.

    A kept file's header has the number of the last removed segment that it stands for, so a crash between the copy and
    the removal shows the same frames twice and they are taken once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def path_of(self, stream: str) -> Path:
        """Return a stream's kept file."""
        return self._folder / f"{quote(stream, safe='')}{_SUFFIX}"

    def total_bytes(self) -> int:
        """Return the size of all kept files."""
        return sum(entry.stat().st_size for entry in os.scandir(self._folder))

    def load(self, statements: Statements) -> dict[str, int]:
        """Tell `statements` what is kept; return for each stream the last segment that its kept file stands for.

        A damaged kept file stands for nothing: its baseline is read anew by the agent.
        """
        covers: dict[str, int] = {}
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            stream = unquote(path.name.removesuffix(_SUFFIX))
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                header, first = segment.read_header(descriptor, path)
                found = list(segment.walk(descriptor, first, os.fstat(descriptor).st_size, check=True))
            except segment.HeaderError:
                continue
            finally:
                os.close(descriptor)
            if any(isinstance(item, Damage) for item in found):
                continue
            for item in found:
                if not isinstance(item, Damage):
                    reference = Reference(KEPT, item.offset, item.length, item.metadata.sequence)
                    statements.add(stream, item.metadata.statement, reference)
            covers[stream] = header.number
        return covers

    def keep(
        self, stream: str, spool_id: str, number: int, frames: Sequence[tuple[Reference, bytes]]
    ) -> dict[Reference, Reference]:
        """Write a stream's kept file durably; return where each frame lies now.

        Args:
            stream: The stream.
            spool_id: The spool.
            number: The segment that is about to be removed.
            frames: What the file shall hold, in order.
        """
        header = segment.encode_header(Header(spool_id=spool_id, number=number, next_sequence={}))
        moved: dict[Reference, Reference] = {}
        offset = len(header)
        for reference, data in frames:
            moved[reference] = Reference(KEPT, offset, len(data), reference.sequence)
            offset += len(data)
        replace_file(self.path_of(stream), b"".join((header, *(data for _, data in frames))))
        return moved

    def forget_unused(self, statements: Statements) -> None:
        """Remove kept files that no baseline needs any more."""
        removed = False
        for path in self._folder.glob(f"*{_SUFFIX}"):
            if not statements.uses_kept(unquote(path.name.removesuffix(_SUFFIX))):
                path.unlink(missing_ok=True)
                removed = True
        if removed:
            sync_folder(self._folder)
