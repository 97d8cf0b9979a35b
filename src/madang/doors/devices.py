"""What the gateway knows of each sending device: its running numbers, and how well it behaves."""

from __future__ import annotations

import msgspec

from madang.walkout.clocks import DeviceClock, measured_us
from madang.walkout.messages import Message

LATE_US = 500_000
"""A message that comes so long after it was measured is late: the engine may have decided without it."""
GAP_MAX = 4096
"""Numbers a device may be missing before the oldest count as lost for good (they would be refused as repeated)."""
FIRST_SEQ_MAX = 64
"""A device first heard of at a number up to this is taken to have begun at 0, so that its first messages may come in
any order; above, it was running before we were."""


class Device(msgspec.Struct):
    """One device. ``boot`` counts its restarts: a higher one begins numbering anew.

    ``batches`` are messages taken; the others of them came ``late`` or ``out_of_order``; ``duplicate`` and
    ``malformed`` were not taken; ``missing`` never came (so far). ``last_us`` is the arrival of the last one taken.
    """

    id: str
    kind: str = "unknown"
    boot: int = 0
    next_seq: int = 0
    gaps: set[int] = msgspec.field(default_factory=set)
    last_us: int = 0
    batches: int = 0
    late: int = 0
    duplicate: int = 0
    out_of_order: int = 0
    missing: int = 0
    malformed: int = 0
    refused: int = 0
    clock: DeviceClock = msgspec.field(default_factory=DeviceClock)

    def has(self, seq: int, boot: int = 0) -> bool:
        """True when this number was taken already, or is too old to be told apart from one that was."""
        if boot != self.boot:
            return boot < self.boot
        return seq < self.next_seq and seq not in self.gaps

    def take(self, message: Message, arrival_us: int) -> bool:
        """Count a message that is not a duplicate; True where it came late, by the hub's clock."""
        seq, boot = message.seq, message.boot
        assert not self.has(seq, boot)
        if boot > self.boot or self.batches == 0:
            self.boot, self.next_seq, self.gaps = boot, seq if seq > FIRST_SEQ_MAX else 0, set()
        if seq < self.next_seq:
            self.gaps.discard(seq)
            self.out_of_order += 1
            self.missing -= 1
        else:
            self._skip_to(seq)
            self.next_seq = seq + 1
        corrected_us = message.t_us - self.clock.take(message, arrival_us)
        late = arrival_us - measured_us(message) + corrected_us > LATE_US
        self.batches += 1
        self.late += late
        self.last_us = arrival_us
        self.kind = str(type(message).__struct_config__.tag)
        return late

    def _skip_to(self, seq: int) -> None:
        self.missing += seq - self.next_seq
        self.gaps.update(range(max(self.next_seq, seq - GAP_MAX), seq))
        if len(self.gaps) > GAP_MAX:
            self.gaps = set(sorted(self.gaps)[-GAP_MAX:])

    def ok(self, now_us: int, silent_us: int) -> bool:
        """True when it was heard of lately."""
        return self.batches > 0 and now_us - self.last_us <= silent_us
