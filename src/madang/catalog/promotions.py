"""The use cases of price lists and promotions: set them, and keep count of what orders have had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from madang import journal
from madang.catalog import facts, ownership, promotion_records, records
from madang.catalog.model import ID, PRICE_KRW_MAX
from madang.catalog.promotion import BP, NForM, Off, OffBasket, Percent, PriceList, Promotion, SetPrice, UnitPrice, Used
from madang.db import Tx
from madang.kernel import Actor, Conflict, Invalid, Role, derived


def set_promotions(tx: Tx, by: Actor, new: Sequence[Promotion], *, id: UUID, at_us: int) -> None:
    """Set promotions as given. Raises ``Invalid`` ``catalog.bad_promotion`` (``details.field``)."""
    by.need(Role.OPERATOR, Role.STAFF)
    there = {one.id: one for one in promotion_records.promotions(tx, by)} if by.shops else {}
    for one in new:
        for field in flaws(one):
            raise _bad("promotion", one.id, field)
        for shop in (*(one.shops or ("",)), *(there[one.id].shops if one.id in there else ())):
            if by.shops:
                by.need_shop(shop)
    promotion_records.put_promotions(tx, new, at_us)
    _tell(tx, by, "promotions", [one.id for one in new], id, at_us)


def promotions(tx: Tx, by: Actor) -> list[Promotion]:
    """Every promotion there is, by id; codes are no shopper's to read."""
    by.need(Role.OPERATOR, Role.STAFF)
    return promotion_records.promotions(tx, by)


def own_promotions(tx: Tx, by: Actor) -> list[Promotion]:
    """Those the caller may change: all of them, or those that hold in their own shops only."""
    every = promotions(tx, by)
    return [one for one in every if one.shops and by.shops.issuperset(one.shops)] if by.shops else every


def price_lists(tx: Tx, by: Actor) -> list[PriceList]:
    """Every price list the caller may change with its prices, by id: all, or those of their own shops only."""
    by.need(Role.OPERATOR, Role.STAFF)
    every = promotion_records.every_price_list(tx, by)
    return [one for one in every if one.shops and by.shops.issuperset(one.shops)] if by.shops else every


def set_price_lists(tx: Tx, by: Actor, new: Sequence[PriceList], *, id: UUID, at_us: int) -> None:
    """Set several price lists, each whole. Raises what ``set_price_list`` raises."""
    for one in new:
        set_price_list(tx, by, one, id=derived("catalog.price_list", id, one.id), at_us=at_us)


def used(tx: Tx, by: Actor, ids: Sequence[str]) -> dict[str, Used]:
    """What orders have had of promotions so far."""
    by.need(Role.OPERATOR, Role.STAFF)
    return promotion_records.used(tx, by, ids, "")


def set_price_list(tx: Tx, by: Actor, one: PriceList, *, id: UUID, at_us: int) -> None:
    """Set a price list, whole; who works in a shop sets its own. Raises ``Invalid`` ``catalog.bad_price_list``."""
    by.need(Role.OPERATOR, Role.STAFF)
    there = [known for known in promotion_records.every_price_list(tx, by) if known.id == one.id] if by.shops else []
    for shop in {shop for each in (one, *there) for shop in each.shops or ("",)} if by.shops else ():
        by.need_shop(shop)
    known = records.products_by_id(tx, by, one.prices)
    for field, fits in (
        ("id", ID.fullmatch(one.id) is not None),
        ("name_ko", bool(one.name_ko.strip())),
        ("name_en", bool(one.name_en.strip())),
        ("prices", one.prices.keys() <= known.keys()),
        ("prices", all(0 <= krw <= PRICE_KRW_MAX for krw in one.prices.values())),
        ("until_us", one.until_us is None or one.until_us > one.from_us),
    ):
        if not fits:
            raise _bad("price_list", one.id, field)
    promotion_records.put_price_list(tx, one, at_us)
    _tell(tx, by, "price_lists", [one.id], id, at_us)


def set_floors(tx: Tx, by: Actor, prices: Mapping[str, int], *, id: UUID, at_us: int) -> None:
    """Say what SKUs may not cost less than, whatever promotions say (won per piece or 100 g)."""
    by.need(Role.OPERATOR, Role.STAFF)
    ownership.need_own(tx, by, prices)
    known = records.products_by_id(tx, by, prices)
    for sku, krw in prices.items():
        if sku not in known or not 0 <= krw <= PRICE_KRW_MAX:
            raise _bad("floor", sku, "price_krw")
    promotion_records.put_floors(tx, prices)
    _tell(tx, by, "floors", sorted(prices), id, at_us)


def redeem(tx: Tx, by: Actor, amounts: Mapping[str, int], *, person: str, id: UUID, at_us: int) -> None:
    """An order was placed at a quote: its promotions have been used (won off, by promotion; ``id`` is the order's).

    Raises ``Conflict`` ``catalog.promotion_over`` where others have used one up since the quote was made, so that no
    cap over all orders is passed, however long a price was held.
    """
    by.need_neighbourhood(tx.neighbourhood)
    if promotion_records.has_uses(tx, id):
        return
    known = {one.id: one for one in promotion_records.promotions_by_id(tx, by, amounts) if one.counted}
    used = promotion_records.used(tx, by, known, person) if known else {}
    for one, had in ((one, used.get(one.id, Used())) for one in known.values()):
        over = one.budget_krw is not None and had.amount_krw + amounts[one.id] > one.budget_krw
        over = over or (one.uses_max is not None and had.orders >= one.uses_max)
        if over or (one.per_person_max is not None and had.orders_of_person >= one.per_person_max):
            raise _over(one)
    promotion_records.add_uses(tx, id, person, amounts, at_us)


def count_uses(tx: Tx, by: Actor, amounts: Mapping[str, int], *, person: str, id: UUID, at_us: int) -> None:
    """What a visit (``id``) has had of promotions is this from now on, whatever it was before; nothing: nothing.

    Counted once however often a visit is mended. Nothing is refused: its price was quoted with these caps in sight in
    the same transaction (``quotes(but=id)``), or by a shop that could not see all of them.
    """
    by.need_neighbourhood(tx.neighbourhood)
    promotion_records.set_uses(tx, id, person, amounts, at_us)


def unredeem(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> None:
    """The order came to nothing: what it had of promotions can be used again."""
    by.need_neighbourhood(tx.neighbourhood)
    promotion_records.undo_uses(tx, id, at_us)


def flaws(one: Promotion) -> list[str]:
    """The fields that make a promotion unfit."""
    return [field for field, fits in _rules(one) if not fits]


def _rules(one: Promotion) -> Sequence[tuple[str, bool]]:
    effect = one.effect
    sane = {
        Percent: lambda: 0 < effect.bp <= BP,  # type: ignore[union-attr]
        Off: lambda: effect.krw > 0,  # type: ignore[union-attr]
        OffBasket: lambda: effect.krw > 0,  # type: ignore[union-attr]
        UnitPrice: lambda: effect.krw >= 0,  # type: ignore[union-attr]
        NForM: lambda: 0 < effect.m < effect.n <= 100,  # type: ignore[union-attr]
        SetPrice: lambda: effect.krw >= 0 and len(effect.parts) > 0 and all(p.n > 0 and p.any_of for p in effect.parts),  # type: ignore[union-attr]
    }
    caps = (one.max_off_krw, one.per_order_max, one.per_person_max, one.uses_max, one.budget_krw)
    return (
        ("id", ID.fullmatch(one.id) is not None),
        ("name_ko", bool(one.name_ko.strip())),
        ("name_en", bool(one.name_en.strip())),
        ("effect", bool(sane[type(effect)]())),
        ("until_us", one.until_us is None or one.until_us > one.from_us),
        ("weekdays", all(0 <= day <= 6 for day in one.weekdays)),
        ("minutes", one.minutes is None or 0 <= one.minutes[0] < one.minutes[1] <= 1440),
        ("caps", all(cap is None or cap > 0 for cap in caps)),
        ("floor_bp", 0 <= one.floor_bp <= BP),
        ("code", len(one.code) <= 40),
    )


def _tell(tx: Tx, by: Actor, what: str, ids: Sequence[str], id: UUID, at_us: int) -> None:
    journal.append_many(tx, by, facts.arranged(what, ids, id=id, at_us=at_us))


def _over(one: Promotion) -> Conflict:
    return Conflict(
        "catalog.promotion_over",
        ko=f"'{one.name_ko}' 행사가 그 사이에 다 쓰였습니다.",
        en=f"'{one.name_en}' has been used up meanwhile.",
        next_ko="장바구니로 돌아가 지금 값으로 다시 주문해 주세요.",
        next_en="Go back to the cart and order at the price of now.",
        promotion=one.id,
    )


def _bad(what: str, id: str, field: str) -> Invalid:
    return Invalid(
        f"catalog.bad_{what}",
        ko=f"'{id}'의 {field} 항목이 맞지 않습니다.",
        en=f"The field {field} of '{id}' will not do.",
        next_ko="프로모션 문서의 항목 표를 확인하세요.",
        next_en="See the table of fields in the documentation of promotions.",
        id=id,
        field=field,
    )
