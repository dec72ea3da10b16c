"""The command frame: verbs, help, exit codes, what is imported; each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from viflux.verbs import VERBS

ROOT = Path(__file__).resolve().parents[2]
STAGE_FOLDERS = ("collectors", "ingest", "analytics", "dashboards", "alerts")
HEAVY = ("pyarrow", "chdb", "prometheus_client", "starlette", "uvicorn", "jinja2", "clickhouse_connect", "numpy")


def viflux(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "viflux", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **more,  # type: ignore[call-overload]
    )


def script(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_frame_imports_no_stage() -> None:
    """Loading the command frame, and even listing the verbs, imports nothing of any stage and nothing heavy."""
    done = script(
        "import sys; from viflux.command import viflux; viflux.main(['--help'], standalone_mode=False);"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    assert done.returncode == 0, done.stderr
    for name in (*STAGE_FOLDERS, *HEAVY):
        assert f"'{name}'" not in done.stderr
    assert "'viflux'" in done.stderr


def test_help_lists_every_verb() -> None:
    """Bare help has each verb of the table with its line."""
    done = viflux("--help")
    assert done.returncode == 0
    for name, (_, meaning) in VERBS.items():
        assert name in done.stdout
        assert meaning.split()[0] in done.stdout


@pytest.mark.parametrize("name", list(VERBS))
def test_each_verb_has_help(name: str) -> None:
    """Every verb can be loaded, and its help says what it does."""
    done = viflux(name, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) > 3
    if name not in ("config", "deadletter"):  # they have verbs of their own below them
        assert all(flag in done.stdout for flag in ("--config", "--data-dir", "--set"))


def test_exit_codes() -> None:
    """0 done, 1 failed, 2 wrong use, 3 a real part is missing; each error is one line on stderr, without a trace."""
    raising = (
        "import sys, click; from viflux import command, errors, verbs\n"
        "import types; module = types.ModuleType('trial'); sys.modules['trial'] = module\n"
        "@click.command()\n@command.verb()\n"
        "def verb(settings): raise errors.{error}('what, where, what to do')\n"
        "module.verb = verb; verbs.VERBS['trial'] = ('trial:verb', 'raises')\n"
        "sys.argv = ['viflux', 'trial']; command.main()"
    )
    for error, code in (("VifluxError", 1), ("UsageError", 2), ("MissingPartError", 3)):
        done = script(raising.format(error=error))
        assert (done.returncode, done.stdout, done.stderr) == (code, "", "viflux: what, where, what to do\n")
    assert viflux("config", "check").returncode == 0


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("nope",), "No such command 'nope'"),
        (("up", "--nope"), "No such option '--nope'; see `viflux up --help`"),
        (("up", "--data-dir", "pyproject.toml"), "'pyproject.toml' is a file; see `viflux up --help`"),
        (("sql", "--format", "xml", "SELECT 1"), "'xml' is not one of"),
        (("agent", "--config"), "requires an argument"),
        (("config", "check", "--set", "nope=1"), "unknown setting 'nope'"),
        (("store", "--set", "counters.interval=1"), "counters.interval: expected a duration"),
        (("web", "--config", "/nonexistent.toml"), "/nonexistent.toml: cannot be read"),
    ],
)
def test_wrong_use_is_told_on_stderr(words: tuple[str, ...], part: str) -> None:
    """Wrong use ends with 2 and one line on stderr that says what is wrong."""
    done = viflux(*words)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("viflux: ")
    assert part in line


def test_config_show_and_check(tmp_path: Path) -> None:
    """`show` prints each value with where it came from; `check` says nothing on stdout and counts what differs."""
    file = tmp_path / "viflux.toml"
    file.write_text("[web]\nlisten = '127.0.0.1:9999'\n", encoding="utf-8")
    shown = viflux("config", "show", "--config", str(file), "--set", "window.grace=5s")
    assert f"127.0.0.1:9999  (from {file})" in shown.stdout
    assert "5s  (from --set)" in shown.stdout
    checked = viflux("config", "check", "--config", str(file))
    assert (checked.returncode, checked.stdout) == (0, "")
    assert "settings are valid; 1 differ" in checked.stderr


def test_a_closed_pipe_is_no_error() -> None:
    """`viflux config show | head -1` ends without a trace or a complaint, also when much is left to print."""
    with subprocess.Popen(
        [sys.executable, "-m", "viflux", "config", "show", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


def test_version() -> None:
    """The version is the package's."""
    done = viflux("--version")
    assert done.returncode == 0
    assert "viflux" in done.stdout
