"""Typed settings: defaults in code, then a TOML file, then `VIFLUX_…`, then flags."""

from viflux.settings.load import Origins, load
from viflux.settings.schema import Settings

__all__ = ["Origins", "Settings", "load"]
