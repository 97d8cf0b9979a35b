"""Money on its way back through a gateway, and what becomes of it where the gateway will not give it.

A debt to the payer (``money:returning``) stands from the moment it is decided until the gateway has given it, or the
payer had it otherwise: from the company itself (``unasked``), into their wallet, by hand. SQL and rules only.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from msgspec.structs import replace

from madang import journal, ledger, members
from madang.db import Tx
from madang.kernel import Actor, Role, derived
from madang.ledger import Transfer
from madang.payments import charge_records as records
from madang.payments import facts, faults, looking, service, unasked
from madang.payments.charges_model import Charge, Return, ReturnState, clearing, clearing_owner, returning
from madang.payments.gateways import Seen, Status
from madang.payments.model import payment_key
from madang.payments.wallets import funding, wallet

TAKEN = "given_back_there"
"""The code of a return that the company had made by itself."""


def charge_of(tx: Tx, by: Actor, order: str) -> Charge:
    """Raises ``NotFound``."""
    found = records.charge(tx, by, order)
    if found is None:
        raise faults.unknown()
    return found


def send_back(
    tx: Tx, by: Actor, charge: Charge, *, id: UUID, amount_krw: int, why: str, at_us: int, free_krw: int | None = None
) -> list[Transfer]:
    """Money the gateway is to give back: remembered, done by a job. The caller books the debt, then what this gives.

    What the payer was given back already, though nobody had asked for it, is not asked for once more: it pays that much
    of the debt. ``free_krw`` is what of it bears no VAT (None: in proportion to the charge's).
    """
    taken, moves = unasked.take(tx, by, charge, amount_krw, id=id, at_us=at_us)
    if taken:
        free = _free_of(tx, by, charge, taken, None if free_krw is None else min(free_krw, taken))
        records.add_back(tx, _return(charge, id, taken, free, why, ReturnState.GIVEN, at_us, code=TAKEN))
        free_krw = None if free_krw is None else free_krw - free
    rest = amount_krw - taken
    if rest:
        _ask_back(tx, by, charge, derived("payments.back_rest", id) if taken else id, rest, why, free_krw, at_us)
    return moves


def returned(tx: Tx, by: Actor, id: UUID, seen: Seen, *, at_us: int) -> Return:
    """The gateway has given it back; where it gave less than was asked the rest is asked for, where it gave more
    somebody has to say what that was."""
    back = _back(tx, by, id)
    if back.state in (ReturnState.DONE, ReturnState.GIVEN):
        return back
    owner, charge = clearing_owner(back.gateway, at_us), charge_of(tx, by, back.order_id)
    theirs = next(one for one in seen.backs if one.id == str(id))
    given = min(theirs.amount_krw, back.amount_krw)
    free = min(back.tax_free_krw, given)
    after = replace(
        back, state=ReturnState.DONE, transaction_key=theirs.key, clearing=owner, code="", changed_us=at_us,
        amount_krw=given, tax_free_krw=free,
    )  # fmt: skip
    ledger.post(tx, [_out_of_returning(after, clearing(owner), "returned", at_us)])
    records.change_back(tx, after)
    if theirs.amount_krw > back.amount_krw:
        unasked.more_than_asked(tx, by, charge, theirs, theirs.amount_krw - given, owner, at_us=at_us)
    elif given < back.amount_krw:
        rest, left = derived("payments.back_short", id), back.amount_krw - given
        _ask_back(tx, by, charge, rest, left, back.why, back.tax_free_krw - free, at_us)
    said = facts.Returned(
        payment=str(back.payment), gateway=back.gateway, order=back.order_id, amount_krw=after.amount_krw, why=back.why
    )
    tell(tx, by, charge, said, "returned", at_us, id)
    return after


def return_refused(tx: Tx, by: Actor, id: UUID, *, code: str, at_us: int, seen: Seen | None = None) -> Return:
    """The gateway will not. Where ``seen`` shows that the payer was given it back already, though not by us, that pays
    the debt; else the debt stays on the books, and somebody is told."""
    back = _back(tx, by, id)
    if back.state != ReturnState.DUE:
        return back
    charge = charge_of(tx, by, back.order_id)
    if seen is not None and seen.status == Status.PAID:
        unasked.note(tx, by, charge, seen, at_us=at_us)
    taken, moves = unasked.take(tx, by, charge, back.amount_krw, id=id, at_us=at_us)
    if taken:
        return _taken(tx, by, charge, back, taken, moves, at_us)
    after = replace(back, state=ReturnState.REFUSED, code=code[:100], changed_us=at_us)
    records.change_back(tx, after)
    said = facts.ReturnRefused(
        payment=str(back.payment),
        gateway=back.gateway,
        order=back.order_id,
        amount_krw=back.amount_krw,
        code=after.code,
    )
    tell(tx, by, charge, said, "return_refused", at_us, id, at_us)
    return after


def return_again(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> Return:
    """Ask the gateway once more for what it refused."""
    by.need(*service.SERVING)
    back = _back(tx, by, id)
    service.get(tx, by, back.payment)
    if back.state != ReturnState.REFUSED:
        raise faults.return_not_now(back.state)
    after = replace(back, state=ReturnState.DUE, changed_us=at_us)
    records.change_back(tx, after)
    looking.give_back_later(tx, charge_of(tx, by, back.order_id), after, attempt=2, due_us=at_us, number=at_us)
    return after


def return_to_wallet(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> Return:
    """Put what the gateway refuses to give back into the payer's wallet instead: the debt is paid, once.

    Raises ``Conflict`` ``payments.nobodys_wallet`` for a guest's, who could not open it: ``return_by_hand``.
    """
    back = _refused_one(tx, by, id)
    if back.state == ReturnState.GIVEN:
        return back
    payment = service.get(tx, by, back.payment)
    if not members.is_member(tx, by, payment.payer):
        raise faults.nobodys_wallet()
    said = facts.ReturnedOtherwise(
        payment=str(back.payment), gateway=back.gateway, order=back.order_id, amount_krw=back.amount_krw
    )
    tell(tx, by, charge_of(tx, by, back.order_id), said, "given", at_us, id)
    return _given(tx, back, wallet(payment.payer), at_us)


def return_by_hand(tx: Tx, by: Actor, id: UUID, *, how: str, at_us: int) -> Return:
    """The payer was given by hand (a bank transfer, cash) what the gateway refuses to give back; ``how`` says it in
    words that find it again, without an account's number. The debt is paid, once.

    Raises ``Forbidden`` for who is not the operator, ``Invalid`` ``payments.say_why``.
    """
    by.need(Role.OPERATOR)
    back = _refused_one(tx, by, id)
    if back.state == ReturnState.GIVEN:
        return back
    if not unasked.WHY_LEAST <= len(how.strip()) <= unasked.WHY_MAX:
        raise unasked.say_why()
    said = facts.ReturnedByHand(
        payment=str(back.payment), gateway=back.gateway, order=back.order_id, amount_krw=back.amount_krw,
        how=how.strip(),
    )  # fmt: skip
    tell(tx, by, charge_of(tx, by, back.order_id), said, "by_hand", at_us, id)
    return _given(tx, back, funding(at_us), at_us)


def _refused_one(tx: Tx, by: Actor, id: UUID) -> Return:
    """A return that was refused, or given otherwise; of a shop the caller serves."""
    by.need(*service.SERVING)
    back = _back(tx, by, id)
    service.get(tx, by, back.payment)
    if back.state not in (ReturnState.REFUSED, ReturnState.GIVEN):
        raise faults.return_not_now(back.state)
    return back


def _given(tx: Tx, back: Return, to: ledger.AccountKey, at_us: int) -> Return:
    after = replace(back, state=ReturnState.GIVEN, changed_us=at_us)
    ledger.post(tx, [_out_of_returning(after, to, "given", at_us)])
    records.change_back(tx, after)
    return after


def _taken(tx: Tx, by: Actor, charge: Charge, back: Return, krw: int, moves: list[Transfer], at_us: int) -> Return:
    """``krw`` of a refused return is what the payer has already; what is left of it is asked for by itself."""
    free = min(back.tax_free_krw, krw)
    after = replace(back, state=ReturnState.GIVEN, amount_krw=krw, tax_free_krw=free, code=TAKEN, changed_us=at_us)
    ledger.post(tx, moves)
    records.change_back(tx, after)
    if krw < back.amount_krw:
        rest, left = derived("payments.back_rest", back.id), back.amount_krw - krw
        _ask_back(tx, by, charge, rest, left, back.why, back.tax_free_krw - free, at_us)
    return after


def _ask_back(
    tx: Tx, by: Actor, charge: Charge, id: UUID, krw: int, why: str, free_krw: int | None, at_us: int
) -> None:
    free = _free_of(tx, by, charge, krw, free_krw)
    back = _return(charge, id, krw, free, why, ReturnState.DUE, at_us)
    records.add_back(tx, back)
    looking.give_back_later(tx, charge, back, attempt=1, due_us=at_us)


def _return(
    charge: Charge, id: UUID, krw: int, free_krw: int, why: str, state: ReturnState, at_us: int, code: str = ""
) -> Return:
    return Return(
        id=id, order_id=charge.order_id, payment=charge.payment, gateway=charge.gateway, why=why, amount_krw=krw,
        tax_free_krw=free_krw, state=state, transaction_key="", code=code, clearing="", at_us=at_us, changed_us=at_us,
    )  # fmt: skip


def _free_of(tx: Tx, by: Actor, charge: Charge, krw: int, said_krw: int | None) -> int:
    """What of a return bears no VAT: as said, else in proportion; never more than is left of it, nor so little that
    what is left could not bear the rest."""
    before = records.backs_of(tx, by, charge.order_id)
    gone, gone_free = sum(back.amount_krw for back in before), sum(back.tax_free_krw for back in before)
    left_free = max(0, charge.tax_free_krw - gone_free)
    left_taxed = max(0, charge.amount_krw - gone - left_free)
    wanted = charge.tax_free_krw * min(gone + krw, charge.amount_krw) // charge.amount_krw - gone_free
    return min(max(wanted if said_krw is None else said_krw, krw - left_taxed, 0), left_free, krw)


def _out_of_returning(back: Return, to: ledger.AccountKey, step: str, at_us: int) -> Transfer:
    return Transfer(
        id=derived(f"payments.{step}", back.id), debit=returning(back.payment), credit=to, amount=back.amount_krw,
        cause=payment_key(back.payment), at_us=at_us,
    )  # fmt: skip


def _back(tx: Tx, by: Actor, id: UUID) -> Return:
    found = records.back(tx, by, id)
    if found is None:
        raise faults.unknown()
    return found


def tell(tx: Tx, by: Actor, charge: Charge, body: Any, what: str, at_us: int, *more: str | int | UUID) -> None:
    payment = service.get(tx, by, charge.payment)
    journal.append(
        tx, by, body, id=derived(f"payments.charge.{what}", charge.order_id, *more), at_us=at_us,
        subject=payment_key(charge.payment), shop=payment.shop, cause=payment.cause,
    )  # fmt: skip
