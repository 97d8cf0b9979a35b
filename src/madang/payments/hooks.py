"""Notifications of gateways (웹훅): kept as they came, answered 200, and never believed: each is a reason to look.

The same one seven times, one before the payer is back, one long after: each looks the payment up at its gateway, and
what is learned takes effect once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID

from madang import jobs
from madang.db import Tx
from madang.kernel import system
from madang.payments import charge_records as records
from madang.payments import looking
from madang.payments.charges_model import Charge, Hook
from madang.payments.gateways import Gateway
from madang.payments.gateways.model import Hint

BODY_MAX = 100_000
_KEPT = ("tosspayments", "content-type")


def names_ours(tx: Tx, gateway: Gateway, *, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a notification names a charge of ours: those are taken however many come. Raises as ``received``."""
    named = gateway.hint({name.lower(): value for name, value in headers.items()}, body)
    return _charge(tx, gateway, named) is not None


def received(
    tx: Tx, gateway: Gateway, *, id: UUID, headers: Mapping[str, str], body: bytes, at_us: int
) -> Charge | None:
    """Keep a notification and have what it names looked up; None where it names nothing of ours.

    Raises ``Malformed`` ``payments.bad_notification`` (nothing is kept) for what the gateway did not send.
    """
    named = gateway.hint({name.lower(): value for name, value in headers.items()}, body)
    charge = _charge(tx, gateway, named)
    kept = {name: value[:200] for name, value in headers.items() if name.lower().startswith(_KEPT)}
    order = charge.order_id if charge else named.order[:100]
    records.add_hook(tx, Hook(id, gateway.name, order, named.key[:300], json.dumps(kept), body[:BODY_MAX], at_us))
    if charge is None or charge.gateway != gateway.name:
        return None
    payload = {
        "order": charge.order_id, "gateway": charge.gateway, "key": charge.gateway_key or named.key, "proof": "",
        "amount": charge.amount_krw, "tax_free": charge.tax_free_krw, "until": 0, "why": "hook", "attempt": 1,
    }  # fmt: skip
    jobs.send(tx, id=id, kind=looking.LOOK, payload=payload, at_us=at_us)
    return charge


def _charge(tx: Tx, gateway: Gateway, named: Hint) -> Charge | None:
    """The charge of ours that a notification names, by our order or by the gateway's key."""
    by = system(tx.neighbourhood, "payments")
    found = records.charge(tx, by, named.order) if named.order else None
    if found is None and named.key:
        found = records.charge_by_key(tx, by, gateway.name, named.key)
    return found
