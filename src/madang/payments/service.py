"""The life of a payment: begin, capture, void, refund. Everything moves through its tender account, which is empty
before and after every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from madang import jobs, journal, ledger
from madang.db import Page, Tx
from madang.kernel import Actor, Conflict, Role, allocate, derived, system
from madang.ledger import LedgerConflict, Transfer
from madang.payments import facts, faults, forming, listeners, sharing
from madang.payments import payment_records as records
from madang.payments.means import means_of, step_id
from madang.payments.model import Leg, Part, Payment, Refund, State, Tender, payment_key, tender, total_of

EXPIRE = "payments.expire"
SERVING = (Role.OPERATOR, Role.STAFF, Role.DEVICE, Role.SYSTEM)


def begin(
    tx: Tx,
    by: Actor,
    *,
    id: UUID,
    shop: str,
    payer: str,
    total_krw: int,
    parts: Sequence[Part],
    cause: str,
    expires_at_us: int,
    at_us: int,
    tax_free_krw: int = 0,
    title: str = "",
) -> Payment:
    """Begin a payment of ``total_krw`` by ``parts`` that add up to it; every means that can holds its share at once.

    The payment is then ``authorised``, or ``pending`` while a gateway has still to confirm. The same ``id`` with the
    same content gives the payment as it stands; with other content it raises ``Conflict``. Raises ``Invalid`` for
    amounts and means that cannot be, ``Conflict`` ``payments.not_enough`` where a means lacks the money, and what a
    means itself raises. ``cause`` is ``<kind>/<id>`` of what is paid (see ``listeners``); ``tax_free_krw`` (면세) is
    the part of the total that bears no VAT, ``title`` what a gateway shows the payer (no personal data).
    """
    by.need_shop(shop)
    if payer != by.key:
        by.need(*SERVING)
    new = forming.new_payment(id, shop, payer, total_krw, parts, cause, expires_at_us, at_us, tax_free_krw, title)
    there = records.payment(tx, by, id, fresh=True)
    if there is not None:
        if forming.content(there) != forming.content(new):
            raise faults.id_taken(id)
        return there
    if expires_at_us <= at_us:
        raise faults.expires_too_early()
    begun = _hold_all(tx, by, new, at_us)
    records.add(tx, begun)
    said = facts.Begun(payment=str(id), about=cause, total_krw=total_krw, parts=facts.said(begun, "amount_krw"))
    _tell(tx, by, begun, said, "begun", at_us)
    jobs.set_timer(tx, id=_expiry(id), due_us=expires_at_us, kind=EXPIRE, payload={"payment": str(id)})
    if begun.state == State.AUTHORISED:
        _tell_authorised(tx, by, begun, at_us)
    return begun


def capture(tx: Tx, by: Actor, id: UUID, legs: Sequence[Leg], *, at_us: int) -> Payment:
    """Take what is held and give it to ``legs``: together the whole payment, or less of it and the rest is let go.

    A payment is captured once; the same legs again give it as it stands. A smaller capture is shared over the parts in
    proportion (``sharing``). Raises ``Conflict`` where the state does not allow it or less is held.
    """
    payment = get(tx, by, id)
    amount_krw = forming.checked(legs)
    if payment.state in (State.CAPTURED, State.REFUNDED):
        if [leg for leg, _ in records.legs_of(tx, by, id)] != list(legs):
            raise faults.already_captured(payment.captured_krw)
        return payment
    if payment.state != State.AUTHORISED:
        raise faults.not_now("capture", payment.state)
    shares = sharing.over_parts(amount_krw, [part.amount_krw for part in payment.parts])
    taken = tuple(forming.taken(part, share) for part, share in zip(payment.parts, shares, strict=True))
    transfers = [t for part in taken for t in _capture_part(tx, by, part, at_us)]
    captured = replace(payment, state=State.CAPTURED, captured_krw=amount_krw, parts=taken, changed_us=at_us)
    ledger.post(tx, [*transfers, *_to_legs(captured, legs, at_us)])
    records.change(tx, captured)
    records.add_legs(tx, id, legs)
    jobs.cancel_timer(tx, id=_expiry(id), at_us=at_us)
    said = facts.Captured(
        payment=str(id), about=payment.cause, captured_krw=amount_krw, released_krw=payment.total_krw - amount_krw,
        parts=facts.said(captured, "captured_krw"),
    )  # fmt: skip
    _tell(tx, by, captured, said, "captured", at_us)
    return captured


def void(tx: Tx, by: Actor, id: UUID, *, at_us: int, reason: str = "") -> Payment:
    """Let go of a payment that was not captured; one that is let go already stays as it is.

    Raises ``Conflict`` for a payment that was captured: refund it.
    """
    payment = get(tx, by, id)
    if payment.state in (State.VOIDED, State.FAILED):
        return payment
    if payment.state in (State.CAPTURED, State.REFUNDED):
        raise faults.not_now("void", payment.state)
    voided = _let_go(tx, by, payment, State.VOIDED, at_us)
    said = facts.Voided(payment=str(id), about=payment.cause, total_krw=payment.total_krw, reason=reason)
    _tell(tx, by, voided, said, "voided", at_us)
    return voided


def fail(tx: Tx, by: Actor, id: UUID, *, at_us: int, reason: str) -> Payment:
    """A payment that cannot be completed (refused, out of time) lets go of what it holds, and its listener is told;
    one that is captured or at its end stays as it is."""
    payment = get(tx, by, id)
    if payment.state not in (State.PENDING, State.AUTHORISED):
        return payment
    failed = _let_go(tx, by, payment, State.FAILED, at_us)
    said = facts.Failed(payment=str(id), about=payment.cause, total_krw=payment.total_krw, reason=reason)
    _tell(tx, by, failed, said, "failed", at_us)
    listeners.tell(tx, by, failed, at_us)
    return get(tx, by, id)


def refund(
    tx: Tx,
    by: Actor,
    payment: UUID,
    *,
    id: UUID,
    amount_krw: int | None = None,
    by_means: Mapping[str, int] | None = None,
    by_parts: Mapping[int, int] | None = None,
    legs: Sequence[Leg] | None = None,
    at_us: int,
    reason: str = "",
    tax_free_krw: int | None = None,
) -> Refund:
    """Give back ``amount_krw`` of a captured payment (None: all that is left), to the means that paid it.

    Over the means in proportion to what each has left, or as ``by_means`` or ``by_parts`` (by the parts' numbers) says
    (its sum is then the amount); from ``legs``, or where there are none from the accounts it was captured to, in
    proportion to what each has left. ``tax_free_krw`` is what of it bears no VAT (면세), as the lines given back say;
    None is in proportion to the payment's. The same ``id`` with the same content gives the refund that was made. Raises
    ``Conflict`` where less is left.
    """
    by.need(*SERVING)
    paid = get(tx, by, payment)
    said = by_means if by_parts is None else by_parts
    asked = forming.asked(payment, amount_krw, said, legs, reason)
    known = records.refund(tx, by, id)
    if known is not None:
        if known[1] != asked:
            raise faults.id_taken(id)
        return known[0]
    if paid.state not in (State.CAPTURED, State.REFUNDED):
        raise faults.not_now("refund", paid.state)
    amount = forming.refund_amount(paid, amount_krw, said)
    shares = forming.refund_shares(paid, amount, by_means, by_parts)
    made = Refund(
        id=id, payment=payment, amount_krw=amount, shares=tuple(shares),
        legs=tuple(_legs_back(tx, by, paid, amount, legs)), reason=reason, at_us=at_us,
    )  # fmt: skip
    after = forming.given_back(paid, made)
    ledger.post(tx, [*_from_legs(made), *_to_means(tx, by, paid, made, tax_free_krw)])
    records.change(tx, after)
    records.add_refund(tx, made, asked)
    told = facts.Refunded(
        payment=str(payment), refund=str(id), about=paid.cause, amount_krw=amount, left_krw=after.left_krw,
        reason=reason, parts=facts.said_shares(paid, shares),
    )  # fmt: skip
    _tell(tx, by, paid, told, "refunded", at_us, id)
    return made


def get(tx: Tx, by: Actor, id: UUID) -> Payment:
    """A payment the caller may see: their own, or of a shop they serve. Raises ``NotFound`` for any other."""
    found = records.payment(tx, by, id)
    if found is None or not _sees(by, found):
        raise faults.unknown()
    return found


def find(
    tx: Tx,
    by: Actor,
    *,
    shop: str | None = None,
    payer: str | None = None,
    state: str | None = None,
    cause: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Payment]:
    """Payments the caller may see, newest first; whoever serves in no shop sees their own."""
    if shop is not None:
        by.need_shop(shop)
    if not by.may(*SERVING):
        payer = by.key
    return records.find(tx, by, shop=shop, payer=payer, state=state, cause=cause, cursor=cursor, limit=limit)


def refunds_of(tx: Tx, by: Actor, payment: UUID) -> list[Refund]:
    """What was given back of a payment, in order."""
    get(tx, by, payment)
    return records.refunds_of(tx, by, payment)


def legs_of(tx: Tx, by: Actor, payment: UUID) -> list[tuple[Leg, int]]:
    """The accounts a payment was captured to, each with what it has given back."""
    get(tx, by, payment)
    return records.legs_of(tx, by, payment)


def part_confirmed(tx: Tx, by: Actor, payment: Payment, number: int, at_us: int) -> Payment:
    """A part that waited for somebody outside is held now; when it was the last one, the payment is authorised.

    For gateways, which post the part's pending transfer themselves in the same transaction.
    """
    assert payment.state == State.PENDING
    parts = tuple(replace(p, state=State.AUTHORISED) if p.number == number else p for p in payment.parts)
    all_held = all(part.state == State.AUTHORISED for part in parts)
    state = State.AUTHORISED if all_held else State.PENDING
    after = replace(payment, parts=parts, state=state, changed_us=at_us)
    records.change(tx, after)
    if not all_held:
        return after
    _tell_authorised(tx, by, after, at_us)
    listeners.tell(tx, by, after, at_us)
    return get(tx, by, payment.id)  # its listener may have captured it


@jobs.handler(EXPIRE)
def expire(tx: Tx, job: jobs.Job) -> None:
    """Time is up for a payment that was not captured."""
    fail(tx, system(tx.neighbourhood, "payments"), UUID(job.payload["payment"]), at_us=job.now_us, reason="expired")


def _hold_all(tx: Tx, by: Actor, new: Payment, at_us: int) -> Payment:
    transfers: list[Transfer] = []
    held: list[Tender] = []
    for part in new.parts:
        found = means_of(part.means).authorise(tx, by, part, at_us=at_us)
        transfers += found or []
        held.append(part if found is None else replace(part, state=State.AUTHORISED))
    try:
        ledger.post(tx, transfers)
    except LedgerConflict as error:
        raise _short(error, new, transfers) from error
    all_held = all(part.state == State.AUTHORISED for part in held)
    return replace(new, parts=tuple(held), state=State.AUTHORISED if all_held else State.PENDING)


def _short(error: LedgerConflict, new: Payment, transfers: Sequence[Transfer]) -> Conflict:
    """A means' account that lacks the money, in the payer's words."""
    if error.code != "ledger.exceeds_credits":
        return error
    failed = transfers[error.details["index"]].id
    means = next((p.means for p in new.parts if step_id("authorise", p) == failed), new.parts[0].means)
    return faults.not_enough(means, error.details["amount"], error.details["available"])


def _tell_authorised(tx: Tx, by: Actor, payment: Payment, at_us: int) -> None:
    said = facts.Authorised(payment=str(payment.id), about=payment.cause, total_krw=payment.total_krw)
    _tell(tx, by, payment, said, "authorised", at_us)


def _capture_part(tx: Tx, by: Actor, part: Tender, at_us: int) -> list[Transfer]:
    means = means_of(part.means)
    if part.captured_krw == 0:
        return means.void(tx, by, part, at_us=at_us)
    return means.capture(tx, by, part, part.captured_krw, at_us=at_us)


def _to_legs(payment: Payment, legs: Sequence[Leg], at_us: int) -> list[Transfer]:
    return [
        Transfer(
            id=derived("payments.leg", payment.id, number), debit=payment.parts[0].account, credit=account,
            amount=amount, cause=payment_key(payment.id), at_us=at_us,
        )
        for number, (account, amount) in enumerate(legs, 1)
    ]  # fmt: skip


def _let_go(tx: Tx, by: Actor, payment: Payment, state: State, at_us: int) -> Payment:
    transfers = [
        transfer
        for part in payment.parts
        if part.state == State.AUTHORISED
        for transfer in means_of(part.means).void(tx, by, part, at_us=at_us)
    ]
    _post_voids(tx, transfers)
    parts = tuple(replace(part, state=state) for part in payment.parts)
    after = replace(payment, state=state, parts=parts, changed_us=at_us)
    records.change(tx, after)
    jobs.cancel_timer(tx, id=_expiry(payment.id), at_us=at_us)
    return after


def _post_voids(tx: Tx, transfers: Sequence[Transfer]) -> None:
    """What has lapsed by itself need not be let go."""
    for transfer, result in zip(transfers, ledger.post_each(tx, transfers), strict=True):
        if result.code not in (None, "ledger.pending_expired"):
            ledger.post(tx, [transfer])  # raises what is wrong


def _legs_back(tx: Tx, by: Actor, paid: Payment, amount: int, legs: Sequence[Leg] | None) -> list[Leg]:
    if legs is not None:
        if total_of(legs) != amount or any(krw <= 0 for _, krw in legs):
            raise faults.bad_legs(amount, total_of(legs))
        return list(legs)
    kept = records.legs_of(tx, by, paid.id)
    shares = sharing.over_parts(amount, [krw - returned for (_, krw), returned in kept])
    records.return_legs(tx, paid.id, [back + share for (_, back), share in zip(kept, shares, strict=True)])
    return [(account, share) for ((account, _), _), share in zip(kept, shares, strict=True) if share]


def _from_legs(made: Refund) -> list[Transfer]:
    return [
        Transfer(
            id=derived("payments.leg_back", made.id, number), debit=account, credit=tender(made.payment), amount=amount,
            cause=payment_key(made.payment), at_us=made.at_us,
        )
        for number, (account, amount) in enumerate(made.legs, 1)
    ]  # fmt: skip


def _to_means(tx: Tx, by: Actor, paid: Payment, made: Refund, tax_free_krw: int | None) -> list[Transfer]:
    free: Sequence[int | None] = [None] * len(made.shares)
    if tax_free_krw is not None:
        free = allocate(min(tax_free_krw, made.amount_krw), made.shares)
    return [
        transfer
        for part, share, of_it in zip(paid.parts, made.shares, free, strict=True)
        if share
        for transfer in means_of(part.means).refund(
            tx, by, part, share, id=made.id, at_us=made.at_us, tax_free_krw=of_it
        )
    ]


def _tell(tx: Tx, by: Actor, payment: Payment, body: Any, what: str, at_us: int, *more: UUID) -> None:
    journal.append(
        tx, by, body, id=derived(f"payments.{what}", payment.id, *more), at_us=at_us,
        subject=payment_key(payment.id), shop=payment.shop, cause=payment.cause,
    )  # fmt: skip


def _expiry(id: UUID) -> UUID:
    return derived("payments.expiry", id)


def _sees(by: Actor, payment: Payment) -> bool:
    if by.may(*SERVING):
        return not by.shops or payment.shop in by.shops
    return payment.payer == by.key
