"""What a broker with TLS and SCRAM needs: its key, its certificate, a user and the user's password."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

USER = "viflux"
PASSWORD = "correct horse battery"  # noqa: S105 - of a broker that lives as long as a test
_STORE_PASSWORD = "keystore"  # noqa: S105 - the same


@dataclass(frozen=True)
class Security:
    """Files of a secured cluster; its certificate is for 127.0.0.1 and no other name.

    Attributes:
        keystore: The brokers' key and certificate (PKCS 12).
        ca: The certificate (PEM), for clients.
        password_file: The password of `USER`.
    """

    keystore: Path
    ca: Path
    password_file: Path

    @property
    def settings(self) -> dict[str, str]:
        """Settings of a client."""
        return {
            "kafka.security": "sasl_tls",
            "kafka.ca_file": str(self.ca),
            "kafka.user": USER,
            "kafka.password_file": str(self.password_file),
        }

    @property
    def broker_properties(self) -> dict[str, str]:
        """What a broker's listener `CLIENTS` needs, and who may do what."""
        return {
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.location": str(self.keystore),
            "ssl.keystore.password": _STORE_PASSWORD,
            "listener.name.clients.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.clients.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # Those who come in by the brokers' own listener.
            "super.users": "User:ANONYMOUS",
        }

    @property
    def format_flags(self) -> list[str]:
        """The user, as `StorageTool format` takes it."""
        return ["--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"]


def make(folder: Path) -> Security:
    """Make key, certificate and password file."""
    made = Security(folder / "broker.p12", folder / "ca.pem", folder / "password")
    common = [
        "-alias",
        "broker",
        "-keystore",
        str(made.keystore),
        "-storetype",
        "PKCS12",
        "-storepass",
        _STORE_PASSWORD,
    ]
    _keytool(
        *("-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "30"),
        *("-dname", "CN=broker", "-ext", "SAN=ip:127.0.0.1", "-ext", "BC=ca:true"),
        *common,
    )
    _keytool("-exportcert", "-rfc", "-file", str(made.ca), *common)
    made.password_file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    made.password_file.chmod(0o600)
    return made


def _keytool(*words: str) -> None:
    done = subprocess.run(["keytool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
