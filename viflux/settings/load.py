"""Read settings from their four places and say, for each value, where it came from."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import msgspec

from viflux.errors import UsageError
from viflux.settings.address import host_and_port, network, store_urls, udp_addresses
from viflux.settings.known import conflict
from viflux.settings.schema import Section, Settings
from viflux.settings.units import Duration, Size

ENVIRONMENT_PREFIX = "VIFLUX_"
Origins = dict[str, str]


def load(
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
    assignments: Sequence[str] = (),
    data_dir: Path | None = None,
) -> tuple[Settings, Origins]:
    """Read the settings: defaults < TOML file < `VIFLUX_…` < flags.

    Args:
        config: A TOML file; must exist when given.
        environment: Where `VIFLUX_COUNTERS_INTERVAL=1s` is looked up; the process's own by default.
        assignments: `key=value` pairs, from `--set`.
        data_dir: The `--data-dir` flag.

    Returns:
        The settings, and for each dotted path that is not a default the place that set it.

    Raises:
        UsageError: A key is unknown or a value is wrong; the message names the key and the place.
    """
    values: dict[str, Any] = {}
    origins: Origins = {}
    paths = {path: kind for path, kind, _, _ in leaves(Settings)}
    if config is not None:
        for path, value in _flatten(_read_toml(config), paths, str(config)):
            values[path], origins[path] = value, str(config)
    for name, text in (os.environ if environment is None else environment).items():
        if name.startswith(ENVIRONMENT_PREFIX):
            path = _path_of_variable(name, paths)
            values[path], origins[path] = text, name
    for assignment in assignments:
        path, separator, text = assignment.partition("=")
        if not separator:
            raise UsageError(f"--set {assignment}: expected KEY=VALUE, such as counters.interval=10s")
        _require_known(path, paths, "--set")
        values[path], origins[path] = text, "--set"
    if data_dir is not None:
        values["data_dir"], origins["data_dir"] = str(data_dir), "--data-dir"
    tree: dict[str, Any] = {}
    for path, value in values.items():
        _put(tree, path, _decode(path, value, paths[path], origins[path]))
    settings = msgspec.convert(tree, Settings, dec_hook=_decode_unit)
    _check_ranges(settings, origins)
    _check_places(settings, origins)
    return settings, origins


def leaves(section: type[Section], prefix: str = "") -> Iterator[tuple[str, Any, Any, str]]:
    """Yield (dotted path, type, default, description) of every setting, in the order of the schema."""
    for field in msgspec.structs.fields(section):
        kind = field.type
        default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from leaves(kind, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", kind, default, _description(kind)


def value_at(settings: Settings, path: str) -> Any:
    """Return the value of a dotted path."""
    value: Any = settings
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _description(kind: Any) -> str:
    return next((meta.description or "" for meta in getattr(kind, "__metadata__", ())), "")


def _read_toml(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{config}: cannot be read: {error.strerror}; name a settings file with --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{config}: not valid TOML: {error}") from error


def _flatten(table: dict[str, Any], paths: dict[str, Any], place: str, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        path = f"{prefix}{key}"
        is_section = any(known.startswith(f"{path}.") for known in paths)
        if is_section and isinstance(value, dict):
            yield from _flatten(value, paths, place, f"{path}.")
        elif is_section:
            raise UsageError(f"{place}: {path}: expected a table of settings, got {value!r}")
        else:
            _require_known(path, paths, place)
            yield path, value


def _require_known(path: str, paths: dict[str, Any], place: str) -> None:
    if path not in paths:
        raise UsageError(f"{place}: unknown setting {path!r}; `viflux config show` lists all")


def _path_of_variable(name: str, paths: dict[str, Any]) -> str:
    for path in paths:
        if name == ENVIRONMENT_PREFIX + re.sub(r"\W", "_", path).upper():
            return path
    raise UsageError(f"{name}: unknown setting; `viflux config show` lists all, with the names of their variables")


def _decode(path: str, value: Any, kind: Any, place: str) -> Any:
    try:
        if isinstance(value, str) and "KnownExporter" in str(kind):
            value = _inline(value, '[{address = "192.0.2.1", sampling_rate = 100}]', [])
        elif isinstance(value, str) and "dict[" in str(kind):
            value = _inline(value, '{"192.0.2.0/24" = "office"}', {})
        elif isinstance(value, str) and "tuple" in str(kind):
            value = [part.strip() for part in value.split(",") if part.strip()]
        # Text from the environment and from flags may stand for numbers and booleans; TOML has types of its own.
        strict = not isinstance(value, str)
        return msgspec.convert(value, kind, dec_hook=_decode_unit, strict=strict)
    except (msgspec.ValidationError, ValueError) as error:
        reason, _, within = str(error).partition(" - at `$")
        raise UsageError(f"{place}: {path}{within.rstrip('`')}: {reason}") from error


def _inline(text: str, example: str, empty: Any) -> Any:
    # Tables as a settings file writes them in one line.
    if not text.strip():
        return empty
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ValueError(
            f"expected {'tables' if empty == [] else 'a table'} such as {example}, got {text!r}"
        ) from error


def _decode_unit(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, (str, Path)):
        return Path(value).expanduser().absolute()
    if kind in (Duration, Size):
        if isinstance(value, kind):
            return value
        if isinstance(value, str):
            return kind.parse(value)
        raise ValueError(f"expected text with a unit, got {value!r}")
    raise NotImplementedError(kind)


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *sections, name = path.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
    tree[name] = value


_RANGES = {
    "counters.interval": (Duration.parse("1s"), Duration.parse("5m")),
    "ebpf.active_timeout": (Duration.parse("1s"), Duration.parse("1h")),
    "ebpf.transit_longest": (Duration.parse("10ms"), Duration.parse("10s")),
    "ebpf.inactive_timeout": (Duration.parse("1s"), Duration.parse("1h")),
    "ebpf.ring_bytes": (Size.parse("64KiB"), Size.parse("1GiB")),
    "agent.resync_interval": (Duration.parse("1s"), Duration.parse("1h")),
    "spool.segment_bytes": (Size.parse("64KiB"), Size.parse("256MiB")),
    "spool.max_bytes": (Size.parse("1MiB"), Size.parse("64TiB")),
    "window.grace": (Duration.parse("0s"), Duration.parse("10m")),
    # A stored row's event time can be 25 h old, and a tier is filled from raw rows.
    "keep.raw": (Duration.parse("2d"), Duration.parse("20y")),
    "processor.linger": (Duration.parse("0s"), Duration.parse("10s")),
    "store.max_memory": (Size.parse("256MiB"), Size.parse("64TiB")),
    "kafka.retention": (Duration.parse("1m"), Duration.parse("3650d")),
    "kafka.max_in_flight": (Size.parse("1MiB"), Size.parse("1GiB")),
    "exporters.receive_buffer": (Size.parse("64KiB"), Size.parse("1GiB")),
    "exporters.queue_bytes": (Size.parse("256KiB"), Size.parse("4GiB")),
    "exporters.park_bytes": (Size.parse("64KiB"), Size.parse("4GiB")),
    "exporters.park_time": (Duration.parse("0s"), Duration.parse("10m")),
}


def _check_ranges(settings: Settings, origins: Origins) -> None:
    for path, (least, most) in _RANGES.items():
        value = value_at(settings, path)
        if not least <= value <= most:
            place = origins.get(path, "default")
            raise UsageError(f"{place}: {path}: {value} is out of range; expected {least} to {most}")
    if settings.spool.max_bytes < 4 * settings.spool.segment_bytes:
        raise UsageError("spool.max_bytes: must be at least four times spool.segment_bytes")
    if settings.counters.interval % Duration.parse("1s"):
        raise UsageError("counters.interval: must be a whole number of seconds")
    if settings.ebpf.ring_bytes & (settings.ebpf.ring_bytes - 1):
        raise UsageError("ebpf.ring_bytes: must be a power of two, such as 4MiB")
    _check_keep(settings, origins)


def _check_keep(settings: Settings, origins: Origins) -> None:
    def refuse(name: str, reason: str) -> NoReturn:
        path = f"keep.{name}"
        raise UsageError(f"{origins.get(path, 'default')}: {path}: {reason}")

    keep = settings.keep
    for field in msgspec.structs.fields(type(keep)):
        value = value_at(settings, f"keep.{field.name}")
        if value % Duration.parse("1d") or not Duration.parse("1d") <= value <= Duration.parse("20y"):
            refuse(field.name, f"{value}: expected whole days, 1d to 20y")
    tiers = ("raw", "minute", "five_minutes", "hour", "day")
    for finer, coarser in pairwise(tiers):
        if getattr(keep, coarser) < getattr(keep, finer):
            refuse(
                coarser,
                f"{getattr(keep, coarser)} is shorter than keep.{finer} = {getattr(keep, finer)}: a coarser tier is "
                "what is left of a finer one, so it must be kept as long or longer",
            )
    if keep.ledger < keep.raw:
        refuse(
            "ledger",
            f"{keep.ledger} is shorter than keep.raw = {keep.raw}: it is the ledger that says which windows of raw "
            "rows are stale, so it must be kept as long or longer",
        )


def _check_places(settings: Settings, origins: Origins) -> None:
    def refuse(path: str, reason: object) -> NoReturn:
        raise UsageError(f"{origins.get(path.partition('[')[0], 'default')}: {path}: {reason}")

    for path in ("web.listen", "store.listen"):
        try:
            host_and_port(value_at(settings, path))
        except ValueError as error:
            refuse(path, error)
    for text, name in settings.networks.items():
        try:
            network(text)
        except ValueError as error:
            refuse("networks", error)
        if not name.strip() or not name.isprintable():
            refuse("networks", f"{text}: expected a name, got {name!r}")
    _check_exporters(settings, refuse)
    _check_store(settings, refuse)
    _check_kafka(settings, refuse)
    # It is the first part of every `vif_key`, host/namespace/ifname.
    if settings.host is not None and not re.fullmatch(r"[^\s/]+", settings.host):
        refuse("host", f"expected a name without spaces and slashes, got {settings.host!r}")


def _check_store(settings: Settings, refuse: Callable[[str, object], NoReturn]) -> None:
    store = settings.store
    schemes: set[str] = set()
    if store.url is not None:
        try:
            schemes = {urlsplit(url).scheme for url in store_urls(store.url)}
        except ValueError as error:
            refuse("store.url", error)
    for path, value in (
        ("user", store.user),
        ("password_file", store.password_file),
        ("reader_user", store.reader_user),
        ("reader_password_file", store.reader_password_file),
        ("ca_file", store.ca_file),
        ("certificate_file", store.certificate_file),
        ("key_file", store.key_file),
    ):
        if value is not None and store.url is None:
            refuse(f"store.{path}", "it is for an existing server; name that in store.url")
        if value is not None and path in ("ca_file", "certificate_file", "key_file") and "https" not in schemes:
            refuse(f"store.{path}", "it is used with https only, and no address in store.url begins with https://")
    for path, value, needed in (
        ("password_file", store.password_file, store.user),
        ("reader_password_file", store.reader_password_file, store.reader_user),
    ):
        if value is not None and needed is None:
            refuse(f"store.{path}", f"it needs store.{path.replace('password_file', 'user')}")
    if (store.certificate_file is None) != (store.key_file is None):
        missing = "store.key_file" if store.key_file is None else "store.certificate_file"
        refuse(missing, "a client certificate needs both store.certificate_file and store.key_file")


def _check_kafka(settings: Settings, refuse: Callable[[str, object], NoReturn]) -> None:
    kafka = settings.kafka
    for broker in kafka.brokers:
        try:
            host_and_port(broker)
        except ValueError:
            refuse("kafka.brokers", f"expected HOST:PORT such as kafka-1:9092, got {broker!r}")
    if kafka.replication is not None and not 1 <= kafka.replication <= 32_767:
        refuse("kafka.replication", f"{kafka.replication} is out of range; expected 1 to 32767")
    has_login, has_tls = kafka.security.startswith("sasl_"), kafka.security.endswith("tls")
    for path, value, is_used, needs in (
        ("kafka.user", kafka.user, has_login, "sasl_tls or sasl_plaintext"),
        ("kafka.password_file", kafka.password_file, has_login, "sasl_tls or sasl_plaintext"),
        ("kafka.ca_file", kafka.ca_file, has_tls, "tls or sasl_tls"),
        ("kafka.certificate_file", kafka.certificate_file, has_tls, "tls or sasl_tls"),
        ("kafka.key_file", kafka.key_file, has_tls, "tls or sasl_tls"),
    ):
        if value is not None and not is_used:
            refuse(path, f"it is not used with kafka.security = {kafka.security}; that has to be {needs}")
        if value is None and has_login and path in ("kafka.user", "kafka.password_file"):
            refuse(path, f"it is needed with kafka.security = {kafka.security}")
    if (kafka.certificate_file is None) != (kafka.key_file is None):
        missing = "kafka.key_file" if kafka.key_file is None else "kafka.certificate_file"
        refuse(missing, "a client certificate needs both kafka.certificate_file and kafka.key_file")


def _check_exporters(settings: Settings, refuse: Callable[[str, object], NoReturn]) -> None:
    taken: dict[tuple[str, int], str] = {}
    for path in ("sflow.listen", "ipfix.listen", "netflow.listen"):
        try:
            for address in udp_addresses(value_at(settings, path)):
                if (other := taken.setdefault(address, path)) != path:
                    refuse(path, f"{other} names the same address; one listener takes all protocols")
        except ValueError as error:
            refuse(path, error)
    for position, text in enumerate(settings.exporters.allow):
        try:
            network(text)
        except ValueError as error:
            refuse(f"exporters.allow[{position}]", error)
    for position, known in enumerate(settings.exporters.known):
        try:
            ip_address(known.address)
        except ValueError:
            refuse(
                f"exporters.known[{position}].address", f"expected an address such as 192.0.2.1, got {known.address!r}"
            )
    if found := conflict(settings.exporters.known):
        first, second, name = found
        one, other = (getattr(settings.exporters.known[position], name) for position in (first, second))
        refuse(
            f"exporters.known[{second}].{name}",
            f"{other!r} contradicts exporters.known[{first}].{name}, {one!r}, which is about the same exporter; "
            "remove one of them, or tell them apart by port and domain",
        )
