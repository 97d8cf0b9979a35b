"""The walk-out engine: plate samples, skeletons, gate and vision events in; moves, carts and receipts with their
probability out.

Pure numpy: it knows no database, no web, no clock and no random number. `Engine` is the front door, the rest are
its words.
"""

from madang.walkout.engine.engine import Engine
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Facing, Product, Store
from madang.walkout.engine.types import (
    MISSING,
    Alternative,
    Cart,
    Decision,
    Entered,
    Gate,
    Glimpse,
    Health,
    Learned,
    Left,
    Line,
    Moved,
    MoveKind,
    Noted,
    Person,
    Receipt,
    Role,
    Update,
    Vision,
)

__all__ = [
    "MISSING",
    "Alternative",
    "Cart",
    "Decision",
    "Engine",
    "Entered",
    "Facing",
    "Gate",
    "Glimpse",
    "Health",
    "Learned",
    "Left",
    "Line",
    "MoveKind",
    "Moved",
    "Noted",
    "Person",
    "Product",
    "Receipt",
    "Role",
    "Settings",
    "Store",
    "Update",
    "Vision",
]
