"""`viflux doctor`: what runs here, what does not, and what to do about it."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from viflux import output
from viflux.command import verb
from viflux.doctor.finding import COLUMNS, Finding
from viflux.errors import EXIT_FAILED, MissingPartError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from viflux.settings import Settings

EXAMINERS = (
    "collectors.doctor.examination:examine",
    "ingest.store.examination:examine",
    "analytics.examination:examine",
)
"""Who looks, in order: `(settings, findings so far) -> findings`; named by text, for the frame knows no stage."""

_TONES = {"ok": "green", "limited": "yellow", "missing": "red", "unknown": "yellow"}


@click.command()
@output.format_option
@verb()
def doctor(settings: Settings, form: str | None) -> None:
    """Tell what this host can run of what the settings ask for, what is missing, and what to do.

    It looks at the host (kernel, its types, capabilities, limits, clock, disk), and then tries: each program is loaded
    into the kernel as the agent would, with the agent's capabilities and by the agent's own code, attached to nothing,
    and taken out again; the store's engine is loaded in a process of its own; ports are bound and let go. Nothing stays
    and nothing is changed, and a running Viflux is only asked.

    Each line is of one thing:

    \b
      host     what the kernel, its limits and this machine are like
      agent    whether an agent runs on the data folder, and what it says
      probe    a program in the kernel (flow, drop, transit): profile, capabilities and kernel that it needs
      source   what agent.sources may name, and listeners of exports
      store    the embedded engine, or the server of store.url
      sli      a service-level indicator: from which profile on it has values

    and is in one state:

    \b
      ok       it runs here
      limited  it runs, and a part is missing
      missing  it does not run here
      unknown  it cannot be told from here; what is said beside it tells how to

    It asks as the user who calls it: as an ordinary user it tells what an agent of that user can do; to know what the
    agent does as root, call it as root. `wanted` is false for what the settings leave away (agent.sources,
    agent.profile, ebpf.probes, …): that is shown, and never a failure.

    Exit codes: 0 all that is wanted runs, perhaps limited; 1 something that is wanted is missing; 2 wrong use or wrong
    settings; 3 the native core is not built.

    \b
    Examples:
      viflux doctor                                    what is here
      viflux doctor --set agent.profile=counters       whether that runs without programs in the kernel
      viflux doctor --format jsonl | grep '"missing"'  for a script
    """  # noqa: D301 - click reads the backspace
    findings: list[Finding] = []
    for place in EXAMINERS:
        findings += _examiner(place)(settings, findings)
    chosen = output.chosen(form)
    if chosen == "table":
        _print(findings)
    elif chosen == "arrow":
        _write_arrow(findings)
    else:
        columns = [output.Column(name) for name in COLUMNS]
        rows = ([getattr(one, name) for name in COLUMNS] for one in findings)
        output.write_rows(columns, rows, chosen)
    lost = [f"{one.kind} {one.name}" for one in findings if one.wanted and one.state == "missing"]
    if os.geteuid() != 0:
        click.echo("asked as an ordinary user; what an agent of root can do here is told when root asks", err=True)
    if lost:
        click.echo(f"missing and wanted: {', '.join(lost)}", err=True)
        sys.stdout.flush()
        sys.exit(EXIT_FAILED)


def _examiner(place: str) -> Callable[[Settings, Sequence[Finding]], list[Finding]]:
    module, _, attribute = place.partition(":")
    try:
        examine: Callable[[Settings, Sequence[Finding]], list[Finding]]
        examine = getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise MissingPartError(f"{module} cannot be loaded: {error}; `make build` builds what is missing") from error
    return examine


def _write_arrow(findings: Sequence[Finding]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - only for who asks for it

    table = pa.Table.from_pylist([asdict(one) for one in findings])
    with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
        stream.write_table(table)


def _print(findings: Sequence[Finding]) -> None:
    """Print what was found: one line each, and below it what it needs and what is to be done."""
    width = max(len(one.name) for one in findings)
    for one in findings:
        state: Any = click.style(f"{one.state:<8}", fg=_TONES[one.state], bold=one.state == "missing")
        aside = "" if one.wanted else " (not asked for by the settings)"
        click.echo(f"{state} {one.kind:<7} {one.name:<{width}}  {one.found}{aside}")
        indent = " " * (8 + 1 + 7 + 1 + width + 2)
        needs = ", ".join(filter(None, (f"profile {one.profile}" if one.profile else "", one.needs)))
        if needs:
            click.echo(f"{indent}needs {needs}")
        if one.remedy:
            click.echo(f"{indent}do: {one.remedy}")
