"""The source `ipfix`: what comes in at `ipfix.listen` and `netflow.listen`."""

from __future__ import annotations

from collectors.exporters.origin import Origin

IPFIX = Origin(name="ipfix", stream="flows.ipfix", settings=("ipfix.listen", "netflow.listen"))
"""The protocol is told by content: sFlow that comes in here is decoded too, and its flows are of this stream."""
