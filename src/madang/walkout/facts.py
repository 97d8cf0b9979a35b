"""What the journal is told of a shop without a till. A ``visit`` is the opaque key of one shopping group's stay."""

from __future__ import annotations

import msgspec

from madang import journal
from madang.journal import Stage


@journal.kind("walkout.opened", version=1, stage=Stage.PLANNING)
class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A shop without a till opened."""

    capacity: int
    refund_limit_krw: int


@journal.kind("walkout.rules_set", version=1, stage=Stage.PLANNING)
class RulesSet(msgspec.Struct, frozen=True, kw_only=True):
    """An operator set how many may be inside, what a dispute gives back at once, and how a shopper's limit moves."""

    capacity: int
    capacity_before: int
    refund_limit_krw: int
    refund_limit_before_krw: int
    forgiven: int
    share_pct: int
    least_krw: int
    window_d: int


@journal.kind("walkout.received", version=1, stage=Stage.LOGISTICS)
class Received(msgspec.Struct, frozen=True, kw_only=True):
    """Goods came from the supplier onto the shelves."""

    products: int
    pieces: int


@journal.kind("walkout.run_begun", version=1, stage=Stage.SALES)
class RunBegun(msgspec.Struct, frozen=True, kw_only=True):
    """The engine began with a fresh belief; visits open at that moment go to review."""

    run: int
    position: int
    fingerprint: str
    unsettled: int


@journal.kind("walkout.entered", version=1, stage=Stage.SALES)
class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """A person came in on a visit; ``people`` are now inside on it."""

    visit: str
    role: str
    people: int
    group_size: int | None
    over_capacity: bool


@journal.kind("walkout.picked", version=1, stage=Stage.SALES)
class Picked(msgspec.Struct, frozen=True, kw_only=True):
    """An item was taken off a shelf; ``revision`` above 0 corrects an earlier one of the same ``move``."""

    visit: str | None
    move: str
    product: str | None
    qty: int
    facing: str | None
    probability: float
    revision: int


@journal.kind("walkout.put_back", version=1, stage=Stage.SALES)
class PutBack(msgspec.Struct, frozen=True, kw_only=True):
    """An item was put on a shelf; ``misplaced`` where it has no facing there."""

    visit: str | None
    move: str
    product: str | None
    qty: int
    facing: str | None
    probability: float
    revision: int
    misplaced: bool


@journal.kind("walkout.touched", version=1, stage=Stage.SALES)
class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody on a visit pressed on goods and took nothing (GA4: select_item)."""

    visit: str
    product: str | None
    facing: str | None
    probability: float


@journal.kind("walkout.unexplained", version=1, stage=Stage.SALES)
class Unexplained(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is no known goods moved at somebody's hand; ``place`` is a facing or a plate.

    ``grams`` less than 0: it went."""

    visit: str
    place: str
    grams: float
    probability: float


@journal.kind("walkout.taken_back", version=1, stage=Stage.SALES)
class Retracted(msgspec.Struct, frozen=True, kw_only=True):
    """Later evidence said that a move told before had not been one."""

    visit: str | None
    move: str
    revision: int


@journal.kind("walkout.stock_corrected", version=1, stage=Stage.LOGISTICS)
class StockCorrected(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf gave more pieces than the books had on it; the difference came out of the losses."""

    product: str
    facing: str
    pieces: int


@journal.kind("walkout.left", version=1, stage=Stage.SALES)
class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the visit went out; ``people`` are still inside on it."""

    visit: str
    people: int


@journal.kind("walkout.priced", version=1, stage=Stage.SALES)
class Priced(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's receipt got the catalogue's prices."""

    visit: str
    lines: int
    items: int
    total_krw: int
    confidence: float
    decision: str


@journal.kind("walkout.charged", version=1, stage=Stage.SALES)
class Charged(msgspec.Struct, frozen=True, kw_only=True):
    """A visit was paid; ``owed_krw`` of it went on the payer's tab as the wallet did not hold enough."""

    visit: str
    receipt: str
    items: int
    total_krw: int
    owed_krw: int


@journal.kind("walkout.review_opened", version=1, stage=Stage.SERVICE)
class ReviewOpened(msgspec.Struct, frozen=True, kw_only=True):
    """A person is asked what the visit carried out."""

    visit: str
    why: str
    at_risk_krw: int
    confidence: float


@journal.kind("walkout.reviewed", version=1, stage=Stage.SERVICE)
class Reviewed(msgspec.Struct, frozen=True, kw_only=True):
    """A person (or time, in the shopper's favour) said what the visit carried out."""

    visit: str
    items: int
    total_krw: int
    as_proposed: bool


@journal.kind("walkout.disputed", version=1, stage=Stage.SERVICE)
class Disputed(msgspec.Struct, frozen=True, kw_only=True):
    """A shopper called a line wrong (its number in the visit: those of a second receipt count from 10,001)."""

    visit: str
    line: int
    qty: int | None
    reason: str
    amount_krw: int


@journal.kind("walkout.refunded", version=1, stage=Stage.SERVICE)
class Refunded(msgspec.Struct, frozen=True, kw_only=True):
    """Money of a line was given back; the goods are written off."""

    visit: str
    receipt: str
    line: int
    amount_krw: int


@journal.kind("walkout.declined", version=1, stage=Stage.SERVICE)
class Declined(msgspec.Struct, frozen=True, kw_only=True):
    """A person found the receipt right."""

    visit: str


@journal.kind("walkout.adjusted", version=1, stage=Stage.SALES)
class Adjusted(msgspec.Struct, frozen=True, kw_only=True):
    """The credential came in again: the visit was charged anew for all it carried out."""

    visit: str
    refunded_krw: int
    total_krw: int


@journal.kind("walkout.timed_out", version=1, stage=Stage.SERVICE)
class TimedOut(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody was seen to leave, or no receipt came; the visit goes to review."""

    visit: str
    state: str


@journal.kind("walkout.unpriced", version=1, stage=Stage.SERVICE)
class Unpriced(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces that have no price left the shop: nobody was charged, they are written off, a price has to be set."""

    visit: str
    product: str
    pieces: int


@journal.kind("walkout.age_unseen", version=1, stage=Stage.SALES)
class AgeUnseen(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was not seen to be an adult carried out goods for adults: a person is asked. ``given_up``: nobody
    answered, so they are written off and nobody was charged for them."""

    visit: str
    products: tuple[str, ...]
    given_up: bool = False


@journal.kind("walkout.reopened", version=1, stage=Stage.SERVICE)
class Reopened(msgspec.Struct, frozen=True, kw_only=True):
    """A visit that was charged is asked again: an answer was ``undone``, or a ``revised`` receipt is in doubt.

    What was charged stays charged until the next answer."""

    visit: str
    why: str
    charged_krw: int


@journal.kind("walkout.appealed", version=1, stage=Stage.SERVICE)
class Appealed(msgspec.Struct, frozen=True, kw_only=True):
    """A shopper asked for a declined dispute to be looked at once more."""

    visit: str
    line: int
    amount_krw: int


@journal.kind("walkout.limit_changed", version=1, stage=Stage.SERVICE)
class LimitChanged(msgspec.Struct, frozen=True, kw_only=True):
    """How much a person's disputes give back without a look changed: a dispute was ``declined``, one that had been
    declined was ``upheld``, or ``time`` went by. ``rises_at_us`` is when time will raise it next."""

    person: str
    limit_krw: int
    shop_limit_krw: int
    declined: int
    why: str
    rises_at_us: int | None


@journal.kind("walkout.closed", version=1, stage=Stage.SALES)
class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """The time to dispute is over."""

    visit: str
    total_krw: int


@journal.kind("walkout.unbilled", version=1, stage=Stage.SERVICE)
class Unbilled(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody without a credential left with goods; they are written off."""

    visit: str
    pieces: int


@journal.kind("walkout.sensor_health", version=1, stage=Stage.SERVICE)
class SensorHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine finds of a ``sensor`` (a plate, or a gondola with all its plates) changed: ``state`` is ok, dead
    (nothing measured), stuck (one value only), noisy, or silent (a gondola that sends nothing)."""

    kind: str
    sensor: str
    state: str


@journal.kind("walkout.log_destroyed", version=1, stage=Stage.SERVICE)
class LogDestroyed(msgspec.Struct, frozen=True, kw_only=True):
    """Raw sensor data were destroyed for good: positions ``first`` to ``end``, sensed from ``from_us`` to ``to_us``,
    because nobody could need them any more (``why``)."""

    first: int
    end: int
    segments: int
    bytes: int
    from_us: int
    to_us: int
    why: str


@journal.kind("walkout.log_begun_anew", version=1, stage=Stage.SERVICE)
class LogBegunAnew(msgspec.Struct, frozen=True, kw_only=True):
    """The raw sensor log was begun anew at ``position`` by hand: it was ``damaged``, or ``short`` of what the database
    had ``applied`` (``why``). What was sensed in between is known to nobody."""

    position: int
    applied: int
    why: str


@journal.kind("walkout.engine_failed", version=1, stage=Stage.SERVICE)
class EngineFailed(msgspec.Struct, frozen=True, kw_only=True):
    """The engine could not bear a record of the sensor log and went on behind it."""

    position: int
    fault: str


@journal.kind("walkout.promised", version=1, stage=Stage.PLANNING)
class Promised(msgspec.Struct, frozen=True, kw_only=True):
    """The operator promised how many of the receipts charged automatically may be wrong at most."""

    wrong_max: float
    doubt: float
    until: str
    floor: float
    audit_share: float


@journal.kind("walkout.evidence_begun", version=1, stage=Stage.PLANNING)
class EvidenceBegun(msgspec.Struct, frozen=True, kw_only=True):
    """A new period of evidence: another engine, plates, goods on the shelves or terms, or the shop seems changed."""

    period: int
    why: str


@journal.kind("walkout.promise_stands", version=1, stage=Stage.SALES)
class PromiseStands(msgspec.Struct, frozen=True, kw_only=True):
    """What the evidence bears from now on; without a ``threshold`` a person is asked about every receipt."""

    period: int
    state: str
    threshold: float | None
    needed: int


@journal.kind("walkout.learned", version=1, stage=Stage.PLANNING)
class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """A weight, a spread, what lies in a facing or the noise of a plate (named by ``facing``) is believed otherwise
    from now on; without a ``value`` catalogue and planogram hold again. ``why``: settled, sighted, task, undone."""

    number: int
    what: str
    product: str
    facing: str
    value: float | None
    before: float | None
    base: float
    evidence: int
    why: str


@journal.kind("walkout.task_raised", version=1, stage=Stage.LOGISTICS)
class TaskRaised(msgspec.Struct, frozen=True, kw_only=True):
    """Staff are asked to look at something in the shop."""

    task: str
    what: str
    product: str
    facing: str


@journal.kind("walkout.task_settled", version=1, stage=Stage.LOGISTICS)
class TaskSettled(msgspec.Struct, frozen=True, kw_only=True):
    """A task is done, dismissed, withdrawn as its reason is gone, or open again."""

    task: str
    what: str
    state: str
