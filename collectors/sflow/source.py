"""The source `sflow`: what comes in at `sflow.listen`."""

from __future__ import annotations

from collectors.exporters.origin import Origin

SFLOW = Origin(name="sflow", stream="flows.sflow", settings=("sflow.listen",))
"""The protocol is told by content: IPFIX that comes in here is decoded too, and its flows are of this stream."""
