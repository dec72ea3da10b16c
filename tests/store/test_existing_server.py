"""`store.url`: several addresses, TLS, users and passwords, before a real server that speaks ClickHouse's interface."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.store.addresses import Addresses
from ingest.store.client import StoreClient, StoreRefused
from ingest.store.connection import StoreUnavailable
from ingest.store.migrate import migrate
from tests.lab.terminator import Certificates, Terminator, server_context, terminator
from tests.running import ROOT, RunningStore, free_port, running_store, viflux
from viflux.errors import UsageError, VifluxError
from viflux.settings import Settings, load


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("tls") / "certificates")


@pytest.fixture
def password(store: RunningStore, tmp_path: Path) -> Path:
    """The writer's password in a file of its own."""
    file = tmp_path / "password"
    file.write_text(f"{store.key}\n", encoding="ascii")
    return file


def port_of(store: RunningStore) -> int:
    return int(store.url.rpartition(":")[2])


def settings_of(*assignments: str) -> Settings:
    return load(environment={}, assignments=assignments)[0]


def writer(url: str, password: Path, *more: str) -> StoreClient:
    """The writer as an operator sets it up for a server that is not ours."""
    return StoreClient.writer(
        settings_of(f"store.url={url}", "store.user=viflux", f"store.password_file={password}", *more)
    )


@pytest.fixture
def tls(store: RunningStore, certificates: Certificates) -> Iterator[Terminator]:
    with terminator(port_of(store), server_context(certificates)) as running:
        yield running


def test_tls_with_a_private_authority(tls: Terminator, certificates: Certificates, password: Path) -> None:
    """Reading, writing and ping over https; without the authority's file one line says what is wrong."""
    url = f"https://127.0.0.1:{tls.port}"
    trusting = writer(url, password, f"store.ca_file={certificates.authority}")
    assert trusting.ping()
    assert trusting.query_rows("SELECT currentUser() != '' AS known") == [{"known": 1}]
    trusting.command("CREATE TABLE IF NOT EXISTS over_tls (a UInt8) ENGINE = MergeTree ORDER BY a")
    doubting = writer(url, password)
    assert not doubting.ping()
    with pytest.raises(StoreUnavailable, match=r"certificate is refused \(.*\); see store\.ca_file"):
        doubting.query_rows("SELECT 1")


def test_a_certificate_that_has_expired_or_is_for_another_name(
    store: RunningStore, certificates: Certificates, password: Path
) -> None:
    """Neither is taken, and the line tells which it was."""
    trust = f"store.ca_file={certificates.authority}"
    for name, host, reason in (("expired", "127.0.0.1", "expired|not yet valid"), ("server", "localhost", "localhost")):
        with terminator(port_of(store), server_context(certificates, name)) as running:
            client = writer(f"https://{host}:{running.port}", password, trust)
            with pytest.raises(StoreUnavailable, match=reason):
                client.query_rows("SELECT 1")


def test_a_client_certificate(store: RunningStore, certificates: Certificates, password: Path) -> None:
    """A server that wants one gets it; without, the connection ends."""
    trust = f"store.ca_file={certificates.authority}"
    own = [
        f"store.certificate_file={certificates.certificate('client')}",
        f"store.key_file={certificates.key('client')}",
    ]
    with terminator(port_of(store), server_context(certificates, asks_client=True)) as strict:
        url = f"https://127.0.0.1:{strict.port}"
        assert writer(url, password, trust, *own).query_rows("SELECT 1 AS one") == [{"one": 1}]
        with pytest.raises(StoreUnavailable):
            writer(url, password, trust).query_rows("SELECT 1")


def test_a_wrong_password_is_refused_and_never_shown(store: RunningStore, tmp_path: Path) -> None:
    """Not in the error, not in `config show`, not in a URL; a new one in the file is used at the next try."""
    file = tmp_path / "password"
    file.write_text("not-the-password\n", encoding="ascii")
    client = writer(store.url, file)
    with pytest.raises(StoreRefused, match="Authentication failed") as caught:
        client.command("SELECT 1")
    assert "not-the-password" not in str(caught.value)
    file.write_text(store.key, encoding="ascii")
    client.command("SELECT 1")
    flags = ["--set", f"store.url={store.url}", "--set", "store.user=viflux", "--set", f"store.password_file={file}"]
    shown = subprocess.run(viflux("config", "show", *flags), cwd=ROOT, capture_output=True, text=True, check=True)
    assert str(file) in shown.stdout
    assert store.key not in shown.stdout + shown.stderr
    with pytest.raises(UsageError, match="no user and password in an address") as refused:
        settings_of("store.url=http://me:secret-word@127.0.0.1:8123")
    assert "secret-word" not in str(refused.value)


def test_readers_of_an_existing_server_are_bounded(store: RunningStore, password: Path) -> None:
    """The writer's user that only reads cannot write, and runs within `store.max_query_…`."""
    settings = settings_of(
        f"store.url={store.url}", "store.user=viflux", f"store.password_file={password}", "store.max_query_rows=10"
    )
    reader = StoreClient.reader(settings)
    assert reader.query_rows("SELECT getSetting('max_result_rows') AS rows, getSetting('readonly') AS readonly") == [
        {"rows": 10, "readonly": 2}
    ]
    with pytest.raises(StoreRefused):
        reader.query_rows("SELECT number FROM numbers(1000)")
    with pytest.raises(StoreRefused):
        reader.command("CREATE TABLE not_made (a UInt8) ENGINE = MergeTree ORDER BY a")


def test_it_stays_with_an_address_that_answers_and_moves_on_when_it_goes(
    store: RunningStore, tls: Terminator, certificates: Certificates, password: Path
) -> None:
    """A dead first address costs nothing but its try; the one that breaks loses one request, whose outcome is open."""
    dead = f"http://127.0.0.1:{free_port()}"
    with terminator(port_of(store)) as plain:
        urls = f"{dead}, http://127.0.0.1:{plain.port}, https://127.0.0.1:{tls.port}"
        client = writer(urls, password, f"store.ca_file={certificates.authority}")
        assert client.ping()
        for _ in range(3):
            client.query_rows("SELECT 1")
        assert client.url == f"http://127.0.0.1:{plain.port}"
        assert tls.requests == []
        plain.cut()
        with pytest.raises(StoreUnavailable):
            client.query_rows("SELECT 1")
        assert client.query_rows("SELECT 2 AS two") == [{"two": 2}]
        assert client.url == f"https://127.0.0.1:{tls.port}"
        tls.cut()
        with pytest.raises(StoreUnavailable):
            client.query_rows("SELECT 1")
        with pytest.raises(StoreUnavailable, match=r"no address of the store answers: .*refused.*refused"):
            client.query_rows("SELECT 1")


def test_addresses_that_fail_rest_longer_each_time() -> None:
    """One that failed is asked after the others, for one second, then two, up to thirty; an answer forgets that."""
    now = 0.0
    addresses = Addresses("http://a:1, http://b:2", lambda: now)
    first, second = addresses.in_turn()
    addresses.failed(first)
    assert addresses.in_turn() == [second, first]
    now = 1.0
    assert addresses.in_turn() == [first, second]
    for pause in (2.0, 4.0, 8.0, 16.0, 30.0, 30.0):
        addresses.failed(first)
        assert first.not_before == now + pause
    addresses.answered(second)
    assert addresses.in_turn() == [second, first]
    addresses.answered(first)
    assert (first.pause_seconds, addresses.current) == (0.0, first)


def test_addresses_of_two_stores_are_refused(store: RunningStore, password: Path, tmp_path: Path) -> None:
    """Rows would be spread over both: neither are tables made then, nor is one used when the other goes."""
    key = tmp_path / "other" / "run" / "store.key"
    key.parent.mkdir(parents=True)
    key.write_text(store.key, encoding="ascii")
    migrate(store.writer(), "viflux")
    with running_store(tmp_path / "other") as other, terminator(port_of(store)) as plain:
        urls = f"http://127.0.0.1:{plain.port}, {other.url}"
        with pytest.raises(VifluxError, match="are not one store: their tables differ"):
            migrate(writer(f"{other.url}, {store.url}", password), "viflux")
        assert other.writer().query_rows("SELECT count() AS tables FROM system.tables WHERE database = 'viflux'") == [
            {"tables": 0}
        ]
        with pytest.raises(VifluxError, match="cannot be asked whether it has: Connection refused"):
            migrate(writer(f"{other.url}, http://127.0.0.1:{free_port()}", password), "viflux")
        migrate(other.writer(), "viflux")
        client = writer(urls, password)
        client.query_rows("SELECT 1")
        plain.cut()
        with pytest.raises(StoreUnavailable):
            client.query_rows("SELECT 1")
        with pytest.raises(StoreUnavailable, match=f"{other.url} is another store than the one that was used"):
            client.query_rows("SELECT 1")
