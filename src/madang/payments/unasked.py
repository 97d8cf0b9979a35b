"""What a company gave back though nobody here asked it to: cancelled in its own admin, or a chargeback (매입 취소).

It is booked the moment it is seen: the company owes us that much less, and ``money:unasked:<payment>`` says (negative)
what has still to be explained. Either it is what we owe the payer anyway (a refund of ours takes it instead of asking
the company once more), or an operator decides: it is the refund of something that has no order, or it is our loss.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import journal, ledger
from madang.db import Page, Tx, keyset, table
from madang.kernel import KRW, Actor, Conflict, Invalid, NotFound, Role, derived
from madang.ledger import AccountKey, Book, Limit, Transfer, declare_code
from madang.payments import charge_records, facts, payment_records
from madang.payments.charges_model import Charge, ReturnState, clearing, clearing_owner, returning
from madang.payments.gateways import BackSeen, Seen
from madang.payments.model import Payment, payment_key
from madang.payments.wallets import day_owner

declare_code(
    "unasked", Book.MONEY, Limit.NONE, ko="결제사가 스스로 돌려준 금액 (음수)", en="Given back unasked (negative)"
)
declare_code("gateway_loss", Book.MONEY, Limit.NONE, ko="결제 손실 (음수: 비용)", en="Lost payments (negative: cost)")

WHY_LEAST, WHY_MAX = 2, 300
rows = table(
    "payments_unasked",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("payment", sa.Uuid, nullable=False),
    sa.Column("gateway", sa.Text, nullable=False),
    sa.Column("transaction_key", sa.Text, nullable=False),
    sa.Column("amount_krw", sa.BigInteger, nullable=False),
    sa.Column("settled_krw", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("clearing", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("changed_us", sa.BigInteger, nullable=False),
    sa.Index("payments_unasked_order", "neighbourhood", "order_id", "at_us"),
    sa.Index("payments_unasked_state", "neighbourhood", "state", "at_us", "id"),
    key=["id"],
)


class UnaskedState(StrEnum):
    OPEN = "open"
    """Some of it is not explained yet."""
    TAKEN = "taken"
    """All of it was owed to the payer: refunds of ours took it."""
    LOST = "lost"
    """Somebody decided that it is our loss."""
    CLAIMED = "claimed"
    """It was wrong: the payer owes it again, on their tab."""
    PAID_BACK = "paid_back"
    """It was wrong, and the payer has paid it again by other means."""
    BEFORE = "before"
    """It was gone before the charge was booked, so it moves nothing."""


class Unasked(msgspec.Struct, frozen=True):
    """One return that nobody asked for. ``settled_krw`` of it is explained; ``clearing`` is the owner of the clearing
    account it came out of."""

    id: UUID
    order_id: str
    payment: UUID
    gateway: str
    transaction_key: str
    amount_krw: int
    settled_krw: int
    state: str
    clearing: str
    why: str
    at_us: int
    changed_us: int

    @property
    def open_krw(self) -> int:
        return self.amount_krw - self.settled_krw if self.state == UnaskedState.OPEN else 0


def account(payment: UUID) -> AccountKey:
    """What of a payment was given back unasked and is not explained (negative): must come to zero."""
    return AccountKey(Book.MONEY, "unasked", str(payment), KRW)


def note(tx: Tx, by: Actor, charge: Charge, seen: Seen, *, at_us: int) -> list[Unasked]:
    """Book what of a held charge was given back and is no return of ours; gives what is new."""
    ours = {str(b.id) for b in charge_records.backs_of(tx, by, charge.order_id) if b.state != ReturnState.GIVEN}
    strange = [back for back in seen.backs if back.id not in ours]
    known = {one.transaction_key for one in of_charge(tx, by, charge.order_id)} if strange else set()
    return [_add(tx, by, charge, back, at_us) for back in strange if back.key not in known]


def were_before(tx: Tx, charge: Charge, seen: Seen, *, at_us: int) -> None:
    """Remember what was gone when the charge was booked: no later look takes it for something new."""
    for back in seen.backs:
        _insert(tx, _row(charge, back.key, back.amount_krw, UnaskedState.BEFORE, "", at_us))


def more_than_asked(tx: Tx, by: Actor, charge: Charge, back: BackSeen, krw: int, owner: str, *, at_us: int) -> None:
    """A return of ours took ``krw`` more than was asked for."""
    new = _row(charge, f"{back.key}+", krw, UnaskedState.OPEN, owner, at_us)
    _insert(tx, new)
    _book(tx, by, charge, new, owner, at_us)


def take(tx: Tx, by: Actor, charge: Charge, most_krw: int, *, id: UUID, at_us: int) -> tuple[int, list[Transfer]]:
    """Up to ``most_krw`` that we owe the payer of a charge are what they have already: the won, and the transfers that
    pay the debt with it (to be posted once the debt is)."""
    left, moves = most_krw, list[Transfer]()
    for one in of_charge(tx, by, charge.order_id):
        krw = min(left, one.open_krw)
        if krw:
            left -= krw
            moves.append(
                Transfer(
                    id=derived("payments.unasked_taken", one.id, id), debit=returning(charge.payment),
                    credit=account(charge.payment), amount=krw, cause=payment_key(charge.payment), at_us=at_us,
                )
            )  # fmt: skip
            _settle(tx, by, one, krw, UnaskedState.TAKEN, "", at_us)
    return most_krw - left, moves


def write_off(tx: Tx, by: Actor, id: UUID, *, why: str, at_us: int) -> Unasked:
    """What is not explained is our loss, with the reason in somebody's words. As ``settle``.

    Raises ``Forbidden`` for who is not the operator, ``NotFound``.
    """
    by.need(Role.OPERATOR)
    found = get(tx, by, id)
    payment = payment_records.payment(tx, by, found.payment)
    assert payment is not None
    lost = Transfer(
        id=derived("payments.unasked_lost", id), credit=account(found.payment), amount=found.open_krw,
        debit=AccountKey(Book.MONEY, "gateway_loss", day_owner(payment.shop, at_us), KRW),
        cause=payment_key(found.payment), at_us=at_us,
    )  # fmt: skip
    return settle(tx, by, found, [lost] if found.open_krw else [], UnaskedState.LOST, why, at_us)


def settle(
    tx: Tx, by: Actor, found: Unasked, moves: list[Transfer], how: UnaskedState, why: str, at_us: int
) -> Unasked:
    """All that is not explained becomes ``how``, by these transfers and with a reason. Again it changes nothing.

    Raises ``Invalid`` ``payments.say_why``, ``Conflict`` ``payments.unasked_not_now`` for one that was explained.
    """
    if found.state == how:
        return found
    if not WHY_LEAST <= len(why.strip()) <= WHY_MAX:
        raise say_why()
    if not found.open_krw:
        raise _not_now(found.state)
    ledger.post(tx, moves)
    return _settle(tx, by, found, found.open_krw, how, why.strip(), at_us)


def get(tx: Tx, by: Actor, id: UUID) -> Unasked:
    """One of a shop the caller serves. Raises ``NotFound``."""
    found = tx.rows(sa.select(*rows.c[1:]).where(rows.c.neighbourhood == by.neighbourhood, rows.c.id == id))
    payment = payment_records.payment(tx, by, found[0][2]) if found else None
    if payment is None or (by.shops and payment.shop not in by.shops):
        raise NotFound(
            "payments.no_unasked",
            ko="그런 환불이 없습니다.",
            en="There is no such return.",
            next_ko="결제 화면에서 고르세요.",
            next_en="Choose it on the payment's page.",
        )
    return Unasked(*found[0])


def of_charge(tx: Tx, by: Actor, order_id: str) -> list[Unasked]:
    """What was given back of a charge unasked, in order."""
    mine = sa.and_(rows.c.neighbourhood == by.neighbourhood, rows.c.order_id == order_id)
    found = tx.rows(sa.select(*rows.c[1:]).where(mine).order_by(rows.c.at_us, rows.c.id))
    return [Unasked(*row) for row in found]


def open_of(tx: Tx, by: Actor, payment: UUID) -> dict[int, int]:
    """What of a payment's parts, by number, the payer has got back already and nobody has explained."""
    mine = rows.c.neighbourhood == by.neighbourhood, rows.c.state == UnaskedState.OPEN, rows.c.payment == payment
    found = [Unasked(*row) for row in tx.rows(sa.select(*rows.c[1:]).where(*mine))]
    numbers = {one.order_id: one.number for one in charge_records.charges_of(tx, by, payment)} if found else {}
    open_: dict[int, int] = {}
    for one in found:
        open_[numbers[one.order_id]] = open_.get(numbers[one.order_id], 0) + one.open_krw
    return open_


def waiting(tx: Tx, by: Actor, *, cursor: str | None = None, limit: int = 50) -> Page[Unasked]:
    """What nobody has explained yet, newest first; for who acts for shops, of theirs."""
    mine = sa.and_(rows.c.neighbourhood == by.neighbourhood, rows.c.state == UnaskedState.OPEN)
    mine = sa.and_(mine, *payment_records.theirs(by, rows.c.payment))
    order = [rows.c.at_us, rows.c.id]
    page = keyset(tx, sa.select(*rows.c[1:]).where(mine), order=order, cursor=cursor, limit=limit, descending=True)
    return page.map(lambda row: Unasked(*row))


def between(tx: Tx, by: Actor, gateway: str, since_us: int, until_us: int) -> list[Unasked]:
    """What a company's settlement file has lines for: all but what was gone before. A key that ends in ``+`` is no line
    of its own but more than was asked for on a return of ours."""
    mine = sa.and_(
        rows.c.neighbourhood == by.neighbourhood, rows.c.gateway == gateway, rows.c.state != UnaskedState.BEFORE,
        rows.c.at_us >= since_us, rows.c.at_us < until_us,
    )  # fmt: skip
    return [Unasked(*row) for row in tx.rows(sa.select(*rows.c[1:]).where(mine).order_by(rows.c.at_us, rows.c.id))]


def say_why() -> Invalid:
    return Invalid(
        "payments.say_why",
        ko="까닭을 적어야 합니다.",
        en="A reason is needed.",
        next_ko="나중에 보는 사람이 알 수 있게 짧게 적으세요.",
        next_en="Write it shortly, for whoever looks at it later.",
        least=WHY_LEAST,
        most=WHY_MAX,
    )


def _add(tx: Tx, by: Actor, charge: Charge, back: BackSeen, at_us: int) -> Unasked:
    owner = clearing_owner(charge.gateway, at_us)
    new = _row(charge, back.key, back.amount_krw, UnaskedState.OPEN, owner, at_us)
    _insert(tx, new)
    _book(tx, by, charge, new, owner, at_us)
    return new


def _book(tx: Tx, by: Actor, charge: Charge, new: Unasked, owner: str, at_us: int) -> None:
    gone = Transfer(
        id=derived("payments.unasked_gone", new.id), debit=account(charge.payment), credit=clearing(owner),
        amount=new.amount_krw, cause=payment_key(charge.payment), at_us=at_us,
    )  # fmt: skip
    ledger.post(tx, [gone])
    said = facts.UnaskedReturn(
        payment=str(charge.payment), gateway=charge.gateway, order=charge.order_id, amount_krw=new.amount_krw
    )
    _tell(tx, by, new, said, "unasked", at_us)


def _settle(tx: Tx, by: Actor, one: Unasked, krw: int, how: UnaskedState, why: str, at_us: int) -> Unasked:
    settled = one.settled_krw + krw
    state = how if settled == one.amount_krw else UnaskedState.OPEN
    mine = sa.and_(rows.c.neighbourhood == tx.neighbourhood, rows.c.id == one.id)
    tx.execute(
        sa.update(rows).where(mine).values(settled_krw=settled, state=str(state), why=why or one.why, changed_us=at_us)
    )
    said = facts.UnaskedSettled(
        payment=str(one.payment), gateway=one.gateway, order=one.order_id, amount_krw=krw, how=str(how), why=why
    )
    _tell(tx, by, one, said, "unasked_settled", at_us, settled)
    return msgspec.structs.replace(one, settled_krw=settled, state=str(state), why=why or one.why, changed_us=at_us)


def _row(charge: Charge, key: str, krw: int, state: UnaskedState, owner: str, at_us: int) -> Unasked:
    return Unasked(
        derived("payments.unasked", charge.order_id, key), charge.order_id, charge.payment, charge.gateway, key, krw, 0,
        str(state), owner, "", at_us, at_us,
    )  # fmt: skip


def _insert(tx: Tx, new: Unasked) -> None:
    tx.many(sa.insert(rows), [{"neighbourhood": tx.neighbourhood} | msgspec.structs.asdict(new)])


def _tell(tx: Tx, by: Actor, one: Unasked, body: msgspec.Struct, what: str, at_us: int, *more: int) -> None:
    payment: Payment | None = payment_records.payment(tx, by, one.payment)
    assert payment is not None
    journal.append(
        tx, by, body, id=derived(f"payments.charge.{what}", one.id, *more), at_us=at_us,
        subject=payment_key(one.payment), shop=payment.shop, cause=payment.cause,
    )  # fmt: skip


def _not_now(state: str) -> Conflict:
    return Conflict(
        "payments.unasked_not_now",
        ko="이미 정리된 금액입니다.",
        en="This has been explained already.",
        next_ko="결제 화면을 다시 열어 보세요.",
        next_en="Open the payment's page again.",
        state=state,
    )
