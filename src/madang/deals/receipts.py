"""Receipts: issue one for a sale, another (negative) for what is given back, and find them again.

Numbers count from 1 per shop and business day, without gaps, sales and refunds in one row. A receipt is never changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import catalog, journal
from madang.db import Page, Tx
from madang.deals.facts import ReceiptIssued, ReceiptLine
from madang.deals.lines import (
    GiveBack,
    Line,
    Receipt,
    Taken,
    gives,
    left_krw,
    price_lines,
    refund_lines,
    says,
    split_of,
)
from madang.deals.links import Links, unknown
from madang.deals.model import Deal
from madang.deals.records import receipts as records
from madang.deals.registry import deal_key
from madang.kernel import Actor, Conflict, Invalid, Kind, Role, business_date, derived
from madang.payments import Split

_SERVING = (Role.OPERATOR, Role.STAFF, Role.DEVICE, Role.SYSTEM)


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's business day in receipts; the split is sales less refunds."""

    shop: str
    day: str
    receipts: int
    refunds: int
    split: Split

    @property
    def total_krw(self) -> int:
        return self.split.total_krw


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """Won of walk-out receipts by business day: what the shop sold for itself, and what was shared with others."""

    own: dict[str, int]
    shared: dict[str, int]

    @property
    def total_krw(self) -> int:
        return sum(self.own.values()) + sum(self.shared.values())


class Takings(msgspec.Struct, frozen=True, kw_only=True):
    """What a business day took in, by receipts: ``walked_krw`` is what of ``sold_krw`` was bought by walking out;
    supply, VAT and exempt are less what went back."""

    day: str
    sales: int = 0
    refunds: int = 0
    sold_krw: int = 0
    refunded_krw: int = 0
    walked_krw: int = 0
    supply_krw: int = 0
    vat_krw: int = 0
    exempt_krw: int = 0

    @property
    def left_krw(self) -> int:
        return self.sold_krw - self.refunded_krw


def issue(
    tx: Tx,
    by: Actor,
    deal: Deal,
    taken: Sequence[Taken],
    *,
    id: UUID,
    at_us: int,
    prices_at_us: int | None = None,
    prices: Mapping[str, int] | None = None,
    quoted: Mapping[str, catalog.Priced] | None = None,
    confidence: float | None = None,
    decision: str = "charge",
) -> Receipt:
    """Issue the receipt of a deal to its subject, at the prices in force at ``prices_at_us`` (``at_us`` when None), or
    at ``prices``, which say what each product costs them per piece or 100 g; where it was ``quoted``, as quoted.

    Issuing the same under the same ``id`` again gives the receipt that is there, anything else is ``Conflict``.
    Nothing taken gives a receipt without lines.
    Raises ``Invalid`` where a product or its price is unknown.
    """
    there = records.get(tx, by, id, fresh=True)
    if there is not None:
        return _same(there, deal.id, None, says(there.lines, taken))
    ids = [item.product for item in taken]
    if prices is None:
        prices = catalog.price_at(tx, by, ids, at_us if prices_at_us is None else prices_at_us, shop=deal.shop)
    made = price_lines(taken, catalog.products(tx, by, ids), prices, quoted)
    return _issue(tx, by, id, deal.id, deal.shop, deal.subject, made, at_us, confidence=confidence, decision=decision)


def issue_lines(
    tx: Tx, by: Actor, deal: Deal, lines: Sequence[Line], *, id: UUID, at_us: int, decision: str = "order"
) -> Receipt:
    """Issue the receipt of a deal whose lines were priced before (frozen at checkout), VAT and all.

    Issuing the same under the same ``id`` again gives the receipt that is there, anything else is ``Conflict``.
    """
    there = records.get(tx, by, id, fresh=True)
    if there is not None:
        return _same(there, deal.id, None, there.lines == tuple(lines))
    return _issue(tx, by, id, deal.id, deal.shop, deal.subject, tuple(lines), at_us, decision=decision)


def refund(
    tx: Tx, by: Actor, original: UUID, give_back: Sequence[GiveBack], *, id: UUID, at_us: int, reason: str = ""
) -> Receipt:
    """Issue a receipt with negative lines for what of ``original`` is given back.

    The same under the same ``id`` again gives the receipt that is there, anything else is ``Conflict``.
    Raises ``Invalid`` where less is left of a line, or
    nothing is left to give back.
    """
    there = records.get(tx, by, id, fresh=True)
    if there is not None:
        return _same(there, there.deal, original, gives(there.lines, give_back))
    sale = get(tx, by, original)
    made = refund_lines(sale.lines, _refunded_lines(tx, by, original), give_back)
    if not made:
        raise nothing_left()
    return _issue(
        tx, by, id, sale.deal, sale.shop, sale.person, made, at_us, decision="refund", original=original, reason=reason
    )


def keep(tx: Tx, by: Actor, receipt: Receipt) -> bool:
    """Keep a receipt that a shop's own machine issued, as it is; False where it is kept already.

    Raises ``Conflict`` where another is kept under its id, ``Invalid`` where its lines do not add up.
    """
    by.need(Role.OPERATOR, Role.DEVICE)
    by.need_shop(receipt.shop)
    there = records.get(tx, by, receipt.id, fresh=True)
    if there is not None and there != receipt:
        raise _taken(receipt.id)
    if there is not None:
        return False
    if split_of(receipt.lines) != receipt.split or receipt.split.total_krw != receipt.total_krw:
        raise Invalid(
            "deals.bad_sum",
            ko="영수증의 줄과 합계가 맞지 않습니다.",
            en="The lines of the receipt do not add up to its total.",
            next_ko="보낸 쪽의 장부를 확인하세요.",
            next_en="Look at the books of whoever sent it.",
            id=str(receipt.id),
        )
    _keep(tx, by, receipt)
    return True


def get(tx: Tx, by: Actor, id: UUID) -> Receipt:
    """A receipt the caller may see: staff of the shop, or the person who paid. Raises ``NotFound``."""
    receipt = records.get(tx, by, id)
    if receipt is None or not _sees(by, receipt):
        raise unknown()
    return receipt


def open_link(tx: Tx, links: Links, token: str) -> tuple[Receipt, Actor]:
    """What a shopper's link opens, and the shopper as whom whoever holds the link may act on this receipt's deal.

    Raises ``NotFound`` for a link that we did not make.
    """
    id_ = links.receipt(token)
    reader = Actor(Kind.SYSTEM, "receipt-link", tx.neighbourhood, frozenset({Role.SYSTEM}))
    receipt = get(tx, reader, id_)
    holder = Actor(
        Kind.PERSON, receipt.person, tx.neighbourhood, frozenset({Role.SHOPPER}), shops=frozenset({receipt.shop})
    )
    return receipt, holder


def of_deal(tx: Tx, by: Actor, deal: UUID) -> list[Receipt]:
    """A deal's receipts, the sale first."""
    return [receipt for receipt in records.of_deal(tx, by, deal) if _sees(by, receipt)]


def refunds_of(tx: Tx, by: Actor, original: UUID) -> list[Receipt]:
    """What has been given back of a receipt, oldest first."""
    return [receipt for receipt in records.refunds(tx, by, original) if _sees(by, receipt)]


def left_of(tx: Tx, by: Actor, original: UUID) -> int:
    """Won of a receipt that have not been given back."""
    return left_krw(get(tx, by, original).lines, _refunded_lines(tx, by, original))


def claim_krw(tx: Tx, by: Actor, original: UUID, give_back: Sequence[GiveBack]) -> int:
    """What giving these lines back would come to. Raises ``Invalid`` like ``refund``."""
    sale = get(tx, by, original)
    return -split_of(refund_lines(sale.lines, _refunded_lines(tx, by, original), give_back)).total_krw


def refunded_krw(tx: Tx, by: Actor, person: str, since_us: int, *, but_for: str | None = None) -> int:
    """Won given back to a person since an instant, but for one reason."""
    return records.refunded_krw(tx, by, person, since_us, but_for)


def find(
    tx: Tx,
    by: Actor,
    *,
    shop: str | None = None,
    day: str | None = None,
    person: str | None = None,
    number: int | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Receipt]:
    """Receipts the caller may see, newest first; a shopper sees their own. ``number`` is the one of its day."""
    if shop is not None:
        by.need_shop(shop)
    if not by.may(*_SERVING):
        person = by.key
    return records.find(tx, by, shop=shop, day=day, person=person, number=number, cursor=cursor, limit=limit)


def day_of(tx: Tx, by: Actor, shop: str, day: str) -> Day:
    """What a shop's business day (``2026-11-21``) comes to in receipts: money charged must equal it."""
    by.need_shop(shop)
    count, refunds, split = records.day_sums(tx, by, shop, day)
    return Day(shop=shop, day=day, receipts=count, refunds=refunds, split=split)


def walked(tx: Tx, by: Actor, shop: str, shared: sa.Select[tuple[Any]]) -> Walked:
    """What a shop's receipts of walk-out visits come to by business day, less refunds, apart for those whose sale is
    among ``shared`` (ids of sales that others have a part of)."""
    by.need_shop(shop)
    own, theirs = dict[str, int](), dict[str, int]()
    for day, among, krw in records.walked(tx, by, shop, shared):
        (theirs if among else own)[day] = krw
    return Walked(own=own, shared=theirs)


def walk_outs(by: Actor, shop: str) -> sa.Select[tuple[Any]]:
    """The ids of a shop's receipts of walk-out visits, as a part of another room's query."""
    by.need_shop(shop)
    return records.walk_outs(by, shop)


def visits(by: Actor, shop: str) -> sa.Select[tuple[Any]]:
    """The ids of a shop's walk-out visits that were charged, as a part of another room's query."""
    by.need_shop(shop)
    return records.visits(by, shop)


def takings(tx: Tx, by: Actor, shops: Collection[str], first: str, last: str) -> list[Takings]:
    """The business days from ``first`` to ``last`` on which some shops issued receipts, oldest first."""
    for shop in shops:
        by.need_shop(shop)
    by.need(*_SERVING)
    rows = records.takings(tx, by, shops, first, last)
    return [Takings(day=row[0], **dict(zip(_TAKINGS, map(int, row[1:]), strict=True))) for row in rows]


def by_hour(tx: Tx, by: Actor, shops: Collection[str], first: str, last: str) -> list[int]:
    """What some shops sold in each of a day's 24 hours, over the business days from ``first`` to ``last``."""
    for shop in shops:
        by.need_shop(shop)
    by.need(*_SERVING)
    sold = dict(records.hours(tx, by, shops, first, last))
    return [sold.get(hour, 0) for hour in range(24)]


def days(tx: Tx, by: Actor, shop: str) -> list[str]:
    """The business days on which a shop has issued receipts, oldest first."""
    by.need_shop(shop)
    return records.days(tx, by, shop)


_TAKINGS = Takings.__struct_fields__[1:]


def nothing_left() -> Invalid:
    """The error of a refund of nothing."""
    return Invalid(
        "deals.nothing_left",
        ko="돌려줄 것이 남아 있지 않습니다.",
        en="Nothing is left to give back.",
        next_ko="영수증의 환불 내역을 확인하세요.",
        next_en="Look at what the receipt has already given back.",
    )


def _issue(
    tx: Tx,
    by: Actor,
    id: UUID,
    deal: UUID,
    shop: str,
    person: str,
    made: tuple[Line, ...],
    at_us: int,
    *,
    decision: str,
    confidence: float | None = None,
    original: UUID | None = None,
    reason: str = "",
) -> Receipt:
    day, split = str(business_date(at_us)), split_of(made)
    receipt = Receipt(
        id=id, shop=shop, day=day, number=records.next_number(tx, shop, day), deal=deal, person=person, at_us=at_us,
        split=split, total_krw=split.total_krw, lines=made, confidence=confidence, decision=decision,
        original=original, reason=reason,
    )  # fmt: skip
    _keep(tx, by, receipt)
    return receipt


def _keep(tx: Tx, by: Actor, receipt: Receipt) -> None:
    records.add(tx, receipt)
    journal.append(
        tx, by, _fact(receipt), id=derived("deals.receipt_issued", receipt.id), at_us=receipt.at_us,
        subject=f"receipt/{receipt.id}", shop=receipt.shop, cause=deal_key(receipt.deal),
    )  # fmt: skip


def _fact(receipt: Receipt) -> ReceiptIssued:
    return ReceiptIssued(
        receipt=str(receipt.id),
        label=receipt.label,
        deal=str(receipt.deal),
        total_krw=receipt.total_krw,
        vat_krw=receipt.split.vat_krw,
        exempt_krw=receipt.split.exempt_krw,
        decision=receipt.decision,
        confidence=receipt.confidence,
        original=str(receipt.original) if receipt.original else None,
        lines=tuple(
            ReceiptLine(product=x.product, qty=x.qty, grams=x.grams, amount_krw=x.amount_krw, vat_krw=x.vat_krw)
            for x in receipt.lines
        ),
    )


def _refunded_lines(tx: Tx, by: Actor, original: UUID) -> list[Line]:
    return [line for receipt in records.refunds(tx, by, original) for line in receipt.lines]


def _sees(by: Actor, receipt: Receipt) -> bool:
    if by.may(*_SERVING):
        return not by.shops or receipt.shop in by.shops
    return receipt.person == by.key


def _same(there: Receipt, deal: UUID, original: UUID | None, same_lines: bool) -> Receipt:
    if (there.deal, there.original) != (deal, original) or not same_lines:
        raise _taken(there.id)
    return there


def _taken(id: UUID) -> Conflict:
    return Conflict(
        "deals.id_taken",
        ko="같은 번호의 다른 영수증이 이미 있습니다.",
        en="Another receipt has this id already.",
        next_ko="새 번호로 다시 하세요.",
        next_en="Do it again under a new id.",
        id=str(id),
    )
