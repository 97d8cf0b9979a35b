"""What the journal is told about settlement: parties' keys are opaque, amounts are won."""

from __future__ import annotations

import msgspec

from madang import journal
from madang.db import Tx
from madang.journal import Stage
from madang.kernel import Actor, derived


@journal.kind("settlement.party_added", version=1, stage=Stage.SERVICE)
class PartyAdded(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was registered to be settled."""

    party: str


@journal.kind("settlement.terms_set", version=1, stage=Stage.PLANNING)
class TermsSet(msgspec.Struct, frozen=True, kw_only=True):
    """New terms were agreed, from an instant on."""

    holder: str
    purpose: str
    receiver: str
    bp: int
    fixed_krw: int
    from_us: int


@journal.kind("settlement.agreed", version=1, stage=Stage.PLANNING)
class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """A party's schedule, tier or reserve rule was agreed from an instant on (``schedule``, ``tier``, ``reserve``,
    ``reserve_ended``)."""

    party: str
    what: str
    from_us: int


@journal.kind("settlement.sale_frozen", version=1, stage=Stage.SALES)
class SaleFrozen(msgspec.Struct, frozen=True, kw_only=True):
    """A sale's legs and commission lines were frozen."""

    sale: str
    total_krw: int
    fees_krw: int
    sellers: tuple[str, ...]


@journal.kind("settlement.payout_made", version=1, stage=Stage.SERVICE)
class PayoutMade(msgspec.Struct, frozen=True, kw_only=True):
    """A payout was made: sent to the bank, or held with the reason."""

    payout: str
    party: str
    amount_krw: int
    state: str
    reason: str


@journal.kind("settlement.payout_ended", version=1, stage=Stage.SERVICE)
class PayoutEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A payout was paid, or came back to what is available."""

    payout: str
    party: str
    amount_krw: int
    state: str
    reason: str


@journal.kind("settlement.hold_changed", version=1, stage=Stage.SERVICE)
class HoldChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Payouts of a party are held, or are no longer."""

    party: str
    reason: str
    held: bool
    until_us: int | None


@journal.kind("settlement.reserved", version=1, stage=Stage.SERVICE)
class Reserved(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what became available was kept back under a rule until a day."""

    party: str
    amount_krw: int
    rule: str
    release_us: int


@journal.kind("settlement.appealed", version=1, stage=Stage.SERVICE)
class Appealed(msgspec.Struct, frozen=True, kw_only=True):
    """A party asked for a reserve to be looked at again."""

    party: str
    reserve: str


@journal.kind("settlement.below_floor", version=1, stage=Stage.SERVICE)
class BelowFloor(msgspec.Struct, frozen=True, kw_only=True):
    """A party owes more than is left to later payouts."""

    party: str
    balance_krw: int
    floor_krw: int


@journal.kind("settlement.written_off", version=1, stage=Stage.SERVICE)
class WrittenOff(msgspec.Struct, frozen=True, kw_only=True):
    """What a party has owed for too long was given up."""

    party: str
    amount_krw: int


@journal.kind("settlement.books_differ", version=1, stage=Stage.SERVICE)
class BooksDiffer(msgspec.Struct, frozen=True, kw_only=True):
    """The self-check found what must not be; payouts have stopped."""

    faults: tuple[str, ...]


@journal.kind("settlement.payouts_resumed", version=1, stage=Stage.SERVICE)
class PayoutsResumed(msgspec.Struct, frozen=True, kw_only=True):
    """A person let payouts go on after a clean check."""


@journal.kind("settlement.document_made", version=1, stage=Stage.SERVICE)
class DocumentMade(msgspec.Struct, frozen=True, kw_only=True):
    """Data of a tax document was made (세금계산서, 수정세금계산서, 현금영수증)."""

    document: str
    kind: str
    recipient: str
    supply_krw: int
    vat_krw: int


@journal.kind("settlement.transfer_file_made", version=1, stage=Stage.SERVICE)
class TransferFileMade(msgspec.Struct, frozen=True, kw_only=True):
    """Payouts were put into a file for the bank's bulk transfer."""

    file: str
    lines: int
    total_krw: int


@journal.kind("settlement.transfer_file_taken", version=1, stage=Stage.SERVICE)
class TransferFileTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody took the file, with account numbers in it, to upload it at the bank."""

    file: str
    lines: int


@journal.kind("settlement.transfers_answered", version=1, stage=Stage.SERVICE)
class TransfersAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """The bank's answer to a file was taken in; ``wrong`` rows fitted no line."""

    file: str
    paid: int
    failed: int
    wrong: int


@journal.kind("settlement.transfer_file_dropped", version=1, stage=Stage.SERVICE)
class TransferFileDropped(msgspec.Struct, frozen=True, kw_only=True):
    """A file that never went to the bank was dropped."""

    file: str


def tell(tx: Tx, by: Actor, body: msgspec.Struct, *, about: str, at_us: int, shop: str | None = None) -> None:
    """Append a fact; the same thing about the same at the same moment is one fact."""
    said = msgspec.json.encode(body).decode()
    id = derived(journal.KINDS.of(body).name, tx.neighbourhood, about, at_us, said)
    journal.append(tx, by, body, id=id, at_us=at_us, subject=about, shop=shop)
