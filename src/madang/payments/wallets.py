"""Wallets: pure functions that build the transfers of a top-up, a charge and a refund.

Every account of income and tax is one per shop and business day, so a busy day writes no row that yesterday's reports
read, and no row is hot across shops. Nothing here touches a database: hand the list to ``ledger.post``.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from madang.kernel import KRW, business_date, derived
from madang.ledger import AccountKey, Book, Transfer
from madang.payments.faults import bad_amount, bad_legs
from madang.payments.model import Leg, total_of
from madang.payments.vat import Split


def wallet(person: str) -> AccountKey:
    """A person's own money here; it cannot be overdrawn."""
    return AccountKey(Book.MONEY, "wallet", person, KRW)


def tab(person: str) -> AccountKey:
    """What a person owes: a visit that the wallet could not pay whole. It runs negative by what was lent."""
    return AccountKey(Book.MONEY, "tab", person, KRW)


def funding(at_us: int) -> AccountKey:
    """Where topped-up money comes from that day (bank or card clearing); it runs negative by what came in."""
    return AccountKey(Book.MONEY, "funding", str(business_date(at_us)), KRW)


def sales(shop: str, at_us: int) -> AccountKey:
    """공급가액: the shop's taxable income of the day, without its tax."""
    return AccountKey(Book.MONEY, "sales", day_owner(shop, at_us), KRW)


def sales_exempt(shop: str, at_us: int) -> AccountKey:
    """면세: the shop's income of the day that bears no VAT."""
    return AccountKey(Book.MONEY, "sales_exempt", day_owner(shop, at_us), KRW)


def vat_payable(shop: str, at_us: int) -> AccountKey:
    """부가세 예수금: what the shop took in that day for the tax office."""
    return AccountKey(Book.MONEY, "vat_payable", day_owner(shop, at_us), KRW)


def day_owner(shop: str, at_us: int) -> str:
    """The owner of a shop's accounts of one business day."""
    return f"{shop}/{business_date(at_us)}"


def top_up(*, id: UUID, person: str, amount_krw: int, at_us: int, cause: str = "") -> list[Transfer]:
    """Money into a wallet."""
    _positive(amount_krw)
    return [_single(id, funding(at_us), wallet(person), amount_krw, at_us, cause)]


def cash_out(*, id: UUID, person: str, amount_krw: int, at_us: int, cause: str = "") -> list[Transfer]:
    """Money out of a wallet, back to where it came from."""
    _positive(amount_krw)
    return [_single(id, wallet(person), funding(at_us), amount_krw, at_us, cause)]


def charge(
    *, id: UUID, person: str, shop: str, split: Split, at_us: int, cause: str = "", legs: Sequence[Leg] | None = None
) -> list[Transfer]:
    """Pay a receipt: supply, tax and exempt income as one linked group (all or none); an empty one has no transfer.
    ``legs`` say where else it goes, where the sale is shared with others.

    The legs' ids come from ``id``, so the same charge made again is made once.
    """
    return [
        _single(leg, wallet(person), account, amount, at_us, cause, group=id)
        for leg, account, amount in _numbered(id, shop, split, at_us, legs)
    ]


def refund_wallet(
    *, id: UUID, person: str, shop: str, split: Split, at_us: int, cause: str = "", legs: Sequence[Leg] | None = None
) -> list[Transfer]:
    """Give back ``split`` (positive amounts) from the shop's accounts of the refund's own day, or from ``legs``, as one
    linked group."""
    return [
        _single(leg, account, wallet(person), amount, at_us, cause, group=id)
        for leg, account, amount in _numbered(id, shop, split, at_us, legs)
    ]


def own_legs(shop: str, split: Split, at_us: int) -> list[Leg]:
    """Where the money of what a shop sold for itself goes: its supply, tax and exempt income of the day."""
    every = [
        (sales(shop, at_us), split.supply_krw),
        (vat_payable(shop, at_us), split.vat_krw),
        (sales_exempt(shop, at_us), split.exempt_krw),
    ]
    return [leg for leg in every if leg[1]]


def _numbered(
    id: UUID, shop: str, split: Split, at_us: int, legs: Sequence[Leg] | None
) -> list[tuple[UUID, AccountKey, int]]:
    """The legs of a receipt, each with the id of its transfer."""
    _not_negative(split)
    if legs is None:
        return [(derived(id, account.code), account, krw) for account, krw in own_legs(shop, split, at_us)]
    if total_of(legs) != split.total_krw or any(krw <= 0 for _, krw in legs):
        raise bad_legs(split.total_krw, total_of(legs))
    return [(derived(id, account.code, account.owner), account, krw) for account, krw in legs]


def _single(
    id: UUID, debit: AccountKey, credit: AccountKey, amount: int, at_us: int, cause: str, group: UUID | None = None
) -> Transfer:
    return Transfer(id=id, debit=debit, credit=credit, amount=amount, group=group, cause=cause, at_us=at_us)


def _positive(amount_krw: int) -> None:
    if amount_krw <= 0:
        raise bad_amount(amount_krw)


def _not_negative(split: Split) -> None:
    if min(split.supply_krw, split.vat_krw, split.exempt_krw) < 0:
        raise bad_amount(split.total_krw)
