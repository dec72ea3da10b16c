"""Every setting of Viflux, with its default and its meaning; `viflux config show` prints this table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from viflux.settings.units import Duration, Size


def default_data_dir() -> Path:
    """`/var/lib/viflux` for root, else `viflux` under `$XDG_STATE_HOME` (or `~/.local/state`)."""
    if os.geteuid() == 0:
        return Path("/var/lib/viflux")
    state_home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state_home) / "viflux"


def duration(text: str) -> Duration:
    """Write a default duration as a person would."""
    return Duration.parse(text)


def size(text: str) -> Size:
    """Write a default size as a person would."""
    return Size.parse(text)


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of settings; unknown keys are refused."""


class Agent(Section, frozen=True):
    """The collector of this host."""

    profile: Annotated[
        Literal["auto", "counters", "flows", "deep"],
        Meta(
            description="how deep the agent goes at most: counters (no program in the kernel), flows (every packet by "
            "flow), deep (every dropped packet too); auto: as deep as this host lets it"
        ),
    ] = "auto"
    sources: Annotated[
        tuple[str, ...],
        Meta(description="sources that the agent runs; ebpf and conntrack as far as this host can run them"),
    ] = ("inventory", "counters", "ebpf", "conntrack")
    budget: Annotated[
        float,
        Meta(
            description="processors that the agent and its programs in the kernel may take together, in cores; beyond "
            "it details are left out, those of critical VIFs last",
            ge=0.001,
            le=1024,
        ),
    ] = 0.25
    all_namespaces: Annotated[
        bool, Meta(description="watch every network namespace; needs root; false: only this process's own namespace")
    ] = True
    uplinks: Annotated[
        tuple[str, ...],
        Meta(
            description="interfaces that lead out of this host though they are virtual, such as a veth in a container"
        ),
    ] = ()
    resync_interval: Annotated[
        Duration, Meta(description="how often the inventory is read whole, to correct what events missed")
    ] = duration("1m")
    namespace_dirs: Annotated[tuple[str, ...], Meta(description="folders whose files are named network namespaces")] = (
        "/run/netns",
    )


class Counters(Section, frozen=True):
    """Link and queue counters."""

    interval: Annotated[Duration, Meta(description="time between two sweeps, aligned to the clock; 1s to 5m")] = (
        duration("10s")
    )


class Conntrack(Section, frozen=True):
    """Connection tracking of network namespaces."""

    holders: Annotated[
        int,
        Meta(
            description="how many addresses and VIFs with the most connections are told of each table; 0: tables are "
            "not looked into",
            ge=0,
            le=1_000,
        ),
    ] = 20
    look_time: Annotated[
        Duration,
        Meta(
            description="processor time that one look into tables may take; it is followed by a rest of 50 times what "
            "it took"
        ),
    ] = duration("200ms")


class Ebpf(Section, frozen=True):
    """What programs in the kernel count."""

    probes: Annotated[
        tuple[Literal["flow", "drop", "transit"], ...],
        Meta(
            description="which programs run: flow counts packets by flow, drop those that the kernel drops by reason, "
            "transit takes the time of some from interface to interface"
        ),
    ] = ("flow", "drop", "transit")
    vifs: Annotated[
        tuple[str, ...],
        Meta(
            description="interfaces of the agent's namespace whose flows are counted: counting_points, and names, in "
            "which * stands for any text"
        ),
    ] = ("counting_points",)
    order: Annotated[
        Literal["first", "last"],
        Meta(
            description="where flows are counted beside other programs at an interface: before them, so that what they "
            "drop or redirect is counted as the interface does, or behind them"
        ),
    ] = "first"
    attach: Annotated[
        Literal["auto", "tcx", "clsact"],
        Meta(
            description="how the program comes to an interface: by tcx links (Linux 6.6), by filters of a clsact; "
            "auto is tcx where the kernel has it"
        ),
    ] = "auto"
    entries: Annotated[
        int, Meta(description="flows that each of the kernel's four maps holds", ge=256, le=16_777_216)
    ] = 65_536
    ring_bytes: Annotated[
        Size, Meta(description="ring for packets that the maps have no room for; a power of two, 64KiB to 1GiB")
    ] = size("4MiB")
    sampling: Annotated[int, Meta(description="one packet of so many is counted", ge=1, le=1_000_000)] = 1
    active_timeout: Annotated[
        Duration, Meta(description="a flow that goes on has a row at least so often; 1s to 1h")
    ] = duration("10s")
    inactive_timeout: Annotated[
        Duration, Meta(description="a flow without packets for so long has a row at once; 1s to 1h")
    ] = duration("10s")
    drop_entries: Annotated[
        int,
        Meta(
            description="kinds of drops (interface, reason, place, protocol) that each of the kernel's two maps holds",
            ge=16,
            le=1_048_576,
        ),
    ] = 8_192
    drop_samples: Annotated[
        int,
        Meta(
            description="packets of each kind of drop, between two readings, whose addresses are told", ge=0, le=1_024
        ),
    ] = 16
    transit_share: Annotated[
        float,
        Meta(
            description="share of the time in which packets are looked at for their transit time; 1 is always, and "
            "costs each packet ten times as much",
            ge=0.001,
            le=1.0,
        ),
    ] = 0.1
    transit_one_of: Annotated[
        int, Meta(description="one packet of so many is timed while packets are looked at", ge=1, le=1_000_000)
    ] = 8
    transit_longest: Annotated[
        Duration, Meta(description="longest transit time that is told, and waited for; 10ms to 10s")
    ] = duration("1s")
    transit_entries: Annotated[
        int, Meta(description="buckets of all histograms that are held between two readings", ge=16, le=1_048_576)
    ] = 16_384


class Sflow(Section, frozen=True):
    """The listener for sFlow."""

    listen: Annotated[
        str | None,
        Meta(description="where sFlow is received: addresses by comma, a bare port means loopback; none: off"),
    ] = None


class Ipfix(Section, frozen=True):
    """The listener for IPFIX."""

    listen: Annotated[
        str | None,
        Meta(description="where IPFIX is received: addresses by comma, a bare port means loopback; none: off"),
    ] = None


class Netflow(Section, frozen=True):
    """The listener for NetFlow v5 and v9."""

    listen: Annotated[
        str | None,
        Meta(description="where NetFlow is received: addresses by comma, a bare port means loopback; none: off"),
    ] = None


class KnownExporter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the operator says of an exporter, or of one port, domain or interface of it; absent ones mean all of them.

    Attributes:
        address: The exporter: sFlow's agent address, else the sender's.
        port: Sender's port, where several exporters share the address.
        domain: Observation domain; sFlow: sub-agent.
        interface: Number of an interface (ifIndex).
        sampling_rate: Each exported packet stands for so many; goes before what the exporter announces.
        interfaces: `kernel`: its interface numbers are this host's own, in the agent's network namespace.
        ifname: All that it exports was seen at this interface of the agent's network namespace.
        direction: `told`: the direction that it exports is that of the interface; `unknown`: it is not, which holds
            with `ifname` unless it is said, for softflowd marks the lower address, others everything alike.
        byte_layer: What it counts in bytes: from the IP header on, or from the Ethernet header on.
        name: What screens call it; with `interface`, what they call the interface.
    """

    address: str
    port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    domain: Annotated[int, Meta(ge=0, lt=1 << 32)] | None = None
    interface: Annotated[int, Meta(ge=0, lt=1 << 32)] | None = None
    sampling_rate: Annotated[float, Meta(ge=1, le=1e9)] | None = None
    interfaces: Literal["own", "kernel"] | None = None
    ifname: Annotated[str, Meta(min_length=1, max_length=15)] | None = None
    direction: Literal["told", "unknown"] | None = None
    byte_layer: Literal["ip", "link"] | None = None
    name: Annotated[str, Meta(min_length=1, max_length=255)] | None = None


class Exporters(Section, frozen=True):
    """Those that send flow exports, and what is kept of them."""

    allow: Annotated[
        tuple[str, ...],
        Meta(description="networks whose exporters are heard, such as 192.0.2.0/24; this host's loopback always is"),
    ] = ()
    known: Annotated[
        tuple[KnownExporter, ...],
        Meta(description="tables in the settings file: address, and port, domain, interface, sampling_rate, name, …"),
    ] = ()
    site: Annotated[str, Meta(description="tells exporters of the same address in different places apart")] = ""
    sockets: Annotated[
        int, Meta(description="sockets, each with a thread, for each address that is listened on", ge=1, le=64)
    ] = 1
    receive_buffer: Annotated[Size, Meta(description="what the kernel holds for each socket; 64KiB to 1GiB")] = size(
        "16MiB"
    )
    queue_bytes: Annotated[
        Size, Meta(description="bound of what waits to be decoded, and of what waits for the spool; 256KiB to 4GiB")
    ] = size("32MiB")
    park_bytes: Annotated[
        Size, Meta(description="bound of what waits for a template or a sampling rate; 64KiB to 4GiB")
    ] = size("32MiB")
    park_time: Annotated[
        Duration, Meta(description="how long a template or a sampling rate is waited for; 0s to 10m")
    ] = duration("60s")
    max_exporters: Annotated[int, Meta(description="most exporters that are told apart", ge=1, le=1_000_000)] = 4_096
    max_templates: Annotated[int, Meta(description="most templates of one exporter", ge=1, le=65_536)] = 1_024
    raw_elements: Annotated[bool, Meta(description="keep information elements that no column takes, by number")] = False
    state: Annotated[bool, Meta(description="keep templates, rates and sequence numbers over a restart")] = True


class Spool(Section, frozen=True):
    """The durable log between the agent and what reads it."""

    max_bytes: Annotated[Size, Meta(description="bound of the spool on disk; the oldest is evicted first")] = size(
        "1GiB"
    )
    segment_bytes: Annotated[Size, Meta(description="size at which a segment is closed; 64KiB to 256MiB")] = size(
        "8MiB"
    )
    keep_acknowledged: Annotated[
        Duration, Meta(description="how long acknowledged segments are kept for a second look")
    ] = duration("5m")
    min_free: Annotated[
        Size,
        Meta(description="what stays free of the spool's file system, of a small one at most a twentieth"),
    ] = size("512MiB")


class Window(Section, frozen=True):
    """When a window of time is closed."""

    grace: Annotated[Duration, Meta(description="wait for a silent host after a window's end before it is closed")] = (
        duration("30s")
    )
    late: Annotated[Duration, Meta(description="how long late rows re-open a closed window")] = duration("1h")


class Keep(Section, frozen=True):
    """How long rows are kept, by their event time; whole days."""

    raw: Annotated[Duration, Meta(description="raw records, and SLIs of 10 s; at least 2d")] = duration("3d")
    minute: Annotated[Duration, Meta(description="tiers and SLIs of one minute")] = duration("30d")
    five_minutes: Annotated[Duration, Meta(description="tiers of five minutes")] = duration("90d")
    hour: Annotated[Duration, Meta(description="tiers of one hour")] = duration("400d")
    day: Annotated[Duration, Meta(description="tiers of one day")] = duration("5y")
    history: Annotated[Duration, Meta(description="inventory and events")] = duration("400d")
    ledger: Annotated[Duration, Meta(description="ledger and accounts of exporters; no shorter than raw")] = duration(
        "30d"
    )

    @property
    def days(self) -> dict[str, int]:
        """Whole days, by the setting's name."""
        return {name: value // duration("1d") for name, value in msgspec.structs.asdict(self).items()}


class Store(Section, frozen=True):
    """ClickHouse: the embedded engine, or an existing server."""

    listen: Annotated[str, Meta(description="address of the embedded store's HTTP interface")] = "127.0.0.1:8123"
    url: Annotated[
        str | None,
        Meta(
            description="an existing ClickHouse server, http:// or https://; the embedded one is not started; several "
            "addresses of the same one by comma"
        ),
    ] = None
    user: Annotated[
        str | None,
        Meta(description="user of store.url that makes tables and inserts; none: viflux, with run/store.key"),
    ] = None
    password_file: Annotated[
        Path | None, Meta(description="file that holds the password of store.user and nothing else")
    ] = None
    reader_user: Annotated[
        str | None, Meta(description="user of store.url for the page and `viflux sql`; none: store.user, read-only")
    ] = None
    reader_password_file: Annotated[
        Path | None, Meta(description="file that holds the password of store.reader_user and nothing else")
    ] = None
    ca_file: Annotated[
        Path | None, Meta(description="certificates (PEM) that the server's is checked against; none: the system's")
    ] = None
    certificate_file: Annotated[
        Path | None,
        Meta(description="this client's certificate (PEM), where the server asks; without a password it is the login"),
    ] = None
    key_file: Annotated[Path | None, Meta(description="the key (PEM) of certificate_file")] = None
    database: Annotated[str, Meta(description="database that holds all tables", pattern=r"^[a-z][a-z0-9_]*$")] = (
        "viflux"
    )
    max_memory: Annotated[Size, Meta(description="memory cap of the embedded engine")] = size("2GiB")
    max_query_memory: Annotated[Size, Meta(description="memory cap of one read-only query")] = size("1GB")
    max_query_rows: Annotated[int, Meta(description="most rows that a read-only query returns", ge=1)] = 1_000_000
    max_query_time: Annotated[Duration, Meta(description="longest time of a read-only query")] = duration("70s")
    max_insert_bytes: Annotated[Size, Meta(description="largest body of one insert")] = size("128MiB")
    max_log_bytes: Annotated[
        Size, Meta(description="bound of the embedded engine's own log of queries on disk, which is kept for 3 days")
    ] = size("256MiB")
    min_free: Annotated[
        Size,
        Meta(
            description="what stays free of the embedded store's file system, of a small one at most a tenth: "
            "below it no rows are taken"
        ),
    ] = size("1GiB")


class Processor(Section, frozen=True):
    """Spool to store."""

    max_piece_rows: Annotated[int, Meta(description="most rows in one insert", ge=1, le=1_000_000)] = 250_000
    max_piece_bytes: Annotated[Size, Meta(description="most bytes in one insert")] = size("64MiB")
    linger: Annotated[Duration, Meta(description="wait for more batches before an intent is opened")] = duration(
        "200ms"
    )


class Kafka(Section, frozen=True):
    """Apache Kafka between the spools of many hosts and the processors."""

    brokers: Annotated[
        tuple[str, ...], Meta(description="brokers to ask first, as HOST:PORT; none: the spool is read directly")
    ] = ()
    topic_prefix: Annotated[
        str, Meta(description="first part of each topic's name: PREFIX.KIND.v1", pattern=r"^[A-Za-z0-9._-]{1,200}$")
    ] = "viflux"
    group: Annotated[str, Meta(description="consumer group of the processors", min_length=1, max_length=255)] = (
        "viflux-processor"
    )
    partitions: Annotated[
        int, Meta(description="partitions of a topic that `viflux migrate` makes, all topics alike", ge=1, le=10_000)
    ] = 4
    replication: Annotated[
        int | None,
        Meta(description="copies of each partition in topics that `viflux migrate` makes; none: 3, or all brokers"),
    ] = None
    retention: Annotated[Duration, Meta(description="how long topics that `viflux migrate` makes keep a batch")] = (
        duration("3d")
    )
    max_in_flight: Annotated[
        Size, Meta(description="most bytes that the shipper has sent and no broker has acknowledged; 1MiB to 1GiB")
    ] = size("16MiB")
    security: Annotated[
        Literal["plaintext", "tls", "sasl_tls", "sasl_plaintext"],
        Meta(description="encryption, and login by user and password (sasl)"),
    ] = "plaintext"
    ca_file: Annotated[
        Path | None, Meta(description="certificates (PEM) that the brokers' are checked against; none: the system's")
    ] = None
    certificate_file: Annotated[Path | None, Meta(description="this client's certificate (PEM), where brokers ask")] = (
        None
    )
    key_file: Annotated[Path | None, Meta(description="the key (PEM) of certificate_file")] = None
    sasl_mechanism: Annotated[
        Literal["scram-sha-512", "scram-sha-256", "plain"], Meta(description="how the password is proved")
    ] = "scram-sha-512"
    user: Annotated[str | None, Meta(description="user for the login")] = None
    password_file: Annotated[Path | None, Meta(description="file that holds the user's password and nothing else")] = (
        None
    )


class Web(Section, frozen=True):
    """The web console."""

    listen: Annotated[str, Meta(description="address of the web console, /metrics, /livez and /readyz")] = (
        "127.0.0.1:8686"
    )


class Log(Section, frozen=True):
    """Logging, always to stderr."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="least level that is printed")] = (
        "info"
    )
    form: Annotated[
        Literal["auto", "text", "json"], Meta(description="text on a terminal and JSON elsewhere, or always one")
    ] = "auto"


class Settings(Section, frozen=True):
    """All settings."""

    data_dir: Annotated[Path, Meta(description="everything that Viflux writes")] = msgspec.field(
        default_factory=default_data_dir
    )
    host: Annotated[str | None, Meta(description="name of this host in all records; default: the host name")] = None
    user: Annotated[str, Meta(description="user that all processes but the agent change to when started as root")] = (
        "viflux"
    )
    agent: Agent = Agent()
    counters: Counters = Counters()
    ebpf: Ebpf = Ebpf()
    conntrack: Conntrack = Conntrack()
    sflow: Sflow = Sflow()
    ipfix: Ipfix = Ipfix()
    netflow: Netflow = Netflow()
    exporters: Exporters = Exporters()
    spool: Spool = Spool()
    window: Window = Window()
    keep: Keep = Keep()
    store: Store = Store()
    processor: Processor = Processor()
    kafka: Kafka = Kafka()
    networks: Annotated[
        dict[str, str],
        Meta(
            description='what networks are called, such as {"10.0.0.0/8" = "office"}; of several that hold an address '
            "the longest prefix counts"
        ),
    ] = {}
    web: Web = Web()
    log: Log = Log()
