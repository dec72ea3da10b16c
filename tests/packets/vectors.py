"""The packets of `odd.py` with what tshark reads of them, as the native tests take them.

`python -m tests.packets.vectors` writes the file anew.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.packets import dissection, odd

VECTORS = Path(__file__).resolve().parents[2] / "collectors/native/wire/tests/vectors/packets.txt"


def lines() -> list[str]:
    """Return one line for each packet: name, bytes in hex, and facts as `column=text`, sorted; with tabs between.

    Raises:
        OSError: tshark cannot be run.
        subprocess.CalledProcessError: tshark failed.
    """
    packets = odd.packets()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "odd.pcap"
        dissection.capture(packets.values(), path)
        read = dissection.dissect(path)
    return [
        "\t".join([name, packet.hex(), *(f"{column}={text}" for column, text in sorted(facts.items()))])
        for (name, packet), facts in zip(packets.items(), read, strict=True)
    ]


if __name__ == "__main__":
    VECTORS.write_text("\n".join(lines()) + "\n", encoding="ascii")
