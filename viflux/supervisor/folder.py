"""The data folder before any stage runs: its version, the lock of `up`, and who owns which part of it."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from viflux.confinement import become
from viflux.errors import VifluxError
from viflux.forked import told_by_child
from viflux.paths import DataPaths

FORMAT = 1
"""Version of the layout in `viflux.paths`; raised when an older program could not read what a newer one wrote."""

_LOCK_WAIT_SECONDS = 5.0


@dataclass(frozen=True)
class Owner:
    """Whom the stages other than the agent run as; `name` is None where they keep the user of `up`."""

    name: str | None
    uid: int
    gid: int

    @classmethod
    def of_this_process(cls) -> Owner:
        """The user that `up` runs as."""
        return cls(None, os.geteuid(), os.getegid())


def require_format(paths: DataPaths) -> None:
    """Make the folder if it is missing, and refuse one that a newer version wrote.

    Raises:
        VifluxError: The folder is of a newer version, holds something else, or cannot be written.
    """
    try:
        paths.root.mkdir(mode=0o750, parents=True, exist_ok=True)
        try:
            text = paths.format.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            _require_ours(paths)
            _write_whole(paths.format, f"{FORMAT}\n")
            return
    except UnicodeDecodeError:
        text = "binary data"
    except OSError as error:
        raise unwritable(paths.root, error) from error
    if not text.isdigit():
        raise VifluxError(f"{paths.format}: expected the version of the data layout, got {text[:40]!r}; restore the "
                          f"file with `echo {FORMAT}`, or use another folder with --data-dir")  # fmt: skip
    if int(text) > FORMAT:
        raise VifluxError(
            f"{paths.root}: written by a newer Viflux (layout {text}, this one knows up to {FORMAT}); "
            "install that version again, or use another folder with --data-dir"
        )


def lock(paths: DataPaths) -> int:
    """Take the lock of `up`; it is held until this process ends, however it ends.

    Returns:
        The descriptor that holds it.

    Raises:
        VifluxError: Another `up` holds it, or the folder cannot be written.
    """
    try:
        paths.run.mkdir(mode=0o750, exist_ok=True)
        descriptor = os.open(paths.run / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        deadline = time.monotonic() + _LOCK_WAIT_SECONDS
        while not _try_lock(descriptor):
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            # A holder that was just killed gives the lock back within moments.
            if time.monotonic() > deadline or is_running(holder):
                raise VifluxError(
                    f"{paths.root}: another `viflux up` (pid {holder or 'unknown'}) runs on this data folder; "
                    "stop it, or use another folder with --data-dir"
                )
            time.sleep(0.02)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise unwritable(paths.root, error) from error
    return descriptor


def is_running(pid: str) -> bool:
    """Return whether a process with this id exists and has not ended."""
    try:
        text = Path(f"/proc/{int(pid)}/stat").read_text(encoding="ascii", errors="replace")
    except (OSError, ValueError):
        return False
    return text.rpartition(")")[2].split()[0] not in {"Z", "X"}


def hand_over(paths: DataPaths, owner: Owner) -> None:
    """Give each part of the folder to the user that writes it, so that no stage needs a capability for its files.

    | part | owner | mode | so that |
    |---|---|---|---|
    | the folder, `spool/`, `agent/`, `exporters/` | user of `up` : group of the others | 2750 | the agent writes |
    | `run/` | the same | 3770 | both make sockets and locks, and neither removes the other's |
    | `shipper/`, `processor/`, `deadletter/` | the others | 2750 | they write, the agent reads through the group |
    | `store/`, `run/*.key` | the others | 2700, 0600 | only the store and its writers read |

    Files of an earlier start under another user are given over too; hard links are left alone, since one could
    lead to a file outside.

    Raises:
        VifluxError: The folder cannot be written, or is another user's.
    """
    this = Owner.of_this_process()
    try:
        others = (paths.shipper, paths.processor, paths.deadletter)
        for folder in (paths.spool, paths.agent, paths.exporters, *others, paths.store, paths.run):
            folder.mkdir(mode=0o750, exist_ok=True)
        if this.uid == 0:
            _give(paths.root, this.uid, owner.gid, 0o2750)
            _give_all(paths.spool, this.uid, owner.gid, 0o2750)
            _give_all(paths.agent, this.uid, owner.gid, 0o2750)
            _give_all(paths.exporters, this.uid, owner.gid, 0o2750)
            _give(paths.run, this.uid, owner.gid, 0o3770)
            for folder in others:
                _give_all(folder, owner.uid, owner.gid, 0o2750)
            _give_all(paths.store, owner.uid, owner.gid, 0o2700)
        _sweep_run(paths, owner, may_give=this.uid == 0)
        probe = paths.run / "up.probe"
        _write_whole(probe, "x" * 4096)
        probe.unlink()
    except OSError as error:
        raise unwritable(paths.root, error) from error


def why_unusable(user: str, must_read: Sequence[Path]) -> str | None:
    """Return why the stages cannot run as a user, for one line; None when they can. A short-lived child tries it."""

    def become_it(tell: Callable[[bytes], object]) -> None:
        reason = "the trial was cut short"
        try:
            reason = become(user, must_read) or ""
        except OSError as error:
            reason = f"the kernel refused the change to user {user}: {error.strerror}"
        finally:
            tell(reason.encode())

    return told_by_child(become_it)[0].decode() or None


def owner_named(user: str) -> Owner | None:
    """Return a user with its primary group; None where there is no such user."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return None
    return Owner(user, entry.pw_uid, entry.pw_gid)


def replace_file(path: Path, data: bytes, mode: int, *, sync: bool) -> None:
    """Replace a file in one step; what another user may have put in the way of the step is not followed.

    Raises:
        OSError: The file is as it was.
    """
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def unwritable(root: Path, error: OSError) -> VifluxError:
    """Return the one line for a data folder that refuses what `up` writes, or for a disk that takes no more."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return VifluxError(f"{root}: the disk is full; free some space, or use another folder with --data-dir")
    if error.errno == errno.EROFS:
        return VifluxError(f"{root}: the file system is read-only; use another folder with --data-dir")
    where = error.filename or root
    return VifluxError(
        f"{root}: the data folder cannot be written ({where}: {error.strerror}); "
        "give it to this user, or use another folder with --data-dir"
    )


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _require_ours(paths: DataPaths) -> None:
    # Owners and modes of the folder are about to be set: never those of a folder that holds something else.
    folders = (paths.spool, paths.exporters, paths.processor, paths.deadletter, paths.store, paths.run)
    ours = {path.name for path in folders}
    known = ours | {"lost+found", f"{paths.format.name}.fresh"}
    if foreign := sorted(entry.name for entry in paths.root.iterdir() if entry.name not in known):
        raise VifluxError(
            f"{paths.root}: holds {foreign[0]!r} and is no data folder of Viflux; name an empty or a new folder with "
            "--data-dir"
        )


def _write_whole(path: Path, text: str) -> None:
    replace_file(path, text.encode(), 0o644, sync=True)


def _give(path: Path, uid: int, gid: int, mode: int) -> None:
    now = path.lstat()
    if (now.st_uid, now.st_gid) != (uid, gid):
        os.chown(path, uid, gid, follow_symlinks=False)
    if stat.S_IMODE(now.st_mode) != mode:
        path.chmod(mode)


def _give_all(folder: Path, uid: int, gid: int, mode: int) -> None:
    for _, folders, files, descriptor in os.fwalk(folder):
        for name in (*folders, *files):
            now = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            is_alone = stat.S_ISDIR(now.st_mode) or now.st_nlink == 1
            if (now.st_uid, now.st_gid) != (uid, gid) and is_alone:
                os.chown(name, uid, gid, dir_fd=descriptor, follow_symlinks=False)
    _give(folder, uid, gid, mode)


def _sweep_run(paths: DataPaths, owner: Owner, *, may_give: bool) -> None:
    """Remove the sockets of processes that have ended; open keys and locks to the user of this start."""
    for entry in sorted(paths.run.iterdir()):
        if entry.is_symlink() or entry.name.startswith("up."):
            continue
        if entry.is_socket():
            entry.unlink()
        elif may_give and entry.suffix == ".key":
            _give(entry, owner.uid, owner.gid, 0o600)
        elif may_give and entry.is_file() and entry.lstat().st_nlink == 1:
            # In a sticky folder the kernel may refuse to open another user's file (fs.protected_regular).
            _give(entry, 0 if entry.name.startswith("agent") else owner.uid, owner.gid, 0o660)
