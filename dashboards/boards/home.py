"""The first board: is a VIF of this host hurting now, and what do all of them carry?"""

from dashboards.boards.board import Board, Column, Panel

SCOPES = Panel(
    name="scopes",
    title="This host",
    description="What all workloads together receive and send, and what passes the physical ports, in the last 10 s.",
    form="stats",
    columns=(
        Column("to", "To workloads", "bits_per_second", "Sum over all counting points."),
        Column("from", "From workloads", "bits_per_second", "Sum over all counting points."),
        Column("loss_to", "Loss to workloads", "ratio", "Lost over offered, of all counting points."),
        Column("loss_from", "Loss from workloads", "ratio", "Lost over offered, where the sender is visible."),
        Column("uplink_to", "Uplink in", "bits_per_second", "Received by the physical ports."),
        Column("uplink_from", "Uplink out", "bits_per_second", "Sent by the physical ports."),
    ),
)

VIFS = Panel(
    name="vifs",
    title="Virtual interfaces",
    description="One row a counting point, and the uplinks; to and from as the workload behind it sees them.",
    form="table",
    columns=(
        Column("name", "Interface", "text", "Namespace and name of the interface.", is_narrow=True),
        Column("kind", "Kind", "text", "What the kernel calls it."),
        Column("side", "Side", "text", "Where it stands: towards a workload, at the host, or out of the host."),
        Column("workload", "Workload", "text", "Container, pod or VM behind it."),
        Column("owner", "Owner / service", "text", "Who is told when it hurts, and what it belongs to."),
        Column("state", "State", "text", "Administrative and operational state."),
        Column("rate_to", "To workload", "bits_per_second", "Mean of the last 10 s.", is_narrow=True),
        Column("rate_from", "From workload", "bits_per_second", "Mean of the last 10 s.", is_narrow=True),
        Column("loss_to", "Loss to", "ratio", "Lost over offered by the end that sends to it.", is_narrow=True),
        Column("loss_from", "Loss from", "ratio", "Lost over offered by the workload's own end.", is_narrow=True),
        Column("utilisation", "Utilisation", "ratio", "The busier direction over the promised rate."),
        Column("coverage", "Flows", "ratio", "Bytes that flows tell of over bytes counted, some minutes ago."),
        Column("completeness", "Complete", "completeness", "Share of the expected data that arrived.", is_narrow=True),
        Column("age", "Age", "age", "How long ago the window of these figures ended."),
    ),
    sort_by="name",
)

HOME = Board(
    name="home",
    title="Now",
    question="Is a VIF of this host hurting somebody now?",
    refresh_seconds=3,
    panels=(SCOPES, VIFS),
)
