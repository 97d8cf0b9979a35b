"""The neighbours' view of a good: how many bought it, and how many came back for it. Never a person.

Counted from receipts over half a year, once a day, so that nobody can watch one purchase move a figure. A count below
``K`` is not kept at all, and one above is kept in steps of ``K`` (``madang.privacy.floors``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa

from madang import catalog
from madang.catalog.records import InSet
from madang.db import Tx
from madang.deals.records.receipts import lines, receipts
from madang.kernel import Actor, Role
from madang.kernel.clock import DAY_US
from madang.privacy.floors import K, floored
from madang.storefront.records import views

SINCE_US = 180 * DAY_US
_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_VIEWS = InSet(
    sa.select(views.c.listing, views.c.bought, views.c.again, views.c.at_us).where(views.c.neighbourhood == _N),
    views.c.listing,
)
_BUYERS = (
    sa.select(lines.c.product, receipts.c.person, sa.func.count(sa.distinct(receipts.c.id)))
    .join(receipts, sa.and_(receipts.c.neighbourhood == lines.c.neighbourhood, receipts.c.id == lines.c.receipt))
    .where(
        lines.c.neighbourhood == _N,
        receipts.c.original.is_(None),
        receipts.c.at_us >= sa.bindparam("since_us"),
        receipts.c.at_us < sa.bindparam("until_us"),
    )
    .group_by(lines.c.product, receipts.c.person)
)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """At least ``bought`` neighbours bought it, ``again`` of them more than once (0: fewer than can be said)."""

    listing: str
    bought: int
    again: int
    at_us: int


def view(tx: Tx, by: Actor, listing: str) -> View | None:
    """What may be said of a listing; None where too few bought it."""
    found = _VIEWS.rows(tx, [listing], {"n": by.neighbourhood})
    return View(**dict(zip(View.__struct_fields__, found[0], strict=True))) if found else None


def count(tx: Tx, by: Actor, *, at_us: int) -> list[View]:
    """What may be said of every listing now. Reads all receipts of half a year: for a read transaction, once a day."""
    by.need(Role.OPERATOR)
    params = {"n": by.neighbourhood, "since_us": at_us - SINCE_US, "until_us": at_us}
    rows = tx.rows(_BUYERS, params)
    owners = catalog.listings_of(tx, by, {row[0] for row in rows})
    times: dict[str, dict[str, int]] = {}
    for sku, person, n in rows:
        if sku in owners:
            people = times.setdefault(owners[sku], {})
            people[person] = people.get(person, 0) + int(n)
    return [one for listing, people in sorted(times.items()) if (one := _view(listing, people.values(), at_us))]


def keep(tx: Tx, by: Actor, new: Sequence[View]) -> None:
    """These are the figures from now on; a listing that is not among them has none."""
    by.need(Role.OPERATOR)
    tx.execute(sa.delete(views).where(views.c.neighbourhood == tx.neighbourhood))
    owner = {"neighbourhood": tx.neighbourhood}
    tx.many(sa.insert(views), [msgspec.structs.asdict(one) | owner for one in new])


def _view(listing: str, times: Iterable[int], at_us: int) -> View | None:
    counts = list(times)
    bought = floored(len(counts))
    if bought < K:
        return None
    return View(listing=listing, bought=bought, again=floored(sum(n > 1 for n in counts)), at_us=at_us)
