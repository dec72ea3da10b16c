"""What brokers with TLS and logins need: key and certificate, a user with a password, a client's own certificate."""

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
        password_file: The password of `USER`, whatever mechanism proves it.
        client_certificate: Of `USER`, signed by nobody else: the brokers' listener `MUTUAL` trusts it by itself (PEM).
        client_key: Its key (PEM).
    """

    keystore: Path
    ca: Path
    password_file: Path
    client_certificate: Path
    client_key: Path

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
    def mutual_settings(self) -> dict[str, str]:
        """Settings of a client that comes in by the listener `MUTUAL`."""
        return {
            "kafka.security": "tls",
            "kafka.ca_file": str(self.ca),
            "kafka.certificate_file": str(self.client_certificate),
            "kafka.key_file": str(self.client_key),
        }

    @property
    def broker_properties(self) -> dict[str, str]:
        """What a broker's listeners `CLIENTS` and `MUTUAL` need, and who may do what."""
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        plain = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
        return {
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.location": str(self.keystore),
            "ssl.keystore.password": _STORE_PASSWORD,
            "listener.name.clients.sasl.enabled.mechanisms": "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN",
            "listener.name.clients.scram-sha-512.sasl.jaas.config": scram,
            "listener.name.clients.scram-sha-256.sasl.jaas.config": scram,
            "listener.name.clients.plain.sasl.jaas.config": plain,
            "listener.name.mutual.ssl.client.auth": "required",
            "listener.name.mutual.ssl.truststore.type": "PEM",
            "listener.name.mutual.ssl.truststore.location": str(self.client_certificate),
            # Whoever shows the certificate is the user that its name says.
            "listener.name.mutual.ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # Those who come in by the brokers' own listener.
            "super.users": "User:ANONYMOUS",
        }

    @property
    def format_flags(self) -> list[str]:
        """The user, as `StorageTool format` takes it."""
        each = (f"SCRAM-SHA-{bits}=[name={USER},password={PASSWORD}]" for bits in (512, 256))
        return [word for text in each for word in ("--add-scram", text)]


def make(folder: Path) -> Security:
    """Make key, certificate and password file."""
    made = Security(
        folder / "broker.p12",
        folder / "ca.pem",
        folder / "password",
        folder / "client.pem",
        folder / "client-key.pem",
    )
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
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", f"/CN={USER}"),
            *("-keyout", str(made.client_key), "-out", str(made.client_certificate)),
        ],
        check=True,
        capture_output=True,
    )
    made.password_file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    made.password_file.chmod(0o600)
    return made


def _keytool(*words: str) -> None:
    done = subprocess.run(["keytool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
