"""Paying in a member shop by QR: the shop's own (the customer confirms), or the customer's (a code used once)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from uuid import UUID

from madang import payments
from madang.db import Tx
from madang.kernel import Actor, Invalid, Role, system
from madang.kernel.clock import MINUTE_US, SECOND_US
from madang.payments import Leg, Part, Payment, Refund, split
from madang.vouchers import errors, issuing, records

CODE_GOOD_US = 60 * SECOND_US
PAY_WITHIN_US = 10 * MINUTE_US
CAUSE = "voucher_sale"

SaleLegs = Callable[[Tx, Actor, UUID, str, int, int], list[Leg]]
"""(tx, by, sale, shop, won, at_us) -> where the won of a captured sale go (settlement's, given at the start)."""
RefundLegs = Callable[[Tx, Actor, UUID, UUID, int, int], list[Leg] | None]
"""(tx, by, sale, refund, won, at_us) -> where a refund's won come from; None: from where the sale went."""


def own_sales(tx: Tx, by: Actor, sale: UUID, shop: str, amount_krw: int, at_us: int) -> list[Leg]:  # noqa: ARG001
    """A shop that settles for itself: the day's sales and VAT."""
    inside = split(amount_krw)
    legs = [(payments.sales(shop, at_us), inside.supply_krw), (payments.vat_payable(shop, at_us), inside.vat_krw)]
    return [leg for leg in legs if leg[1]]


def make_code(tx: Tx, by: Actor, programme: str, code: str, *, at_us: int) -> int:
    """Remember a code the caller shows to a shop; the codes they showed before are good no more. Gives until when.

    ``code`` was made by the caller at random; only its hash is kept.
    """
    by.need_neighbourhood(tx.neighbourhood)
    issuing.rule_now(tx, programme, at_us)
    c = records.codes
    records.change(tx, c, c.c.holder == by.key, c.c.payment.is_(None), c.c.expires_us > at_us, expires_us=at_us)
    until = at_us + CODE_GOOD_US
    row = {"code": digest(code), "holder": by.key, "programme": programme, "made_us": at_us, "expires_us": until}
    records.add(tx, c, [{**row, "payment": None}])
    return until


def pay(
    tx: Tx, by: Actor, *, id: UUID, programme: str, shop: str, amount_krw: int, legs: SaleLegs = own_sales, at_us: int
) -> Payment:
    """The customer pays a member shop, after having confirmed amount and shop. Once for each id."""
    return _pay(tx, by, by.key, id, programme, shop, amount_krw, legs, at_us)


def pay_by_code(
    tx: Tx, by: Actor, *, id: UUID, code: str, shop: str, amount_krw: int, legs: SaleLegs = own_sales, at_us: int
) -> Payment:
    """The shop takes a payment by the code the customer shows; a code pays once, and only while it is shown.

    Raises ``NotFound`` ``vouchers.bad_code``.
    """
    by.need(Role.OPERATOR, Role.MERCHANT, Role.STAFF)
    by.need_shop(shop)
    c = records.codes
    found = records.find(tx, c, c.c.code == digest(code))
    if not found or (found[0]["payment"] is None and found[0]["expires_us"] <= at_us):
        raise errors.bad_code()
    shown = found[0]
    if shown["payment"] not in (None, id):
        raise errors.bad_code()
    acting = system(tx.neighbourhood, f"vouchers/{by.key}"[:100])
    paid = _pay(tx, acting, shown["holder"], id, shown["programme"], shop, amount_krw, legs, at_us)
    records.change(tx, c, c.c.code == digest(code), payment=id)
    return paid


def give_back(
    tx: Tx, by: Actor, payment: UUID, *, id: UUID, amount_krw: int | None = None, legs: RefundLegs | None = None,
    at_us: int,
) -> Refund:  # fmt: skip
    """The shop gives back all or part of a payment: to the lots it came from. Once for each id."""
    by.need(Role.OPERATOR, Role.MERCHANT)
    acting = system(tx.neighbourhood, f"vouchers/{by.key}"[:100])
    paid = payments.get(tx, acting, payment)
    by.need_shop(paid.shop)
    amount = paid.left_krw if amount_krw is None else amount_krw
    back = legs(tx, acting, payment, id, amount, at_us) if legs is not None else None
    return payments.refund(tx, acting, payment, id=id, amount_krw=amount, legs=back, at_us=at_us)


def digest(code: str) -> bytes:
    """What is kept of a code: spaces and dashes do not count."""
    return hashlib.sha256("".join(c for c in code if c.isalnum()).encode()).digest()


def _pay(
    tx: Tx, by: Actor, payer: str, id: UUID, programme: str, shop: str, amount_krw: int, legs: SaleLegs, at_us: int
) -> Payment:
    if amount_krw <= 0:
        raise _bad_amount()
    paid = payments.begin(
        tx, by, id=id, shop=shop, payer=payer, total_krw=amount_krw,
        parts=[Part("voucher", amount_krw, programme)], cause=f"{CAUSE}/{id}", expires_at_us=at_us + PAY_WITHIN_US,
        at_us=at_us,
    )  # fmt: skip
    if paid.state != payments.State.AUTHORISED:
        return paid  # asked again
    return payments.capture(tx, by, id, legs(tx, by, id, shop, amount_krw, at_us), at_us=at_us)


def _bad_amount() -> Invalid:
    return Invalid(
        "vouchers.bad_amount",
        ko="1원 이상의 금액을 넣어 주세요.",
        en="Give an amount above zero won.",
        next_ko="금액을 다시 넣어 주세요.",
        next_en="Enter the amount again.",
    )
