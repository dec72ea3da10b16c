"""One VIF: how much goes to and from it, who its workload talks to, and what was dropped there."""

from dashboards.boards.board import Board, Column, Panel

COURSE = Panel(
    name="course",
    title="Traffic",
    description="Rates to and from the workload, and the packets lost on the way, a point a step. Where nothing was "
    "read there is a gap; a gap is not nothing sent.",
    form="chart",
    columns=(),
    most_rows=1000,
)

TALKS = Panel(
    name="talks",
    title="Flows",
    description="One row a peer, service and direction of the last five minutes, the largest first; of a pair, at both "
    "ends, as far as both are watched.",
    form="table",
    columns=(
        Column("peer", "Peer", "text", "The other end, and the VIF or network that it is.", is_narrow=True),
        Column("end", "At", "text", "Which end of the pair.", is_narrow=True, is_optional=True),
        Column("direction", "Direction", "text", "As the workload behind the VIF sees it.", is_narrow=True),
        Column("service", "Service", "text", "The lower of both ports, and its protocol.", is_narrow=True),
        Column("rate", "Rate", "bits_per_second", "Mean over the span, in units of its counters.", is_narrow=True),
        Column("packets", "Packets", "count", "Packets in the span, scaled where they were sampled.", is_narrow=True),
        Column("flows", "Flows", "count", "Flows behind the row.", is_narrow=True),
        Column(
            "error",
            "Error",
            "text",
            "How far off a sampled rate may be, 95 times of 100.",
            is_narrow=True,
            is_optional=True,
        ),
        Column(
            "unknown",
            "No rate",
            "count",
            "Flows that are left out, for want of a sampling rate.",
            is_narrow=True,
            is_optional=True,
        ),
        Column("told", "Told by", "text", "Who told it.", is_narrow=True, is_optional=True),
    ),
    most_rows=100,
)

DROPPED = Panel(
    name="dropped",
    title="Drops",
    description="One row a reason and place of the last five minutes, the most first. Of a pair, both ends.",
    form="table",
    columns=(
        Column("reason", "Reason", "text", "Why the packets were dropped.", is_narrow=True),
        Column("end", "At", "text", "Which end of the pair.", is_narrow=True, is_optional=True),
        Column("class", "Class", "text", "Loss, a policy, the endpoint, or nothing to miss.", is_narrow=True),
        Column("place", "Place", "text", "Where in the packet's path.", is_narrow=True),
        Column("packets", "Packets", "count", "Packets in the span, scaled where they were sampled.", is_narrow=True),
        Column("rate", "A second", "per_second", "Mean over the span.", is_narrow=True),
        Column("told", "Told by", "text", "Who told it.", is_narrow=True, is_optional=True),
    ),
    most_rows=100,
)

VIF = Board(
    name="vif",
    title="VIF",
    question="How much goes to and from this VIF, who does it talk to, and what is dropped there?",
    refresh_seconds=10,
    panels=(COURSE, TALKS, DROPPED),
)
