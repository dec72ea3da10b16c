"""Who asks the store, and how the connection is protected: keys of this data folder, or what the settings name.

A password is read from its file when a connection is made, so one that was changed there is used without a restart. It
is in the request's header and nowhere else.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.store.access import ANONYMOUS, READER, WRITER
from ingest.store.folder import read_key
from viflux.errors import UsageError, VifluxError
from viflux.paths import DataPaths
from viflux.settings import Settings
from viflux.settings.files import content_of, password_in


class NoKeyYetError(VifluxError):
    """There is no writer's key: the store has not run on this data folder."""


@dataclass(frozen=True)
class Login:
    """One user of a store.

    Attributes:
        user: Its name.
        password_file: Holds its password; None for none.
        paths: The data folder whose keys are the passwords of `viflux` and `reader`; None where they are not used.
        ca_file: Certificates that the server's is checked against; None for the system's.
        certificate_file: The client's certificate; None for none.
        key_file: The key of that.
        on_loopback: Whether the store may be asked without a password.
        password_setting: The setting that names the password's file.
    """

    user: str = ANONYMOUS
    password_file: Path | None = None
    paths: DataPaths | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    on_loopback: bool = True
    password_setting: str = "store.password_file"  # noqa: S105 - the setting's name

    @classmethod
    def writer(cls, settings: Settings) -> Login:
        """Return the login of what makes tables and inserts."""
        store, paths = settings.store, DataPaths(settings.data_dir)
        if store.user is None:
            return cls(WRITER, None, paths, store.ca_file, store.certificate_file, store.key_file)
        return cls(store.user, store.password_file, None, store.ca_file, store.certificate_file, store.key_file)

    @classmethod
    def reader(cls, settings: Settings, *, on_loopback: bool) -> Login:
        """Return the login of what only reads."""
        store, paths = settings.store, DataPaths(settings.data_dir)
        files = (store.ca_file, store.certificate_file, store.key_file)
        if store.reader_user is not None:
            named = "store.reader_password_file"
            return cls(store.reader_user, store.reader_password_file, None, *files, password_setting=named)
        if store.user is not None:
            return cls(store.user, store.password_file, None, *files)
        return cls(ANONYMOUS, None, paths, *files, on_loopback)

    def credentials(self) -> tuple[str, str]:
        """Return name and password, read now.

        Raises:
            NoKeyYetError: The writer's key is not there.
            UsageError: The password's file cannot be read or is empty.
        """
        if self.password_file is not None:
            return self.user, password_in(self.password_setting, self.password_file, self.user)
        if self.paths is None:
            return self.user, ""
        if self.user == ANONYMOUS:
            named = self.paths.run / "store-reader.key"
            return (ANONYMOUS, "") if self.on_loopback or not named.exists() else (READER, read_key(named))
        try:
            return self.user, read_key(self.paths.store_key)
        except FileNotFoundError:
            raise NoKeyYetError(
                f"{self.paths.store_key}: there is no writer's key: the store has not run on this data folder; "
                "start it with `viflux up` or `viflux store`"
            ) from None

    def pool_options(self) -> dict[str, Any]:
        """Return what clickhouse-connect's pool of connections is made with.

        Raises:
            UsageError: A file of certificates cannot be read.
        """
        self.require_files()
        options = {
            "ca_cert": self.ca_file,
            "client_cert": self.certificate_file,
            "client_cert_key": self.key_file,
        }
        return {name: str(path) for name, path in options.items() if path is not None}

    def client_options(self) -> dict[str, Any]:
        """Return what its client is made with: the certificate is the login where there is no password."""
        if self.certificate_file is None or self.password_file is not None or self.paths is not None:
            return {"tls_mode": "proxy"}
        return {"client_cert": str(self.certificate_file), "client_cert_key": str(self.key_file), "tls_mode": "mutual"}

    def ssl_context(self) -> ssl.SSLContext:
        """Return the context of a connection that this process makes itself.

        Raises:
            UsageError: A file of certificates cannot be read.
        """
        self.require_files()
        context = ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return context

    def require_files(self) -> None:
        """Refuse certificates that cannot be used, with the setting that names them.

        Raises:
            UsageError: One is missing, cannot be read, or is not PEM.
        """
        if self.ca_file is not None:
            content_of("store.ca_file", self.ca_file)
            try:
                ssl.create_default_context(cafile=str(self.ca_file))
            except ssl.SSLError:
                raise UsageError(f"store.ca_file: {self.ca_file} holds no certificate in PEM form") from None
        if self.certificate_file is not None and self.key_file is not None:
            content_of("store.certificate_file", self.certificate_file)
            content_of("store.key_file", self.key_file)
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(self.certificate_file, self.key_file)
            except ssl.SSLError:
                raise UsageError(
                    f"store.certificate_file: {self.certificate_file} and {self.key_file} are not a certificate and "
                    "its key in PEM form"
                ) from None
