"""The listener alone, in a process of its own: `python -m benchmarks.exports_listener STREAM PORT`.

It receives, decodes and encodes as it does in the agent, and what it hands over is thrown away. Ends at the end of its
input, and prints what it counted as one line of JSON.
"""

from __future__ import annotations

import json
import resource
import select
import sys

from collectors._native import ExportListener

MOST_BYTES = 64 << 20


def main() -> None:
    """Listen until the input ends."""
    stream, port = sys.argv[1], int(sys.argv[2])
    listener = ExportListener(
        stream=stream,
        listen=[("127.0.0.1", port)],
        receive_buffer=16 << 20,
        queue_bytes=256 << 20,
        park_time_ns=60 * 10**9,
    )
    listener.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    ended = False
    rows = encoded = 0
    while True:
        handed = listener.take(MOST_BYTES)
        for stream_of, messages in handed.messages:
            if stream_of == stream:
                rows += sum(message[1] for message in messages)
                encoded += sum(len(message[0]) for message in messages)
        listener.settle()
        if handed.is_partial:
            continue
        if ended:
            break
        readable, _, _ = select.select([sys.stdin], [], [], 0.05)
        if readable:
            listener.stop()
            ended = True
    status = listener.status()
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "rows": rows,
        "encoded_bytes": encoded,
        "received": sum(status.received),
        "shed": sum(status.shed),
        "dropped": sum(status.socket_dropped),
        "receive_cpu_ns": status.receive_cpu_ns,
        "decode_cpu_ns": status.decode_cpu_ns,
        "encode_cpu_ns": status.encode_cpu_ns,
        "process_cpu_ns": int((used.ru_utime + used.ru_stime) * 1e9),
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
