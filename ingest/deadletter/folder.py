"""Dead letters in the folder `deadletter/`: per letter a `.json`, and the bytes as `.frame`."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from ingest.deadletter.home import Room, tell
from ingest.deadletter.letter import Letter, letter_of
from ingest.processor.intent import Exclusion
from viflux import logs
from viflux.errors import VifluxError
from viflux.spool import Damaged, Entry
from viflux.spool.durable import replace_file, sync_folder


class FolderLetters:
    """The folder; see `DeadLetters` for what its members promise."""

    def __init__(self, folder: Path) -> None:
        self.place = str(folder)
        self._folder = folder
        self._room: Room | None = None

    def put(self, item: Entry | Damaged, exclusion: Exclusion, now_ns: int, source: str) -> None:
        """Keep a letter; an earlier one of the same name keeps its time.

        Raises:
            OSError: It could not be written.
        """
        letter, data = letter_of(item, exclusion, now_ns, source)
        path = self._path(letter.name)
        if path.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        room = self._room
        if room is None or not room.fits(len(data)):
            # Somebody may have removed some since.
            room = self._room = self._counted()
        if not room.fits(len(data)):
            letter = msgspec.structs.replace(letter, bytes_kept=False)
        if letter.bytes_kept:
            replace_file(path.with_suffix(".frame"), data)
        if room.names():
            replace_file(path, msgspec.json.format(msgspec.json.encode(letter), indent=2))
        room.letters += 1
        room.bytes += len(data) if letter.bytes_kept else 0
        tell(letter, self.place)

    def letters(self) -> list[Letter]:
        """Return all letters; a file that is none is passed over with a warning."""
        found = []
        try:
            paths = sorted(self._folder.glob("*.json"))
        except OSError as error:
            raise VifluxError(f"{self._folder}: cannot be read: {error.strerror}; run as the folder's owner") from error
        for path in paths:
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=Letter))
            except FileNotFoundError:
                continue  # removed meanwhile
            except PermissionError as error:
                raise VifluxError(f"{path}: cannot be read: {error.strerror}; run as the folder's owner") from error
            except (OSError, msgspec.MsgspecError) as error:
                logs.get("deadletter").warning("a file is no dead letter", file=str(path), reason=str(error))
        return sorted(found, key=lambda letter: letter.order)

    def data(self, letter: Letter) -> bytes | None:
        """Return the bytes of a letter; None where they were not kept."""
        try:
            return self._path(letter.name).with_suffix(".frame").read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise VifluxError(f"{error.filename}: cannot be read: {error.strerror}") from error

    def remove(self, letter: Letter) -> None:
        """Remove a letter: its bytes first, so that none are left without a name."""
        path = self._path(letter.name)
        try:
            path.with_suffix(".frame").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            sync_folder(self._folder)
        except OSError as error:
            raise VifluxError(f"{path}: cannot be removed: {error.strerror}; run as the folder's owner") from error

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _counted(self) -> Room:
        room = Room()
        for entry in os.scandir(self._folder):
            room.letters += entry.name.endswith(".json")
            room.bytes += entry.stat().st_size if entry.name.endswith(".frame") else 0
        return room
