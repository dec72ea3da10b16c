"""The one-minute tiers: what each of them is, and what fills them."""

from ingest.processor.tiers.counters import COUNTERS
from ingest.processor.tiers.flows import FLOWS
from ingest.processor.tiers.minutes import MinuteTier
from ingest.processor.tiers.tier import Tier

TIERS: tuple[Tier, ...] = (COUNTERS, FLOWS)
"""All tiers that are filled."""

__all__ = ["TIERS", "MinuteTier", "Tier"]
