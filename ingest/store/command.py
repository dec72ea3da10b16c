"""`viflux store`: run the embedded ClickHouse store."""

from __future__ import annotations

import click

from viflux.command import verb
from viflux.errors import UsageError
from viflux.settings import Settings


@click.command()
@verb()
def store(settings: Settings) -> None:
    """Run the embedded ClickHouse store.

    Serves ClickHouse's HTTP interface on `store.listen`. Reading needs no password on loopback and is bounded; the
    user `viflux` with the key in `run/store.key` of the data folder may write. SIGTERM ends it within five seconds.
    """
    if settings.store.url is not None:
        raise UsageError(f"store.url is {settings.store.url}: an existing server is used and none is to be started")
    from ingest.store.server import run  # noqa: PLC0415  # the engine's server is heavy, and `--help` needs none of it

    run(settings)
