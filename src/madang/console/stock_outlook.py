"""How long a place's goods last, and when they expire."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

import msgspec

from madang import catalog, ledger
from madang.catalog import Form, State, stock
from madang.db import Tx
from madang.kernel import Actor, Role
from madang.ledger import Book

DAYS = 14
"""Sales of so many days say how fast goods go, and so many days ahead expiry is looked at."""
COVER_D = (1, 3, 7, 14)


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """``cover``: how many products have run out, last up to each of ``COVER_D`` days, longer; ``unsold`` lie there and
    were not sold. What was taken off sale has not run out, and sessions of experiences are no goods.
    ``expiring``: lots that have expired, then those of each of ``days``; the first ``soon`` are due."""

    cover: tuple[int, ...]
    unsold: int
    expiring: tuple[int, ...]
    days: tuple[date, ...]
    soon: int

    @property
    def short(self) -> int:
        """How many of the products that sell do not last the longest of ``COVER_D``."""
        return sum(self.cover[:-1])


def outlook(tx: Tx, by: Actor, place: str, today: date, *, soon: int) -> Outlook:
    """Of what lies at a place on its shelves and behind them."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(place)
    held, (went, over_d) = _held(tx, place), _sold(tx, place, today)
    off = _passed_over(tx, by, held, went)
    cover, unsold = [0] * (len(COVER_D) + 2), 0
    for unit in {*held, *went} - off:
        left, sold = held.get(unit, 0), went.get(unit, 0)
        if sold > 0:
            cover[_bin(left, sold, over_d)] += 1
        elif left > 0:
            unsold += 1
    days = tuple(today + timedelta(days=n) for n in range(DAYS))
    expiring = [0] * (DAYS + 1)
    for lot in stock.expiring(tx, by, place, days[-1]):
        assert lot.expires_on is not None
        expiring[max(0, (lot.expires_on - today).days + 1)] += 1
    return Outlook(cover=tuple(cover), unsold=unsold, expiring=tuple(expiring), days=days, soon=soon)


def _bin(left: int, sold: int, over_d: int) -> int:
    """In which part of ``Outlook.cover`` a product is of which so much is left and was ``sold`` in ``over_d`` days."""
    if left <= 0:
        return 0
    lasts_d = left * over_d / sold
    return next((n for n, days in enumerate(COVER_D, 1) if lasts_d <= days), len(COVER_D) + 1)


def _passed_over(tx: Tx, by: Actor, held: Mapping[str, int], went: Mapping[str, int]) -> set[str]:
    """What is gone and no shopper is shown any more, and sessions."""
    skus = {unit: unit.rsplit(":", 1)[0] for unit in {*held, *went}}
    owners = catalog.listings_of(tx, by, set(skus.values()))
    listed = catalog.listings(tx, by, set(owners.values()))

    def over(unit: str) -> bool:
        one = listed.get(owners.get(skus[unit], ""))
        gone = held.get(unit, 0) <= 0
        return one is not None and (one.form is Form.EXPERIENCE or (gone and one.state is State.HIDDEN))

    return {unit for unit in skus if over(unit)}


def _held(tx: Tx, place: str) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for code in ("stock", "shelf"):
        for key, balance in ledger.balances(tx, book=Book.GOODS, code=code, owner_prefix=f"{place}/").items():
            found[key.unit] += balance.available
    return found


def _sold(tx: Tx, place: str, today: date) -> tuple[dict[str, int], int]:
    """What was sold, and over how many days: a place that has just opened has sold for fewer. Looked up a day at a
    time: a place has an account a product and day for all the years it is open."""
    found, over_d = defaultdict[str, int](int), 1
    for n in range(DAYS):
        owner = f"{place}/{today - timedelta(days=n)}"
        for key, balance in ledger.balances(tx, book=Book.GOODS, code="sold", owner_prefix=owner).items():
            found[key.unit] += balance.posted
            over_d = n + 1
    return found, over_d
