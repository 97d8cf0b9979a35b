"""The vocabulary of price lists and promotions: rules are data, kept in the database, changed without code.

A **mark** is what a rule finds lines by: ``sku:A1``, ``listing:tee``, ``category:noodles`` (with everything below it),
``maker:…``, ``collection:…``. A **tag** is what it finds people by: a role (``neighbour``, ``member``) or ``guild:…``.
"""

from __future__ import annotations

import msgspec

BP = 10_000  # basis points in a whole


class Percent(msgspec.Struct, frozen=True, tag="percent"):
    """So many hundredths of a percent off (``bp=1500`` is 15 %)."""

    bp: int


class Off(msgspec.Struct, frozen=True, tag="off"):
    """So many won off each piece."""

    krw: int


class OffBasket(msgspec.Struct, frozen=True, tag="off_basket"):
    """So many won off all fitting lines together."""

    krw: int


class NForM(msgspec.Struct, frozen=True, tag="n_for_m"):
    """``n`` pieces for the price of ``m`` (1+1 is 2 for 1); of every ``n``, dearest first, the cheapest are free."""

    n: int
    m: int


class UnitPrice(msgspec.Struct, frozen=True, tag="unit_price"):
    """Each piece for so many won, where that is less."""

    krw: int


class SetPart(msgspec.Struct, frozen=True):
    """``n`` pieces that have one of some marks."""

    any_of: tuple[str, ...]
    n: int


class SetPrice(msgspec.Struct, frozen=True, tag="set_price"):
    """One of everything in ``parts`` for so many won together, as often as it can be put together."""

    parts: tuple[SetPart, ...]
    krw: int


Effect = Percent | Off | OffBasket | NForM | UnitPrice | SetPrice


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that takes something off.

    Fits lines with a mark of ``any_of`` (all lines where empty) and none of ``none_of``; gift cards never. Holds from
    ``from_us`` until ``until_us``, on ``weekdays`` (0 Monday), between two minutes of the day in Seoul; in ``shops``;
    for people with one of ``tags``; with ``code`` where it has one; once its fitting lines come to
    ``threshold_krw`` and ``threshold_pieces``. At most ``max_off_krw`` an order, ``per_order_max`` sets an order,
    ``per_person_max`` orders a person (who must be known), ``uses_max`` orders and ``budget_krw`` in all.

    Rules act by ``priority`` (high first), then id. A line takes one rule of each ``group``; one that does not
    ``stacks`` acts only on lines no other has touched, and none after it touches them.
    """

    id: str
    name_ko: str
    name_en: str
    effect: Effect
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    from_us: int = 0
    until_us: int | None = None
    weekdays: tuple[int, ...] = ()
    minutes: tuple[int, int] | None = None
    shops: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    code: str = ""
    threshold_krw: int = 0
    threshold_pieces: int = 0
    max_off_krw: int | None = None
    per_order_max: int | None = None
    per_person_max: int | None = None
    uses_max: int | None = None
    budget_krw: int | None = None
    floor_bp: int = 0
    group: str = ""
    stacks: bool = True
    priority: int = 0
    on: bool = True

    @property
    def counted(self) -> bool:
        """Whether earlier orders matter."""
        return not (self.per_person_max is None and self.uses_max is None and self.budget_krw is None)


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier orders have had of a promotion."""

    orders: int = 0
    orders_of_person: int = 0
    amount_krw: int = 0


class PriceList(msgspec.Struct, frozen=True, kw_only=True):
    """Other prices than the catalogue's, for somebody, somewhere, for a time: won per piece or 100 g, by SKU.

    For people with one of ``tags`` (everybody where empty) in ``shops`` (all where empty). Where several give a SKU a
    price the highest ``priority`` counts, then the lower price, then the id.
    """

    id: str
    name_ko: str
    name_en: str
    prices: dict[str, int]
    tags: tuple[str, ...] = ()
    shops: tuple[str, ...] = ()
    from_us: int = 0
    until_us: int | None = None
    priority: int = 0
    on: bool = True
