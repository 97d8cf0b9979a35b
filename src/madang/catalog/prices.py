"""Which price is in force, and which new one may still be set. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from madang.catalog.model import ENDED_KRW, EVERY_SHOP, Price


class Verdict(StrEnum):
    """What setting a price would do."""

    NEW = "new"
    REPLACES = "replaces"  # one that is not in force yet
    SAME = "same"
    REWRITES_PAST = "rewrites_past"


def in_force(prices: Iterable[Price], at_us: int, shop: str = EVERY_SHOP) -> dict[str, Price]:
    """The price of each product at an instant: the shop's own where it has one (and it was not ended since), else the
    neighbourhood's."""
    latest: dict[tuple[bool, str], Price] = {}
    for price in prices:
        if price.shop not in (EVERY_SHOP, shop) or price.from_us > at_us:
            continue
        key = (price.shop != EVERY_SHOP, price.product)
        known = latest.get(key)
        if known is None or price.from_us > known.from_us:
            latest[key] = price
    best = {product: price for (own, product), price in latest.items() if not own}
    return best | {product: price for (own, product), price in latest.items() if own and price.price_krw != ENDED_KRW}


def somewhere(known: Sequence[Price], at_us: int) -> dict[str, int]:
    """What each product costs at an instant, won: the neighbourhood's price, else the lowest of any shop."""
    out: dict[str, int] = {}
    for shop in sorted({price.shop for price in known} - {EVERY_SHOP}):
        for sku, price in in_force([p for p in known if p.shop == shop], at_us, shop).items():
            out[sku] = min(out.get(sku, price.price_krw), price.price_krw)
    return out | {sku: price.price_krw for sku, price in in_force(known, at_us).items()}


def verdict(new: Price, known: Sequence[Price], at_us: int) -> Verdict:
    """What ``new`` would do to the ``known`` prices of the same product and shop, as of ``at_us``.

    A price that has been in force is history: receipts were made with it, so no new price may begin before ``at_us``
    where one was already in force. A first price may begin in the past, and a coming one may still be replaced. One
    that is in force already is the same when it is given again, dated today or earlier.
    """
    history = sorted(known, key=lambda p: p.from_us)
    i = bisect_right([p.from_us for p in history], new.from_us)
    before = history[i - 1] if i else None
    if before is not None and before.from_us == new.from_us:
        if before.price_krw == new.price_krw:
            return Verdict.SAME
        return Verdict.REPLACES if new.from_us > at_us else Verdict.REWRITES_PAST
    if before is not None and new.from_us <= at_us and before.price_krw == new.price_krw:
        return Verdict.SAME
    if before is not None and new.from_us < at_us:
        return Verdict.REWRITES_PAST
    return Verdict.NEW


def by_key(prices: Iterable[Price]) -> Mapping[tuple[str, str], list[Price]]:
    """Prices by product and shop."""
    out: dict[tuple[str, str], list[Price]] = {}
    for price in prices:
        out.setdefault((price.product, price.shop), []).append(price)
    return out
