"""What a shopper can pay with at a checkout: each means with what it holds, what of it can pay here, and the reason
where it cannot; and the wish that a page begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from madang import ledger, payments, vouchers
from madang.db import Tx
from madang.kernel import Actor, NotFound
from madang.payments import Part, Tender, gift_cards, preferences
from madang.storefront.tender import CARD, VOUCHER, WALLET, Wish


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase of vouchers: what is left to spend of it, and until when."""

    free_krw: int
    until_us: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One means of somebody's. ``can_krw`` of ``has_krw`` can pay here; ``why`` says in both languages what stands in
    the way of the rest. ``shops`` are those whose goods it can pay (empty: all)."""

    field: str
    means: str
    ref: str = ""
    name_ko: str = ""
    name_en: str = ""
    has_krw: int
    can_krw: int
    use_krw: int
    held_krw: int = 0
    over_krw: int = 0
    until_us: int | None = None
    lots: tuple[Lot, ...] = ()
    shops: tuple[str, ...] = ()
    why: tuple[tuple[str, str, str], ...] = ()
    """(shop or empty, Korean, English)."""


class Purse(msgspec.Struct, frozen=True, kw_only=True):
    """``rest`` are the means that may pay what is left, the one the page begins with first in ``chosen``."""

    rows: tuple[Row, ...]
    rest: tuple[str, ...]
    chosen: Wish
    wallet_krw: int | None

    def heard(self, wish: Wish) -> Wish:
        """A wish with a rest only by what is offered."""
        return _heard(wish, self.rest)

    @property
    def takes(self) -> dict[str, tuple[str, ...]]:
        return {row.ref: row.shops for row in self.rows if row.means == VOUCHER}


EXPIRED = ("", "유효기간이 지났습니다.", "Its time is over.")


def open_purse(
    tx: Tx, by: Actor, totals: Mapping[str, int], *, means: Sequence[str], member: bool, at_us: int, room_krw: int = 0
) -> Purse:
    """What the caller can pay ``totals`` (won by shop) with. ``means`` are those that may pay a rest; ``room_krw`` is
    what may still be added (a fee that depends on a choice), so that a wallet that has enough is chosen with room."""
    has_krw = ledger.balance(tx, payments.wallet(by.key)).available if member else None
    left = dict(totals)
    order = (preferences.preferred(tx, by.key) if member else None) or preferences.MEANS
    offers = vouchers.offers(tx, by, list(totals), at_us=at_us) if member else []
    rows = [_voucher(offer, left, of_itself=VOUCHER in order) for offer in offers]
    open_krw = sum(left.values())
    for card, card_krw in gift_cards.mine(tx, by):
        if card_krw:
            row = _card(card, card_krw, open_krw if CARD in order or not member else 0, at_us)
            rows.append(row)
            open_krw -= row.use_krw
    rest = _rest(means, member)
    return Purse(rows=tuple(rows), rest=rest, chosen=_wish(rows, rest, has_krw, open_krw, room_krw), wallet_krw=has_krw)


def heard(wish: Wish, means: Sequence[str], *, member: bool) -> Wish:
    """A wish with a rest only by what a purse would offer, without opening it."""
    return _heard(wish, _rest(means, member))


def takes(tx: Tx, by: Actor, totals: Mapping[str, int], *, at_us: int) -> dict[str, tuple[str, ...]]:
    """The shops that take each programme of the caller's vouchers."""
    return {offer.programme.id: offer.shops for offer in vouchers.offers(tx, by, list(totals), at_us=at_us)}


def _rest(means: Sequence[str], member: bool) -> tuple[str, ...]:
    """What may pay a rest: a wallet is a member's."""
    return tuple(one for one in means if one != WALLET or member)


def _heard(wish: Wish, rest: Sequence[str]) -> Wish:
    return wish if wish.rest in rest else msgspec.structs.replace(wish, rest="")


def named(tx: Tx, by: Actor, parts: Sequence[Part | Tender]) -> dict[int, tuple[str, str]]:
    """What tells a part, by its number, apart beside its means: a programme's name, a card's last signs."""
    found = {}
    programmes = {one.id: one for one in vouchers.programmes(tx, by)} if parts else {}
    for number, part in enumerate(parts, 1):
        if part.means == VOUCHER and (one := programmes.get(vouchers.where(part.ref, "")[0])):
            found[number] = (one.name_ko, one.name_en)
        elif part.means == CARD and (tail := _tail(tx, by, part.ref)):
            found[number] = (tail, tail)
    return found


def _tail(tx: Tx, by: Actor, ref: str) -> str:
    try:
        return "···· " + gift_cards.get(tx, by, UUID(ref)).tail
    except (ValueError, NotFound):
        return ""


def _voucher(offer: vouchers.Offer, left: dict[str, int], *, of_itself: bool) -> Row:
    room = sum(left[shop] for shop in offer.shops)
    use = min(offer.free_krw, room) if of_itself else 0
    spread = use
    for shop in offer.shops:
        krw = min(spread, left[shop])
        left[shop] -= krw
        spread -= krw
    why = [(shop, ko, en) for shop, (ko, en) in offer.refused.items()]
    if offer.over_krw and not offer.free_krw:
        why = [EXPIRED]
    lots = tuple(Lot(free_krw=x.free_krw, until_us=x.expires_us) for x in offer.lots if x.free_krw)
    return Row(
        field=f"pay.{VOUCHER}.{offer.programme.id}", means=VOUCHER, ref=offer.programme.id,
        name_ko=offer.programme.name_ko, name_en=offer.programme.name_en, has_krw=offer.free_krw,
        can_krw=min(offer.free_krw, room), use_krw=use, held_krw=offer.held_krw, over_krw=offer.over_krw,
        until_us=min((x.until_us for x in lots), default=None), lots=lots, shops=offer.shops, why=tuple(why),
    )  # fmt: skip


def _card(card: gift_cards.Card, has_krw: int, open_krw: int, at_us: int) -> Row:
    over = at_us >= card.expires_at_us
    can = 0 if over else has_krw
    tail = f"···· {card.tail}"
    return Row(
        field=f"pay.{CARD}.{card.id}", means=CARD, ref=str(card.id), name_ko=tail, name_en=tail, has_krw=has_krw,
        can_krw=can, use_krw=min(can, open_krw), until_us=card.expires_at_us, why=(EXPIRED,) if over else (),
    )  # fmt: skip


def _wish(rows: Sequence[Row], rest: Sequence[str], wallet_krw: int | None, open_krw: int, room_krw: int) -> Wish:
    """Vouchers first, then gift cards, then the wallet, the rest by card: the wallet alone where it is enough."""
    outside = [one for one in rest if one != WALLET]
    enough = wallet_krw is not None and WALLET in rest and (wallet_krw >= open_krw + room_krw or not outside)
    return Wish(
        vouchers={row.ref: row.use_krw for row in rows if row.means == VOUCHER},
        cards={row.ref: row.use_krw for row in rows if row.means == CARD},
        wallet_krw=0 if enough or wallet_krw is None else min(wallet_krw, open_krw),
        rest=WALLET if enough else next(iter(outside), ""),
    )
