"""Walk-out: the shop without a till. ``engine`` turns sensor samples into beliefs and receipts, ``recordings`` replays
what was recorded, and the live shop (``shop.LiveShop``) follows the raw sensor log with an engine in its own process
and turns what it says into deals, books and facts (``service``).

``Engine`` and its words (``Store``, ``Gate``, ``Receipt``, ...) are a library of their own (docs/engine-library.md),
imported when first asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from madang.walkout.engine import (
        MISSING,
        Alternative,
        Cart,
        Engine,
        Entered,
        Gate,
        Health,
        Left,
        Line,
        Moved,
        Person,
        Receipt,
        Settings,
        Store,
        Update,
        Vision,
    )

__all__ = [
    "MISSING",
    "Alternative",
    "Cart",
    "Engine",
    "Entered",
    "Gate",
    "Health",
    "Left",
    "Line",
    "Moved",
    "Person",
    "Receipt",
    "Settings",
    "Store",
    "Update",
    "Vision",
]


def __getattr__(name: str) -> Any:
    """The engine's words, imported when first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from madang.walkout import engine

    return getattr(engine, name)
