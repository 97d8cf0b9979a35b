"""What a payment looks like before and after each step: pure, so that the steps only store it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from madang.kernel import allocate
from madang.payments import faults, sharing
from madang.payments.model import (
    PARTS_MAX,
    TOTAL_KRW_MAX,
    Leg,
    Part,
    Payment,
    Refund,
    State,
    Tender,
    total_of,
)


def new_payment(
    id: UUID,
    shop: str,
    payer: str,
    total_krw: int,
    wanted: Sequence[Part],
    cause: str,
    expires_at_us: int,
    at_us: int,
    tax_free_krw: int,
    title: str,
) -> Payment:
    if not 1 <= len(wanted) <= PARTS_MAX:
        raise faults.bad_parts(len(wanted), PARTS_MAX)
    for amount in (total_krw, *[part.amount_krw for part in wanted]):
        if amount <= 0:
            raise faults.bad_amount(amount)
    if total_krw > TOTAL_KRW_MAX:
        raise faults.too_large(total_krw, TOTAL_KRW_MAX)
    if sum(part.amount_krw for part in wanted) != total_krw:
        raise faults.bad_sum(total_krw, sum(part.amount_krw for part in wanted))
    if not 0 <= tax_free_krw <= total_krw:
        raise faults.bad_tax_free(total_krw, tax_free_krw)
    tax_free = allocate(tax_free_krw, [part.amount_krw for part in wanted])
    parts = tuple(
        Tender(
            payment=id, number=number, means=part.means, amount_krw=part.amount_krw, tax_free_krw=free, ref=part.ref,
            state=State.PENDING, shop=shop, payer=payer, cause=cause, title=title,
            expires_at_us=expires_at_us,
        )
        for number, (part, free) in enumerate(zip(wanted, tax_free, strict=True), 1)
    )  # fmt: skip
    return Payment(
        id=id, shop=shop, payer=payer, total_krw=total_krw, tax_free_krw=tax_free_krw, state=State.PENDING,
        cause=cause, title=title, captured_krw=0, refunded_krw=0, begun_us=at_us, expires_at_us=expires_at_us,
        changed_us=at_us, parts=parts,
    )  # fmt: skip


def content(payment: Payment) -> tuple[Any, ...]:
    parts = [(part.means, part.amount_krw, part.ref) for part in payment.parts]
    return (
        payment.shop, payment.payer, payment.total_krw, payment.tax_free_krw, payment.cause, payment.title,
        payment.expires_at_us, parts,
    )  # fmt: skip


def checked(legs: Sequence[Leg]) -> int:
    amount_krw = total_of(legs)
    if not legs or any(amount <= 0 for _, amount in legs):
        raise faults.bad_legs(amount_krw, amount_krw)
    return amount_krw


def taken(part: Tender, share: int) -> Tender:
    return replace(part, captured_krw=share, state=State.CAPTURED if share else State.VOIDED)


def asked(
    payment: UUID, amount_krw: int | None, said: Mapping[str, int] | Mapping[int, int] | None,
    legs: Sequence[Leg] | None, reason: str,
) -> str:  # fmt: skip
    given = None if legs is None else [[*key, krw] for key, krw in legs]
    return json(
        [str(payment), amount_krw, None if said is None else {str(k): n for k, n in said.items()}, given, reason]
    )


def refund_amount(paid: Payment, amount_krw: int | None, shares: Mapping[str, int] | Mapping[int, int] | None) -> int:
    """``shares``: what each means, or each part by its number, is to give back."""
    amount = paid.left_krw if amount_krw is None else amount_krw
    if shares is not None:
        if min(shares.values(), default=0) < 0:
            raise faults.bad_amount(min(shares.values()))
        said = sum(shares.values())
        if amount_krw is not None and said != amount_krw:
            raise faults.bad_sum(amount_krw, said)
        amount = said
    if amount_krw is None and shares is None and paid.left_krw == 0:
        raise faults.not_now("refund", paid.state)
    if amount <= 0:
        raise faults.bad_amount(amount)
    return amount


def refund_shares(
    paid: Payment, amount: int, by_means: Mapping[str, int] | None, by_parts: Mapping[int, int] | None
) -> list[int]:
    if by_parts is not None:
        return sharing.by_parts(by_parts, paid.parts)
    if by_means is not None:
        return sharing.by_means(by_means, paid.parts)
    return sharing.over_parts(amount, [part.left_krw for part in paid.parts])


def given_back(paid: Payment, made: Refund) -> Payment:
    shared = zip(paid.parts, made.shares, strict=True)
    parts = tuple(replace(part, refunded_krw=part.refunded_krw + share) for part, share in shared)
    refunded_krw = paid.refunded_krw + made.amount_krw
    state = State.REFUNDED if refunded_krw == paid.captured_krw else State.CAPTURED
    return replace(paid, state=state, refunded_krw=refunded_krw, parts=parts, changed_us=made.at_us)


def json(value: Any) -> str:
    """The same text for the same value."""
    return msgspec.json.encode(value, order="deterministic").decode()
