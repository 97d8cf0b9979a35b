"""The money of a visit's receipts: out of the shopper's means and onto the tab, to whoever has a part of the sale, and
back the same way."""

from __future__ import annotations

from collections.abc import Iterable

from madang import ledger, payments, settlement
from madang.db import Tx
from madang.deals.lines import Receipt, given_back
from madang.kernel import Actor, MadangError, derived, system
from madang.ledger import Transfer
from madang.payments import Leg, Part, on_account, till
from madang.storefront.settling import visit_legs
from madang.walkout import means


def pay(tx: Tx, receipt: Receipt, at_us: int) -> int:
    """Move the money of a sale; returns what neither wallet nor allowance covers."""
    terms = on_account.terms_of(tx, receipt.shop)
    if terms is not None:
        return _pay_on_account(tx, receipt, terms, at_us)
    legs = visit_legs(tx, _ours(tx, receipt.shop), receipt)
    parts = means.parts_of(tx, receipt.person, receipt.shop, receipt.total_krw, at_us)
    if parts:
        owed = _pay_by(tx, receipt, parts, legs, at_us)
        if owed is not None:
            return owed
    owed = _lend(tx, receipt, receipt.total_krw, at_us)
    transfers = payments.charge(
        id=receipt.id, person=receipt.person, shop=receipt.shop, split=receipt.split, at_us=at_us,
        cause=str(receipt.deal), legs=legs,
    )  # fmt: skip
    if transfers:
        ledger.post(tx, transfers)
    return owed


def pay_back(tx: Tx, back: Receipt, at_us: int) -> None:
    """Move the money of a refund: to the means that paid the sale, from whoever had a part of it."""
    assert back.original is not None
    till.give_back(
        tx, _ours(tx, back.shop), id=back.id, sale=back.original, person=back.person, shop=back.shop,
        split=-back.split, lines=given_back(back), cause=str(back.deal), at_us=at_us,
    )  # fmt: skip


def confirm(tx: Tx, sales: Iterable[Receipt], at_us: int) -> None:
    """Nobody can dispute these sales any more from ``at_us`` on: who has a share of them has the day it is paid."""
    for sale in sales:
        if sale.original is None:
            settlement.confirm(tx, _ours(tx, sale.shop), sale.id, at_us=at_us)


def _pay_by(tx: Tx, receipt: Receipt, parts: list[Part], legs: list[Leg] | None, at_us: int) -> int | None:
    """Pay by the means the shopper has chosen, the wallet for what is left; None where one of them cannot after all:
    nobody stands there to be asked, so the wallet pays then."""
    rest = receipt.total_krw - sum(part.amount_krw for part in parts)
    try:
        with tx.savepoint():
            owed = _lend(tx, receipt, rest, at_us)
            till.sell(
                tx, _ours(tx, receipt.shop), sale=receipt.id, person=receipt.person, shop=receipt.shop,
                split=receipt.split, parts=[*parts, Part("wallet", rest)] if rest else parts,
                cause=f"walkout/{receipt.deal}", at_us=at_us, legs=legs,
            )  # fmt: skip
    except MadangError:
        return None
    return owed


def _lend(tx: Tx, receipt: Receipt, krw: int, at_us: int) -> int:
    """Put on the tab what the wallet lacks of ``krw``."""
    wallet = payments.wallet(receipt.person)
    owed = max(0, krw - ledger.balance(tx, wallet).available)
    if owed:
        tab, lend = payments.tab(receipt.person), derived("walkout.tab", receipt.id)
        cause = str(receipt.deal)
        ledger.post(tx, [Transfer(id=lend, debit=tab, credit=wallet, amount=owed, cause=cause, at_us=at_us)])
    return owed


def _pay_on_account(tx: Tx, receipt: Receipt, terms: on_account.Terms, at_us: int) -> int:
    """The wallet is kept elsewhere: the whole sale goes on account, until it is taken over there."""
    if not receipt.total_krw:
        return 0
    covered = on_account.covered_krw(tx, terms, receipt.person, receipt.total_krw, at_us)
    id, person, cause = receipt.id, receipt.person, str(receipt.deal)
    lent = on_account.put_on_account(
        id=id, person=person, amount_krw=receipt.total_krw, group=id, at_us=at_us, cause=cause
    )
    legs = payments.charge(id=id, person=person, shop=receipt.shop, split=receipt.split, at_us=at_us, cause=cause)
    ledger.post(tx, [lent, *legs])
    return receipt.total_krw - covered


def _ours(tx: Tx, shop: str) -> Actor:
    return system(tx.neighbourhood, f"walkout/{shop}")
