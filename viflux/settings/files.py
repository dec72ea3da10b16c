"""Files that settings name: read when they are needed, so what is changed in them holds without a restart."""

from __future__ import annotations

from pathlib import Path

from viflux.errors import UsageError


def content_of(setting: str, path: Path) -> bytes:
    """Return what is in a file.

    Args:
        setting: The setting that names it, for the message.
        path: The file.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{setting}: {path} cannot be read: {error.strerror}; check the path and who may read it"
        ) from error


def password_in(setting: str, path: Path, user: str) -> str:
    """Return the password that a file holds, without the end of its line.

    Args:
        setting: The setting that names the file, for the message.
        path: The file.
        user: Whose password it is: a name, or the setting that has it.

    Raises:
        UsageError: It cannot be read, or is empty.
    """
    text = content_of(setting, path).decode(errors="replace").strip("\r\n")
    if not text:
        raise UsageError(f"{setting}: {path} is empty; write the password of {user} into it")
    return text
