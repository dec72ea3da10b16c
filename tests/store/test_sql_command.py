"""`viflux sql` as a person and a script use it."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from tests.running import ROOT, RunningStore, free_port, viflux


def sql(store: RunningStore, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[bytes]:
    flags = ("--data-dir", str(store.settings.data_dir), "--set", f"store.listen={store.settings.store.listen}")
    return subprocess.run(
        viflux("sql", *flags, *arguments),
        cwd=ROOT,
        input=None if text is None else text.encode(),
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        timeout=30,
        check=False,
    )


@pytest.fixture(scope="module", autouse=True)
def table(store: RunningStore) -> None:
    writer = store.writer()
    writer.command(
        "CREATE TABLE viflux.seen (vif_id UInt64, peer_vif_id Nullable(UInt64), rx_bytes UInt64, address IPv6, "
        "addresses Array(IPv6), time DateTime64(9, 'UTC'), ifname String, up Bool, loss Nullable(Float64)) "
        "ENGINE = MergeTree ORDER BY vif_id"
    )
    writer.command(
        "INSERT INTO viflux.seen VALUES (10, 18446744073709551615, 9007199254740993, '192.0.2.1', "
        "['192.0.2.1', '2001:db8::1'], '2026-11-22 10:11:12.123456789', 'veth0', true, 0.5), "
        "(2, NULL, 5, '2001:db8::1', [], '1970-01-01 00:00:00.000000001', 'é\x1b[31m,\"', false, NULL)"
    )


QUERY = "SELECT * FROM seen ORDER BY rx_bytes DESC LIMIT 2"


def test_jsonl_when_piped(store: RunningStore) -> None:
    """Ids as 16 hex digits, IPv4 as IPv4, RFC 3339 with nanoseconds, whole integers, null; order kept."""
    done = sql(store, QUERY)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {
            "vif_id": "000000000000000a",
            "peer_vif_id": "ffffffffffffffff",
            "rx_bytes": 9007199254740993,
            "address": "192.0.2.1",
            "addresses": ["192.0.2.1", "2001:db8::1"],
            "time": "2026-11-22T10:11:12.123456789Z",
            "ifname": "veth0",
            "up": True,
            "loss": 0.5,
        },
        {
            "vif_id": "0000000000000002",
            "peer_vif_id": None,
            "rx_bytes": 5,
            "address": "2001:db8::1",
            "addresses": [],
            "time": "1970-01-01T00:00:00.000000001Z",
            "ifname": 'é\x1b[31m,"',
            "up": False,
            "loss": None,
        },
    ]
    assert next(iter(json.loads(done.stdout.splitlines()[0]))) == "vif_id"


def test_table_on_a_terminal(store: RunningStore) -> None:
    """Aligned, numbers to the right, control characters of foreign text made visible."""
    main, terminal = pty.openpty()
    os.set_inheritable(terminal, True)
    flags = ("--data-dir", str(store.settings.data_dir), "--set", f"store.listen={store.settings.store.listen}")
    query = "SELECT vif_id, rx_bytes, ifname, loss FROM seen ORDER BY vif_id"
    process = subprocess.Popen(viflux("sql", *flags, query), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=terminal)
    assert process.wait(20) == 0
    os.close(terminal)
    lines = os.read(main, 65536).decode().split("\r\n")
    os.close(main)
    assert lines == [
        "vif_id                    rx_bytes  ifname       loss",
        "────────────────  ────────────────  ───────────  ────",
        '0000000000000002                 5  é\\x1b[31m,"  null',
        "000000000000000a  9007199254740993  veth0         0.5",
        "",
    ]


def test_csv(store: RunningStore) -> None:
    """A header, quotes where needed, nothing for null."""
    done = sql(store, "--format", "csv", "SELECT vif_id, ifname, loss FROM seen ORDER BY vif_id")
    assert list(csv.reader(io.StringIO(done.stdout.decode()))) == [
        ["vif_id", "ifname", "loss"],
        ["0000000000000002", 'é\x1b[31m,"', ""],
        ["000000000000000a", "veth0", "0.5"],
    ]


def test_arrow(store: RunningStore) -> None:
    """An IPC stream with the same columns; ids as text of 16 hex digits."""
    done = sql(store, "--format", "arrow", QUERY)
    table = pa.ipc.open_stream(done.stdout).read_all()
    assert table.column("vif_id").to_pylist() == ["000000000000000a", "0000000000000002"]
    assert table.column("peer_vif_id").to_pylist() == ["ffffffffffffffff", None]
    assert table.column("rx_bytes").to_pylist() == [9007199254740993, 5]
    assert table.schema.field("time").type == pa.timestamp("ns", "UTC")


def test_bytes_that_are_no_text(store: RunningStore) -> None:
    """What is not UTF-8 is shown with a mark in its place, in each form, and ends no query."""
    query = "SELECT unhex('FF41') AS raw, ['é', unhex('FE')] AS names"
    assert json.loads(sql(store, query).stdout) == {"raw": "\ufffdA", "names": ["é", "\ufffd"]}
    for form in ("table", "csv"):
        done = sql(store, "--format", form, query)
        assert (done.returncode, done.stderr) == (0, b"")
        assert "\ufffdA" in done.stdout.decode()


def test_arrow_is_not_for_a_terminal(store: RunningStore) -> None:
    """Binary output is refused there, before the store is asked."""
    main, terminal = pty.openpty()
    flags = ("--data-dir", str(store.settings.data_dir), "--format", "arrow", "SELECT 1")
    process = subprocess.Popen(viflux("sql", *flags), cwd=ROOT, stdout=terminal, stderr=subprocess.PIPE)
    os.close(terminal)
    _, errors = process.communicate(timeout=30)
    os.close(main)
    assert process.returncode == 2
    assert errors.decode().splitlines() == ["viflux: --format arrow: not on a terminal; send it to a file or a pipe"]


def test_an_empty_result(store: RunningStore) -> None:
    """No line as jsonl, the header as table and csv."""
    empty = "SELECT vif_id FROM seen WHERE 0"
    assert sql(store, empty).stdout == b""
    assert sql(store, "--format", "csv", empty).stdout == b"vif_id\n"
    assert sql(store, "--format", "table", empty).stdout.decode().splitlines()[0] == "vif_id"


def test_where_the_query_comes_from(store: RunningStore, tmp_path: Path) -> None:
    """Argument, stdin, file; with parameters."""
    (tmp_path / "q.sql").write_text("SELECT {n:UInt8} + 1 AS next -- a comment")
    assert sql(store, "SELECT 1 AS one").stdout == b'{"one":1}\n'
    assert sql(store, text="SELECT 2 AS two;\n").stdout == b'{"two":2}\n'
    assert sql(store, "--file", str(tmp_path / "q.sql"), "--param", "n=4").stdout == b'{"next":5}\n'
    assert sql(store, "SHOW TABLES LIKE 'seen'").stdout == b'{"name":"seen"}\n'
    assert b'"name":"vif_id"' in sql(store, "DESCRIBE seen").stdout
    assert sql(store, "EXPLAIN SELECT 1").stdout.startswith(b'{"explain":')


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("SELEC",), 1, "Code: 62. DB::Exception"),
        (("SELECT * FROM nothing",), 1, "UNKNOWN_TABLE"),
        (("DROP TABLE seen",), 1, "READONLY"),
        (("SELECT file('/etc/passwd')",), 1, "ACCESS_DENIED"),
        (("SELECT throwIf(1)",), 1, "THROW_IF"),
        (("",), 2, "empty"),
        (("SELECT 1", "--param", "x"), 2, "NAME=VALUE"),
        (("SELECT 1", "--file", "x.sql"), 2, "not both"),
        (("--file", "/nonexistent/x.sql"), 2, "/nonexistent/x.sql"),
    ],
)
def test_errors_are_one_line(store: RunningStore, arguments: tuple[str, ...], code: int, words: str) -> None:
    """On stderr, with the exit code; stdout stays empty."""
    done = sql(store, *arguments)
    assert done.returncode == code
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1, done.stderr
    assert words in done.stderr.decode()


def test_no_store(tmp_path: Path) -> None:
    """It says where it looked and what to start."""
    done = subprocess.run(
        viflux("sql", "--data-dir", tmp_path, "--set", f"store.listen=127.0.0.1:{free_port()}", "SELECT 1"),
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "Connection refused; is `viflux up` running?" in done.stderr


def test_a_reader_that_closes_early_is_no_error(store: RunningStore) -> None:
    """`| head` ends it quietly."""
    flags = f"--data-dir {store.settings.data_dir} --set store.listen={store.settings.store.listen}"
    line = f"{sys.executable} -m viflux sql {flags} 'SELECT number FROM numbers(90000)' | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == '{"number":0}\n'
    assert done.stderr == ""


def test_a_reader_that_has_seen_enough_is_no_error(store: RunningStore) -> None:
    """`viflux sql … | head -1` ends quietly with exit code 0."""
    flags = ("--data-dir", str(store.settings.data_dir), "--set", f"store.listen={store.settings.store.listen}")
    words = viflux("sql", *flags, "--format", "csv", "SELECT number FROM numbers(90000)")
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().strip() == b"number", process.stderr.read()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


def test_times_are_compared_as_they_are_printed(store: RunningStore) -> None:
    """A time that was copied from a result can be put into a query."""
    done = sql(
        store,
        "--format",
        "csv",
        "SELECT toDateTime64('2026-01-02 03:04:05', 9, 'UTC') >= '2026-01-02T03:04:05Z' AS is_later",
    )
    assert done.stdout.splitlines()[1] in (b"1", b"true")
