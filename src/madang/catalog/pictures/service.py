"""The use cases of pictures: add, describe, move, take away and put back, look up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from madang import files, journal
from madang.catalog import facts, listing_records, ownership
from madang.catalog.listing import State
from madang.catalog.pictures import records
from madang.catalog.pictures.model import ALT_MAX, MEDIA_TYPE, PICTURES_MAX, UNDO_D, Picture, Size, Words
from madang.db import Tx
from madang.files import Retention
from madang.kernel import Actor, Conflict, Invalid, NotFound, Role, derived
from madang.kernel.clock import DAY_US

MAY = (Role.OPERATOR, Role.STAFF)


def add(
    tx: Tx, by: Actor, listing: str, sizes: Sequence[Size], *, id: UUID, at_us: int, words: Words | None = None
) -> Picture:
    """Give a listing one more picture, last in order; its ``sizes`` are in the store already.

    The same ``id`` once. Raises ``NotFound`` for a listing nobody knows, ``Conflict`` ``catalog.too_many_pictures``.
    """
    by.need(*MAY)
    known = records.get(tx, by, id)
    if known is not None:
        return known
    _need_own(tx, by, listing)
    shown = _shown(tx, by, listing)
    if len(shown) >= PICTURES_MAX:
        raise _too_many()
    position = 1 + max((one.position for one in records.gallery(tx, by, listing)), default=-1)
    new = Picture(
        id=id,
        listing=listing,
        position=position,
        words=_checked(words or Words()),
        sizes=tuple(sizes),
        added_at_us=at_us,
    )
    for size in new.sizes:
        files.keep(
            tx, by, id=_keeping(id, size), sha256=size.sha256, size=size.bytes, media_type=MEDIA_TYPE,
            retention=Retention.PICTURE, at_us=at_us,
        )  # fmt: skip
    records.add(tx, new)
    _tell(tx, by, new, "added", id, at_us)
    return new


def describe(tx: Tx, by: Actor, id: UUID, words: Words, *, act: UUID, at_us: int) -> Picture:
    """Say what a picture shows. Raises ``NotFound``, ``Invalid`` ``catalog.bad_picture_words``."""
    known = _get(tx, by, id)
    new = msgspec.structs.replace(known, words=_checked(words))
    if new != known:
        records.put(tx, [new])
        _tell(tx, by, new, "described", act, at_us)
    return new


def move(tx: Tx, by: Actor, id: UUID, by_places: int, *, act: UUID, at_us: int) -> None:
    """Move a picture so many places towards the front (below 0) or the back. Raises ``NotFound``."""
    known = _get(tx, by, id)
    order = [one for one in _shown(tx, by, known.listing) if one.id != id]
    at = next((i for i, one in enumerate(order) if one.position > known.position), len(order))
    order.insert(max(0, min(len(order), at + by_places)), known)
    put = [msgspec.structs.replace(one, position=i) for i, one in enumerate(order)]
    records.put(tx, put)
    _tell(tx, by, known, "moved", act, at_us)


def remove(tx: Tx, by: Actor, id: UUID, *, act: UUID, at_us: int) -> Picture:
    """Take a picture away; for 30 days it can be put back. Raises ``NotFound``."""
    known = _get(tx, by, id)
    if known.removed_at_us is not None:
        return known
    new = msgspec.structs.replace(known, removed_at_us=at_us)
    records.put(tx, [new])
    _tell(tx, by, new, "removed", act, at_us)
    return new


def restore(tx: Tx, by: Actor, id: UUID, *, act: UUID, at_us: int) -> Picture:
    """Put back a picture that was taken away. Raises ``NotFound``, ``Conflict`` ``catalog.too_many_pictures``."""
    known = _get(tx, by, id)
    if known.removed_at_us is None:
        return known
    if len(_shown(tx, by, known.listing)) >= PICTURES_MAX:
        raise _too_many()
    new = msgspec.structs.replace(known, removed_at_us=None)
    records.put(tx, [new])
    _tell(tx, by, new, "restored", act, at_us)
    return new


def forget(tx: Tx, by: Actor, *, at_us: int) -> int:
    """Give up the bytes of pictures taken away 30 days ago (``files.destroy_due`` destroys them); how many it was."""
    by.need(Role.OPERATOR)
    due = records.forgettable(tx, by, at_us - UNDO_D * DAY_US)
    for one in due:
        for size in one.sizes:
            files.close(tx, by, _keeping(one.id, size), at_us=at_us)
    records.forget(tx, [one.id for one in due], at_us)
    return len(due)


def gallery(tx: Tx, by: Actor, listing: str) -> list[Picture]:
    """All pictures of a listing for its staff, in order, with those that can be put back."""
    by.need(*MAY)
    if by.shops:
        _need_own(tx, by, listing)
    return records.gallery(tx, by, listing)


def of_listings(tx: Tx, by: Actor, listings: Iterable[str]) -> dict[str, tuple[Picture, ...]]:
    """The pictures shown of each listing, in order; listings without any are not in the answer."""

    def read(some: list[str]) -> dict[str, tuple[Picture, ...]]:
        out: dict[str, list[Picture]] = {}
        for one in sorted(records.of_listings(tx, by, some), key=lambda one: (one.position, one.id)):
            out.setdefault(one.listing, []).append(one)
        return {listing: tuple(of_it) for listing, of_it in out.items()}

    return tx.by_key((records.pictures.name,), listings, read, by.neighbourhood)


def picture(tx: Tx, by: Actor, id: UUID) -> Picture:
    """One picture, to be shown: of a hidden listing, or taken away, only to staff. Raises ``NotFound``."""
    known = records.get(tx, by, id)
    if known is None:
        raise _no_picture()
    if by.may(*MAY):
        return known
    listing = listing_records.listings_by_id(tx, by, [known.listing]).get(known.listing)
    if known.removed_at_us is not None or listing is None or listing.state is not State.SHOWN:
        raise _no_picture()
    return known


def _get(tx: Tx, by: Actor, id: UUID) -> Picture:
    by.need(*MAY)
    known = records.get(tx, by, id)
    if known is None:
        raise _no_picture()
    if by.shops:
        _need_own(tx, by, known.listing)
    return known


def _need_own(tx: Tx, by: Actor, listing: str) -> None:
    known = listing_records.listings_by_id(tx, by, [listing]).get(listing)
    if known is None:
        raise _no_picture()
    ownership.need_own(tx, by, known.skus)


def _shown(tx: Tx, by: Actor, listing: str) -> list[Picture]:
    return [one for one in records.gallery(tx, by, listing) if one.removed_at_us is None]


def _keeping(id: UUID, size: Size) -> UUID:
    return derived("catalog.picture", id, size.width)


def _tell(tx: Tx, by: Actor, one: Picture, what: str, act: UUID, at_us: int) -> None:
    body = facts.PictureSet(
        listing=one.listing, picture=str(one.id), what=what, alt_ko=one.words.ko, alt_en=one.words.en
    )
    journal.append(tx, by, body, id=derived("catalog.picture_set", what, act), at_us=at_us, subject=one.listing)


def _checked(words: Words) -> Words:
    clean = Words(ko=" ".join(words.ko.split()), en=" ".join(words.en.split()))
    if max(len(clean.ko), len(clean.en)) > ALT_MAX:
        raise Invalid(
            "catalog.bad_picture_words",
            ko=f"사진 설명은 {ALT_MAX}자까지입니다.",
            en=f"What a picture shows is said in up to {ALT_MAX} characters.",
            next_ko="설명을 줄이세요.",
            next_en="Shorten it.",
        )
    return clean


def _too_many() -> Conflict:
    return Conflict(
        "catalog.too_many_pictures",
        ko=f"한 상품의 사진은 {PICTURES_MAX}장까지입니다.",
        en=f"A product has up to {PICTURES_MAX} pictures.",
        next_ko="쓰지 않는 사진을 먼저 지우세요.",
        next_en="Take one away first.",
    )


def _no_picture() -> NotFound:
    return NotFound(
        "catalog.no_picture",
        ko="그런 사진이나 상품이 없습니다.",
        en="There is no such picture or product.",
        next_ko="상품의 사진 목록에서 다시 고르세요.",
        next_en="Choose again among the product's pictures.",
    )
