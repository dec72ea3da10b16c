"""From settings to the client library's configuration."""

from __future__ import annotations

import logging
from typing import Any

from viflux import __version__
from viflux.settings.files import content_of, password_in
from viflux.settings.schema import Kafka

Configuration = dict[str, Any]

_PROTOCOLS = {"plaintext": "PLAINTEXT", "tls": "SSL", "sasl_tls": "SASL_SSL", "sasl_plaintext": "SASL_PLAINTEXT"}
# The library's own lines would say each thing three times; what a person has to know is told from its errors.
_SILENT = logging.getLogger("viflux.kafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


def client_configuration(kafka: Kafka, stage: str) -> Configuration:
    """Return what every client of the brokers is made with: addresses, encryption, login.

    The password is read from its file now; it is in this dictionary and nowhere else.

    Raises:
        UsageError: A file that the settings name cannot be read, or the password's file is empty.
    """
    found: Configuration = {
        "bootstrap.servers": ",".join(kafka.brokers),
        "client.id": f"viflux-{stage}",
        "client.software.name": "viflux",
        "client.software.version": __version__,
        "security.protocol": _PROTOCOLS[kafka.security],
        "logger": _SILENT,
        # A broker that is back is found within seconds, and not asked more often than that.
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 5_000,
        "socket.keepalive.enable": True,
        # Also with one broker, whose death leaves nobody to ask: its topics must be found again soon.
        "topic.metadata.refresh.interval.ms": 10_000,
    }
    for key, setting, path in (
        ("ssl.ca.location", "kafka.ca_file", kafka.ca_file),
        ("ssl.certificate.location", "kafka.certificate_file", kafka.certificate_file),
        ("ssl.key.location", "kafka.key_file", kafka.key_file),
    ):
        if path is not None:
            content_of(setting, path)
            found[key] = str(path)
    if kafka.security.endswith("tls"):
        found["ssl.endpoint.identification.algorithm"] = "https"
    if kafka.security.startswith("sasl_") and kafka.password_file is not None:
        found["sasl.mechanism"] = kafka.sasl_mechanism.upper()
        found["sasl.username"] = kafka.user
        found["sasl.password"] = password_in("kafka.password_file", kafka.password_file, "kafka.user")
    return found
