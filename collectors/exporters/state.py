"""What a restart must know of exporters, as one file: templates, sampling rates, sequence numbers, names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viflux.supervisor.folder import replace_file

if TYPE_CHECKING:
    from pathlib import Path


class StateFile:
    """The state of one source.

    It is replaced in one step and not synced: after a loss of power an older one, or none, will do, since exporters
    tell everything again. The native core checks what it reads.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes | None:
        """Return what was written last; None where there is nothing that can be read."""
        try:
            return self.path.read_bytes()
        except OSError:
            return None

    def write(self, state: bytes) -> None:
        """Replace the file.

        Raises:
            OSError: The file is as it was.
        """
        self.path.parent.mkdir(mode=0o750, exist_ok=True)
        replace_file(self.path, state, 0o640, sync=False)
