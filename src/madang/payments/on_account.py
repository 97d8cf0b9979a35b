"""Selling on account: in a shop whose payers' wallets are kept elsewhere, by the neighbourhood's server.

A sale is put on the payer's account here (``money:account``, negative: not yet settled with the neighbourhood), up to
an allowance: what the wallet held when the server was last heard, at most the shop's own limit, for as long as that
news is good. What is more is not covered: the goods are gone and the account is charged all the same, but it is the
shop's risk until the server has taken the receipt over. Taking over moves the debt to ``money:upstream``, what the
neighbourhood owes the shop.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from madang import ledger
from madang.db import Tx
from madang.kernel import KRW, Actor, Role, derived
from madang.ledger import AccountKey, Book, Limit, Transfer, declare_code
from madang.payments import records
from madang.payments.wallets import day_owner, wallet

declare_code("account", Book.MONEY, Limit.NONE, ko="정산 대기", en="On account (negative: to be settled)")
declare_code("upstream", Book.MONEY, Limit.NONE, ko="동네 정산", en="Settled with the neighbourhood (negative: due)")


class Terms(msgspec.Struct, frozen=True):
    """How much a payer may owe at most, and how long what the server last said is good."""

    limit_krw: int
    good_for_us: int


class Risk(msgspec.Struct, frozen=True):
    """What stands on accounts and has not been taken over: all of it, and the part no allowance covers."""

    open_krw: int = 0
    uncovered_krw: int = 0


def account(person: str) -> AccountKey:
    """What a payer's purchases come to that the neighbourhood has not taken over."""
    return AccountKey(Book.MONEY, "account", person, KRW)


def upstream(shop: str, at_us: int) -> AccountKey:
    """What the neighbourhood has taken over of a shop, by business day."""
    return AccountKey(Book.MONEY, "upstream", day_owner(shop, at_us), KRW)


def sell_on_account(tx: Tx, by: Actor, shop: str, terms: Terms) -> None:
    """From now on the shop's sales go on account, on these terms."""
    by.need(Role.OPERATOR)
    by.need_shop(shop)
    if terms_of(tx, shop) != terms:
        records.set_terms(tx, shop, terms.limit_krw, terms.good_for_us)


def terms_of(tx: Tx, shop: str) -> Terms | None:
    """None where payers' wallets are kept here."""
    found = records.terms_of(tx, shop)
    return None if found is None else Terms(*found)


def sells(tx: Tx) -> bool:
    """Whether any shop here sells on account: then wallets are kept elsewhere."""
    return records.any_terms(tx)


def allow(tx: Tx, by: Actor, allowances: Mapping[str, int], *, as_of_us: int) -> None:
    """Remember what wallets held by person; whoever is not named keeps what was known."""
    by.need(Role.OPERATOR)
    records.set_credit(tx, allowances, as_of_us)


def still_good(tx: Tx, by: Actor, *, as_of_us: int) -> None:
    """The server says that nothing has changed: what was known of everybody is known as of now."""
    by.need(Role.OPERATOR)
    records.renew_credit(tx, as_of_us)


def covered_krw(tx: Tx, terms: Terms, person: str, total_krw: int, at_us: int) -> int:
    """How much of a sale the payer's allowance covers, beside what already stands on the account."""
    known = records.credit_of(tx, person)
    open_krw = -ledger.balance(tx, account(person)).posted
    return max(0, min(total_krw, _allowed(terms, known, at_us) - open_krw))


def risk(tx: Tx, terms: Terms, at_us: int) -> Risk:
    """What the shop is waiting for."""
    known = records.every_credit(tx)
    open_krw = uncovered = 0
    for key, balance in ledger.balances(tx, book=Book.MONEY, code="account").items():
        owed = max(0, -balance.posted)
        open_krw += owed
        uncovered += max(0, owed - _allowed(terms, known.get(key.owner), at_us)) if owed else 0
    return Risk(open_krw, uncovered)


def put_on_account(*, id: UUID, person: str, amount_krw: int, group: UUID, at_us: int, cause: str = "") -> Transfer:
    """The payer's account pays into the wallet what the receipt then takes out of it."""
    return Transfer(
        id=derived("payments.account", id), debit=account(person), credit=wallet(person), amount=amount_krw,
        group=group, cause=cause, at_us=at_us,
    )  # fmt: skip


def taken_over(*, id: UUID, person: str, shop: str, total_krw: int, at_us: int, cause: str = "") -> list[Transfer]:
    """The neighbourhood has taken over the receipt ``id``: a sale's debt, or what a refund put into the wallet."""
    due = upstream(shop, at_us)
    debit, credit = (due, account(person)) if total_krw > 0 else (wallet(person), due)
    if total_krw == 0:
        return []
    taken = derived("payments.taken_over", id)
    return [Transfer(id=taken, debit=debit, credit=credit, amount=abs(total_krw), cause=cause, at_us=at_us)]


def spent(tx: Tx, person: str, krw: int) -> None:
    """What was just taken over no longer is in the wallet (or is again): so much for what was known of it."""
    known = records.credit_of(tx, person)
    if known is not None:
        records.set_credit(tx, {person: max(0, known[0] - krw)}, known[1])


def _allowed(terms: Terms, known: tuple[int, int] | None, at_us: int) -> int:
    if known is None or at_us - known[1] > terms.good_for_us:
        return 0
    return min(known[0], terms.limit_krw)
