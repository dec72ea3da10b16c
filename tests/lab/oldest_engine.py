"""Runs statements on the oldest engine that tables and queries are promised to work with: ClickHouse 24.8.4.1.

A child process whose PYTHONPATH begins with `.venv/oldest`, where chDB 2.1.1 lies, the same engine in a library. It
reads a list of statements as JSON from stdin and writes for each its result, or its error, as JSON to stdout. After an
error this library cannot be used again, so the list ends there.
"""

from __future__ import annotations

import json
import os
import sys

from chdb.session import Session

with os.fdopen(os.dup(1), "w") as answers:
    os.dup2(2, 1)
    session = Session(sys.argv[1])
    found: list[dict[str, str]] = []
    for sql in json.load(sys.stdin):
        try:
            found.append({"result": str(session.query(sql, "TSV"))})
        except Exception as error:  # noqa: BLE001 - whatever it raises is the answer
            found.append({"error": str(error), "sql": sql})
            break
    json.dump(found, answers)
os._exit(0)
