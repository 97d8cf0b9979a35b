"""How a total is paid by several means, and which order each won of them pays. Pure.

Vouchers pay first, only the goods of shops that take them; then gift cards, then what the wallet gives; what is left is
for one more means (``rest``). Wishes are "up to": what the goods do not need stays where it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from madang import vouchers
from madang.kernel import allocate
from madang.payments import Part
from madang.storefront import faults

VOUCHER, CARD, WALLET = "voucher", "gift_card", "wallet"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody means to pay: won by programme, by gift card, from the wallet; ``rest`` pays what is left (empty:
    nothing does)."""

    vouchers: dict[str, int] = {}
    cards: dict[str, int] = {}
    wallet_krw: int = 0
    rest: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a payment, and what nothing pays."""

    parts: tuple[Part, ...]
    missing_krw: int


def plan(wish: Wish, totals: Mapping[str, int], takes: Mapping[str, Sequence[str]]) -> Plan:
    """The parts that pay ``totals`` (won by shop) as wished; ``takes`` are the shops that take each programme.

    A wish for a programme that no shop takes is kept as it is, so that paying refuses it with the reason.
    """
    left, parts = dict(totals), list[Part]()
    for programme, wished in wish.vouchers.items():
        parts += _vouchers(programme, wished, left, takes.get(programme, ()))
    open_krw = sum(left.values())
    for card, wished in wish.cards.items():
        krw = min(wished, open_krw)
        open_krw -= krw
        parts += [Part(CARD, krw, card)] if krw else []
    wallet_krw = open_krw if wish.rest == WALLET else min(wish.wallet_krw, open_krw)
    open_krw -= wallet_krw
    parts += [Part(WALLET, wallet_krw)] if wallet_krw else []
    if open_krw and wish.rest:
        parts.append(Part(wish.rest, open_krw))
        open_krw = 0
    return Plan(parts=tuple(parts), missing_krw=open_krw)


def shares(parts: Sequence[Part], totals: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """What of each order (by shop) each part (by its number in the payment) pays: of a shop's vouchers only that
    shop's, of the others in proportion. Raises ``Invalid`` where vouchers pay more than the shop's goods."""
    first, found = next(iter(totals)), {shop: dict[str, int]() for shop in totals}
    left = dict(totals)
    others = list[tuple[str, int]]()
    for number, part in enumerate(parts, 1):
        if part.means != VOUCHER:
            others.append((str(number), part.amount_krw))
            continue
        _, shop = vouchers.where(part.ref, first)
        if part.amount_krw > left.get(shop, 0):
            raise faults.too_many_vouchers(left.get(shop, 0))
        left[shop] -= part.amount_krw
        found[shop][str(number)] = part.amount_krw
    for name, krw in others:
        if krw > sum(left.values()):
            break  # parts that do not add up to the total are refused by the payment itself
        for shop, share in zip(left, allocate(krw, list(left.values())), strict=True):
            left[shop] -= share
            if share:
                found[shop][name] = share
    return found


def back(amount_krw: int, paid_by: Mapping[str, int], paid_back: Mapping[str, int]) -> dict[int, int]:
    """What each part gives back of an order's refund: in proportion to what each has still paid of it."""
    numbers = sorted(paid_by, key=int)
    given = allocate(amount_krw, [paid_by[n] - paid_back.get(n, 0) for n in numbers])
    return {int(n): krw for n, krw in zip(numbers, given, strict=True) if krw}


def _vouchers(programme: str, wished: int, left: dict[str, int], shops: Sequence[str]) -> list[Part]:
    if wished and not shops:
        shop = next((one for one, krw in left.items() if krw), "")
        krw = min(wished, left.get(shop, 0))
        left[shop] = left.get(shop, 0) - krw
        return [Part(VOUCHER, krw, vouchers.ref_of(programme, shop))] if krw else []
    parts = []
    for shop in shops:
        krw = min(wished, left.get(shop, 0))
        if krw > 0:
            left[shop] -= krw
            wished -= krw
            parts.append(Part(VOUCHER, krw, vouchers.ref_of(programme, shop)))
    return parts
