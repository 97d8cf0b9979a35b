"""Filling a wallet: a payment by a gateway that is captured to the payer's own wallet."""

from __future__ import annotations

from uuid import UUID

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, Invalid
from madang.kernel.clock import MINUTE_US
from madang.payments import deciding, listeners, service, tabs
from madang.payments.connected import connected
from madang.payments.model import Part, Payment, State
from madang.payments.wallets import wallet

CAUSE = "topup"
LEAST_KRW, MOST_KRW = 1_000, 2_000_000
"""The most a wallet of somebody who is known holds at once (전자금융거래법 시행령, 기명식 선불전자지급수단)."""
TIME_US = 30 * MINUTE_US


def begin(tx: Tx, by: Actor, *, id: UUID, shop: str, amount_krw: int, means: str, title: str, at_us: int) -> Payment:
    """Begin to fill the caller's own wallet by a gateway. Raises ``Invalid`` ``payments.top_up_out_of_range``."""
    if not LEAST_KRW <= amount_krw <= MOST_KRW or means not in connected():
        raise Invalid(
            "payments.top_up_out_of_range",
            ko=f"{LEAST_KRW:,}원부터 {MOST_KRW:,}원까지 충전할 수 있습니다.",
            en=f"A wallet can be filled with {LEAST_KRW:,} to {MOST_KRW:,} won.",
            next_ko="금액과 결제 수단을 다시 고르세요.",
            next_en="Choose the amount and the means again.",
            amount_krw=amount_krw,
        )
    return service.begin(
        tx, by, id=id, shop=shop, payer=by.key, total_krw=amount_krw, parts=[Part(means, amount_krw)],
        cause=f"{CAUSE}/{id}", expires_at_us=at_us + TIME_US, at_us=at_us, tax_free_krw=amount_krw, title=title,
    )  # fmt: skip


def heard(tx: Tx, by: Actor, payment: Payment, at_us: int) -> None:
    """A top-up that is authorised is captured at once; money in a wallet is no sale, so none of it is taxed. What is
    owed on the tab is paid from it."""
    if payment.state == State.AUTHORISED:
        service.capture(tx, by, payment.id, [(wallet(payment.payer), payment.total_krw)], at_us=at_us)
        tabs.repay(tx, payment.payer, id=payment.id, at_us=at_us)


def taken_back(tx: Tx, by: Actor, payment: Payment, number: int, krw: int, id: UUID, at_us: int) -> None:
    """Out of the wallet goes what is still in it."""
    there = min(krw, payment.left_krw, ledger.balance(tx, wallet(payment.payer)).available)
    if there <= 0:
        raise deciding.nothing_left()
    service.refund(tx, by, payment.id, id=id, by_parts={number: there}, reason="unasked", at_us=at_us)


listeners.listen(CAUSE, heard)
deciding.returns_by(CAUSE, taken_back)
