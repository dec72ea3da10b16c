"""Logins: whose password file is wrong is told by its own setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.store.login import Login
from viflux.errors import UsageError
from viflux.settings import load


@pytest.mark.parametrize(
    ("setting", "is_reader"), [("store.password_file", False), ("store.reader_password_file", True)]
)
@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read: No such file"), ("\n", "is empty; write the")])
def test_a_password_file_that_does_not_do_is_named_by_its_setting(
    tmp_path: Path, setting: str, is_reader: bool, content: str | None, said: str
) -> None:
    """The writer's and the reader's, missing or empty."""
    files = {name: tmp_path / name for name in ("store.password_file", "store.reader_password_file")}
    for path in files.values():
        path.write_text("secret\n", encoding="utf-8")
    texts = [f"{name}={path}" for name, path in files.items()]
    users = ["store.url=http://127.0.0.1:1", "store.user=writes", "store.reader_user=reads"]
    settings, _ = load(environment={}, assignments=[*users, *texts])
    login = Login.reader(settings, on_loopback=True) if is_reader else Login.writer(settings)
    assert login.credentials() == ("reads" if is_reader else "writes", "secret")
    files[setting].unlink()
    if content is not None:
        files[setting].write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"^{setting}: .*{said}"):
        login.credentials()
