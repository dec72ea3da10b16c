# ruff: noqa: PYI021 - the stub is the only place where Python readers find what the native core does
"""The native core of the collectors, built from `collectors/native`."""

from collections.abc import Sequence
from os import PathLike
from typing import TypeAlias

# One Arrow IPC stream (buffers zstd, at most 512 KiB), its rows, and the first and last event time in ns.
_Encoded: TypeAlias = tuple[bytes, int, int, int]
# The same with LZ4 buffers, as a read-only view of the native core's memory.
_Viewed: TypeAlias = tuple[memoryview, int, int, int]

class WatchCounts:
    """What a watch counted since it was made; `vifs` and `namespaces` are of now."""

    vifs: int
    namespaces: int
    events: int
    overflows: int
    malformed: int
    corrections: int
    scans: int
    unread_namespaces: int

class HostWatch:
    """This host's interfaces under watch: asks the kernel, keeps the table of VIFs, gives rows as encoded batches.

    What `inventory`, `events`, `last_readings` and `sweep` return is one proposal; `commit` says that it was written
    for good, `discard` that it was not, and then it is proposed again. Every call releases the interpreter.
    """

    def __init__(
        self,
        *,
        host: str,
        machine_id: bytes,
        boot_id: bytes,
        interval_ns: int,
        namespace_dirs: Sequence[str | PathLike[str]],
        all_namespaces: bool,
        uplinks: Sequence[str] = (),
    ) -> None:
        """Start to listen to the kernel; nothing is known before the first `resync`.

        Args:
            host: First part of each `vif_key`.
            machine_id: 16 bytes.
            boot_id: 16 bytes.
            interval_ns: Time between two sweeps; a reading that is later than 1.5 times this is a gap.
            namespace_dirs: Folders whose files are named namespaces.
            all_namespaces: Watch other namespaces too, as far as the process may.
            uplinks: Names in the agent's namespace that count as physical ports though they are virtual.

        Raises:
            ValueError: An id does not have 16 bytes.
            OSError: The kernel refuses a netlink socket.
        """

    def restore(
        self, inventory: Sequence[bytes], counters: Sequence[bytes], *, is_newest: bool = True
    ) -> tuple[int, int]:
        """Put back what an earlier run wrote, oldest payload first; to be called before the first `resync`.

        Payloads of another boot are passed over. Where newer counters than these were lost (`is_newest` is false), none
        are taken and each VIF begins with a new baseline: what it counted since may be stored already.

        Returns:
            How many rows of inventory and of counters were taken.

        Raises:
            ValueError: A payload cannot be decoded.
        """

    def poll(self, timeout_ns: int) -> bool:
        """Take in what happens, waiting up to `timeout_ns` for the first of it; a signal ends the wait.

        Returns:
            Whether there are rows to propose besides a sweep.

        Raises:
            OSError: The kernel's socket broke.
        """

    def resync(self) -> None:
        """Read every namespace whole: corrects (and counts) what events missed, and takes note of what is gone.

        Raises:
            OSError: The kernel's socket broke, or `/proc` cannot be listed. An unreadable namespace is no error.
        """

    def sweep(self, flows: FlowProbe | None = None) -> tuple[list[_Encoded], int, int]:
        """Read all counters.

        Args:
            flows: Its next drain has what was counted until the counters of its interfaces are read here.

        Returns:
            Batches of kind `counters` with a row for each VIF (and the last readings); the instant before which they
            and earlier ones tell all, 0 if nothing was read; how many namespaces could not be read.

        Raises:
            RuntimeError: The kernel's socket broke.
        """

    def inventory(self, now_ns: int, whole: bool) -> list[_Encoded]:
        """Return batches of kind `inventory`: VIFs that changed, came or went, or with `whole` all that live too."""

    def events(self) -> list[_Encoded]:
        """Return batches of kind `events`: what the table noticed."""

    def last_readings(self) -> list[_Encoded]:
        """Return batches of kind `counters`: the last row of each VIF that ended with a reading."""

    def commit(self) -> None:
        """Say that all that was proposed since the last commit or discard is written for good."""

    def discard(self) -> None:
        """Say that nothing of it was written."""

    def settled_time_ns(self) -> int:
        """Return the instant before which everything that events told was taken in."""

    def problems(self) -> list[tuple[str, str]]:
        """Return (subject, detail) of what went wrong since the last call; the same one is told once."""

    def corrected(self) -> list[str]:
        """Return, for some of the corrections since the last call, the VIF's key and what was different."""

    def sees_all_namespaces(self) -> bool:
        """Whether changes in other namespaces are seen and heard."""

    def local_interfaces(self) -> list[tuple[int, str, int]]:
        """Return ifindex, name and vif_id of the interfaces in this process's own network namespace."""

    def counts(self) -> WatchCounts:
        """Return what was counted so far."""

class FlowHarvest:
    """What one drain of `FlowProbe` hands over.

    Attributes:
        messages: Encoded batches of kind `flows`.
        settled_time_ns: All packets that were seen before this instant are in these or earlier messages, or are lost.
        lost: Of what neither maps nor ring could take since the drain before: vif_id, whether at egress, packets and
            bytes (on the wire).
        drained: Flows that were in the maps.
        overflowed: Packets that came through the ring since the drain before.
        waiting: Flows whose row is not due yet.
        runs: Packets that the programs have seen since the drain before, a GSO packet once.
        map_entries: Flows that were in the fuller of the two maps that were drained.
        unmatched: Packets that were seen and not counted, and for which no counted one stands.
        sights: Directions of VIFs that ceased to be visible, or are again, as far as a sweep had this probe: vif_id,
            whether egress, whether hidden, packets and bytes that the interface counted, bytes of them that were seen.
            Hidden is that of which less than half was seen in two readings in a row with 16 packets or more each.
    """

    messages: list[_Viewed]
    settled_time_ns: int
    lost: list[tuple[int, bool, int, int]]
    drained: int
    overflowed: int
    waiting: int
    runs: int
    map_entries: int
    unmatched: int
    sights: list[tuple[int, bool, bool, int, int, int]]

class FlowProbe:
    """The probe `flow` (`collectors/ebpf/flow`) in the kernel; it is gone from there with this object.

    Every call but `sample`, `is_behind`, `watched` and `way` releases the interpreter.
    """

    def __init__(
        self,
        *,
        entries: int,
        ring_bytes: int,
        sampling: int,
        active_ns: int,
        inactive_ns: int,
        is_last: bool = False,
        attach: str = "auto",
    ) -> None:
        """Load it; it is attached nowhere yet.

        Args:
            entries: Flows in each of four maps: two families, of each one is written while the other is read.
            ring_bytes: Ring for packets that the maps have no room for; a power of two, at least a page.
            sampling: One packet of so many is counted.
            active_ns: A flow that goes on has a row so often; 0: each drain makes rows of all flows.
            inactive_ns: A flow without packets for so long has a row.
            is_last: It comes behind the programs that others have at an interface by then, else before them.
            attach: `tcx`, `clsact`, or `auto`: tcx where the kernel has it.

        Raises:
            ValueError: `attach` is none of these.
            OSError: The kernel refuses: a capability is missing, or a part of the kernel.
        """

    def follow(self, watch: HostWatch, *, counting_points: bool, names: Sequence[str]) -> list[tuple[str, str]]:
        """Attach to the selected interfaces of the agent's own namespace, detach from all others; critical ones first.

        Ends after a quarter of a second, also where it is not through; see `is_behind`.

        Args:
            watch: Knows the interfaces.
            counting_points: Select counting points.
            names: Select interfaces by name, in which `*` stands for any text.

        Returns:
            Name and reason of each where the kernel refused, once.
        """

    def is_behind(self) -> bool:
        """Return whether the last call of `follow` ended before it was through."""

    def relieve(self) -> int:
        """Take in what the ring holds; how many packets that were."""

    def drain(self, *, all: bool = False) -> FlowHarvest:  # noqa: A002
        """Take out of the kernel what was counted until the sweep that had this probe, else until now.

        Rows are of what is due. Their `time` and `duration_ns` are the interval in which packets were counted: from one
        sweep with this probe to a later one, or without any from drain to drain; as far as the VIF was watched, and
        with ends within 0.2 s of full ten seconds taken as these. Where `active_ns` is a minute or less, no row goes
        beyond the sweep that ends a minute.

        Args:
            all: Of all that waits for a timeout too.

        Raises:
            RuntimeError: The kernel has no memory; nothing is lost, a later call has it.
        """

    def sample(self, *, critical: int, others: int) -> None:
        """Have one packet of so many counted, of critical interfaces and of others, from the next drain on.

        Rows tell how many were seen for each that was counted, by interface and direction.
        """

    def watched(self) -> int:
        """Return to how many interfaces it is attached."""

    def has_tcx(self) -> bool:
        """Return whether the kernel has tcx; nothing is attached for it."""

    def way(self) -> str:
        """Return how it is attached: `tcx` or `clsact`."""

    def memory_bytes(self) -> int:
        """Return the memory of the kernel that its maps hold."""

    def runs(self) -> tuple[int, int]:
        """Return how often its programs ran and for how many ns, while the kernel's statistics were on."""

class DropHarvest:
    """What one drain of `DropProbe` hands over.

    Attributes:
        messages: Encoded batches of kind `drops`.
        settled_time_ns: All that was dropped before this instant is in these or earlier messages, or is lost.
        map_full: Packets and bytes that are in no row since the drain before, the map being full.
        missed: Drops that interrupted the program on the same processor, and are in no row; since the drain before.
        messages_count: What was freed as dropped and is no packet of a network, such as netlink's messages and what a
            trial run of a program gives back.
        unsampled: Packets whose sample found no room in the ring; they are in rows.
        unknown_reasons: Names that were met for the first time and have no meaning.
        drained: Entries that were in the map.
        runs: How often the program ran since the drain before, as the maps say.
    """

    messages: list[_Encoded]
    settled_time_ns: int
    map_full: tuple[int, int]
    missed: int
    messages_count: int
    unsampled: int
    unknown_reasons: list[str]
    drained: int
    runs: int

class TransitHarvest:
    """What one drain of the probe `transit` hands over.

    Attributes:
        messages: Encoded batches of `latency`, each with first and last time and rows, as of the other probes.
        settled_time_ns: The instant before which everything is in these rows or in earlier ones, ns since the epoch.
        begun: Samples that were begun since the last drain.
        told: Times that were told; one packet has several where devices lie upon each other.
        expired: Samples that were on their way when their window closed, or left later than is told.
        changed: Samples of which something else left than came in.
        unplaced: Samples without room in the kernel or in the agent.
        missed: Runs of programs that did not take place, for they would have interrupted another one.
        runs: Runs of all programs.
        buckets: Buckets that were taken.
        problem: Why a window could not be opened or closed; empty where nothing was.
    """

    messages: list[tuple[bytes, int, int, int]]
    settled_time_ns: int
    begun: int
    told: int
    expired: int
    changed: int
    unplaced: int
    missed: int
    runs: int
    buckets: int
    problem: str

class TransitProbe:
    """The probe `transit` (`collectors/ebpf/transit`) in the kernel; it is gone from there with this object.

    Every call releases the interpreter.
    """

    def __init__(
        self, *, ring_bytes: int, most_buckets: int, one_of: int, window_ns: int, longest_ns: int, share: float
    ) -> None:
        """Load it; nothing is attached yet.

        Args:
            ring_bytes: Ring for samples; a power of two, at least a page.
            most_buckets: Buckets of all histograms that are held between two drains.
            one_of: One of so many packets that come in is sampled, while a window is open.
            window_ns: How long packets that come in are sampled at a time.
            longest_ns: What takes longer is not told.
            share: Of the time in which the programs are in the kernel; 1 for always.

        Raises:
            OSError: The kernel refuses: a capability is missing, or a part of the kernel.
        """

    def attach(self) -> None:
        """Open the first window; raises `OSError` where the kernel refuses."""

    def drain(self, watch: HostWatch, *, last: bool = False) -> TransitHarvest:
        """Make rows of all that was told since the last call.

        Samples of the last two seconds at an interface that is not known wait for the next drain.

        Args:
            watch: Knows whose the interfaces are.
            last: There will be no other: the programs are taken out of the kernel, and nothing waits.

        Raises:
            RuntimeError: The kernel has no memory; nothing is lost, a later call has it.
        """

    def is_full(self) -> bool:
        """Return whether samples found no room in the agent since the last drain."""

    def set_rate(self, one_of: int) -> None:
        """Sample one of so many packets from now on."""

    def set_share(self, share: float) -> None:
        """Have the programs in the kernel for this share of the time, from the next window on; 1 for always."""

    def memory_bytes(self) -> int:
        """Return the memory of the kernel that the maps hold."""

    def runs(self) -> tuple[int, int]:
        """Return how often the programs ran and for how many ns, while the kernel took the time.

        Raises:
            OSError: The kernel refuses to tell.
        """

class DropProbe:
    """The probe `drop` (`collectors/ebpf/drop`) in the kernel; it is gone from there with this object.

    Every call but `runs` releases the interpreter.
    """

    def __init__(
        self, *, entries: int, ring_bytes: int, samples: int, meanings: Sequence[tuple[str, str, str, str]]
    ) -> None:
        """Load it; it is not attached yet.

        Args:
            entries: Kinds of drops in each of two maps: one is written while the other is read.
            ring_bytes: Ring for samples; a power of two, at least a page.
            samples: Packets of each entry that go through the ring between two drains.
            meanings: Reason, function or empty for any, class and origin; the pair goes before the reason alone.

        Raises:
            OSError: The kernel refuses: a capability is missing, or a part of the kernel.
        """

    def attach(self) -> None:
        """Begin to count; raises `OSError` where the kernel refuses."""

    def drain(self, watch: HostWatch, *, last: bool = False) -> DropHarvest:
        """Take all that was counted out of the kernel, and make rows of it.

        Drops of the last two seconds at an interface that is not known wait for the next drain.

        Args:
            watch: Knows whose the interfaces are.
            last: There will be no other: nothing waits.

        Raises:
            RuntimeError: The kernel has no memory; nothing is lost, a later call has it.
        """

    def is_full(self) -> bool:
        """Return whether the map ran over since the last drain."""

    def set_samples(self, samples: int) -> None:
        """Have so many packets of each entry told with their addresses, from the next drain on."""

    def memory_bytes(self) -> int:
        """Return the memory of the kernel that its maps hold."""

    def runs(self) -> tuple[int, int]:
        """Return how often its program ran and for how many ns, while the kernel's statistics were on."""

def drop_reasons() -> dict[int, str]:
    """Return the names of all reasons of the running kernel, without the prefix that they share.

    Raises:
        OSError: The kernel has no type information.
    """

def encode_cost(rows: Sequence[object]) -> list[_Encoded]:
    """Encode rows of `hosts`, one a component.

    Args:
        rows: Objects with the attributes of `collectors.cost.source.CostRow`.
    """

class ConntrackReading:
    """How full one network namespace's connection tracking is.

    Attributes:
        namespace: Its cookie.
        name: As in records.
        time_ns: When it was read, ns since the epoch.
        entries: That it holds.
        max: That it may hold, 0 for no limit; None where the kernel does not tell.
        counters: Since the namespace was made: packets dropped, entries dropped early, failed insertions, invalid
            packets; None where not asked for.
    """

    namespace: int
    name: str
    time_ns: int
    entries: int
    max: int | None
    counters: tuple[int, int, int, int] | None

# Readings, and of namespaces where there will be none the next time either: name, why.
_Readings: TypeAlias = tuple[list[ConntrackReading], list[tuple[str, str]]]

def conntrack_refusal() -> str | None:
    """Return why connection tracking cannot be read in the own network namespace; None where it can."""

def conntrack_occupancies(watch: HostWatch, *, after: int, budget_ns: int) -> _Readings:
    """Read how full the tables of the watch's namespaces are, by turns.

    Args:
        watch: Knows them.
        after: Cookie of the last one that was read; those behind it come first.
        budget_ns: It ends when this is over, after one at least.
    """

def conntrack_accounts(watch: HostWatch) -> _Readings:
    """Read how full all tables are, and what happened in them."""

class ConntrackHolders:
    """Who holds the entries of one namespace's table.

    Attributes:
        seen: Entries that were looked at.
        is_whole: These were all.
        cpu_ns: Processor time that it took.
    """

    seen: int
    is_whole: bool
    cpu_ns: int

def conntrack_holders(
    watch: HostWatch, *, namespace: int, cpu_ns: int, origins: int, top: int
) -> ConntrackHolders | None:
    """Look where the entries of a namespace's table came from; None where the namespace ended.

    Args:
        watch: Knows it, and whose the addresses are.
        namespace: Its cookie.
        cpu_ns: It ends when it took so much; what came until then is as good as drawn by lot.
        origins: How many addresses are told apart.
        top: How many addresses and how many VIFs are kept.

    Raises:
        OSError: The kernel refuses.
    """

def encode_conntrack(rows: Sequence[object]) -> list[_Encoded]:
    """Encode rows of `hosts`, one a namespace.

    Args:
        rows: Objects with the attributes of `collectors.conntrack.occupancy.Row`.
    """

def encode_holders(looks: Sequence[tuple[int, str, int, ConntrackHolders]]) -> list[_Encoded]:
    """Encode rows of `holders`: of each look the time, the namespace's name, its entries, and what was found."""

def take_run_times() -> int:
    """Have the kernel take the time of all programs' runs until the returned descriptor is closed.

    Raises:
        OSError: The kernel refuses; it asks for CAP_SYS_ADMIN.
    """

def reclaim_filters() -> int:
    """Remove the clsact filters that a killed agent left at interfaces of this namespace; how many they were.

    A filter whose program a living process has at work is not left over. A clsact that was made for them goes too,
    unless somebody else has filters in it.

    Raises:
        OSError: The kernel does not list them.
    """

def reclaim_everywhere(namespace_dirs: Sequence[str]) -> list[tuple[str, int, str]]:
    """As `reclaim_filters`, in all namespaces of this host: name, how many, and why one could not be looked into.

    Args:
        namespace_dirs: Folders whose files are named namespaces; those of processes are found, too.

    Raises:
        OSError: `/proc` cannot be listed.
    """

def find_traces() -> list[tuple[str, int, str, list[int]]]:
    """Find our programs, links and maps in the kernel: `program`, `link` or `map`, its id, its name, who holds it.

    Raises:
        OSError: The kernel does not list them: it asks for CAP_SYS_ADMIN.
    """

class Handed:
    """What one call of `ExportListener.take` hands over.

    Attributes:
        messages: Encoded batches by stream, each stream's in order.
        is_partial: More waits: call again. Messages end where the state of exporters can be saved, some MiB apart.
        settled_time_ns: All that was received before this instant is in these or earlier messages, or is parked; 0
            while more waits.
        state: What a restart must know, exactly as of the end of the messages; None where nothing changed, or where
            saving it took more than one percent of a processor.
        problems: Event, subject, detail, count of what a person should know.
        lost: Cause, datagrams, flows of all that was lost since the start: `socket`, `shed`, `refused`, `undecodable`,
            `parked`, `exporter_gap`; brought up to date every ten seconds and at the end.
        decoded_datagrams: Since the start, at the same times.
        flows: Flow rows since the start, at the same times.
    """

    messages: list[tuple[str, list[_Viewed]]]
    is_partial: bool
    settled_time_ns: int
    state: bytes | None
    problems: list[tuple[str, str, str, int]]
    lost: list[tuple[str, int, int]]
    decoded_datagrams: int
    flows: int

class ListenerStatus:
    """What a listener counted since it was opened; lists are by address, in the order in which they were given.

    Received datagrams are those that the kernel gave: refused, shed, queued, parked, decoded or undecodable ones.
    `receive_buffers` has one for each socket. Times of the processor are of the threads that receive and decode.
    """

    addresses: list[str]
    receive_buffers: list[int]
    received: list[int]
    received_bytes: list[int]
    refused: list[int]
    shed: list[int]
    cut: list[int]
    socket_dropped: list[int]
    queued_bytes: int
    waiting_bytes: int
    receive_errors: int
    receive_cpu_ns: int
    decode_cpu_ns: int
    encode_cpu_ns: int
    parked: int
    flows: int
    unknown_rate_flows: int

class ExportListener:
    """A source of flow exports: sockets, threads that receive and decode, and messages that wait to be handed over.

    Receiving never waits for decoding. What waits is bounded twice by `queue_bytes`: datagrams to be decoded, of which
    each sender has a fair share, and encoded messages, beyond which decoding stops. What exceeds a sender's share is
    shed, whole datagrams, and counted for it. Every call releases the interpreter.
    """

    def __init__(
        self,
        *,
        stream: str,
        listen: Sequence[tuple[str, int]],
        sockets: int = 1,
        receive_buffer: int = ...,
        queue_bytes: int = ...,
        allow: Sequence[tuple[str, int]] = (),
        site: str = "",
        known: Sequence[object] = (),
        park_bytes: int = ...,
        park_time_ns: int = ...,
        max_exporters: int = 4096,
        max_templates: int = 1024,
        raw_elements: bool = False,
    ) -> None:
        """Bind all sockets; nothing is received before `start`.

        Args:
            stream: Of the flows.
            listen: Addresses and ports; port 0 lets the kernel choose.
            sockets: For each address, each with a thread of its own.
            receive_buffer: Bytes that the kernel shall hold for each; less is told by `problems`.
            queue_bytes: Bound of what waits to be decoded, and of what waits to be handed over.
            allow: Networks that are heard besides loopback: address and length of the prefix.
            site: Distinguishes exporters of the same address in different places.
            known: Objects with the attributes of `viflux.settings.schema.KnownExporter`.
            park_bytes: Bound of what waits for a template or a sampling rate.
            park_time_ns: How long it waits.
            max_exporters: Most that are told apart.
            max_templates: Most of one exporter.
            raw_elements: Keep elements that no column takes.

        Raises:
            OSError: An address cannot be listened on; `filename` is its position in `listen`.
            ValueError: An address, a network or an entry of `known` is none.
        """

    def restore(self, state: bytes, *, accounts: bool = True, numbers: bool = True) -> None:
        """Take in what an earlier run handed over, before `start`; what cannot be read is told by `problems`.

        Args:
            state: As it was handed over.
            accounts: Whether what was counted then is still to be told.
            numbers: Whether sequence numbers go on where they were then; accounts are left out without them.
        """

    def addresses(self) -> list[str]:
        """Return where it listens, with the ports that the kernel chose."""

    def start(self) -> None:
        """Start the threads; they have the capabilities of the calling thread.

        Raises:
            OSError: The kernel gives no thread.
        """

    def take(self, most_bytes: int, *, whole: bool = False, patience_ns: int = ...) -> Handed:
        """Have all that was received decoded, and take about `most_bytes` of messages, oldest first.

        Args:
            most_bytes: At least one message is taken, of at most 512 KiB.
            whole: State all interfaces of exporters.
            patience_ns: How long the decoder may take; what it has not done by then is in a later call.
        """

    def settle(self) -> None:
        """Say that what was taken is written, or given up: it does not count against the bound any more."""

    def set_local_vifs(self, interfaces: Sequence[tuple[int, str, int]]) -> None:
        """Tell ifindex, name and vif_id of the interfaces of the agent's own network namespace."""

    def status(self) -> ListenerStatus:
        """Return what was counted so far."""

    def stop(self) -> None:
        """Receive no more, decode all that came, end the threads; what they leave can still be taken."""

def missing_capabilities() -> list[tuple[str, str]]:
    """Return the name, and what is not seen without it, of each capability that a full view needs and is missing."""

def machine_id() -> bytes | None:
    """Return `/etc/machine-id` or D-Bus's copy, 16 bytes; None where there is neither."""

def boot_id() -> bytes:
    """Return the host's boot, `/proc/sys/kernel/random/boot_id`, 16 bytes."""

def encode_events(
    *,
    time: Sequence[int],
    event: Sequence[str],
    subject: Sequence[str],
    detail: Sequence[str],
    event_count: Sequence[int],
) -> list[_Encoded]:
    """Encode rows of `events` that are about no VIF; all columns have the same length."""

def encode_ledger(
    *,
    time: Sequence[int],
    duration_ns: Sequence[int],
    of_stream: Sequence[str],
    rows_count: Sequence[int],
    out_bytes: Sequence[int],
    batches_count: Sequence[int],
    through_sequence: Sequence[int],
    lost_rows_count: Sequence[int],
    lost_rows_origin: Sequence[str],
    lost_batches_count: Sequence[int],
    lost_through_sequence: Sequence[int],
    cause: Sequence[str],
    watermark_time: Sequence[int],
    first_event_time: Sequence[int],
    last_event_time: Sequence[int],
) -> list[_Encoded]:
    """Encode rows of `ledger` with the stage `agent`; all columns have the same length."""

class DecodeCounts:
    """What a stream of captures had, and what became of it; from `exporters` on only known at the end."""

    bytes: int
    packets: int
    datagrams: int
    cut_datagrams: int
    other_packets: int
    other_port_datagrams: int
    unknown_link_packets: int
    broken_packets: int
    fragments: int
    lost_fragments: int
    exporters: int
    decoded_datagrams: int
    undecodable_datagrams: int
    template_missing_datagrams: int
    missed: int
    flows: int
    unknown_rate_flows: int

class DecodedBatch:
    """Rows of one kind; goes to pyarrow and others without a copy, by the Arrow PyCapsule interface.

    `pyarrow.record_batch(batch)` has all columns of the kind, those that nobody told null.
    """

    def __len__(self) -> int: ...
    def slice(self, first: int, rows: int) -> DecodedBatch:
        """Return some of the rows, without a copy."""

    def jsonl(self, columns: Sequence[tuple[str, str]]) -> bytes:
        """Return the rows as JSON lines; `columns` as of `DecodeWriter`."""

    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class DecodeFiles:
    """Captures as an iterator of batches: files are one stream, in order; `-` is standard input.

    Memory does not grow with the files. The interpreter is released while a batch is made.
    """

    def __init__(
        self,
        files: Sequence[str | PathLike[str]],
        *,
        records: str = "flows",
        ports: Sequence[int] = (),
        rows: int = 16_384,
        site: str = "",
        known: Sequence[object] = (),
        park_bytes: int = ...,
        park_time_ns: int = ...,
        max_exporters: int = 4096,
        max_templates: int = 1024,
        raw_elements: bool = False,
    ) -> None:
        """Nothing is opened before the first batch is asked for.

        Args:
            files: Captures, pcap or pcapng.
            records: `flows`, `options`, `counters`, `drops`, `hosts`, or `errors` for what cannot be decoded.
            ports: UDP ports that datagrams are sent to; empty for all.
            rows: Rows in a batch of flows; there may be those of a few datagrams more.
            site: As of `ExportListener`, and so are those below; time is that of the captures.
            known: Objects with the attributes of `viflux.settings.schema.KnownExporter`.
            park_bytes: Bound of what waits for a template or a sampling rate.
            park_time_ns: How long it waits.
            max_exporters: Most that are told apart.
            max_templates: Most of one exporter.
            raw_elements: Keep elements that no column takes.

        Raises:
            ValueError: There are no such records, or an entry of `known` is wrong.
        """

    def __iter__(self) -> DecodeFiles: ...
    def __next__(self) -> DecodedBatch: ...
    def finish(self) -> None:
        """End before the files do: what is parked is dropped or decoded, and `counts` is whole."""

    def failures(self) -> list[tuple[str, str]]:
        """Return (file, reason) of files that could not be read to their end, since the last call."""

    def progress(self) -> tuple[int, int | None]:
        """Return how many bytes were gone through, and how many there are; None where there is a pipe."""

    def counts(self) -> DecodeCounts:
        """Return what was counted so far."""

class DecodeWriter:
    """Writes batches to a file or standard output: `jsonl`, `csv`, or `arrow` (one IPC stream)."""

    def __init__(
        self,
        form: str,
        *,
        records: str,
        columns: Sequence[tuple[str, str]],
        path: str | PathLike[str] | None = None,
    ) -> None:
        """Make the file.

        Args:
            form: `jsonl`, `csv` or `arrow`.
            records: Kind of the batches.
            columns: Names in order, each with `id` (16 hex digits), `mac`, or an empty text.
            path: The file; standard output by default.

        Raises:
            ValueError: The form, a column, or how it is shown is not known.
            OSError: The file cannot be made.
        """

    def write(self, batch: DecodedBatch) -> None:
        """Write rows.

        Raises:
            BrokenPipeError: Nobody reads any more.
            OSError: They cannot be written.
        """

    def finish(self) -> None:
        """Write the end; to be called once."""

class FlowGlance:
    """What was seen of a flow message, which it holds.

    `time` and `received_time` are the earliest and the latest, in ns; `minutes` are those since the epoch that hold the
    last nanosecond of a flow, in no order; `value_bytes` is what its columns take in memory when they are decoded.
    """

    rows: int
    time: tuple[int, int]
    received_time: tuple[int, int]
    minutes: list[int]
    value_bytes: int

class FlowGlancer:
    """Looks at flow messages: each buffer is decompressed and checked, and none is kept. For several threads."""

    def look(self, payload: bytes) -> FlowGlance | None:
        """Return what is in a message, None where it is not sound, not plain, or has columns that were not learned."""

    def learn(self, payload: bytes) -> None:
        """Remember the columns of a message that was decoded and found to be sound; plain ones only."""

def join_flows(
    parts: Sequence[tuple[FlowGlance, str, str, str, str, int]],
) -> bytes | None:
    """Return one Arrow IPC stream with a record batch of each message, whose buffers are copied as they are.

    Args:
        parts: For each its `host`, `boot_id`, `spool_id`, `stream` and `sequence`, which become columns; and there is
            `time_origin`, which is `event`.

    Returns:
        None where they have not all the same columns.
    """
