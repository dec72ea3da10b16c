"""The literal table of verbs: `viflux NAME` runs the click command at `module:attribute`.

Modules are named by text and imported only when their verb is used, so the frame itself knows no stage.
"""

VERBS: dict[str, tuple[str, str]] = {
    "up": ("viflux.supervisor.command:up", "run everything on this host: agent, store, processor, slis, web"),
    "agent": ("collectors.agent.command:agent", "collect from this host into the spool"),
    "store": ("ingest.store.command:store", "run the embedded ClickHouse store"),
    "shipper": ("ingest.kafka.command:shipper", "send the spool of this host to Kafka"),
    "processor": ("ingest.processor.command:processor", "move records from the spool into the store, exactly once"),
    "slis": ("analytics.command:slis", "compute service-level indicators on closed windows"),
    "web": ("dashboards.web.command:web", "serve the web console"),
    "decode": ("collectors.decode.command:decode", "print what flow exporters sent, from captures"),
    "flows": ("ingest.store.flows_command:flows", "who talks to whom at which interface, and how much"),
    "drops": ("ingest.store.drops_command:drops", "which packets were dropped where, why, and whether that is loss"),
    "latency": ("ingest.store.latency_command:latency", "how long packets take from one interface to another"),
    "conntrack": (
        "ingest.store.conntrack_command:conntrack",
        "how full connection tracking is, when it will be full, and who fills it",
    ),
    "sql": ("ingest.store.sql_command:sql", "run a read-only SQL query"),
    "exporters": ("ingest.store.exporters_command:exporters", "who sends flow exports, how much, and what is missing"),
    "ledger": ("ingest.store.ledger_command:ledger", "whether what was handed over is stored, and what was lost"),
    "check": ("ingest.processor.tiers.check_command:check", "compare the tiers with what they are made of, to the row"),
    "deadletter": ("ingest.deadletter.command:deadletter", "look at, replay or drop what could not be stored"),
    "migrate": (
        "ingest.store.migrate_command:migrate",
        "bring the store's tables and the bus's topics to this version",
    ),
    "doctor": ("viflux.doctor.command:doctor", "what this host can run, what is missing, and what to do"),
    "config": ("viflux.settings.command:config", "show or check the settings"),
}
