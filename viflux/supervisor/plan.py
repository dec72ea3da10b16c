"""Which stages make up the embedded shape, what each waits for, what it may keep, and when it is stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from viflux.profiles import EVERY_CAPABILITY, capabilities, wanted

if TYPE_CHECKING:
    from viflux.settings import Settings

SUPERVISOR_CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_KILL")
"""What `up` itself needs besides, to start the others as another user and to stop them again."""


@dataclass(frozen=True)
class Stage:
    """One process of the plan.

    Attributes:
        name: What pages and logs call it; its verb, unless `verb` says otherwise.
        verb: The verb with its own words.
        after: Names of what must be there before it runs: `store` that answers, or a task that is done. It is started
            at once all the same, and loads its code while it waits.
        loads: The modules of that code which its verb imports only when it runs.
        writes: Folders within the data folder that a confined stage may write to; all of it by default.
        keeps: Capabilities that it keeps where `up` runs as root; one that keeps none is confined and changes its user.
        task: Whether it ends when its work is done, and is not started again then.
        drain_turn: When it is stopped: lower first, equal ones together.
        empties: Whether it is given time, in its turn, to hand on what is still on its way.
    """

    name: str
    verb: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    task: bool = False
    drain_turn: int = 0
    empties: bool = False


STORE = Stage("store", drain_turn=4)
SHIPPER = Stage(
    "shipper",
    after=("topics",),
    loads=("ingest.kafka.shipper",),
    writes=("shipper", "deadletter", "run"),
    drain_turn=1,
    empties=True,
)
TOPICS = Stage("topics", verb=("migrate", "--only", "topics", "--wait"), writes=("run",), task=True, drain_turn=0)

STAGES = (
    STORE,
    Stage("agent", keeps=EVERY_CAPABILITY, drain_turn=0),
    SHIPPER,
    Stage("migrate", verb=("migrate", "--only", "tables"), after=("store",), task=True, drain_turn=0),
    TOPICS,
    Stage(
        "processor",
        after=("migrate", "topics"),
        loads=("ingest.processor.loop", "ingest.store.client"),
        drain_turn=2,
        empties=True,
    ),
    Stage("slis", after=("migrate",), drain_turn=3),
    Stage("web", drain_turn=3),
)
"""In the order of their start: the store first because others wait for it."""


def stages_for(settings: Settings) -> tuple[Stage, ...]:
    """Return the stages to start here: the store unless a server is named, those of the bus where brokers are."""
    left_out = {STORE} if settings.store.url is not None else set()
    if not settings.kafka.brokers:
        left_out |= {SHIPPER, TOPICS}
    absent = {TOPICS.name} if TOPICS in left_out else set()
    return tuple(
        replace(
            stage,
            after=tuple(name for name in stage.after if name not in absent),
            keeps=capabilities(wanted(settings), settings) if stage.name == "agent" else stage.keeps,
        )
        for stage in STAGES
        if stage not in left_out
    )
