"""Buying a voucher, cancelling it, having its rest paid back, and what expires.

A purchase is a payment like any other (wallet, card), captured into the lot's own account; the issuer's subsidy is
posted beside it. What goes back goes back through that payment, to the means that paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import ledger, payments
from madang.db import Tx
from madang.kernel import Actor, derived, system
from madang.kernel.clock import MINUTE_US
from madang.ledger import AccountKey, Transfer
from madang.payments import Part, Payment, State, deciding
from madang.vouchers import errors, facts, issuing, records, rules
from madang.vouchers.model import Issuer, Lot, LotState, Programme, Rule, expired, subsidy

PAY_WITHIN_US = 20 * MINUTE_US
CAUSE = "voucher"


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has of a programme, and how much more the rule lets them buy now."""

    programme: Programme
    rule: Rule | None
    lots: tuple[Lot, ...]
    free_krw: int
    bought_krw: int
    at_most_krw: int
    issuer: Issuer | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a face costs who asks, before they buy it: ``lot`` as it would be, who pays the difference."""

    programme: Programme
    issuer: Issuer | None
    lot: Lot


def buy(
    tx: Tx,
    by: Actor,
    *,
    id: UUID,
    programme: str,
    face_krw: int,
    parts: Sequence[Part] = (),
    means: str = "wallet",
    told_krw: int | None = None,
    at_us: int,
) -> Lot:
    """Buy ``face_krw`` for less: the buyer's part by ``parts`` (all of it by one ``means``, where none are given), the
    issuer's beside. ``told_krw`` is what they were told it costs: it is bought for that or not at all.

    The same id again gives the lot as it stands; one paid through a gateway is ``ordered`` until the money is there.
    Raises ``Conflict`` ``vouchers.over_month``, ``over_holding``, ``no_budget``, ``closed``, and what paying raises.
    """
    by.need_neighbourhood(tx.neighbourhood)
    known = records.lot(tx, id)
    if known is not None:
        if (known.programme, known.face_krw, known.holder) != (programme, face_krw, by.key):
            raise errors.id_taken()
        return known
    opened, rule = issuing.rule_now(tx, programme, at_us)
    lot = _new(tx, by.key, id, rule, face_krw, at_us)
    if told_krw not in (None, lot.paid_krw):
        raise errors.price_changed(lot.paid_krw)
    records.add_lot(tx, lot)
    paid = payments.begin(
        tx, by, id=_payment(id), shop=opened.issuer, payer=by.key, total_krw=lot.paid_krw,
        parts=parts or [Part(means, lot.paid_krw)], cause=f"{CAUSE}/{id}",
        expires_at_us=at_us + PAY_WITHIN_US, tax_free_krw=lot.paid_krw, title=opened.name_ko, at_us=at_us,
    )  # fmt: skip
    return _open(tx, by, lot, at_us) if paid.state == State.AUTHORISED else lot


def offer(tx: Tx, by: Actor, programme: str, face_krw: int, *, at_us: int) -> Offer:
    """What a purchase would be, nothing done. Raises what ``buy`` raises."""
    by.need_neighbourhood(tx.neighbourhood)
    opened, rule = issuing.rule_now(tx, programme, at_us)
    lot = _new(tx, by.key, UUID(int=0), rule, face_krw, at_us)
    return Offer(programme=opened, issuer=records.issuer(tx, opened.issuer), lot=lot)


def cancel(tx: Tx, by: Actor, lot: UUID, *, at_us: int) -> Lot:
    """Take back a whole, unused purchase within its days (청약철회): all the buyer paid comes back, the subsidy too."""
    mine = _mine(tx, by, lot)
    if mine.state is LotState.CANCELLED:
        return mine
    if not rules.may_cancel(mine, at_us):
        raise errors.not_now("기간 안의, 쓰지 않은 상품권만 취소할 수 있습니다.", "only an unused one, in its days.")
    return _go_back(tx, by, mine, LotState.CANCELLED, "cancelled", at_us)


def refund_rest(tx: Tx, by: Actor, lot: UUID, *, at_us: int) -> Lot:
    """Have the rest of a lot paid back once enough of it is used, less the issuer's part of it."""
    mine = _mine(tx, by, lot)
    if mine.state is LotState.REFUNDED:
        return mine
    if not rules.may_refund_rest(mine, at_us):
        share = mine.refund_used_bp // 100
        raise errors.not_now(f"{share} % 이상 쓴 뒤에 나머지를 환불합니다.", f"at least {share} % must be used first.")
    return _go_back(tx, by, mine, LotState.REFUNDED, "rest", at_us)


def expire_due(tx: Tx, by: Actor, *, now_us: int, limit: int = 100) -> int:
    """End lots whose time is over: the buyers' part of the rest is set aside, the subsidy goes back. Gives how many.

    What is promised to a payment waits for it. Nothing depends on when this runs: a lot whose time is over pays
    nothing.
    """
    by.need_neighbourhood(tx.neighbourhood)
    c = records.lots.c
    left = sa.or_(c.held_krw == 0, c.left_krw > c.held_krw)
    due = records.some_lots(tx, c.state == LotState.OPEN.value, c.expires_us <= now_us, left, limit=limit)
    for lot in due:
        expire_lot(tx, by, lot, now_us)
    return len(due)


def expire_lot(tx: Tx, by: Actor, lot: Lot, at_us: int) -> Lot:
    """End one lot: all of it that no payment holds."""
    month, gone = rules.month_of(at_us), lot.free_krw
    own, back = rules.leaving(lot, gone)
    legs = [(expired(lot.programme, month), own), (subsidy(lot.programme, month), back)]
    _post(tx, lot, "expire", legs, at_us)
    state = lot.state if lot.held_krw else LotState.EXPIRED
    after = msgspec.structs.replace(lot, left_krw=lot.held_krw, returned_krw=lot.returned_krw + gone, state=state)
    records.keep_lots(tx, [after])
    if gone:
        records.add_gone(tx, lot.programme, month, gone)
        body = facts.Expired(lot=str(lot.id), programme=lot.programme, left_krw=gone)
        facts.tell(tx, by, body, about=f"voucher:{lot.id}", at_us=at_us)
    return after


def holding(tx: Tx, by: Actor, programme: str, *, at_us: int) -> Holding:
    """What the caller has of a programme, with every lot that can still matter to them."""
    by.need_neighbourhood(tx.neighbourhood)
    found = records.programme(tx, programme)
    if found is None:
        raise errors.unknown(programme)
    lots = _lots(tx, by.key, programme)
    good = [lot for lot in lots if lot.state is LotState.OPEN and at_us < lot.expires_us]
    rule = rules.at(records.rules_of(tx, programme), at_us)
    bought = records.bought_krw(tx, programme, by.key, rules.month_of(at_us))
    held = records.holding_krw(tx, programme, by.key)
    most = rules.may_buy_at_most(rule, bought_krw=bought, holding_krw=held) if rule else 0
    return Holding(
        programme=found, rule=rule, lots=tuple(lots), free_krw=sum(lot.free_krw for lot in good), bought_krw=bought,
        at_most_krw=most, issuer=records.issuer(tx, found.issuer),
    )  # fmt: skip


def holdings(tx: Tx, by: Actor, *, at_us: int) -> list[Holding]:
    """What the caller has, programme by programme; those they could buy too."""
    return [holding(tx, by, one.id, at_us=at_us) for one in issuing.programmes(tx, by)]


def told(tx: Tx, by: Actor, payment: Payment, at_us: int) -> None:  # noqa: ARG001 - acts as the room itself
    """A gateway has answered for a purchase."""
    lot = records.lot(tx, UUID(payment.cause.partition("/")[2]))
    if lot is None or lot.state is not LotState.ORDERED:
        return
    if payment.state == State.AUTHORISED:
        _open(tx, system(tx.neighbourhood, "vouchers"), lot, at_us)
    elif payment.state == State.FAILED:
        records.keep_lots(tx, [msgspec.structs.replace(lot, state=LotState.FAILED)])


def taken_back(tx: Tx, by: Actor, payment: Payment, _number: int, _krw: int, _id: UUID, at_us: int) -> None:
    """The company gave a purchase's money back by itself, and that was right: all that is left of the lot goes back,
    whatever the days for it say, the issuer's part to the issuer."""
    by.need_neighbourhood(tx.neighbourhood)
    lot = records.lot(tx, UUID(payment.cause.partition("/")[2]))
    if lot is None or lot.state is not LotState.OPEN or not lot.left_krw:
        raise deciding.nothing_left()
    if lot.held_krw:
        raise errors.not_now("결제에 잡혀 있는 상품권입니다.", "a payment holds some of it.")
    whole = lot.left_krw == lot.face_krw
    _go_back(tx, by, lot, LotState.CANCELLED if whole else LotState.REFUNDED, "unasked", at_us)


payments.listen(CAUSE, told)
deciding.returns_by(CAUSE, taken_back)


def _new(tx: Tx, holder: str, id: UUID, rule: Rule, face_krw: int, at_us: int) -> Lot:
    month = rules.month_of(at_us)
    known = records.rules_of(tx, rule.programme)
    until = min((one.from_us for one in known if one.from_us > rule.from_us), default=2**62)
    rules.may_buy(
        rule,
        face_krw,
        bought_krw=records.bought_krw(tx, rule.programme, holder, month),
        holding_krw=records.holding_krw(tx, rule.programme, holder),
        subsidies_krw=records.subsidies_krw(tx, rule.programme, rule.from_us, until) if rule.budget_krw else 0,
    )
    part = rules.subsidy_of(rule, face_krw)
    return Lot(
        id=id, programme=rule.programme, holder=holder, face_krw=face_krw, paid_krw=face_krw - part, subsidy_krw=part,
        left_krw=0, state=LotState.ORDERED, bought_us=at_us, month=month, expires_us=rules.expiry_us(rule, at_us),
        cancel_until_us=rules.cancel_until_us(rule, at_us), refund_used_bp=rule.refund_used_bp,
    )  # fmt: skip


def _open(tx: Tx, by: Actor, lot: Lot, at_us: int) -> Lot:
    payments.capture(tx, by, _payment(lot.id), [(lot.account, lot.paid_krw)], at_us=at_us)
    if lot.subsidy_krw:
        give = Transfer(
            id=derived("vouchers.subsidy", lot.id), debit=subsidy(lot.programme, rules.month_of(at_us)),
            credit=lot.account, amount=lot.subsidy_krw, cause=f"voucher/{lot.id}", at_us=at_us,
        )  # fmt: skip
        ledger.post(tx, [give])
    after = msgspec.structs.replace(lot, left_krw=lot.face_krw, state=LotState.OPEN)
    records.keep_lots(tx, [after])
    body = facts.Bought(lot=str(lot.id), programme=lot.programme, face_krw=lot.face_krw, subsidy_krw=lot.subsidy_krw)
    facts.tell(tx, by, body, about=f"voucher:{lot.id}", at_us=at_us)
    return after


def _go_back(tx: Tx, by: Actor, lot: Lot, state: LotState, why: str, at_us: int) -> Lot:
    """All that is left leaves the lot: the holder's part to the means that paid, the issuer's part to the issuer."""
    own, back = rules.leaving(lot, lot.left_krw)
    if own:
        payments.refund(
            tx, system(tx.neighbourhood, "vouchers"), _payment(lot.id),
            id=derived("vouchers.back", lot.id, lot.returned_krw), amount_krw=own, legs=[(lot.account, own)],
            reason=why, at_us=at_us,
        )  # fmt: skip
    _post(tx, lot, why, [(subsidy(lot.programme, rules.month_of(at_us)), back)], at_us)
    after = msgspec.structs.replace(lot, left_krw=0, returned_krw=lot.returned_krw + lot.left_krw, state=state)
    records.keep_lots(tx, [after])
    if state is not LotState.CANCELLED:  # what was cancelled counts as never sold
        records.add_gone(tx, lot.programme, rules.month_of(at_us), lot.left_krw)
    body = facts.GoneBack(lot=str(lot.id), programme=lot.programme, why=why, own_krw=own, subsidy_krw=back)
    facts.tell(tx, by, body, about=f"voucher:{lot.id}", at_us=at_us)
    return after


def _post(tx: Tx, lot: Lot, why: str, legs: Sequence[tuple[AccountKey, int]], at_us: int) -> None:
    made = [
        Transfer(
            id=derived(f"vouchers.{why}", lot.id, lot.returned_krw, n), debit=lot.account, credit=account, amount=krw,
            cause=f"voucher/{lot.id}", at_us=at_us,
        )
        for n, (account, krw) in enumerate(legs)
        if krw
    ]  # fmt: skip
    if made:
        ledger.post(tx, made)


def _lots(tx: Tx, holder: str, programme: str) -> list[Lot]:
    return records.some_lots(tx, records.lots.c.holder == holder, records.lots.c.programme == programme)


def _mine(tx: Tx, by: Actor, id: UUID) -> Lot:
    by.need_neighbourhood(tx.neighbourhood)
    found = records.lot(tx, id)
    if found is None or found.holder != by.key:
        raise errors.unknown(str(id))
    return found


def payment_of(lot: UUID) -> UUID:
    """The payment of a purchase."""
    return _payment(lot)


def _payment(lot: UUID) -> UUID:
    return derived("vouchers.purchase", lot)
