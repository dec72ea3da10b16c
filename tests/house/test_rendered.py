"""Files that are rendered from the registry and the catalogue are committed, and fresh."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ingest.store import ddl
from viflux.registry import rust, tables

ROOT = Path(__file__).resolve().parents[2]


def test_tables_page_is_fresh() -> None:
    """`make generate` would not change docs/tables.md."""
    assert (ROOT / "docs/tables.md").read_text(encoding="utf-8") == tables.render()


def test_golden_schema_is_fresh() -> None:
    """`make generate` would not change the golden DDL."""
    assert (ROOT / "ingest/store/golden.sql").read_text(encoding="utf-8") == ddl.render()


def test_rust_schema_is_fresh() -> None:
    """`make generate` would not change the native core's schemas."""
    rustfmt = shutil.which("rustfmt")
    if rustfmt is None:
        pytest.skip("rustfmt is not installed")
    words = [rustfmt, "--edition", "2021", "--emit", "stdout"]
    shown = subprocess.run(words, input=rust.render(), capture_output=True, text=True, check=True).stdout
    committed = (ROOT / "collectors/native/columns/src/generated.rs").read_text(encoding="utf-8")
    assert committed == shown
