"""`viflux up`: everything on this host, from one command."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import click

from viflux.clock import SystemClock
from viflux.command import flags_of, verb
from viflux.confinement import keep_capabilities
from viflux.errors import VifluxError
from viflux.paths import DataPaths
from viflux.profiles import EVERY_CAPABILITY
from viflux.settings import Settings
from viflux.supervisor import addresses, folder
from viflux.supervisor.children import Child, command_for
from viflux.supervisor.folder import Owner
from viflux.supervisor.plan import STORE, SUPERVISOR_CAPABILITIES, stages_for
from viflux.supervisor.report import Report, read_state
from viflux.supervisor.supervision import Supervision, wait_until_gone

_PREDECESSOR_SECONDS = 5.0
"""How long the stages of a killed `up` may take to end; the kernel kills them, but a store may hold gigabytes."""


@click.command()
@click.option("--user", help="User that all stages but the agent change to, when started as root.")
@verb()
@click.pass_context
def up(context: click.Context, settings: Settings, user: str | None) -> None:
    """Run everything on this host: agent, store, processor, slis and the web console; with Kafka the shipper too.

    Restarts what dies, and on SIGTERM or Ctrl-C stops in order; a second one stops at once.
    """
    clock = SystemClock()
    paths = DataPaths(settings.data_dir)
    stages = stages_for(settings)
    store_address = addresses.split("store.listen", settings.store.listen) if STORE in stages else None
    addresses.split("web.listen", settings.web.listen)

    folder.require_format(paths)
    lock = folder.lock(paths)
    had_predecessor = _await_predecessor(paths, clock)
    wait_seconds = _PREDECESSOR_SECONDS if had_predecessor else 0.0
    addresses.require_free("web.listen", settings.web.listen, wait_seconds)
    if store_address is not None:
        addresses.require_free("store.listen", settings.store.listen, wait_seconds)
    exports = addresses.export_listeners(settings)
    for setting, heard in exports.items():
        for address in heard:
            addresses.require_free_udp(setting, address, wait_seconds)

    owner, notes = _prepare_folder(paths, user or settings.user, _files_to_read(settings, context.params.get("config")))
    if os.geteuid() == 0:
        _give_up_what_none_needs(owner)

    flags = flags_of(settings, context)
    teller = next((stage for stage in stages if not stage.keeps), None)
    children = [
        Child(
            stage,
            command_for(stage, flags, data_dir=paths.root, user=owner.name, tells_missing=stage is teller),
            clock,
        )
        for stage in stages
    ]
    page = addresses.page_at("web.listen", settings.web.listen)
    report = Report(settings.log.form, page, str(paths.root), notes, exports)
    report.opening()
    try:
        Supervision(children, paths, clock, report, store_address).run()
    except OSError as error:
        raise folder.unwritable(paths.root, error) from error
    os.close(lock)


def _await_predecessor(paths: DataPaths, clock: SystemClock) -> bool:
    """Wait for the stages of an `up` that was killed; return whether there were any."""
    state = None
    with suppress(VifluxError):  # a torn state file is written anew
        state = read_state(paths)
    pids = {stage.pid: stage.name for stage in state.stages if stage.pid is not None} if state else {}
    pids = {pid: stage for pid, stage in pids.items() if _is_our_child(pid)}
    for pid in wait_until_gone(pids, _PREDECESSOR_SECONDS, clock):
        raise VifluxError(
            f"{paths.root}: the {pids[pid]} (pid {pid}) of an earlier `viflux up` still runs; stop it, then try again"
        )
    return bool(pids)


def _is_our_child(pid: int) -> bool:
    # Ids are used again: only a process that was started as a stage counts. An ending one has no arguments any more.
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return not arguments or b"viflux.supervisor.child" in arguments.split(b"\0")


def _files_to_read(settings: Settings, config: Path | None) -> list[Path]:
    """Return the files that the stages other than the agent read, whoever they run as."""
    kafka = settings.kafka
    named = (config, kafka.ca_file, kafka.certificate_file, kafka.key_file, kafka.password_file)
    return [Path(path).absolute() for path in named if path is not None]


def _prepare_folder(paths: DataPaths, user: str, must_read: list[Path]) -> tuple[Owner, list[str]]:
    """Find out whom the others run as, give them their part of the folder, and say in plain words what came of it."""
    this = Owner.of_this_process()
    if this.uid != 0:
        folder.hand_over(paths, this)
        return this, []
    wanted = folder.owner_named(user)
    reason: str | None = f"user {user} does not exist; `useradd --system {user}` adds it"
    if wanted is not None:
        reason = folder.why_unusable(user, must_read)
        if reason is None:
            folder.hand_over(paths, wanted)
            reason = folder.why_unusable(user, [paths.root])
        if reason is None:
            return wanted, []
    folder.hand_over(paths, this)
    return this, [f"the stages run as root without capabilities: {reason}"]


def _give_up_what_none_needs(owner: Owner) -> None:
    # The agent has no right over others' files, and reads theirs as a member of their group.
    if owner.gid not in os.getgroups():
        os.setgroups([*os.getgroups(), owner.gid])
    keep_capabilities((*EVERY_CAPABILITY, *SUPERVISOR_CAPABILITIES))
