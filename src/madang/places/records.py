"""Tables of places and shop layouts, and the queries on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from madang.db import Tx, table
from madang.kernel import Actor
from madang.places.model import Place, PlaceKind

places = table(
    "places_place",
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("parent", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name_ko", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("area_cm2", sa.BigInteger),
    sa.Column("uses", sa.Text, nullable=False),
    sa.Column("opened_at_us", sa.BigInteger, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Index("places_place_parent", "neighbourhood", "parent"),
    key=["id"],
    seldom=True,
)
layouts = table(
    "places_layout",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("layout", sa.Text, nullable=False),
    key=["shop", "version"],
    seldom=True,
)

_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_COLUMNS = [c for c in places.c if c.name != "neighbourhood"]
_GET = sa.select(*_COLUMNS).where(places.c.neighbourhood == _N, places.c.id == sa.bindparam("id"))
_EVERY = sa.select(*_COLUMNS).where(places.c.neighbourhood == _N).order_by(places.c.id)
_INSERT, _INSERT_LAYOUT = sa.insert(places), sa.insert(layouts)
_CLOSE = (
    sa.update(places)
    .where(places.c.neighbourhood == sa.bindparam("n_"), places.c.id == sa.bindparam("id_"))
    .values(closed_at_us=sa.bindparam("closed_at_us"))
)
_RENAME = (
    sa.update(places)
    .where(places.c.neighbourhood == sa.bindparam("n_"), places.c.id == sa.bindparam("id_"))
    .values(name_ko=sa.bindparam("name_ko"), name_en=sa.bindparam("name_en"))
)
_LAYOUT = (
    sa.select(layouts.c.version, layouts.c.layout)
    .where(layouts.c.neighbourhood == _N, layouts.c.shop == sa.bindparam("shop"))
    .order_by(layouts.c.version.desc())
    .limit(1)
)


def get(tx: Tx, by: Actor, id: str) -> Place | None:
    found = tx.kept(_GET, {"n": by.neighbourhood, "id": id}, by.neighbourhood)
    return _place(found[0]) if found else None


def every(tx: Tx, by: Actor) -> list[Place]:
    """All places, open and closed: some thousands in the largest neighbourhood."""

    def read() -> list[Place]:
        return [_place(row) for row in tx.rows(_EVERY, {"n": by.neighbourhood})]

    return list(tx.made((places.name,), "every", read, by.neighbourhood))


def add(tx: Tx, new: Sequence[Place]) -> None:
    tx.many(_INSERT, [_row(tx, place) for place in new])


def close(tx: Tx, ids: Sequence[str], at_us: int | None) -> None:
    """Close places, or open them again with ``None``."""
    tx.many(_CLOSE, [{"n_": tx.neighbourhood, "id_": id_, "closed_at_us": at_us} for id_ in ids])


def rename(tx: Tx, id: str, name_ko: str, name_en: str) -> None:
    tx.many(_RENAME, [{"n_": tx.neighbourhood, "id_": id, "name_ko": name_ko, "name_en": name_en}])


def layout(tx: Tx, by: Actor, shop: str) -> tuple[int, dict[str, Any]] | None:
    """The newest layout of a shop and its version."""
    found = tx.rows(_LAYOUT, {"n": by.neighbourhood, "shop": shop})
    return (int(found[0][0]), msgspec.json.decode(found[0][1])) if found else None


def add_layout(tx: Tx, shop: str, version: int, layout: dict[str, Any], at_us: int) -> None:
    text = msgspec.json.encode(layout).decode()
    row = {"neighbourhood": tx.neighbourhood, "shop": shop, "version": version, "at_us": at_us, "layout": text}
    tx.many(_INSERT_LAYOUT, [row])


def _place(row: tuple[Any, ...]) -> Place:
    id_, parent, kind, name_ko, name_en, area_cm2, uses, opened, closed = row
    return Place(
        id=id_, parent=parent, kind=PlaceKind(kind), name_ko=name_ko, name_en=name_en,
        area_m2=None if area_cm2 is None else area_cm2 / 10_000, uses=tuple(msgspec.json.decode(uses)),
        opened_at_us=opened, closed_at_us=closed,
    )  # fmt: skip


def _row(tx: Tx, place: Place) -> dict[str, Any]:
    row = msgspec.structs.asdict(place) | {"neighbourhood": tx.neighbourhood, "kind": place.kind.value}
    area_m2 = row.pop("area_m2")
    row["area_cm2"] = None if area_m2 is None else round(area_m2 * 10_000)
    return row | {"uses": msgspec.json.encode(place.uses).decode()}
