"""Stock by place, in the ledger's goods book: on hand, reserved, and every way goods come and go.

supplier (source) → stock (a place's back, per lot) → shelf (per facing) → sold (per day)
                                     ↘ waste, lost (counted short; negative: found)

On hand are ``stock`` and ``shelf`` accounts, which cannot give what they do not have; what somebody holds in their
hands or has ordered is a pending transfer out of them, so **available = on hand - reserved**. Lots are accounts of
their own, named by the date they expire on: the earliest goes first. A walk-out shop books on the same keys.
"""

from __future__ import annotations

from madang.catalog.stock.accounts import (
    NO_LOT,
    Level,
    Lot,
    Reserved,
    lost,
    lot_named,
    piece,
    shelf,
    sold,
    stock,
    supplier,
    unit_of,
    waste_of,
)
from madang.catalog.stock.looking import at_place, available, expiring, levels, lots, sold_since
from madang.catalog.stock.orders import give_back, release, reserve, sold_out, take
from madang.catalog.stock.staff import count, receive, shelve, take_back, transfer, waste

__all__ = [
    "NO_LOT",
    "Level",
    "Lot",
    "Reserved",
    "at_place",
    "available",
    "count",
    "expiring",
    "give_back",
    "levels",
    "lost",
    "lot_named",
    "lots",
    "piece",
    "receive",
    "release",
    "reserve",
    "shelf",
    "shelve",
    "sold",
    "sold_out",
    "sold_since",
    "stock",
    "supplier",
    "take",
    "take_back",
    "transfer",
    "unit_of",
    "waste",
    "waste_of",
]
