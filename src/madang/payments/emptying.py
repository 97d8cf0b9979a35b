"""Money out of a wallet: back to the means that filled it.

Prepaid money is its owner's, who may have what is left back at any time (전자금융거래법 제19조). It goes back through
the gateway payments that brought it in, the latest first, each at most what came by it; what came otherwise (cash at
the counter, the rest of a gift card) is paid out in the shop.
"""

from __future__ import annotations

from uuid import UUID

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, Invalid, derived, system
from madang.payments import payment_records, service
from madang.payments.topping_up import CAUSE
from madang.payments.wallets import wallet


def can_go_back(tx: Tx, by: Actor) -> int:
    """The won of the caller's wallet that can go back to the means that filled it."""
    free = ledger.balance(tx, wallet(by.key)).available
    return max(0, min(free, sum(left for _, left in payment_records.own_of_cause(tx, by, f"{CAUSE}/"))))


def give_back(tx: Tx, by: Actor, *, id: UUID, amount_krw: int, at_us: int) -> int:
    """Send won of the caller's wallet back to the means that filled it; the same ``id`` again does nothing more.

    Raises ``Invalid`` ``payments.not_to_give_back`` where that much did not come by such means or is gone.
    """
    fillings = payment_records.own_of_cause(tx, by, f"{CAUSE}/")
    if payment_records.any_refund(tx, by, [derived("payments.emptied", id, payment) for payment, _ in fillings]):
        return amount_krw
    if not 0 < amount_krw <= can_go_back(tx, by):
        raise Invalid(
            "payments.not_to_give_back",
            ko="이 금액은 충전한 수단으로 되돌릴 수 없습니다.",
            en="That amount cannot go back to the means that filled the wallet.",
            next_ko="되돌릴 수 있는 금액 안에서 정하고, 나머지는 가게에서 돌려받으세요.",
            next_en="Choose at most what can go back; the rest is paid out in the shop.",
            amount_krw=amount_krw,
        )
    rest, ours = amount_krw, system(tx.neighbourhood, "payments")
    for payment, left in fillings:
        part = min(rest, left)
        if part > 0:
            service.refund(
                tx, ours, payment, id=derived("payments.emptied", id, payment), amount_krw=part,
                legs=[(wallet(by.key), part)], reason="wallet", at_us=at_us,
            )  # fmt: skip
            rest -= part
    return amount_krw
