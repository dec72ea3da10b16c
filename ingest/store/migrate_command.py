"""`viflux migrate`: bring the store's tables to this version."""

from __future__ import annotations

import click

from ingest.store.client import StoreClient
from ingest.store.migrate import migrate as apply
from viflux.command import verb
from viflux.settings import Settings


@click.command()
@verb()
def migrate(settings: Settings) -> None:
    """Bring the store's tables to this version.

    Applies the migrations that the store has not seen, in order, and prints one line for each. Safe to run at any
    time and again after a crash. Refuses a store that a newer version has made.
    """
    applied = apply(StoreClient.writer(settings), settings.store.database)
    for migration in applied:
        click.echo(f"applied {migration.name}", err=True)
    if not applied:
        click.echo("the store is up to date", err=True)
