"""What tells one source of exports from another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from viflux.settings.address import udp_addresses
from viflux.settings.load import value_at

if TYPE_CHECKING:
    from viflux.settings import Settings


@dataclass(frozen=True)
class Origin:
    """One source of exports.

    Attributes:
        name: As in `agent.sources`.
        stream: Of its flows.
        settings: Paths of the settings that name where it listens.
    """

    name: str
    stream: str
    settings: tuple[str, ...]

    def listens(self, settings: Settings) -> list[tuple[str, str, int]]:
        """Return setting, host and port of each address to listen on; empty where the source is off."""
        return [
            (setting, host, port)
            for setting in self.settings
            for host, port in udp_addresses(value_at(settings, setting))
        ]
