"""The spool: a durable, bounded log of batches on disk, with one writer and readers that never hold it up."""

from viflux.frame import STATEMENT_BEGINS, STATEMENT_ENDS, Batch, Frame, Unread
from viflux.spool.errors import SpoolCorrupt, SpoolFull, SpoolLocked
from viflux.spool.losses import Loss
from viflux.spool.position import START, Position, ReaderState
from viflux.spool.reader import Damaged, Entry, Hole, SpoolReader
from viflux.spool.writer import SpoolWriter

__all__ = [
    "START",
    "STATEMENT_BEGINS",
    "STATEMENT_ENDS",
    "Batch",
    "Damaged",
    "Entry",
    "Frame",
    "Hole",
    "Loss",
    "Position",
    "ReaderState",
    "SpoolCorrupt",
    "SpoolFull",
    "SpoolLocked",
    "SpoolReader",
    "SpoolWriter",
    "Unread",
]
