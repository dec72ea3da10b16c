"""Who sends flow exports, how they sample, and what of it is missing."""

from dashboards.boards.board import Board, Column, Panel

SENDERS = Panel(
    name="exporters",
    title="Exporters",
    description="One row an exporter and observation domain of the last hour; rates of its newest interval.",
    form="table",
    columns=(
        Column("name", "Exporter", "text", "Its address, and what the settings call it.", is_narrow=True),
        Column("protocol", "Protocol", "text", "What it speaks, told by content.", is_narrow=True),
        Column("domain", "Domain", "count", "Observation domain, sub-agent or engine."),
        Column("listener", "Listener", "text", "Address and port that its datagrams come in at."),
        Column("datagrams", "Datagrams", "per_second", "Datagrams received a second.", is_narrow=True),
        Column("flows", "Flows", "per_second", "Flow rows made a second.", is_narrow=True),
        Column("sampling", "Sampling", "text", "Its rate, and where that came from.", is_narrow=True),
        Column("unknown", "No rate", "count", "Flows that no volume counts, for want of a rate.", is_narrow=True),
        Column("templates", "Templates", "count", "Templates that are known now."),
        Column("missed", "Missed", "count", "What its sequence numbers skipped.", is_narrow=True),
        Column("lost", "Lost here", "count", "Datagrams shed, or dropped at the full socket.", is_narrow=True),
        Column("refused", "Unusable", "count", "Datagrams refused, undecodable, or parked in vain."),
        Column("parked", "Parked", "count", "Datagrams that wait for a template or a rate now."),
        Column("skew", "Clock", "text", "Its clock against ours."),
        Column("heard", "Heard", "age", "How long ago its newest datagram came.", is_narrow=True),
    ),
    sort_by="name",
    most_rows=5000,
    package="ingest.store",
)

EXPORTERS = Board(
    name="exporters",
    title="Exporters",
    question="Who sends flows here, and can their volumes be trusted?",
    refresh_seconds=10,
    panels=(SENDERS,),
)
