"""Carts: what somebody means to buy, of one shop or several. A guest's hangs on a cookie, a member's on their key."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from madang import catalog
from madang.catalog import SoldBy
from madang.db import Tx
from madang.kernel import Actor, Conflict, Invalid, Kind, NotFound, Role, derived
from madang.storefront import records
from madang.storefront.model import GRAMS_MAX, LINES_MAX, PIECES_MAX, CartLine


def shopper(by: Actor) -> Actor:
    """Somebody who shops: only ever for themselves, whatever else they may do here."""
    return Actor(Kind.PERSON, by.key, by.neighbourhood, frozenset({Role.SHOPPER, Role.NEIGHBOUR}))


def guest(neighbourhood: str, cookie: str) -> Actor:
    """A visitor as the owner of a cart and orders: their key follows from the cookie, which nobody else has."""
    return shopper(Actor(Kind.PERSON, str(derived("storefront.guest", neighbourhood, cookie)), neighbourhood))


def show(tx: Tx, by: Actor) -> list[CartLine]:
    """The caller's cart, by shop and in the order things were put in."""
    return records.cart_of(tx, by)


def put(tx: Tx, by: Actor, shop: str, sku: str, amount: int, *, at_us: int, add: bool = True) -> CartLine:
    """Put so much into the cart, or (``add`` False) make it so much. Raises ``NotFound``, ``Invalid``, ``Conflict``."""
    product = catalog.products(tx, by, [sku]).get(sku)
    if product is None or sku not in catalog.price_at(tx, by, [sku], at_us, shop=shop):
        raise _not_sold(sku)
    records_there = {(line.shop, line.sku): line for line in records.cart_of(tx, by)}
    known = records_there.get((shop, sku))
    wanted = amount + (known.amount if known is not None and add else 0)
    most = most_of(product.sold_by)
    if amount < 1 or wanted > most:
        raise _amount(most)
    if known is None and len(records_there) >= LINES_MAX:
        raise _full()
    line = CartLine(shop=shop, sku=sku, amount=wanted, added_at_us=known.added_at_us if known else at_us)
    records.put(tx, by.key, [line])
    return line


def take_out(tx: Tx, by: Actor, shop: str, sku: str) -> None:
    """Take a line out; one that is not there is out already."""
    records.take_out(tx, by.key, [CartLine(shop=shop, sku=sku, amount=0, added_at_us=0)])


def merge(tx: Tx, by: Actor, guest: Actor) -> int:
    """A guest has signed in: what was in their cart goes into the member's, amounts added up to the limits and no
    line lost. Gives how many lines came."""
    brought = records.cart_of(tx, guest)
    if not brought or by.key == guest.key:
        return 0
    by_weight = {
        id for id, p in catalog.products(tx, by, [x.sku for x in brought]).items() if p.sold_by is SoldBy.WEIGHT
    }
    own = {(line.shop, line.sku): line for line in records.cart_of(tx, by)}
    records.put(tx, by.key, merged(own, brought, by_weight))
    records.empty(tx, guest.key)
    return len(brought)


def merged(own: dict[tuple[str, str], CartLine], brought: Sequence[CartLine], by_weight: set[str]) -> list[CartLine]:
    """The lines of ``brought`` as they stand in the cart that takes them in. Pure."""
    out = []
    for line in brought:
        most = GRAMS_MAX if line.sku in by_weight else PIECES_MAX
        known = own.get((line.shop, line.sku))
        both = line.amount + (known.amount if known is not None else 0)
        first = line.added_at_us if known is None else min(known.added_at_us, line.added_at_us)
        out.append(msgspec.structs.replace(line, amount=min(most, both), added_at_us=first))
    return out


def most_of(sold_by: SoldBy) -> int:
    """The most a cart's line holds: pieces, or grams of what is sold by weight."""
    return GRAMS_MAX if sold_by is SoldBy.WEIGHT else PIECES_MAX


def _not_sold(sku: str) -> NotFound:
    return NotFound(
        "storefront.not_sold",
        ko="이 가게에서 팔지 않는 상품입니다.",
        en="This shop does not sell that.",
        next_ko="다른 가게를 고르거나 다른 상품을 담으세요.",
        next_en="Choose another shop or another product.",
        sku=sku,
    )


def _amount(most: int) -> Invalid:
    return Invalid(
        "storefront.bad_amount",
        ko=f"1에서 {most:,}까지 담을 수 있습니다.",
        en=f"From 1 to {most:,} can be put into the cart.",
        next_ko="수량을 고쳐 주세요.",
        next_en="Change the amount.",
        most=most,
    )


def _full() -> Conflict:
    return Conflict(
        "storefront.cart_full",
        ko=f"장바구니에는 {LINES_MAX}가지까지 담을 수 있습니다.",
        en=f"A cart holds {LINES_MAX} different goods at most.",
        next_ko="먼저 주문하거나 몇 가지를 빼 주세요.",
        next_en="Order first, or take some out.",
    )
