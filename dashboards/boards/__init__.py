"""The boards: literal definitions with their queries in `.sql` files; importable without a store or the native core."""

from dashboards.boards.board import Board, Column, Panel
from dashboards.boards.exporters import EXPORTERS
from dashboards.boards.home import HOME
from dashboards.boards.pipeline import PIPELINE
from dashboards.boards.vif import VIF

BOARDS: dict[str, Board] = {board.name: board for board in (HOME, EXPORTERS, PIPELINE)}
"""All boards by name."""

__all__ = ["BOARDS", "EXPORTERS", "HOME", "PIPELINE", "VIF", "Board", "Column", "Panel"]
