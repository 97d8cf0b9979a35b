"""Every number the engine may be tuned by: few, physical, with unit and source. None is fitted to a single
recording."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults hold for AiFi-like shops; sources are sections of the project's field notes and docs/walkout.md."""

    receipt_wait_s: float = 2.5
    """A receipt is settled this long after the last person of a visit left, so that late batches and last put-backs
    still count."""
    charge_confidence: float = 0.9
    """Charge without a person's look when the receipt is exact with at least this probability."""
