"""How a shop sells online: whether it delivers and lets fetch, fees, windows."""

from __future__ import annotations

import msgspec

from madang import places
from madang.db import Tx
from madang.kernel import Actor, Conflict, Invalid, Role
from madang.storefront import records
from madang.storefront.slots import Window

KRW_MAX = 1_000_000


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's terms.

    ``delivers_to`` are beginnings of postcodes (empty: everywhere); ``fetch_at`` are places where orders can be fetched
    (the shop, a hub); ``free_from_krw`` None: the fee is always due; ``lead_min`` is how long before a window begins it
    can still be chosen. A way without windows is served whenever the shop is open. ``from_shelves``: what stands on
    shelves is sold online too (a shop with sensors sells from its back only, so that nobody in the shop takes what was
    ordered). ``return_fee_krw`` is what one way back costs who changed their mind about what was delivered.
    ``abroad``: it sends what is offered to the world to other countries, too.
    ``courier`` is the party (``courier/…``) to whom the delivery fee goes; '' keeps it with the shop.
    """

    open: bool = True
    delivers: bool = False
    delivers_to: tuple[str, ...] = ()
    fee_krw: int = 0
    free_from_krw: int | None = None
    min_order_krw: int = 0
    fetch_at: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    from_shelves: bool = False
    lead_min: int = 60
    days_ahead: int = 7
    abroad: bool = False
    return_fee_krw: int = 0
    courier: str = ""

    def fee(self, way: str, goods_krw: int) -> int:
        """The delivery fee of an order."""
        if way != "delivery" or (self.free_from_krw is not None and goods_krw >= self.free_from_krw):
            return 0
        return self.fee_krw

    def reaches(self, postcode: str) -> bool:
        return not self.delivers_to or postcode.startswith(self.delivers_to)

    def of_way(self, way: str) -> tuple[Window, ...]:
        return tuple(window for window in self.windows if window.way == way)


def set_terms(tx: Tx, by: Actor, shop: str, terms: Terms, *, at_us: int) -> None:
    """A shop sells online on these terms from now on; orders that were placed keep theirs. A closed one sells nothing:
    ``Conflict`` ``places.is_closed``."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(shop)
    (places.in_use if terms.open else places.get)(tx, by, shop)
    for place in terms.fetch_at:
        places.in_use(tx, by, place)
    _check(terms)
    records.set_terms(tx, shop, msgspec.json.encode(terms).decode(), at_us)


def terms_of(tx: Tx, shop: str) -> Terms:
    """Raises ``Conflict`` where the shop does not sell online."""
    kept = records.terms_of(tx, shop)
    terms = None if kept is None else msgspec.json.decode(kept, type=Terms)
    if terms is None or not terms.open:
        raise Conflict(
            "storefront.not_online",
            ko="이 가게는 지금 온라인 주문을 받지 않습니다.",
            en="This shop takes no orders online now.",
            next_ko="다른 가게를 고르거나 나중에 다시 오세요.",
            next_en="Choose another shop, or come back later.",
            shop=shop,
        )
    return terms


def kept_terms(tx: Tx, shop: str) -> Terms | None:
    """A shop's terms, also where it takes no orders now; None where none were ever set."""
    kept = records.terms_of(tx, shop)
    return None if kept is None else msgspec.json.decode(kept, type=Terms)


def sells_online(tx: Tx) -> dict[str, Terms]:
    """Every shop that takes orders, by id."""

    def read() -> dict[str, Terms]:
        kept = {shop: msgspec.json.decode(body, type=Terms) for shop, body in records.all_terms(tx)}
        return {shop: terms for shop, terms in kept.items() if terms.open}

    return dict(tx.made((records.terms.name,), "online", read, tx.neighbourhood))


def _check(terms: Terms) -> None:
    amounts = (terms.fee_krw, terms.return_fee_krw, terms.free_from_krw or 0, terms.min_order_krw)
    windows_ok = all(
        0 <= w.from_min < w.until_min <= 24 * 60 and w.orders_max >= 0 and set(w.weekdays) <= set(range(7))
        for w in terms.windows
    )
    starts = [(w.way, day, w.from_min) for w in terms.windows for day in w.weekdays]
    if min(amounts) < 0 or max(amounts) > KRW_MAX or not windows_ok or len(set(starts)) < len(starts):
        raise Invalid(
            "storefront.bad_terms",
            ko="온라인 판매 조건이 맞지 않습니다: 금액, 시간대의 시각과 수, 같은 시각의 시간대를 보세요.",
            en="These terms cannot be: look at the amounts, at windows' times, and for two that begin together.",
            next_ko="고쳐서 다시 저장하세요.",
            next_en="Correct and save them again.",
        )
