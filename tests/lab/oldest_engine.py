"""Runs statements on the oldest engine that tables and queries are promised to work with: ClickHouse 24.8.4.1.

A child process whose PYTHONPATH begins with `.venv/oldest`, where chDB 2.1.1 lies, the same engine in a library. Each
line of stdin is a JSON array of a text and a format; each line of stdout its `result`, or its `error`. After an error
this library cannot be used again, so it ends there.
"""

from __future__ import annotations

import json
import os
import sys

from chdb.session import Session

with os.fdopen(os.dup(0)) as texts, os.fdopen(os.dup(1), "w") as answers:
    # An INSERT would read on from what it takes for its own stdin.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    session = Session(sys.argv[1])
    for line in texts:
        sql, form = json.loads(line)
        try:
            answer = {"result": str(session.query(sql, form))}
        except Exception as error:  # noqa: BLE001 - whatever it raises is the answer
            answer = {"error": str(error)}
        json.dump(answer, answers)
        answers.write("\n")
        answers.flush()
        if "error" in answer:
            break
os._exit(0)
