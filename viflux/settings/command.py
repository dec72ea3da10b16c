"""`viflux config`: show the settings that hold here and where each came from, or check a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import msgspec

from viflux.settings.load import ENVIRONMENT_PREFIX, leaves, load, value_at
from viflux.settings.schema import Settings


@click.group()
def config() -> None:
    """Show or check the settings."""


def _options(function: Any) -> Any:
    for option in (
        click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Any setting, by its path."),
        click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder for all data."),
        click.option("--config", "file", type=click.Path(path_type=Path, dir_okay=False), help="Settings file (TOML)."),
    ):
        function = option(function)
    return function


@config.command()
@_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object: path to value, origin, variable, meaning.")
def show(file: Path | None, data_dir: Path | None, assignments: tuple[str, ...], *, as_json: bool) -> None:
    """Print every setting: its value, where the value came from, its variable, its meaning."""
    settings, origins = load(config=file, data_dir=data_dir, assignments=assignments)
    rows = {}
    for path, _, _, meaning in leaves(Settings):
        rows[path] = {
            "value": _text(value_at(settings, path)),
            "origin": origins.get(path, "default"),
            "variable": ENVIRONMENT_PREFIX + path.replace(".", "_").upper(),
            "meaning": meaning,
        }
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
        return
    width = max(len(path) for path in rows)
    for path, row in rows.items():
        origin = "" if row["origin"] == "default" else f"  (from {row['origin']})"
        click.echo(f"{path:<{width}}  {row['value']}{origin}")
        click.echo(f"{'':<{width}}  {row['meaning']}; {row['variable']}")


@config.command()
@_options
def check(file: Path | None, data_dir: Path | None, assignments: tuple[str, ...]) -> None:
    """Read the settings and say whether they are right; exit code 2 and the key's path if not."""
    _, origins = load(config=file, data_dir=data_dir, assignments=assignments, environment=os.environ)
    click.echo(f"settings are valid; {len(origins)} differ from the defaults", err=True)


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_json_text(key)} = {_json_text(part)}' for key, part in value.items())}}}"
    if isinstance(value, tuple) and any(isinstance(part, msgspec.Struct) for part in value):
        return f"[{', '.join(_inline_table(part) for part in value)}]"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _inline_table(value: msgspec.Struct) -> str:
    known = {name: part for name, part in msgspec.structs.asdict(value).items() if part is not None}
    return f"{{{', '.join(f'{name} = {_json_text(part)}' for name, part in known.items())}}}"


def _json_text(value: Any) -> str:
    """Return a value as JSON writes it, which TOML reads alike."""
    return msgspec.json.encode(value).decode()
