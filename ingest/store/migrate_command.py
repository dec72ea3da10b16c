"""`viflux migrate`: bring the store's tables, and the topics of the bus, to this version."""

from __future__ import annotations

from typing import Literal

import click

from ingest.store import keep, merging
from ingest.store.client import StoreClient
from ingest.store.migrate import migrate as apply
from viflux import logs
from viflux.clock import SystemClock
from viflux.command import verb
from viflux.settings import Settings


@click.command()
@click.option("--only", type=click.Choice(["tables", "topics"]), help="Only this part.")
@click.option("--wait", is_flag=True, help="Wait for brokers that do not answer.")
@verb()
def migrate(settings: Settings, only: Literal["tables", "topics"] | None, *, wait: bool) -> None:
    """Bring the store's tables, and with `kafka.brokers` the topics, to this version.

    Applies the migrations that the store has not seen, in order, and brings the time that each table keeps its rows to
    the settings in `[keep]`; prints one line for each. Topics that are missing are made; one that would lose or
    disorder batches is refused. Safe to run at any time and again after a crash. Refuses a store that a newer version
    has made.
    """
    if only != "topics":
        store = StoreClient.writer(settings)
        applied = apply(store, settings.store.database, is_own=settings.store.url is None)
        changes = keep.in_words(keep.apply(store, settings.store.database, settings.keep))
        changes += [f"{table}: merges more parts at once" for table in merging.apply(store, settings.store.database)]
        for migration in applied:
            click.echo(f"applied {migration.name}", err=True)
        for line in changes:
            click.echo(line, err=True)
        if not applied and not changes:
            click.echo("the store is up to date", err=True)
    if only != "tables" and settings.kafka.brokers:
        _topics(settings, wait=wait)


def _topics(settings: Settings, *, wait: bool) -> None:
    # Here and not above: the library is loaded only where there is a bus.
    from ingest.kafka.topics import deadletter_topic, prepare, prepare_patiently  # noqa: PLC0415

    found = prepare_patiently(settings.kafka, SystemClock(), logs.get("kafka")) if wait else prepare(settings.kafka)
    for name in found.made:
        partitions = 1 if name == deadletter_topic(settings.kafka) else found.partitions
        click.echo(f"made topic {name} with {partitions} partition{'s' * (partitions > 1)}", err=True)
    if not found.made:
        click.echo(f"the topics are there, with {found.partitions} partitions each", err=True)
