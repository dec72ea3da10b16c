"""What can go wrong with a spool, each as one line for a person."""

from __future__ import annotations

from viflux.errors import VifluxError


class SpoolFull(VifluxError):  # noqa: N818 - the name that callers speak of: the spool is full
    """A commit could not be written; nothing of it remains, and later commits may work."""


class SpoolLocked(VifluxError):  # noqa: N818 - as above
    """Another process writes this spool."""


class SpoolCorrupt(VifluxError):  # noqa: N818 - as above
    """The spool cannot be opened, and guessing would damage it: a newer format, or a folder that is not one."""
