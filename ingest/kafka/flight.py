"""What the shipper has sent: which of it is acknowledged, and up to where without a gap. Pure state."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from viflux.spool import Position


@dataclass
class Sent:
    """One batch on its way.

    Attributes:
        end: Where the next batch begins in the spool.
        size: Bytes of the message.
        sealed_time_ns: When the batch was closed.
        acknowledged: Whether the brokers have it for good.
    """

    end: Position
    size: int
    sealed_time_ns: int
    acknowledged: bool = False


class Flight:
    """Batches in the order of the spool, from the first that is not acknowledged."""

    def __init__(self) -> None:
        self._sent: deque[Sent] = deque()
        self.unacknowledged_bytes = 0
        self.spanned_bytes = 0

    def __len__(self) -> int:
        return len(self._sent)

    @property
    def oldest_sealed_time_ns(self) -> int | None:
        """When the oldest batch that is not acknowledged was closed; None where all are."""
        return self._sent[0].sealed_time_ns if self._sent else None

    def send(self, end: Position, size: int, sealed_time_ns: int) -> Sent:
        """Note that a batch is on its way."""
        sent = Sent(end, size, sealed_time_ns)
        self._sent.append(sent)
        self.unacknowledged_bytes += size
        self.spanned_bytes += size
        return sent

    def take_back(self, sent: Sent) -> None:
        """Forget the newest batch: it was not sent after all."""
        if not self._sent or self._sent[-1] is not sent or sent.acknowledged:
            raise ValueError("only the newest batch can be taken back, before it is acknowledged")
        self._sent.pop()
        self.unacknowledged_bytes -= sent.size
        self.spanned_bytes -= sent.size

    def passed_over(self, end: Position) -> None:
        """Note something that is not sent at all; the cursor moves over it in its turn."""
        self._sent.append(Sent(end, 0, 0, acknowledged=True))

    def acknowledge(self, sent: Sent) -> None:
        """Note that the brokers have a batch; twice is as once."""
        if not sent.acknowledged:
            sent.acknowledged = True
            self.unacknowledged_bytes -= sent.size

    def settle(self) -> Position | None:
        """Let go of the acknowledged prefix; return where it ends, None where there is none."""
        end: Position | None = None
        while self._sent and self._sent[0].acknowledged:
            first = self._sent.popleft()
            self.spanned_bytes -= first.size
            end = first.end
        return end
