"""The table of pictures, and the queries on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.catalog.pictures.model import Picture, Size, Words
from madang.catalog.records import InSet
from madang.db import Tx, table
from madang.kernel import Actor

pictures = table(
    "catalog_picture",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("listing", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("alt_ko", sa.Text, nullable=False),
    sa.Column("alt_en", sa.Text, nullable=False),
    sa.Column("sizes", sa.Text, nullable=False),
    sa.Column("added_at_us", sa.BigInteger, nullable=False),
    sa.Column("removed_at_us", sa.BigInteger),
    sa.Column("forgotten_at_us", sa.BigInteger),
    sa.Index("catalog_picture_listing", "neighbourhood", "listing", "position"),
    sa.Index("catalog_picture_removed", "neighbourhood", "removed_at_us"),
    key=["id"],
    seldom=True,
)

P = pictures.c
_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_COLUMNS = (P.id, P.listing, P.position, P.alt_ko, P.alt_en, P.sizes, P.added_at_us, P.removed_at_us)
_KEPT = sa.select(*_COLUMNS).where(P.neighbourhood == _N, P.forgotten_at_us.is_(None))
_BY_ID = _KEPT.where(P.id == sa.bindparam("id"))
_OF_LISTINGS = InSet(_KEPT.where(P.removed_at_us.is_(None)), P.listing)
_GALLERY = _KEPT.where(P.listing == sa.bindparam("listing")).order_by(P.position, P.id)
_FORGETTABLE = _KEPT.where(P.removed_at_us < sa.bindparam("before")).order_by(P.removed_at_us).limit(100)
_MINE = P.neighbourhood == sa.bindparam("n_"), P.id == sa.bindparam("id_")


def get(tx: Tx, by: Actor, id: UUID) -> Picture | None:
    """A picture, also one taken away that can be put back."""
    found = tx.rows(_BY_ID, {"n": by.neighbourhood, "id": id})
    return _picture(found[0]) if found else None


def gallery(tx: Tx, by: Actor, listing: str) -> list[Picture]:
    """All pictures of a listing by position, also those taken away."""
    return [_picture(row) for row in tx.rows(_GALLERY, {"n": by.neighbourhood, "listing": listing})]


def of_listings(tx: Tx, by: Actor, listings: Iterable[str]) -> list[Picture]:
    """The pictures that are shown of some listings, in no order."""
    return [_picture(row) for row in _OF_LISTINGS.rows(tx, listings, {"n": by.neighbourhood})]


def forgettable(tx: Tx, by: Actor, before_us: int) -> list[Picture]:
    """Pictures taken away before a moment, at most a hundred."""
    return [_picture(row) for row in tx.rows(_FORGETTABLE, {"n": by.neighbourhood, "before": before_us})]


def add(tx: Tx, new: Picture) -> None:
    row = {
        "neighbourhood": tx.neighbourhood, "id": new.id, "listing": new.listing, "position": new.position,
        "alt_ko": new.words.ko, "alt_en": new.words.en, "sizes": msgspec.json.encode(new.sizes).decode(),
        "added_at_us": new.added_at_us, "removed_at_us": None, "forgotten_at_us": None,
    }  # fmt: skip
    tx.many(sa.insert(pictures), [row])


def put(tx: Tx, pictures_: Sequence[Picture]) -> None:
    """Write position, words and whether they are taken away."""
    fields = ("position", "alt_ko", "alt_en", "removed_at_us")
    rows = [
        {
            "n_": tx.neighbourhood, "id_": one.id, "position": one.position, "alt_ko": one.words.ko,
            "alt_en": one.words.en, "removed_at_us": one.removed_at_us,
        }
        for one in pictures_
    ]  # fmt: skip
    tx.many(sa.update(pictures).where(*_MINE).values({name: sa.bindparam(name) for name in fields}), rows)


def forget(tx: Tx, ids: Iterable[UUID], at_us: int) -> None:
    rows = [{"n_": tx.neighbourhood, "id_": id, "at": at_us} for id in ids]
    tx.many(sa.update(pictures).where(*_MINE).values(forgotten_at_us=sa.bindparam("at")), rows)


def _picture(row: tuple[Any, ...]) -> Picture:
    id, listing, position, ko, en, sizes, added, removed = row
    return Picture(
        id=id if isinstance(id, UUID) else UUID(str(id)), listing=listing, position=position, words=Words(ko=ko, en=en),
        sizes=msgspec.json.decode(sizes, type=tuple[Size, ...]), added_at_us=added, removed_at_us=removed,
    )  # fmt: skip
