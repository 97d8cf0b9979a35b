"""When a gateway is asked again: what is put off to a job, and how long it waits.

A charge whose answer never came is looked up after 45 s, then at growing intervals up to an hour, for eight days (the
gateway's own notifications end after four). Money on its way back is tried until the gateway answers.
"""

from __future__ import annotations

from madang import jobs
from madang.db import Tx
from madang.kernel import derived
from madang.kernel.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from madang.payments.charges_model import Charge, Return

LOOK, GIVE_BACK = "payments.look", "payments.give_back"
AFTER_ASKED_US = 45 * SECOND_US
"""Longer than the call itself may take, so that a look does not cross an answer under way."""
AFTER_EXPIRY_US = MINUTE_US
GIVE_UP_US = 8 * DAY_US


def wait_us(attempt: int) -> int:
    """5, 10, 20 … seconds, at most an hour."""
    return int(min(HOUR_US, 5 * SECOND_US * 2 ** min(attempt - 1, 20)))


def look_later(tx: Tx, charge: Charge, *, why: str, due_us: int, attempt: int = 1) -> None:
    """Have the charge looked up at ``due_us``; ``why`` names the line of looks this one belongs to."""
    payload = {
        "order": charge.order_id, "gateway": charge.gateway, "key": charge.gateway_key, "proof": charge.proof,
        "amount": charge.amount_krw, "tax_free": charge.tax_free_krw, "until": charge.expires_at_us, "why": why,
        "attempt": attempt,
    }  # fmt: skip
    jobs.send(tx, id=derived(LOOK, charge.order_id, why, attempt), kind=LOOK, payload=payload, at_us=due_us)


def give_back_later(tx: Tx, charge: Charge, back: Return, *, attempt: int, due_us: int, number: int = 0) -> None:
    """Have the gateway asked to give it back; ``number`` as in ``gateways.Back``."""
    payload = {
        "id": str(back.id), "order": charge.order_id, "gateway": charge.gateway, "key": charge.gateway_key,
        "amount": back.amount_krw, "tax_free": back.tax_free_krw, "why": back.why, "attempt": attempt,
        "number": number,
    }  # fmt: skip
    jobs.send(tx, id=derived(GIVE_BACK, back.id, attempt, number), kind=GIVE_BACK, payload=payload, at_us=due_us)
