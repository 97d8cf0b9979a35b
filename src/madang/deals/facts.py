"""What the journal is told about deals and receipts. Keys only: a deal's subject is opaque already."""

from __future__ import annotations

import msgspec

from madang import journal
from madang.journal import Stage


@journal.kind("deals.opened", version=1, stage=Stage.SALES)
class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A deal began, under the newest version of its process."""

    deal: str
    process: str
    version: int
    state: str
    about: str


@journal.kind("deals.moved", version=1, stage=Stage.SALES)
class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A deal made a step; ``closed`` when nothing can follow."""

    deal: str
    process: str
    version: int
    number: int
    transition: str
    source: str
    target: str
    about: str
    closed: bool


class ReceiptLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as readers of facts need it (stock, trends, bookkeeping)."""

    product: str
    qty: int
    grams: int | None
    amount_krw: int
    vat_krw: int


@journal.kind("deals.receipt_issued", version=1, stage=Stage.SALES)
class ReceiptIssued(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt was issued, of a sale (``original`` is None) or of a refund (amounts are negative)."""

    receipt: str
    label: str
    deal: str
    total_krw: int
    vat_krw: int
    exempt_krw: int
    decision: str
    confidence: float | None
    original: str | None
    lines: tuple[ReceiptLine, ...]
