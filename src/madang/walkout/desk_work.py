"""What a decision at the desk took: seconds into the hours book, and microseconds for the fact that tells it."""

from __future__ import annotations

from typing import Any

from madang import ledger
from madang.db import Tx
from madang.deals.model import Deal
from madang.kernel import Actor, derived
from madang.ledger import Transfer
from madang.walkout import books


def booked(tx: Tx, by: Actor, deal: Deal, args: dict[str, Any], at_us: int) -> int | None:
    """Book ``took_s`` of a step's arguments as work; how long it took (``took_ms`` where given), None: not counted."""
    took_s = int(args.get("took_s", 0))
    if took_s > 0:
        id = derived("walkout.review", deal.id, deal.moves)
        spent = books.spent(deal.shop, "reviewing", at_us)
        worked = books.worked(f"{by.kind}/{by.key}")
        ledger.post(tx, [Transfer(id=id, debit=worked, credit=spent, amount=took_s, cause=str(deal.id), at_us=at_us)])
    return int(args.get("took_ms", took_s * 1000)) * 1000 or None
