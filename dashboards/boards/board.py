"""What a board is made of: panels, each a question with one query; faces draw them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Literal

from ingest.store.completeness import completeness_since

Form = Literal["table", "stats", "chart"]
# Events of the last hour were accounted for since.
_TWO_HOURS_AGO = "({now_ns:Int64} - 7200000000000)"

Measure = Literal["text", "bits_per_second", "per_second", "count", "ratio", "completeness", "age"]


@dataclass(frozen=True)
class Column:
    """One column of a table panel, or one figure of a row of stats.

    Attributes:
        name: Its name in the query's result and in the page's address.
        title: What screens call it.
        measure: How its value is written.
        description: One sentence for the reader.
        is_narrow: Kept on a narrow screen.
        is_optional: Left out where no row has anything in it.
    """

    name: str
    title: str
    measure: Measure
    description: str
    is_narrow: bool = False
    is_optional: bool = False


@dataclass(frozen=True)
class Panel:
    """One question and its answer.

    Attributes:
        name: Unique on its board; its query is `queries/NAME.sql`.
        title: What screens call it.
        description: What it shows, and what it cannot.
        form: How it is drawn.
        columns: What is drawn, in order.
        sort_by: Column that a table is sorted by at first, with `-` in front for highest first.
        most_rows: Most rows that its query returns.
        package: Where its query lies, if elsewhere: one that a verb prints, too.
    """

    name: str
    title: str
    description: str
    form: Form
    columns: tuple[Column, ...]
    sort_by: str = ""
    most_rows: int = 5000
    package: str = ""

    def query(self, database: str) -> str:
        """Return the query, with `{name:Type}` for its parameters: `host`, `now_ns`, and `most_rows` of a table.

        `{arrived}` in it is the SELECT of the view `completeness` over the last hour.

        Args:
            database: Name of the database that holds the tables.
        """
        folder = resources.files(self.package) if self.package else resources.files("dashboards.boards") / "queries"
        text = (folder / f"{self.name}.sql").read_text(encoding="utf-8")
        return text.replace("{arrived}", completeness_since(_TWO_HOURS_AGO)).replace("{database}", database)


@dataclass(frozen=True)
class Board:
    """Panels that answer one question together.

    Attributes:
        name: In addresses and file names.
        title: What screens call it.
        question: What it answers.
        refresh_seconds: How often a face asks again.
        panels: In the order of reading.
    """

    name: str
    title: str
    question: str
    refresh_seconds: int
    panels: tuple[Panel, ...]

    def panel(self, name: str) -> Panel:
        """Return a panel by its name; raises `KeyError`."""
        return {panel.name: panel for panel in self.panels}[name]
