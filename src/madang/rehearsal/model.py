"""The vocabulary of a rehearsal: the shop an operator lays out, and what a day in it came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from madang.twin import Settings
from madang.twin.layout import Shape, Stand
from madang.twin.products import ProductType
from madang.walkout.promise import Terms

Items = dict[str, int]
"""Product and quantity."""


@dataclass(frozen=True, slots=True)
class Rack:
    """One gondola: its measures and where it stands."""

    shape: Shape
    stand: Stand


@dataclass(frozen=True, slots=True)
class Good:
    """A product with what a rehearsal has to know besides: how often it is wanted (1 is usual), and whether its weight
    was in the file or had to be assumed.
    """

    type: ProductType
    demand: float
    weighed: bool

    @property
    def id(self) -> str:
        return self.type.id

    @property
    def price_krw(self) -> int:
        return self.type.price_krw


@dataclass(frozen=True, slots=True)
class GivenFacing:
    """A facing of the operator's own planogram."""

    id: str
    plates: tuple[str, ...]
    products: tuple[str, ...]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Shoppers:
    """Who comes: hours are hours of the day, ``per_hour`` has 24 values, the rest are shares or means per visit."""

    open_h: float
    close_h: float
    per_hour: tuple[float, ...]
    items: float
    group: float
    put_back: float
    misplace: float
    touch: float


@dataclass(frozen=True, slots=True)
class Staff:
    """What people do: when shelves are filled, how long things take, what an hour costs."""

    from_h: float
    to_h: float
    restock_at: tuple[float, ...]
    facings_per_round: int
    review_s: float
    misplaced_s: float
    wage_krw_h: int


@dataclass(frozen=True, slots=True)
class Troubles:
    """How often what is no sensor's fault goes wrong: shares of shopping parties (``children``: of groups;
    ``crossing``: of two who come in soon after each other), of facings and of products."""

    tailgaters: float
    children: float
    hand_overs: float
    crossing: float
    wrong_planogram: float
    wrong_weights: float


@dataclass(frozen=True, slots=True)
class ShopPlan:
    """A whole shop file, read and checked."""

    name: str
    path: Path
    racks: tuple[Rack, ...]
    room: tuple[float, float, float, float]
    goods: tuple[Good, ...]
    facings: tuple[GivenFacing, ...] | None
    swaps: tuple[tuple[str, str], ...]
    shoppers: Shoppers
    sensors: Settings
    faults: str
    cameras: int
    staff: Staff
    terms: Terms
    troubles: Troubles


@dataclass(frozen=True, slots=True)
class Told:
    """One receipt: what was carried out, what the engine charged, how sure it was, and what else it held possible.

    ``decision`` is ``charge``, ``review``, or ``none`` where the engine never wrote a receipt; ``why`` the shop asks
    (``unsure``, ``costly``, ``audit``, ``no_price``), ``score`` and ``drawn`` as its promise has them. ``lag_s`` is
    from the last person's exit to the receipt. ``where`` are the facings each product was taken from by the engine's
    account.
    """

    credential: str
    hour: float
    size: int
    truth: Items
    charged: Items
    decision: str
    confidence: float
    lag_s: float
    options: tuple[tuple[float, Items], ...] = ()
    where: dict[str, dict[str, int]] = field(default_factory=dict)
    taken: dict[str, dict[str, int]] = field(default_factory=dict)
    lost: Items = field(default_factory=dict)
    why: str = ""
    score: float = 0.0
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class Outage:
    """A facing without goods, in hours of the day."""

    facing: str
    product: str
    from_h: float
    to_h: float


@dataclass(frozen=True, slots=True)
class Day:
    """One enacted day. ``unbilled``: what each tailgater carried out; ``mixed_up``: facings that held each other's
    goods; ``twin_s`` and ``engine_s`` are processor seconds."""

    shop: str
    number: int
    seed: int
    shop_s: float
    receipts: tuple[Told, ...]
    outages: tuple[Outage, ...]
    misplaced: int
    restock_s: float
    restocked: int
    visits: int
    unbilled: tuple[Items, ...]
    mixed_up: tuple[tuple[str, ...], ...]
    twin_s: float
    engine_s: float
    wall_s: float


Layout = dict[str, Any]
"""A ``store.json`` document."""
