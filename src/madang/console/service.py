"""The use cases of the console: stage a change, look at it, make it, take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from madang import catalog, journal
from madang.catalog import EVERY_SHOP, Product, listing_plans, ownership
from madang.catalog.listing_rows import Placed
from madang.catalog.service import plan_products, raise_first
from madang.console import facts, kinds, records
from madang.console.kinds import HOWS
from madang.console.model import Change, Edit, Kind
from madang.db import Page, Tx
from madang.kernel import Actor, Conflict, Invalid, NotFound, Role, derived
from madang.kernel.clock import HOUR_US

EDITS_MAX = 5000
STAGED_US = HOUR_US
"""How long a preview may be made: what it shows is checked again anyway."""
NAMED_MAX = 5
_MAY = (Role.OPERATOR, Role.STAFF)


def stage_products(tx: Tx, by: Actor, products: Sequence[Product], *, id: UUID, at_us: int) -> Change:
    """A change that makes each product what is given here; those that are so already are left out.

    Raises ``Invalid`` where the catalogue would not have it so, or where nothing would change.
    """
    plan = plan_products(tx, by, products)
    raise_first(plan)
    known = catalog.products(tx, by, [p.id for p in plan.change])
    edits = [Edit(object=p.id, before=None, after=kinds.plain(p)) for p in plan.add]
    edits += [Edit(object=p.id, before=kinds.plain(known[p.id]), after=kinds.plain(p)) for p in plan.change]
    return stage(tx, by, Kind.PRODUCTS, edits, id=id, at_us=at_us)


def stage_listings(tx: Tx, by: Actor, listed: Sequence[Placed], *, id: UUID, at_us: int) -> Change:
    """A change that makes each listing, and the collections it is in, what is given here. Pages whose SKUs go to
    others are edits of it, too: taken back, they hold what they held."""
    plan = listing_plans.plan(tx, by, listed)
    known = listing_plans.placed(tx, by, [one.listing.id for one in plan.change])
    edits = [Edit(object=one.listing.id, before=None, after=kinds.listed(one)) for one in plan.add]
    edits += _needed(tx, by, [*plan.add, *plan.change])
    edits += [
        Edit(object=o.listing.id, before=kinds.listed(known[o.listing.id]), after=kinds.listed(o)) for o in plan.change
    ]
    edits += _left(tx, by, listed)
    return stage(tx, by, Kind.LISTINGS, edits, id=id, at_us=at_us)


def _left(tx: Tx, by: Actor, listed: Sequence[Placed]) -> list[Edit]:
    """The pages, none of ``listed``, that hold SKUs of theirs so far: as they are, and without them."""
    taken = {sku for one in listed for sku in one.listing.skus}
    pages = set(catalog.listings_of(tx, by, sorted(taken)).values()) - {one.listing.id for one in listed}
    found = {id: kinds.listed(one) for id, one in listing_plans.placed(tx, by, sorted(pages)).items()}
    return [
        Edit(object=id, before=was, after=was | {"variants": [v for v in was["variants"] if v["sku"] not in taken]})
        for id, was in found.items()
    ]


def _needed(tx: Tx, by: Actor, listed: Sequence[Placed]) -> list[Edit]:
    """The categories that listings name and nobody has made."""
    there = {one.id for one in catalog.categories(tx, by)}
    needs = {category.id: category for one in listed for category in one.needs if category.id not in there}
    return [Edit(object=id, before=None, after=kinds.plain(one), kind=Kind.CATEGORIES) for id, one in needs.items()]


_OF_ALL = (Kind.CATEGORIES, Kind.COLLECTIONS, Kind.SYNONYMS, Kind.SELLERS)
"""What is the whole neighbourhood's: nobody who acts for one shop changes it."""
_OF_GOODS = (Kind.BUNDLES, Kind.FLOORS, Kind.PARTICULARS, Kind.BASES)
"""What is said of goods, by SKU: a shop's people change it of their own."""


def stage_arranged(
    tx: Tx, by: Actor, wanted: Mapping[Kind, Mapping[str, dict[str, Any]]], *, id: UUID, at_us: int
) -> Change:
    """A change that makes objects of some kinds (the first is the change's) what is given; those that are so already
    are left out."""
    main, edits = next(iter(wanted)), list[Edit]()
    for kind, values in wanted.items():
        if values and kind in _OF_ALL:
            ownership.need_whole(by)
        if kind in _OF_GOODS:
            ownership.need_own(tx, by, list(values))
        asked = [Edit(object=object, before=None, after=value) for object, value in values.items()]
        now = HOWS[kind].now(tx, by, asked, at_us)
        own = None if kind is main else kind
        edits += [
            Edit(object=one.object, before=now.get(one.object), after=one.after, kind=own)
            for one in asked
            if now.get(one.object) != one.after
        ]
    return stage(tx, by, main, edits, id=id, at_us=at_us)


def stage_prices(
    tx: Tx, by: Actor, prices: Mapping[str, int], *, id: UUID, at_us: int, shop: str = EVERY_SHOP
) -> Change:
    """A change to new prices in won, in force from the moment it is made; unchanged ones are left out. A shop that had
    no price of its own has none again when it is taken back."""
    now = catalog.own_prices(tx, by, prices, at_us, shop=shop)
    edits = [
        Edit(object=product, before=kinds.price(now.get(product)), after={"price_krw": krw, "shop": shop})
        for product, krw in prices.items()
        if product not in now or now[product].price_krw != krw
    ]
    return stage(tx, by, Kind.PRICES, edits, id=id, at_us=at_us)


def stage(tx: Tx, by: Actor, kind: Kind, edits: Sequence[Edit], *, id: UUID, at_us: int) -> Change:
    """Keep a change to be looked at; nothing is made yet. The same id gives what was staged under it."""
    by.need(*_MAY)
    if (there := records.get(tx, by, id)) is not None:
        return there
    if not 1 <= len(edits) <= EDITS_MAX:
        raise bad_size(len(edits))
    change = Change(
        id=id, kind=kind, edits=tuple(sorted(edits, key=lambda e: e.object)), by=by.key, staged_at_us=at_us,
        expires_at_us=at_us + STAGED_US, shop=next(iter(by.shops), ""),
    )  # fmt: skip
    records.forget(tx, at_us)
    records.add(tx, change)
    return change


def get(tx: Tx, by: Actor, id: UUID) -> Change:
    """A change. Raises ``NotFound``."""
    by.need(*_MAY)
    found = records.get(tx, by, id)
    if found is None:
        raise NotFound(
            "console.no_change",
            ko="그런 변경이 없거나, 미리 보기의 시간이 지났습니다.",
            en="There is no such change, or its preview has expired.",
            next_ko="변경을 다시 만들어 주세요.",
            next_en="Make the change again.",
        )
    return found


def find(tx: Tx, by: Actor, *, cursor: str | None = None, limit: int = 20) -> Page[Change]:
    """Changes that were made, newest first."""
    by.need(*_MAY)
    return records.find(tx, by, cursor=cursor, limit=limit)


def apply(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> Change:
    """Make a change as it was shown, or none of it: ``Conflict`` where something is no longer what the preview said.

    A change that has been made is given as it stands.
    """
    change = get(tx, by, id)
    if change.applied_at_us is not None:
        return change
    if at_us >= change.expires_at_us:
        raise _too_old()
    _must_be(tx, by, change, [(e, e.before) for e in change.edits], at_us)
    _set(tx, by, change, [(e, e.after) for e in change.edits], id=id, at_us=at_us)
    records.mark(tx, id, applied_at_us=at_us, undone_at_us=None)
    body = facts.Changed(what=change.kind, added=change.added, changed=change.changed)
    journal.append(
        tx, by, body, id=derived("console.changed", id), at_us=at_us, subject=str(id), shop=change.shop or None
    )
    return msgspec.structs.replace(change, applied_at_us=at_us)


def undo(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> Change:
    """Take a change back: everything it changed is what it was before; what it added is ended where it can be (a
    promotion), and else stays, because it may have been sold. Raises ``Conflict`` where something has been changed
    again since: then nothing is taken back."""
    change = get(tx, by, id)
    if change.undone_at_us is not None:
        return change
    if change.applied_at_us is None:
        raise _not_made()
    former = [(e, HOWS[change.kind_of(e)].former(e)) for e in change.edits]
    back = [(e, was) for e, was in former if was is not None]
    _must_be(tx, by, change, [(e, e.after) for e, _ in back], at_us)
    _set(tx, by, change, back, id=derived("console.undo", id), at_us=at_us, made_at_us=change.applied_at_us)
    records.mark(tx, id, applied_at_us=change.applied_at_us, undone_at_us=at_us)
    body = facts.Undone(what=change.kind, restored=len(back), kept=len(former) - len(back))
    journal.append(
        tx, by, body, id=derived("console.undone", id), at_us=at_us, subject=str(id), shop=change.shop or None
    )
    return msgspec.structs.replace(change, undone_at_us=at_us)


def _must_be(
    tx: Tx, by: Actor, change: Change, expected: Sequence[tuple[Edit, dict[str, Any] | None]], at_us: int
) -> None:
    """``expected``: what each edit's object must be now."""
    other: list[str] = []
    for kind in _kinds(change, [edit for edit, _ in expected]):
        how = HOWS[kind]
        mine = [(edit, was) for edit, was in expected if change.kind_of(edit) is kind and not how.adds(edit)]
        now = how.now(tx, by, [edit for edit, _ in mine], at_us)
        other += [edit.object for edit, was in mine if now.get(edit.object) != was]
    if other:
        raise _moved_on(other)


def _set(
    tx: Tx, by: Actor, change: Change, objects: Sequence[tuple[Edit, dict[str, Any]]], *, id: UUID, at_us: int,
    made_at_us: int | None = None,
) -> None:  # fmt: skip
    """Make each edit's object what is given, what others are made of first; ``made_at_us``: take back what was made
    then."""
    for kind in _kinds(change, [edit for edit, _ in objects]):
        mine = [(edit, value) for edit, value in objects if change.kind_of(edit) is kind]
        how, part = HOWS[kind], id if kind is change.kind else derived("console.part", kind, id)
        if made_at_us is not None and how.back is not None:
            how.back(tx, by, mine, part, at_us, made_at_us)
        else:
            how.make(tx, by, mine, part, at_us)


def _kinds(change: Change, edits: Sequence[Edit]) -> list[Kind]:
    found = {change.kind_of(edit) for edit in edits}
    return [kind for kind in HOWS if kind in found]


def bad_size(n: int) -> Invalid:
    if n == 0:
        return Invalid(
            "console.nothing_to_change",
            ko="바뀌는 것이 없습니다.",
            en="Nothing would change.",
            next_ko="다른 상품을 고르거나 다른 값을 넣으세요.",
            next_en="Choose other products or other values.",
        )
    return Invalid(
        "console.too_many_edits",
        ko=f"한 번에 {EDITS_MAX:,}개까지 바꿀 수 있습니다 ({n:,}개).",
        en=f"At most {EDITS_MAX:,} things are changed at once ({n:,}).",
        next_ko="나누어 바꾸세요.",
        next_en="Change them in parts.",
    )


def _too_old() -> Conflict:
    return Conflict(
        "console.preview_expired",
        ko="미리 보기를 만든 지 한 시간이 지났습니다.",
        en="This preview is more than an hour old.",
        next_ko="변경을 다시 만들어 미리 보세요.",
        next_en="Make the change again and look at it.",
    )


def _not_made() -> Conflict:
    return Conflict(
        "console.not_made",
        ko="아직 적용하지 않은 변경입니다.",
        en="This change has not been made.",
        next_ko="되돌릴 것이 없습니다.",
        next_en="There is nothing to take back.",
    )


def _moved_on(names: Sequence[str]) -> Conflict:
    some = ", ".join(names[:NAMED_MAX]) + (" …" if len(names) > NAMED_MAX else "")
    return Conflict(
        "console.moved_on",
        ko=f"그 사이에 다른 사람이 바꾼 것이 있습니다: {some}. 아무것도 바꾸지 않았습니다.",
        en=f"These have been changed by somebody else meanwhile: {some}. Nothing was changed.",
        next_ko="지금 값을 보고 변경을 다시 만드세요.",
        next_en="Look at what they are now and make the change again.",
        objects=list(names),
    )
