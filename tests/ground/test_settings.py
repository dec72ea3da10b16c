"""Settings: where a value comes from, what is refused and how it is told, units."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viflux.errors import UsageError
from viflux.settings import Settings, load
from viflux.settings.load import ENVIRONMENT_PREFIX, leaves, value_at
from viflux.settings.units import Duration, Size

SECOND = 1_000_000_000


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "viflux.toml"
    path.write_text('[counters]\ninterval = "20s"\n[web]\nlisten = "127.0.0.1:1001"\n', encoding="utf-8")
    return path


def test_each_place_goes_over_the_one_before(toml: Path) -> None:
    """Defaults, then the file, then the environment, then flags; each origin is told."""
    path = "counters.interval"
    environment = {"VIFLUX_COUNTERS_INTERVAL": "30s"}
    places = [
        ({}, "10s", None),
        ({"config": toml}, "20s", str(toml)),
        ({"config": toml, "environment": environment}, "30s", "VIFLUX_COUNTERS_INTERVAL"),
        ({"config": toml, "environment": environment, "assignments": [f"{path}=40s"]}, "40s", "--set"),
    ]
    for arguments, expected, origin in places:
        settings, origins = load(**{"environment": {}, **arguments})
        assert str(settings.counters.interval) == expected
        assert origins.get(path) == origin


def test_what_one_place_leaves_out_another_gives(toml: Path) -> None:
    """The places are laid over each other key by key, not table by table."""
    settings, origins = load(config=toml, environment={"VIFLUX_COUNTERS_INTERVAL": "1s"})
    assert settings.web.listen == "127.0.0.1:1001"
    assert settings.counters.interval == SECOND
    assert set(origins) == {"web.listen", "counters.interval"}


def test_data_dir_flag_wins_over_all(tmp_path: Path) -> None:
    """`--data-dir` is the last word on the data folder, and every path is made absolute."""
    settings, origins = load(
        environment={"VIFLUX_DATA_DIR": "/env"}, assignments=["data_dir=/set"], data_dir=tmp_path / "flag"
    )
    assert settings.data_dir == tmp_path / "flag"
    assert origins["data_dir"] == "--data-dir"
    settings, _ = load(environment={"VIFLUX_DATA_DIR": "relative"})
    assert settings.data_dir == Path.cwd() / "relative"


def test_default_folder_follows_the_state_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A normal user's data lies under `$XDG_STATE_HOME`, root's under /var/lib."""
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert load(environment={})[0].data_dir == Path("/state/viflux")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert load(environment={})[0].data_dir == Path("/var/lib/viflux")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({"assignments": ["counters.intervall=1s"]}, ["--set", "unknown setting 'counters.intervall'", "config show"]),
        ({"environment": {"VIFLUX_NOPE": "1"}}, ["VIFLUX_NOPE", "unknown setting"]),
        ({"assignments": ["counters.interval"]}, ["--set counters.interval", "KEY=VALUE"]),
        ({"assignments": ["counters.interval=10"]}, ["--set", "counters.interval", "a duration such as", "'10'"]),
        ({"environment": {"VIFLUX_COUNTERS_INTERVAL": "fast"}}, ["VIFLUX_COUNTERS_INTERVAL", "counters.interval"]),
        ({"assignments": ["spool.max_bytes=10s"]}, ["spool.max_bytes", "a size such as"]),
        ({"assignments": ["counters.interval=10ms"]}, ["counters.interval", "10ms is out of range", "1s to 5m"]),
        ({"assignments": ["counters.interval=1500ms"]}, ["counters.interval", "whole number of seconds"]),
        ({"assignments": ["spool.max_bytes=8MiB"]}, ["spool.max_bytes", "four times spool.segment_bytes"]),
        ({"assignments": ["store.database=Vi Flux"]}, ["store.database"]),
        ({"assignments": ["web.listen=127.0.0.1:99999"]}, ["--set", "web.listen", "HOST:PORT", "'127.0.0.1:99999'"]),
        ({"environment": {"VIFLUX_STORE_LISTEN": "localhost"}}, ["VIFLUX_STORE_LISTEN", "store.listen", "HOST:PORT"]),
        ({"assignments": ["store.url=db:8123"]}, ["store.url", "expected http://HOST:PORT", "'db:8123'"]),
        ({"assignments": ["store.url=http://db:x"]}, ["store.url", "expected http://HOST:PORT"]),
        ({"assignments": ["host=a b"]}, ["host", "without spaces and slashes"]),
        ({"assignments": ["host="]}, ["host", "without spaces and slashes"]),
        ({"assignments": ["log.level=loud"]}, ["log.level", "loud"]),
        ({"assignments": ["processor.max_piece_rows=0"]}, ["processor.max_piece_rows"]),
        ({"assignments": ["processor.max_piece_rows=many"]}, ["processor.max_piece_rows", "--set"]),
    ],
)
def test_a_wrong_setting_is_named_by_path_and_place(arguments: dict[str, object], parts: list[str]) -> None:
    """The message has the key's full path, the place that set it, and what was expected; exit code 2."""
    with pytest.raises(UsageError) as caught:
        load(**{"environment": {}, **arguments})  # type: ignore[arg-type]
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[counters]\nintervall = '1s'", "counters.intervall"),
        ("[nope]\nx = 1", "unknown setting 'nope"),
        ("counters = 3", "counters: expected a table"),
        ("[counters]\ninterval = 10", "counters.interval: expected text with a unit, got 10"),
        ("[agent]\nall_namespaces = 'perhaps'", "agent.all_namespaces"),
        ("[web\n", "not valid TOML"),
        ("\xff", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_named_with_the_key(tmp_path: Path, text: str, part: str) -> None:
    """A mistake in the settings file is told with the file and the key."""
    path = tmp_path / "bad.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError) as caught:
        load(config=path, environment={})
    assert str(caught.value).startswith(f"{path}: ")
    assert part in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    """A file that was named must be there."""
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        load(config=tmp_path / "none.toml", environment={})


def test_booleans_numbers_lists_and_none_from_text() -> None:
    """Text from flags and the environment becomes the setting's own type."""
    settings, _ = load(
        environment={"VIFLUX_AGENT_ALL_NAMESPACES": "false", "VIFLUX_AGENT_SOURCES": "inventory, counters ,"},
        assignments=["processor.max_piece_rows=1000", "store.url=http://db:8123"],
    )
    assert settings.agent.all_namespaces is False
    assert settings.agent.sources == ("inventory", "counters")
    assert settings.processor.max_piece_rows == 1000
    assert settings.store.url == "http://db:8123"
    assert load(environment={})[0].store.url is None


def test_every_setting_has_a_meaning_and_a_variable_of_its_own() -> None:
    """No setting is without a description, and no two share a variable."""
    paths = [path for path, *_ in leaves(Settings)]
    described = {path for path, _, _, meaning in leaves(Settings) if meaning}
    assert set(paths) - described <= {"data_dir", "host"}
    variables = {ENVIRONMENT_PREFIX + path.replace(".", "_").upper() for path in paths}
    assert len(variables) == len(paths)


def test_every_default_survives_its_own_text() -> None:
    """What `config show` prints can be given back with `--set` and means the same."""
    defaults, _ = load(environment={})
    words = []
    for path, *_ in leaves(Settings):
        value = value_at(defaults, path)
        if value is None:
            continue
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        words.append(f"{path}={text.lower() if isinstance(value, bool) else text}")
    again, origins = load(environment={}, assignments=words)
    assert again == defaults
    assert len(origins) == len(words)


@given(st.integers(min_value=0, max_value=10**20))
def test_durations_survive_their_text(amount: int) -> None:
    """Any span reads back from its text as itself, in nanoseconds."""
    assert Duration.parse(str(Duration(amount))) == amount or amount > 2**53


@given(st.integers(min_value=0, max_value=2**53))
def test_sizes_survive_their_text(amount: int) -> None:
    """Any size up to 8 PiB reads back from its text as itself, in bytes."""
    assert Size.parse(str(Size(amount))) == amount


@given(st.integers(min_value=0, max_value=10**6), st.sampled_from(["ns", "us", "ms", "s", "m", "h", "d"]))
def test_durations_agree_with_their_unit(amount: int, unit: str) -> None:
    """A number of units is that many nanoseconds, with and without a space."""
    factor = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}
    assert Duration.parse(f"{amount}{unit}") == Duration.parse(f" {amount} {unit}") == amount * factor[unit]


@given(st.text(max_size=12))
def test_what_is_no_duration_says_so(text: str) -> None:
    """Any text is either read or refused with what was expected; nothing else comes out."""
    try:
        assert Duration.parse(text) >= 0
    except ValueError as error:
        assert "expected a duration such as" in str(error)  # noqa: PT017 - both outcomes are right


@pytest.mark.parametrize("text", ["", "10", "s", "-1s", "1e3s", "1 s 2", "0x10s", "10S", "nan s", "1.5.0s"])
def test_texts_that_are_no_durations(text: str) -> None:
    """A number without a unit, a unit without a number, signs and exponents are refused."""
    with pytest.raises(ValueError, match="expected a duration"):
        Duration.parse(text)


def test_json_of_config_show_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """`config show --json` has each setting with value, origin, variable and meaning."""
    from viflux.settings.command import show  # noqa: PLC0415

    show.main(["--json", "--set", "counters.interval=7s"], standalone_mode=False)
    rows = json.loads(capsys.readouterr().out)
    assert set(rows) == {path for path, *_ in leaves(Settings)}
    assert rows["counters.interval"]["value"] == "7s"
    assert rows["counters.interval"]["origin"] == "--set"
    assert rows["web.listen"]["variable"] == "VIFLUX_WEB_LISTEN"
