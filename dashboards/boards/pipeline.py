"""Whether the numbers can be trusted: what was handed over is stored, and what share of it arrived."""

from dashboards.boards.board import Board, Column, Panel

BALANCE = Panel(
    name="balance",
    title="Ledger",
    description="One row a host and stream: handed over = stored + in flight + lost + difference, of the last hour.",
    form="table",
    columns=(
        Column("host", "Host", "text", "Whose rows they are.", is_narrow=True),
        Column("stream", "Stream", "text", "Record kind and source.", is_narrow=True),
        Column("state", "State", "text", "Balanced, in flight, unknown or short.", is_narrow=True),
        Column("handed_over", "Handed over", "count", "Rows that the agent put into its spool.", is_narrow=True),
        Column("stored", "Stored", "count", "Rows in the store.", is_narrow=True),
        Column("in_flight", "In flight", "count", "Rows that the processor has not dealt with yet."),
        Column("lost", "Lost", "count", "Rows that will not come, by cause.", is_narrow=True),
        Column("difference", "Difference", "count", "Rows that nothing explains; anything but 0 is a fault."),
        Column("unread", "Before the spool", "count", "Rows that were lost before they were handed over."),
        Column("causes", "Causes", "text", "What took the rows, lost ones and those before the spool.", is_narrow=True),
    ),
    most_rows=100_000,
    package="ingest.store",
)

HOSTS = Panel(
    name="arrivals",
    title="Hosts",
    description="One row a host of the last hour: what share of its rows arrived, and how far behind it is.",
    form="table",
    columns=(
        Column("host", "Host", "text", "Its name.", is_narrow=True),
        Column("completeness", "Arrived", "completeness", "Rows stored, of those and lost ones.", is_narrow=True),
        Column("least", "Worst minute", "completeness", "The same of its worst minute and stream.", is_narrow=True),
        Column("lag", "Behind", "age", "How old its newest watermark is.", is_narrow=True),
        Column("parked", "Parked", "count", "Datagrams that wait for a template or a rate now.", is_narrow=True),
        Column("letters", "Dead letters", "count", "Batches that could not be stored.", is_narrow=True),
    ),
    most_rows=10_000,
)

COST = Panel(
    name="cost",
    title="Cost of the collectors",
    description="One row a host: what the agent and its programs take, mean of five minutes, and what is left out.",
    form="table",
    columns=(
        Column("host", "Host", "text", "Its name.", is_narrow=True),
        Column("cost", "Cores", "count", "Processors taken by the agent and its programs together.", is_narrow=True),
        Column("budget", "Budget", "count", "Setting agent.budget, in cores.", is_narrow=True),
        Column("shed", "Left out", "text", "What is left out to stay within the budget now.", is_narrow=True),
        Column("resident", "Resident", "count", "Memory of the agent's process."),
        Column("maps", "Maps", "count", "Memory of the kernel that the programs' maps hold."),
    ),
    most_rows=10_000,
)

PIPELINE = Board(
    name="pipeline",
    title="Pipeline",
    question="Can the numbers be trusted?",
    refresh_seconds=10,
    panels=(BALANCE, HOSTS, COST),
)
