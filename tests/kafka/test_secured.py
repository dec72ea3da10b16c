"""One host on a cluster with TLS, logins and rights: from the kernel to SQL, and what is said where a login fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from tests.kafka.making import fill, migrate, shipper, spool_of
from tests.lab.kafka import PASSWORD, USER, Cluster, cluster, need_kafka
from tests.lab.kafka.security import make
from tests.lab.product import product
from tests.running import wait_for
from viflux.paths import DataPaths
from viflux.telemetry import ask

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    need_kafka()
    with cluster(tmp_path_factory.mktemp("secured"), secured=True) as made:
        yield made


def allow(secured: Cluster, prefix: str, *operations: AclOperation) -> None:
    """Give the user rights on topics with a prefix, and on the processors' group."""
    wanted = [(ResourceType.TOPIC, prefix, each) for each in operations]
    wanted.append((ResourceType.GROUP, "viflux-processor", AclOperation.READ))
    bindings = [
        AclBinding(kind, name, ResourcePatternType.PREFIXED, f"User:{USER}", "*", each, AclPermissionType.ALLOW)
        for kind, name, each in wanted
    ]
    for future in secured.admin.create_acls(bindings).values():
        future.result(10)


def test_a_host_reaches_sql_through_tls_scram_and_the_rights_of_the_page(secured: Cluster, tmp_path: Path) -> None:
    """With the rights that docs/kafka.md lists, counters and SLIs are stored without a gap."""
    settings = secured.settings()
    allow(
        secured,
        settings["kafka.topic_prefix"],
        *(AclOperation.CREATE, AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS),
        *(AclOperation.WRITE, AclOperation.READ),
    )
    with product(tmp_path / "data", **settings) as running:
        running.rows(
            "SLIs of ten seconds", "SELECT 1 AS one FROM viflux.sli WHERE sli = 'M1' AND value >= 0 LIMIT 1", 120
        )
        paths = DataPaths(running.data_dir)
        for stage in ("agent", "shipper", "processor"):
            wait_for(f"{stage} is ready", lambda stage=stage: ask(paths, stage, "/readyz")[0] == 200)  # type: ignore[misc]
        [found] = running.sql(
            "SELECT count() AS rows, uniqExact(sequence) AS batches, max(sequence) - min(sequence) + 1 AS wanted "
            "FROM viflux.counters"
        )
        assert found["rows"] > 0
        assert found["batches"] == found["wanted"]
        assert running.stop() == 0
        log = running.log.read_text(encoding="utf-8")
    assert "all that was collected is stored" in log
    assert PASSWORD not in log


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        ({"kafka.password_file": "wrong"}, ["refuse the login of viflux", "check kafka.user and kafka.password_file"]),
        ({"kafka.brokers": "localhost"}, ["TLS with the brokers fails", "certificate", "names in kafka.brokers"]),
    ],
    ids=["password", "name"],
)
def test_a_login_that_fails_is_one_line(
    secured: Cluster, tmp_path: Path, changed: dict[str, str], parts: list[str]
) -> None:
    """A wrong password and a certificate for another name are told by the shipper and by `viflux migrate`."""
    wrong = tmp_path / "wrong"
    wrong.write_text("not the password\n", encoding="utf-8")
    settings = {**secured.settings(), **{key: str(tmp_path / value) for key, value in changed.items()}}
    if "kafka.brokers" in changed:
        settings["kafka.brokers"] = secured.bootstrap.replace("127.0.0.1", "localhost")
    done = migrate(tmp_path / "data", settings)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert all(part in done.stderr for part in parts), done.stderr
    with shipper(tmp_path / "data", settings) as running:
        said = running.await_reason(parts[0])
        assert all(part in said for part in parts), said
        assert running.lines().count("the brokers do not take batches") == 1, running.lines()
        assert "not the password" not in running.lines()


@pytest.mark.parametrize("way", ["scram-sha-256", "plain", "certificate"])
def test_every_other_way_to_log_in_ships_under_the_same_user(secured: Cluster, tmp_path: Path, way: str) -> None:
    """Topics are made and batches arrive; the brokers know the user, for it has its rights."""
    settings = {**secured.settings(), "kafka.sasl_mechanism": way}
    if way == "certificate":
        assert secured.security is not None
        prefix = settings["kafka.topic_prefix"]
        settings = {"kafka.topic_prefix": prefix, "kafka.brokers": secured.mutual, **secured.security.mutual_settings}
    assert "lacks a right" in migrate(tmp_path / "data", settings).stderr
    allow(secured, settings["kafka.topic_prefix"], AclOperation.CREATE, AclOperation.DESCRIBE, AclOperation.WRITE)
    done = migrate(tmp_path / "data", settings)
    assert done.returncode == 0, done.stderr
    spool = spool_of(tmp_path / "data")
    sent = fill(spool, 3)
    with shipper(tmp_path / "data", settings) as running:
        running.await_empty()
    assert len(secured.messages(f"{settings['kafka.topic_prefix']}.counters.v1")) == len(sent)


@pytest.mark.parametrize("shows", ["nothing", "a stranger's"])
def test_a_certificate_that_the_brokers_do_not_know_is_one_line(secured: Cluster, tmp_path: Path, shows: str) -> None:
    """None at all, or one that they do not trust: told with the settings that name it."""
    assert secured.security is not None
    settings = {**secured.settings(), **secured.security.mutual_settings, "kafka.brokers": secured.mutual}
    del settings["kafka.user"], settings["kafka.password_file"]
    if shows == "nothing":
        del settings["kafka.certificate_file"], settings["kafka.key_file"]
    else:
        (tmp_path / "other").mkdir()
        other = make(tmp_path / "other")
        settings |= {
            "kafka.certificate_file": str(other.client_certificate),
            "kafka.key_file": str(other.client_key),
        }
    done = migrate(tmp_path / "data", settings)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "TLS with the brokers fails" in done.stderr
    assert "kafka.certificate_file" in done.stderr


def test_a_corrected_password_is_taken_without_a_restart(secured: Cluster, tmp_path: Path) -> None:
    """Whoever corrects the file need not restart anything."""
    file = tmp_path / "password"
    file.write_text("not yet\n", encoding="utf-8")
    settings = secured.settings()
    allow(secured, settings["kafka.topic_prefix"], AclOperation.CREATE, AclOperation.DESCRIBE, AclOperation.WRITE)
    assert migrate(tmp_path / "data", settings).returncode == 0
    settings["kafka.password_file"] = str(file)
    with shipper(tmp_path / "data", settings) as running:
        running.await_reason("refuse the login")
        file.write_text(f"{PASSWORD}\n", encoding="utf-8")
        running.await_ready(60)


def test_a_missing_right_is_told_with_the_topic(secured: Cluster, tmp_path: Path) -> None:
    """A user who may not create topics learns it from `viflux migrate`, with the topic's name."""
    settings = secured.settings()
    done = migrate(tmp_path / "data", settings)
    assert done.returncode == 1
    assert "user viflux lacks a right" in done.stderr
    assert settings["kafka.topic_prefix"] in done.stderr
