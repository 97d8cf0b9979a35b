"""What the console's pages of pictures are made from: files are drawn anew and stored before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import msgspec

from madang import catalog
from madang.catalog import Listing, pictures
from madang.catalog.pictures import Picture, Size, Words
from madang.db import Database, Tx
from madang.files import Store
from madang.kernel import Actor, Clock, Ids, Role

T = TypeVar("T")
MAY = (Role.OPERATOR, Role.STAFF)


class Wall(msgspec.Struct, frozen=True, kw_only=True):
    """A listing with its pictures: those shown, in order, and those that can be put back."""

    listing: Listing
    shown: tuple[Picture, ...]
    removed: tuple[Picture, ...]


class Gallery:
    """Reads and writes for the pages."""

    def __init__(self, db: Database, neighbourhood: str, clock: Clock, ids: Ids, store: Store) -> None:
        self._db, self._n, self._clock, self._ids, self._store = db, neighbourhood, clock, ids, store

    def wall(self, by: Actor, listing: str) -> Wall:
        """Raises ``NotFound``."""
        by.need(*MAY)

        def look(tx: Tx) -> Wall:
            every = pictures.gallery(tx, by, listing)
            return Wall(
                listing=catalog.listing(tx, by, listing),
                shown=tuple(one for one in every if one.removed_at_us is None),
                removed=tuple(one for one in every if one.removed_at_us is not None),
            )

        return self._db.read(look, neighbourhood=self._n)

    def listing_of(self, by: Actor, product: str) -> str:
        """The listing whose pictures a product has. Raises ``NotFound``."""
        by.need(*MAY)

        def look(tx: Tx) -> str:
            catalog.kept_product(tx, by, product)
            return catalog.listings_of(tx, by, [product]).get(product, product)

        return self._db.read(look, neighbourhood=self._n)

    def add(self, by: Actor, listing: str, files: list[bytes], words: Words) -> list[Picture]:
        """Add pictures in the order given; none of them where one will not do. Raises ``Invalid``, ``TooLarge``,
        ``Conflict``, ``NotFound``."""
        self.wall(by, listing)  # whoever may not look may not make us work either
        made = [pictures.resized(data) for data in files]
        stored = [
            [
                Size(
                    width=one.width,
                    height=one.height,
                    sha256=self._store.put(self._n, one.content),
                    bytes=len(one.content),
                )
                for one in sizes
            ]
            for sizes in made
        ]
        ids, at_us = [self._ids.new() for _ in stored], self._clock.now_us()

        def act(tx: Tx) -> list[Picture]:
            pairs = zip(ids, stored, strict=True)
            return [pictures.add(tx, by, listing, sizes, id=id, at_us=at_us, words=words) for id, sizes in pairs]

        return self._db.write(act, neighbourhood=self._n)

    def describe(self, by: Actor, picture: UUID, words: Words) -> None:
        self._do(lambda tx, act, at_us: pictures.describe(tx, by, picture, words, act=act, at_us=at_us))

    def move(self, by: Actor, picture: UUID, places: int) -> None:
        self._do(lambda tx, act, at_us: pictures.move(tx, by, picture, places, act=act, at_us=at_us))

    def remove(self, by: Actor, picture: UUID) -> None:
        self._do(lambda tx, act, at_us: pictures.remove(tx, by, picture, act=act, at_us=at_us))

    def restore(self, by: Actor, picture: UUID) -> None:
        self._do(lambda tx, act, at_us: pictures.restore(tx, by, picture, act=act, at_us=at_us))

    def _do(self, fn: Callable[[Tx, UUID, int], T]) -> T:
        act, at_us = self._ids.new(), self._clock.now_us()
        return self._db.write(lambda tx: fn(tx, act, at_us), neighbourhood=self._n)
