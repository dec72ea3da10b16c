"""docs/benchmarks.md: one page, whose sections are written by different runs."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs/benchmarks.md"


def write(title: str, text: str) -> None:
    """Replace the section of a title, or add it at the end."""
    head, *sections = PAGE.read_text(encoding="utf-8").split("\n## ")
    by_title = {section.partition("\n")[0]: section for section in sections}
    by_title[title] = f"{title}\n\n{text.strip()}"
    PAGE.write_text("\n## ".join(f"{part.strip()}\n" for part in (head, *by_title.values())), encoding="utf-8")


def write_head(text: str) -> None:
    """Replace what comes before the first section."""
    _, *sections = PAGE.read_text(encoding="utf-8").split("\n## ")
    PAGE.write_text("\n## ".join([f"{text.strip()}\n", *sections]), encoding="utf-8")
