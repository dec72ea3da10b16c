"""Options that `viflux flows` and `viflux drops` have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from viflux import output

Command = TypeVar("Command", bound=Callable[..., Any])

_FILTERS = (
    click.option(
        "--vif", default="", metavar="VIF", help="Only this VIF: its id, name, NAMESPACE/NAME, or lineage (vif_key)."
    ),
    click.option("--pair", is_flag=True, help="With --vif: the other end of its pair, too."),
    click.option("--workload", default="", metavar="NAME", help="Only VIFs of this workload."),
    click.option("--host", default="", metavar="HOST", help="Only this host."),
    click.option(
        "--peer",
        default="",
        metavar="PEER",
        help="Only with this peer: an address, a network, or a name in the setting networks.",
    ),
    click.option(
        "--port", default="", metavar="PORT", help="Only this service's port: the lower of both, or its name."
    ),
    click.option("--protocol", default="", metavar="PROTOCOL", help="Only this IP protocol, by name or number."),
    click.option(
        "--exporter", default="", metavar="WHO", help="Only told by this address, or kind of source such as ebpf."
    ),
)
_SPAN = (
    click.option("--last", metavar="DURATION", help="How far to look back; 5m, and with --follow from now on."),
    click.option("--from", "since", metavar="TIME", help="Start of the span instead; 2h: two hours ago."),
    click.option("--to", "until", metavar="TIME", default="now", show_default=True, help="Its end, not in it."),
)


def filter_options(command: Command) -> Command:
    """Give a command the flags that say what it is about."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def span_options(command: Command) -> Command:
    """Give a command the flags that say of when."""
    for option in reversed(_SPAN):
        command = option(command)
    return command


def list_options(sorts: tuple[str, ...]) -> Callable[[Command], Command]:
    """Give a command the flags for a list: `--top`, `--sort`, `--follow`, `--format`."""

    def decorate(command: Command) -> Command:
        follow = click.option("--follow", "-f", is_flag=True, help="Print each row as it is stored, until interrupted.")
        order = click.option("--sort", type=click.Choice(sorts), default=sorts[0], show_default=True, help="By what.")
        top = click.option(
            "--top", type=click.IntRange(1, 100_000), default=20, show_default=True, help="So many rows at most."
        )
        return top(order(follow(output.format_option(command))))

    return decorate
