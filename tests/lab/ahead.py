"""What the running stages will fill and compute in some minutes, computed now by their own code."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from analytics.stage import SliStage
from ingest.processor.tiers import Tiers
from ingest.store.client import StoreClient
from viflux.clock import NANOSECONDS, ManualClock
from viflux.settings import load

if TYPE_CHECKING:
    from tests.lab.product import Product

# Beyond what SLIs about flows wait behind a minute's end.
_LATER_NS = 240 * NANOSECONDS


def compute_now(running: Product) -> None:
    """Fill and compute with the stages' own code on a clock ahead, what they will fill and compute in some minutes."""
    assignments = [f"{key}={value}" for key, value in running.settings.items()]
    settings, _ = load(data_dir=running.data_dir, assignments=assignments, environment={})
    clock = ManualClock(time.time_ns() + _LATER_NS)
    store = StoreClient.writer(settings)
    tiers = Tiers(settings, store, clock)
    while tiers.tend():
        pass
    stage = SliStage(store, settings, clock)
    while stage.step():
        pass
