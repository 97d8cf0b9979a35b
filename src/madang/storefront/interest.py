"""Paying the interest for delay (지연배상금, 전자상거래법 §18(2), 시행령 §21의3): with the refund that was late.

It is no refund, so it goes the way of no payment: a member has it in their wallet at once, a guest is owed it
(``money:interest_due``) until an operator has sent it and says how. It is no supply either: it stands on no receipt
and bears no VAT. The shop that was late bears it, out of what it is settled for where it is registered.
"""

from __future__ import annotations

from uuid import UUID

from madang import deals, journal, ledger, members, settlement
from madang.db import Tx
from madang.deals import Deal
from madang.kernel import KRW, Actor, Conflict, Role, derived
from madang.ledger import AccountKey, Book, Limit, Transfer, declare_code
from madang.payments import funding, unasked, wallet
from madang.storefront import facts, faults, process

declare_code(
    "interest_due", Book.MONEY, Limit.DEBITS_WITHIN_CREDITS, ko="보낼 지연배상금", en="Interest for delay, to be sent",
    once=True,
)  # fmt: skip


def due(order: UUID) -> AccountKey:
    """What somebody without a wallet is owed for an order that was paid back late."""
    return AccountKey(Book.MONEY, "interest_due", str(order), KRW)


def due_krw(tx: Tx, order: UUID) -> int:
    """What has still to be sent."""
    return ledger.balance(tx, due(order)).posted


def pay(tx: Tx, ours: Actor, deal: Deal, krw: int, *, id: UUID, at_us: int) -> bool:
    """Pay so much with a refund; ``id`` is the refund's step. False where it has still to be sent."""
    if not krw:
        return False
    there = members.is_member(tx, ours, deal.subject)
    borne = settlement.bear_interest(
        tx, ours, id=id, shop=deal.shop, amount_krw=krw, cause=deals.deal_key(deal.id), at_us=at_us
    )
    to = wallet(deal.subject) if there else due(deal.id)
    ledger.post(tx, [_move(derived("storefront.interest", id), borne, to, krw, deal.id, at_us)])
    _tell(tx, ours, deal, facts.InterestPaid(order=str(deal.id), amount_krw=krw, sent=there), id, at_us)
    return there


def sent(tx: Tx, by: Actor, order: UUID, *, how: str, at_us: int) -> None:
    """An operator has sent what was due by other means; ``how`` finds it again, without an account's number. Again it
    changes nothing.

    Raises ``Forbidden``, ``NotFound``, ``Invalid`` ``payments.say_why``, ``Conflict`` ``storefront.no_interest``.
    """
    by.need(Role.OPERATOR)
    deal, krw = deals.get(tx, by, order), due_krw(tx, order)
    if deal.process != process.NAME:
        raise faults.no_order()
    if not krw:
        if deal.data.get("interest_krw"):
            return
        raise _none()
    if not unasked.WHY_LEAST <= len(how.strip()) <= unasked.WHY_MAX:
        raise unasked.say_why()
    id = derived("storefront.interest_sent", order, deal.moves)
    ledger.post(tx, [_move(id, due(order), funding(at_us), krw, order, at_us)])
    _tell(tx, by, deal, facts.InterestPaid(order=str(order), amount_krw=krw, sent=True, how=how.strip()), id, at_us)


def _move(id: UUID, debit: AccountKey, credit: AccountKey, krw: int, order: UUID, at_us: int) -> Transfer:
    return Transfer(id=id, debit=debit, credit=credit, amount=krw, cause=deals.deal_key(order), at_us=at_us)


def _tell(tx: Tx, by: Actor, deal: Deal, body: facts.InterestPaid, id: UUID, at_us: int) -> None:
    key, fact = deals.deal_key(deal.id), derived("storefront.interest_told", id)
    journal.append(tx, by, body, id=fact, at_us=at_us, subject=key, shop=deal.shop, cause=key)


def _none() -> Conflict:
    return Conflict(
        "storefront.no_interest",
        ko="이 주문에는 보낼 지연배상금이 없습니다.",
        en="No interest is due for this order.",
        next_ko="주문 화면에서 확인하세요.",
        next_en="Look at the order's page.",
    )
