"""The first code of each stage's process under `up`: give up what the stage must not have, then run its verb.

    python -m viflux.supervisor.child --parent PID … -- VERB FLAGS…

It imports nothing that could start a thread or read foreign input before the process is confined.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import os
import sys
from pathlib import Path

from viflux.confinement import become, confine, die_with_parent, drop_all_capabilities, keep_capabilities

GO = b"g"
"""What `up` writes to the stdin of a held child when that may run."""

_SET_NAME = 15  # PR_SET_NAME, linux/prctl.h
_UMASK = 0o027  # the others' group may read, nobody else


def main() -> None:
    """Confine this process as the flags say, and run the verb behind `--`; never returns."""
    flags, verb = _read_flags(sys.argv[1:])
    os.umask(_UMASK)
    if flags.user and (reason := become(flags.user, flags.must_read)) is not None:
        _fail(f"{verb[0]}: cannot run as {flags.user}: {reason}")
    die_with_parent(flags.parent)
    if flags.writable:
        report = confine(writable=flags.writable, readable=[Path("/")], tcp_connect=True)
        if report.missing and flags.tell_missing:
            sys.stderr.write(f"viflux: writing is not confined to the data folder: {report.missing}\n")
        drop_all_capabilities()
    else:
        keep_capabilities(flags.keep)
    ctypes.CDLL(None).prctl(_SET_NAME, f"viflux-{verb[0]}".encode(), 0, 0, 0)
    os.chdir("/")

    # Only now, confined: the frame and, through it, the stage.
    import click  # noqa: PLC0415

    from viflux import command  # noqa: PLC0415

    if flags.hold:
        command.viflux.get_command(click.Context(command.viflux), verb[0])
        for module in flags.load:
            importlib.import_module(module)
        _wait_for_go()
    sys.argv = ["viflux", *verb]
    command.main()


def _read_flags(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="viflux.supervisor.child", allow_abbrev=False)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--user")
    parser.add_argument("--keep", action="append", default=[], metavar="CAP_NAME")
    parser.add_argument("--writable", type=Path, action="append", default=[])
    parser.add_argument("--must-read", type=Path, action="append", default=[])
    parser.add_argument("--hold", action="store_true")
    parser.add_argument("--load", action="append", default=[], metavar="MODULE")
    parser.add_argument("--tell-missing", action="store_true")
    border = arguments.index("--")
    return parser.parse_args(arguments[:border]), arguments[border + 1 :]


def _wait_for_go() -> None:
    if os.read(0, 1) != GO:
        sys.exit(0)  # `up` has ended, or changed its mind
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _fail(reason: str) -> None:
    sys.stderr.write(f"viflux: {reason}\n")
    sys.exit(1)


if __name__ == "__main__":
    main()
