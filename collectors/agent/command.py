"""`viflux agent`: collect from this host into the spool."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import click

from viflux.command import verb
from viflux.errors import VifluxError
from viflux.settings import Settings

if TYPE_CHECKING:
    from viflux.paths import DataPaths

_OBEY_SECONDS = 10.0
_ASK_AGAIN_SECONDS = 0.05


@click.group(invoke_without_command=True)
@verb()
@click.pass_context
def agent(context: click.Context, settings: Settings) -> None:
    """Collect from this host into the spool.

    As root it sees every network namespace; as another user its own. SIGTERM ends it within two seconds.
    """
    if context.invoked_subcommand is None:
        _run(settings)


@agent.command()
@verb("agent")
def pause(settings: Settings) -> None:
    """Take all programs out of the kernel; counters go on.

    Within a second no program is at work. The kernel then takes some 20 ms for each interface to let its links go,
    which happens in the background; `viflux agent cleanup` waits for it and looks whether anything is left.

    It holds over a restart of the agent, until `viflux agent resume`. Flows and drops of that time are told as missing
    (cause `paused` in the ledger), not as none.
    """
    from collectors.agent import pause as order  # noqa: PLC0415
    from viflux.paths import DataPaths  # noqa: PLC0415

    paths = DataPaths(settings.data_dir)
    if order.read(paths) is None:
        order.write(paths, order.Pause(time.time_ns()))
    _await_pause(paths, is_paused=True)


@agent.command()
@verb("agent")
def resume(settings: Settings) -> None:
    """End a pause: programs are loaded and attached again, within a second."""
    from collectors.agent import pause as order  # noqa: PLC0415
    from viflux.paths import DataPaths  # noqa: PLC0415

    paths = DataPaths(settings.data_dir)
    order.remove(paths)
    _await_pause(paths, is_paused=False)


def _await_pause(paths: DataPaths, *, is_paused: bool) -> None:
    """Wait until the running agent has done as it was told, and say what it says."""
    from viflux import telemetry  # noqa: PLC0415

    deadline = time.monotonic() + _OBEY_SECONDS
    sample = f"viflux_agent_paused {float(is_paused)}"
    while time.monotonic() < deadline:
        status, text = telemetry.ask(paths, "agent", "/metrics")
        if telemetry.says_absent(status, text):
            state = "it will start paused" if is_paused else "it will not start paused"
            click.echo(f"The agent does not run here; {state}.")
            return
        if sample in text.splitlines():
            click.echo(telemetry.ask(paths, "agent", "/notes")[1].rstrip())
            return
        time.sleep(_ASK_AGAIN_SECONDS)
    raise VifluxError(f"the agent has not obeyed within {_OBEY_SECONDS:g} s; its log says why")


@agent.command()
@verb("agent")
def cleanup(settings: Settings) -> None:
    """Remove every trace of the agent from the kernel.

    Programs at tcx, their links and all maps end with the agent, also where it is killed. Filters of clsact, which take
    their place before Linux 6.6, do not: those whose agent is gone are removed here, in all network namespaces, and
    each clsact that was made for them, unless somebody else has filters in it. Then all programs, links and maps of the
    kernel are looked through, and what is left of Viflux is listed.

    It is refused while the agent of the data folder runs and is not paused. What another running agent holds is left
    alone. Exit code 1 where something is left that no process holds.
    """
    from viflux.paths import DataPaths  # noqa: PLC0415

    try:
        from collectors.agent import cleanup as work  # noqa: PLC0415
    except ImportError:
        click.echo("Nothing is left to remove: the native core is not built, so nothing of it was ever in the kernel.")
        return
    paused = work.require_no_agent(DataPaths(settings.data_dir))
    done = work.clean(settings, paused)
    for namespace, removed in done.removed.items():
        where = f" in {namespace}" if namespace else ""
        click.echo(f"Filters of an agent that was killed were removed{where}: {removed}.")
    for unread in done.unread:
        click.echo(f"A network namespace could not be looked into: {unread}", err=True)
    for pid in done.held:
        click.echo(f"Process {pid} ({work.name_of(pid)}) runs and has programs of Viflux in the kernel; they stay.")
    if done.left:
        raise VifluxError(f"still in the kernel, and held by no process (pinned?): {', '.join(done.left)}")
    click.echo(
        "Nothing is left to remove. The ids (nsid) that the agent gave to network namespaces stay until each "
        "namespace ends: the kernel has no call that takes one back, and they change nothing."
    )


def _run(settings: Settings) -> None:
    # What the agent is made of is loaded here: `--help` and `cleanup` must work where the native core is not built.
    from collectors.agent import sources, view  # noqa: PLC0415
    from collectors.agent.host import Host  # noqa: PLC0415
    from collectors.agent.loop import Agent  # noqa: PLC0415
    from collectors.agent.probes import Probes  # noqa: PLC0415
    from collectors.exporters.exports import Exports  # noqa: PLC0415
    from viflux import telemetry  # noqa: PLC0415
    from viflux.clock import SystemClock  # noqa: PLC0415
    from viflux.paths import DataPaths  # noqa: PLC0415
    from viflux.profiles import capabilities, wanted  # noqa: PLC0415
    from viflux.spool import SpoolWriter  # noqa: PLC0415
    from viflux.supervisor.folder import require_format  # noqa: PLC0415

    sources.require_known(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    clock = SystemClock()
    paths = DataPaths(settings.data_dir)
    require_format(paths)
    # A port below 1024 needs a capability that the agent gives up.
    exports = Exports.open(settings, paths)
    view.give_up_other_capabilities(capabilities(wanted(settings), settings))
    probes = Probes(settings, paths)
    view.give_up_other_capabilities(probes.kept_capabilities)
    limits = view.limits_of_view(settings)
    host = Host.of(settings)
    health = telemetry.Health("agent", clock)
    spool = SpoolWriter.open(
        paths.spool,
        host=host.name,
        boot_id=host.boot_id.hex(),
        max_bytes=settings.spool.max_bytes,
        segment_bytes=settings.spool.segment_bytes,
        keep_acknowledged_ns=settings.spool.keep_acknowledged,
        clock=clock,
        reader_file=paths.spool_reader_state(is_shipped=bool(settings.kafka.brokers)),
        min_free_bytes=settings.spool.min_free,
    )
    server = telemetry.serve(paths, health)
    try:
        Agent(settings, host, spool, clock, health, limits, exports, probes).run(stop)
    except OSError as error:
        raise VifluxError(f"the kernel refuses what the agent cannot do without: {error.strerror or error}") from error
    finally:
        server.close()
        spool.close()
