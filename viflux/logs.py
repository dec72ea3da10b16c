"""Logging: one structlog configuration, always to stderr, readable on a terminal and JSON elsewhere."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def configure(level: str, form: str, stage: str) -> None:
    """Set up logging for this process.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        form: `text`, `json`, or `auto` (text on a terminal, JSON otherwise).
        stage: The verb that this process runs; it is in every line.
    """
    as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if as_text:
        processors.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    else:
        processors += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(stage=stage)


def get(name: str) -> Any:
    """Return a logger whose lines carry `name` as their `room`."""
    return structlog.get_logger().bind(room=name)
