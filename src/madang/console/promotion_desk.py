"""Promotions for who sets them: which there are and how they stand, trying one in a basket, and staging it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from madang import catalog, places
from madang.catalog import Ask, Promotion, Quote, Shopper, SoldBy
from madang.catalog.promotion import Used
from madang.console import service
from madang.console.desk import MAY
from madang.console.model import Change, Kind
from madang.db import Database, Tx
from madang.kernel import Actor, Clock, Ids, NotFound

T = TypeVar("T")
GOODS_MAX = 200
MEMBER = frozenset({"member", "neighbour"})


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion, what was had of it, and how it stands: ``now``, ``coming``, ``over``, ``ended``, ``used_up``."""

    promotion: Promotion
    used: Used
    state: str


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion's form offers to choose from."""

    categories: tuple[catalog.Category, ...]
    collections: tuple[catalog.Collection, ...]
    shops: tuple[Any, ...]
    goods: tuple[catalog.Product, ...]


class PromotionDesk:
    """One transaction a call."""

    def __init__(self, db: Database, neighbourhood: str, clock: Clock, ids: Ids) -> None:
        self._db, self._n, self.clock, self.ids = db, neighbourhood, clock, ids

    def every(self, by: Actor) -> list[Standing]:
        """Those that hold now first, then those to come, then the others."""
        at_us = self.clock.now_us()

        def look(tx: Tx) -> list[Standing]:
            known = catalog.own_promotions(tx, by)
            used = catalog.used(tx, by, [one.id for one in known])
            return [
                Standing(promotion=one, used=(had := used.get(one.id, Used())), state=_state(one, had, at_us))
                for one in known
            ]

        order = ("now", "coming", "used_up", "over", "ended")
        found = self._read(by, look)
        return sorted(found, key=lambda one: (order.index(one.state), -one.promotion.from_us, one.promotion.id))

    def get(self, by: Actor, id: str) -> Standing:
        """Raises ``NotFound`` ``console.no_promotion``, also for another shop's."""
        found = next((one for one in self.every(by) if one.promotion.id == id), None)
        if found is None:
            raise NotFound(
                "console.no_promotion",
                ko="그런 행사가 없습니다.",
                en="There is no such promotion.",
                next_ko="행사 목록에서 고르세요.",
                next_en="Choose one from the list.",
            )
        return found

    def choices(self, by: Actor) -> Choices:
        def look(tx: Tx) -> Choices:
            return Choices(
                categories=tuple(catalog.categories(tx, by)), collections=tuple(catalog.collections(tx, by)),
                shops=tuple(s for s in places.shops(tx, by) if not by.shops or s.id in by.shops),
                goods=tuple(catalog.find_products(tx, by, limit=GOODS_MAX, shops=by.shops).rows),
            )  # fmt: skip

        return self._read(by, look)

    def tried(
        self, by: Actor, draft: Promotion, lines: Sequence[tuple[str, int]], *, at_us: int, member: bool
    ) -> Quote:
        """A basket's price with the promotion as drafted, in its first shop, and why of every won."""
        shop = draft.shops[0] if draft.shops else ""
        shopper = Shopper(person="trial", tags=MEMBER | set(draft.tags)) if member else Shopper()

        def look(tx: Tx) -> Quote:
            known = catalog.products(tx, by, [sku for sku, _ in lines])
            asks = [
                Ask(sku=sku, grams=amount) if sku in known and known[sku].sold_by is SoldBy.WEIGHT
                else Ask(sku=sku, qty=amount)
                for sku, amount in lines
            ]  # fmt: skip
            return catalog.try_promotion(tx, by, asks, draft, at_us=at_us, shop=shop, shopper=shopper)

        return self._read(by, look)

    def stage(self, by: Actor, one: Promotion) -> Change:
        id, at_us = self.ids.new(), self.clock.now_us()
        wanted = {Kind.PROMOTIONS: {one.id: msgspec.json.decode(msgspec.json.encode(one))}}
        return self._db.write(
            lambda tx: service.stage_arranged(tx, by, wanted, id=id, at_us=at_us), neighbourhood=self._n
        )

    def _read(self, by: Actor, look: Callable[[Tx], T]) -> T:
        by.need(*MAY)
        return self._db.read(look, neighbourhood=self._n)


def _state(one: Promotion, used: Used, at_us: int) -> str:
    if not one.on:
        return "ended"
    if one.until_us is not None and one.until_us <= at_us:
        return "over"
    if one.from_us > at_us:
        return "coming"
    gone = (one.uses_max is not None and used.orders >= one.uses_max) or (
        one.budget_krw is not None and used.amount_krw >= one.budget_krw
    )
    return "used_up" if gone else "now"
