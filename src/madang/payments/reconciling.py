"""Reconciliation (정산 대사): a gateway's settlement file against the ledger, fees and payouts posted, clearing aged.

Lines that agree and are paid out take the clearing account of their day back to zero: the fee as our expense, the rest
as received by the bank. What does not agree moves nothing and is listed. A file taken in again settles nothing twice.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import jobs, journal, ledger
from madang.db import Tx, table
from madang.kernel import KRW, Actor, Role, business_date, derived, start_of_day_us, system
from madang.kernel.clock import DAY_US
from madang.ledger import AccountKey, Book, Limit, Transfer, declare_code
from madang.payments import charge_records, differences, facts, matching, payment_records, unasked
from madang.payments.charges_model import Charge, ChargeState, Return, ReturnState, clearing
from madang.payments.matching import Matched, Ours
from madang.payments.settlement_files import Settled

declare_code("gateway_fee", Book.MONEY, Limit.NONE, ko="결제 수수료 (음수: 비용)", en="Gateway fees (negative: cost)")
declare_code("gateway_bank", Book.MONEY, Limit.NONE, ko="결제사 입금 (음수)", en="Received from gateways (negative)")

AGE = "payments.age"
AGED_DAYS, RETURNING_DAYS = 10, 3
"""Card sales are paid out within a week; what is on a clearing account for longer is looked at by a person."""
KEYS = 500
BEFORE_DAYS = 45
"""How far before a file's first day our own side is looked for."""

settlements = table(
    "payments_settlement",
    sa.Column("gateway", sa.Text, nullable=False),
    sa.Column("gateway_key", sa.Text, nullable=False),
    sa.Column("transaction_key", sa.Text, nullable=False),
    sa.Column("amount_krw", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("fee_krw", sa.BigInteger, nullable=False),
    sa.Column("payout_krw", sa.BigInteger, nullable=False),
    sa.Column("sold", sa.Text, nullable=False),
    sa.Column("paid_out", sa.Text, nullable=False),
    sa.Column("ours", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    key=["gateway", "gateway_key", "transaction_key", "amount_krw"],
)


class Reconciled(msgspec.Struct, frozen=True):
    """What a file came to: lines that agree, their fees and payouts, and everything that does not agree."""

    gateway: str
    lines: int
    matched: int
    fee_krw: int
    payout_krw: int
    differences: tuple[matching.Found, ...]


class Aged(msgspec.Struct, frozen=True):
    """A clearing account that should be at zero by now."""

    owner: str
    balance_krw: int
    days: int


def reconcile(
    tx: Tx, by: Actor, gateway: str, lines: list[Settled], *, at_us: int, due: date | None = None
) -> Reconciled:
    """Take a settlement in. Raises ``Forbidden`` for who is not the operator.

    ``due``: the lines are what was paid out on some day, which says nothing of sales that are paid out later. So only
    what should have been paid out by now, being of ``due`` or before, is missing, and a line that was taken in before
    is passed over.
    """
    by.need(Role.OPERATOR)
    if by.shops:
        by.need_shop("")
    settled = _settled(tx, by, gateway, lines)
    if due is not None:
        lines = [line for line in lines if line.mark not in settled]
    days = [*(line.sold for line in lines), *([due] if due else [])]
    first, last = min(days), max(days)
    compared = matching.match(lines, _open_side(tx, by, gateway, first, last), settled, due=due)
    paid = [(line, ours) for line, ours in compared.pairs if line.paid_out is not None]
    ledger.post(tx, [transfer for line, ours in paid for transfer in _postings(gateway, line, ours, at_us)])
    tx.many(sa.insert(settlements), [_row(tx, gateway, line, ours, at_us) for line, ours in paid])
    differences.agree(tx, by, gateway, compared.pairs, at_us=at_us)
    differences.note(tx, gateway, compared.differences, at_us=at_us)
    made = Reconciled(
        gateway, len(lines), len(compared.pairs), sum(line.fee_krw for line, _ in paid),
        sum(line.payout_krw for line, _ in paid), compared.differences,
    )  # fmt: skip
    if lines:
        _tell(tx, by, made, min(line.sold for line in lines), max(line.sold for line in lines), at_us)
    return made


def _tell(tx: Tx, by: Actor, made: Reconciled, first: date, last: date, at_us: int) -> None:
    said = facts.Reconciled(
        gateway=made.gateway, lines=made.lines, matched=made.matched, differences=len(made.differences),
        fee_krw=made.fee_krw, payout_krw=made.payout_krw, since=str(first), until=str(last),
    )  # fmt: skip
    id = derived("payments.reconciled", made.gateway, at_us, msgspec.json.encode(said).decode())
    about = f"gateway/{made.gateway}"
    journal.append(tx, by, said, id=id, at_us=at_us, subject=about, cause=about)


def preview(tx: Tx, by: Actor, gateway: str, lines: list[Settled]) -> Matched:
    """What a file would come to; moves nothing."""
    by.need(Role.OPERATOR)
    first, last = min(line.sold for line in lines), max(line.sold for line in lines)
    return matching.match(lines, _open_side(tx, by, gateway, first, last), _settled(tx, by, gateway, lines))


def aged(tx: Tx, by: Actor, *, at_us: int, days: int = AGED_DAYS) -> list[Aged]:
    """Clearing accounts that are not at zero though their day is longer ago than ``days``, oldest first; they are the
    neighbourhood's, so not for who acts for a shop."""
    by.need(Role.OPERATOR, Role.STAFF)
    if by.shops:
        return []
    today, found = business_date(at_us), list[Aged]()
    for key, balance in ledger.balances(tx, book=Book.MONEY, code="gateway").items():
        age = (today - date.fromisoformat(key.owner.rpartition("/")[2])).days
        if age > days and balance.posted:
            found.append(Aged(key.owner, balance.posted, age))
    return sorted(found, key=lambda one: -one.days)


class Open(msgspec.Struct, frozen=True):
    """A clearing account with something on it: ``old`` when it should have been empty by now."""

    code: str
    owner: str
    balance_krw: int
    days: int
    old: bool


def open_clearing(tx: Tx, by: Actor, *, at_us: int) -> list[Open]:
    """Everything that waits on a clearing account, the oldest first: gateways' days (old after ten), money on its way
    back or given back unasked (after three), tender (at once: a payment's account fills and empties in one moment). As
    ``aged``."""
    by.need(Role.OPERATOR, Role.STAFF)
    if by.shops:
        return []
    found, today = list[Open](), business_date(at_us)
    for key, balance in ledger.balances(tx, book=Book.MONEY, code="gateway", unsettled=True).items():
        days = (today - date.fromisoformat(key.owner.rpartition("/")[2])).days
        found.append(Open(key.code, key.owner, balance.posted, days, days > AGED_DAYS))
    for code, most in (("returning", RETURNING_DAYS), ("unasked", RETURNING_DAYS), ("tender", -1)):
        waiting = ledger.balances(tx, book=Book.MONEY, code=code, unsettled=True)
        since = payment_records.changed_us(tx, [UUID(key.owner) for key in waiting])
        for key, balance in waiting.items():
            days = max(0, at_us - since.get(UUID(key.owner), at_us)) // DAY_US
            found.append(Open(code, key.owner, balance.posted, days, days > most))
    return sorted(found, key=lambda one: (not one.old, -one.days, one.code, one.owner))


@jobs.handler(AGE)
def tell_aged(tx: Tx, job: jobs.Job) -> None:
    """Once a day: say which clearing accounts are not at zero in time: gateways', money on its way back, tender."""
    by = system(tx.neighbourhood, "payments")
    for one in open_clearing(tx, by, at_us=job.now_us):
        if not one.old:
            continue
        account = one.owner if one.code == "gateway" else f"{one.code}/{one.owner}"
        said = facts.ClearingAged(account=account, balance_krw=one.balance_krw, days=one.days)
        id = derived("payments.aged", account, str(business_date(job.now_us)))
        journal.append(
            tx, by, said, id=id, at_us=job.now_us, subject=f"clearing/{account}", cause=f"clearing/{account}"
        )
    watch(tx, at_us=job.now_us + DAY_US)


def watch(tx: Tx, *, at_us: int) -> None:
    """Have the clearing accounts looked at once on the business day of ``at_us``, and every day from then on."""
    day = business_date(at_us)
    jobs.set_timer(tx, id=derived(AGE, str(day)), due_us=start_of_day_us(day), kind=AGE, payload={"day": str(day)})


def _open_side(tx: Tx, by: Actor, gateway: str, first: date, last: date) -> list[Ours]:
    """Charges and returns of the span that were not settled yet."""
    since, until = start_of_day_us(first) - BEFORE_DAYS * DAY_US, start_of_day_us(last) + 3 * DAY_US
    mine = sa.and_(settlements.c.neighbourhood == by.neighbourhood, settlements.c.gateway == gateway)
    done = {name for (name,) in tx.rows(sa.select(settlements.c.ours).where(mine))}
    by_order = {c.order_id: c for c in charge_records.charges_between(tx, by, gateway, since, until)}
    sides = [_charged(c) for c in by_order.values() if c.state in (ChargeState.PAID, ChargeState.LATE)]
    for back in charge_records.backs_between(tx, by, gateway, since, until):
        charge = by_order.get(back.order_id) or charge_records.charge(tx, by, back.order_id)
        if back.state == ReturnState.DONE and charge is not None:
            sides.append(_returned(charge, back))
    for gone in unasked.between(tx, by, gateway, since, until):
        charge = by_order.get(gone.order_id) or charge_records.charge(tx, by, gone.order_id)
        if charge is None:
            continue
        whole = gone.transaction_key.removesuffix("+")
        ours = next(
            (n for n, one in enumerate(sides) if whole != gone.transaction_key and one.transaction == whole), None
        )
        if ours is None:
            sides.append(_gone(charge, gone))
        else:  # one line of theirs: a return of ours that gave more than was asked for
            sides[ours] = msgspec.structs.replace(sides[ours], amount_krw=sides[ours].amount_krw - gone.amount_krw)
    return [one for one in sides if one.name not in done]


def _charged(charge: Charge) -> Ours:
    return Ours(
        key=charge.gateway_key, order=charge.order_id, transaction="", payment=str(charge.payment),
        amount_krw=charge.amount_krw, day=_day(charge.clearing), clearing=charge.clearing,
    )  # fmt: skip


def _returned(charge: Charge, back: Return) -> Ours:
    return Ours(
        key=charge.gateway_key, order=charge.order_id, transaction=back.transaction_key, payment=str(charge.payment),
        amount_krw=-back.amount_krw, day=_day(back.clearing), clearing=back.clearing,
    )  # fmt: skip


def _gone(charge: Charge, gone: unasked.Unasked) -> Ours:
    return Ours(
        key=charge.gateway_key, order=charge.order_id, transaction=gone.transaction_key, payment=str(charge.payment),
        amount_krw=-gone.amount_krw, day=_day(gone.clearing), clearing=gone.clearing,
    )  # fmt: skip


def _day(clearing_owner: str) -> date:
    return date.fromisoformat(clearing_owner.rpartition("/")[2])


def _settled(tx: Tx, by: Actor, gateway: str, lines: list[Settled]) -> frozenset[tuple[str, str, int]]:
    """Which of the lines were taken in before."""
    s, found = settlements.c, set[tuple[str, str, int]]()
    mine = sa.select(s.gateway_key, s.transaction_key, s.amount_krw).where(
        s.neighbourhood == by.neighbourhood, s.gateway == gateway
    )
    keys = sorted({line.key for line in lines})
    for some in (keys[at : at + KEYS] for at in range(0, len(keys), KEYS)):
        found |= {(str(key), str(what), int(krw)) for key, what, krw in tx.rows(mine.where(s.gateway_key.in_(some)))}
    return frozenset(found)


def _postings(gateway: str, line: Settled, ours: Ours, at_us: int) -> list[Transfer]:
    owner = f"{gateway}/{line.paid_out}"
    legs = [("fee", "gateway_fee", line.fee_krw), ("payout", "gateway_bank", line.payout_krw)]
    found = []
    for what, code, krw in legs:
        account = AccountKey(Book.MONEY, code, owner, KRW)
        giver, taker = (account, clearing(ours.clearing)) if krw > 0 else (clearing(ours.clearing), account)
        id = derived("payments.settled", gateway, line.key, line.transaction, line.amount_krw, what)
        if krw:
            found.append(Transfer(id=id, debit=giver, credit=taker, amount=abs(krw), cause=_cause(ours), at_us=at_us))
    return found


def _cause(ours: Ours) -> str:
    return f"payment/{UUID(ours.payment)}"


def _row(tx: Tx, gateway: str, line: Settled, ours: Ours, at_us: int) -> dict[str, str | int]:
    return {
        "neighbourhood": tx.neighbourhood, "gateway": gateway, "gateway_key": line.key,
        "transaction_key": line.transaction, "amount_krw": line.amount_krw, "fee_krw": line.fee_krw,
        "payout_krw": line.payout_krw, "sold": str(line.sold), "paid_out": str(line.paid_out), "ours": ours.name,
        "at_us": at_us,
    }  # fmt: skip
