"""The import table of the house: data moves down the list of folders and never up."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("viflux", "collectors", "ingest", "analytics", "dashboards", "alerts")

# What each folder may import of ours, besides itself. `ingest.store` is a door: the rest of `ingest` is not.
MAY_IMPORT = {
    "viflux": (),
    "collectors": ("viflux",),
    # The native core makes what the processor hands on; of the collectors themselves it knows nothing.
    "ingest": ("viflux", "collectors._native"),
    "analytics": ("viflux", "ingest.store"),
    "dashboards": ("viflux", "ingest.store", "analytics"),
    "alerts": ("viflux", "ingest.store", "analytics"),
}


def imports_of(path: Path) -> list[str]:
    """Return the modules of ours that a file imports, anywhere in it."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide what is imported"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in found if name.split(".")[0] in OURS]


def offences(folder: str, name: str) -> bool:
    allowed = (folder, *MAY_IMPORT[folder])
    return not any(name == door or name.startswith(f"{door}.") for door in allowed)


@pytest.mark.parametrize("folder", OURS)
def test_a_folder_imports_only_what_the_table_allows(folder: str) -> None:
    """Each import of ours is named in the table."""
    files = sorted((ROOT / folder).rglob("*.py"))
    bad = [f"{path.relative_to(ROOT)}: {name}" for path in files for name in imports_of(path) if offences(folder, name)]
    assert bad == []


def test_the_table_would_notice() -> None:
    """The check refuses a sideways import and an import past the store's door."""
    assert offences("dashboards", "alerts.rules")
    assert offences("analytics", "ingest.processor.loop")
    assert offences("viflux", "collectors")
    assert not offences("analytics", "ingest.store.client.StoreClient")


def test_only_the_engine_room_imports_chdb() -> None:
    """The engine is loaded in one place, after the process has been confined."""
    users = [
        str(path.relative_to(ROOT))
        for folder in OURS
        for path in (ROOT / folder).rglob("*.py")
        if any(
            (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "chdb" for alias in node.names))
            or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "chdb")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]
    assert users == ["ingest/store/engine.py"]


@pytest.mark.parametrize("module", ["dashboards.boards", "analytics.catalogue", "alerts"])
def test_definitions_import_without_the_native_module(module: str) -> None:
    """Boards, SLIs and rules can be imported where the compiled module is not."""
    code = f"import sys; sys.modules['collectors._native'] = None; import {module}; print('imported')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "imported", done.stderr


@pytest.mark.parametrize("stage", ["collectors.agent.command", "dashboards.web.command", "analytics.command"])
def test_lean_processes_do_not_load_pyarrow(stage: str) -> None:
    """Arrow for Python costs tens of megabytes; only the processor pays for it."""
    code = f"import sys, {stage}; print([m for m in ('pyarrow', 'pandas', 'numpy', 'chdb') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
