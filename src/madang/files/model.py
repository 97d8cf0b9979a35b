"""The words of files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from madang.kernel.clock import DAY_US


class Retention(StrEnum):
    """Why a file is kept, and so for how long."""

    SENSOR = "sensor"
    EXPORT = "export"
    OPERATION = "operation"
    TRADE = "trade"
    PICTURE = "picture"


# Sensor streams show people moving, so they go early (개인정보 보호법 §21); records of payment and supply are kept five
# years (전자상거래법 시행령 §6).
# Pictures of goods stay until who keeps them closes them.
KEEP_D = {
    Retention.SENSOR: 7,
    Retention.EXPORT: 30,
    Retention.OPERATION: 365,
    Retention.TRADE: 5 * 365,
    Retention.PICTURE: 100 * 365,
}


def destroy_after_us(retention: Retention, kept_at_us: int) -> int:
    """When a file of this class is to be destroyed."""
    return kept_at_us + KEEP_D[retention] * DAY_US


@dataclass(frozen=True, slots=True)
class Kept:
    """One file in the store: ``sha256`` (hex) is its content's name, ``id`` this keeping of it.

    ``closed_at_us`` is when the keeping ended, ``destroyed_at_us`` when its bytes were off the disk (or left to another
    keeping of the same content).
    """

    id: UUID
    sha256: str
    size: int
    media_type: str
    retention: Retention
    kept_at_us: int
    destroy_after_us: int
    closed_at_us: int | None = None
    destroyed_at_us: int | None = None
