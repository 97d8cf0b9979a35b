"""Opening a shop in the books: its shelves stocked, its engine's run begun anew where it must be."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from madang.db import Database, Tx
from madang.kernel import Actor, Conflict, derived
from madang.kernel.settings import Settings
from madang.serve import premises, uplink
from madang.serve.premises import Premises
from madang.walkout import learned, records, renewing, service
from madang.walkout.records import Rules

log = logging.getLogger("madang.serve")


def open_shop(
    db: Database, by: Actor, shop: str, settings: Settings, *, rules: Rules, as_planned: bool, where: str, at_us: int
) -> Premises:
    """The shop, open in the books, its shelves stocked. Raises ``Conflict`` ``serve.no_stock`` and what
    ``premises.look`` raises."""
    found: Premises = db.read(
        lambda tx: premises.look(tx, by, shop, at_us=at_us, where=where), neighbourhood=by.neighbourhood
    )
    if not found.stocked and not as_planned:
        raise _no_stock(shop, where)

    def act(tx: Tx) -> None:
        service.open_shop(tx, by, shop, rules, at_us=at_us)
        if not service.stock(tx, by, shop):
            id = derived("serve.stock", tx.neighbourhood, shop)
            service.stock_as_planned(tx, by, shop, id=id, at_us=at_us)
        uplink.begin(tx, by, shop, settings, at_us=at_us)
        learned.begin(tx, shop, at_us)

    db.write(act, neighbourhood=by.neighbourhood)
    if found.unpriced:
        log.warning("serve.no_price", extra={"shop": shop, "products": list(found.unpriced)})
    return found


def renew_run(db: Database, by: Actor, shop: str, found: Premises, *, log_first: int, log_end: int, at_us: int) -> None:
    """Give the engine a fresh belief where plates or planogram are others than it knows, and, while nobody is inside,
    where the shop has learned something."""

    def act(tx: Tx) -> None:
        run = records.last_run(tx, shop)
        if run is None:
            return
        known = msgspec.json.decode(run.store)
        if not premises.same_shop(learned.stripped(known), _plain(found.store)):
            service.begin_run(tx, by, shop, found.store, start=log_end, at_us=at_us)
            log.warning("serve.other_planogram", extra={"shop": shop})
        elif renewing.has_news(tx, shop):
            start = max(log_first, run.position)  # what was sensed since is heard by the new run
            service.begin_run(tx, by, shop, found.store, start=start, at_us=at_us)
            log.info("serve.learned", extra={"shop": shop})

    db.write(act, neighbourhood=by.neighbourhood)


def _plain(store: dict[str, Any]) -> dict[str, Any]:
    """As it looks when it has been kept."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(store))
    return plain


def _no_stock(shop: str, where: str) -> Conflict:
    return Conflict(
        "serve.no_stock",
        ko=f"장부에는 '{shop}' 가게의 선반이 비어 있습니다.",
        en=f"In the books the shelves of the shop '{shop}' are empty.",
        next_ko=f"진열표의 수량대로 채웠다면: madang serve --shop {shop} --stock-as-planned{where}",
        next_en=f"If they are filled as the planogram says: madang serve --shop {shop} --stock-as-planned{where}",
        shop=shop,
    )
