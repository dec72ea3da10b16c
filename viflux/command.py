"""The command frame: finds a verb by name, reads the settings, and turns errors into one line and an exit code."""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from viflux import __version__, logs
from viflux.errors import VifluxError
from viflux.settings import Settings, load
from viflux.verbs import VERBS


class _Verbs(click.Group):
    """A click group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the verbs in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module of a verb; None for an unknown one."""
        if cmd_name not in VERBS:
            return None
        module, _, attribute = VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the verbs without importing any of them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="viflux")
def viflux() -> None:
    """Flow observability for virtual interfaces.

    `viflux up` runs everything on this host; the page is then at http://127.0.0.1:8686/.

    Exit codes: 0 done, 1 failed, 2 wrong use, 3 a real part is missing.
    """


def verb(stage: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the flags that every verb has, and its first argument: the settings.

    Args:
        stage: Name for the log lines; the command's own name by default.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings file (TOML).")
        @click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder for all data.")
        @click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Any setting, by its path.")
        @functools.wraps(function)
        def command(
            *args: Any, config: Path | None, data_dir: Path | None, assignments: tuple[str, ...], **kwargs: Any
        ) -> None:
            settings, _ = load(config=config, data_dir=data_dir, assignments=assignments)
            logs.configure(settings.log.level, settings.log.form, stage or function.__name__)
            try:
                function(settings, *args, **kwargs)
                sys.stdout.flush()
            except BrokenPipeError:
                # Whoever read the rows has seen enough. click would make an error of it, and Python another at exit.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                sys.exit(0)

        return command

    return decorate


def flags_of(settings: Settings, context: click.Context) -> list[str]:
    """Return the flags that give a child process the same settings as this one was started with."""
    flags = ["--data-dir", str(settings.data_dir)]
    if config := context.params.get("config"):
        flags += ["--config", str(Path(config).absolute())]
    for assignment in context.params.get("assignments", ()):
        flags += ["--set", assignment]
    return flags


def main() -> NoReturn:
    """Run the command line; every expected error is one line on stderr."""
    try:
        viflux.main(prog_name="viflux", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        message = error.format_message().rstrip(".")
        context = getattr(error, "ctx", None)
        see = f"; see `{context.command_path} --help`" if context is not None else ""
        click.echo(f"viflux: {message}{see}", err=True)
        sys.exit(error.exit_code)
    except VifluxError as error:
        click.echo(f"viflux: {error}", err=True)
        sys.exit(error.exit_code)
    sys.exit(0)
