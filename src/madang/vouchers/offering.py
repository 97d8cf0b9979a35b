"""What a person's vouchers can pay where: shown before they choose, with the reason where it is nothing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from madang.db import Tx
from madang.kernel import Actor, MadangError
from madang.vouchers import issuing, records
from madang.vouchers.model import Lot, LotState, Programme


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody holds of a programme. ``free_krw`` can be spent, in ``shops`` only; ``held_krw`` is promised to
    other payments, ``over_krw`` lies in lots whose time is over. ``refused``: why each other shop cannot take it, in
    Korean and English."""

    programme: Programme
    lots: tuple[Lot, ...]
    free_krw: int
    held_krw: int
    over_krw: int
    shops: tuple[str, ...]
    refused: dict[str, tuple[str, str]]


def offers(tx: Tx, by: Actor, shops: Sequence[str], *, at_us: int) -> list[Offer]:
    """The programmes the caller holds something of, that which ends first before the others."""
    by.need_neighbourhood(tx.neighbourhood)
    lots = records.lots.c
    mine = records.some_lots(tx, lots.holder == by.key, lots.state == LotState.OPEN.value, lots.left_krw > 0)
    found = []
    for one in issuing.programmes(tx, by):
        held = [lot for lot in mine if lot.programme == one.id]
        if held:
            found.append(_offer(tx, one, held, shops, at_us))
    return sorted(found, key=lambda offer: (min((x.expires_us for x in offer.lots), default=2**62), offer.programme.id))


def _offer(tx: Tx, programme: Programme, held: Sequence[Lot], shops: Sequence[str], at_us: int) -> Offer:
    good = [lot for lot in held if at_us < lot.expires_us]
    taken, refused = [], {}
    for shop in shops:
        try:
            issuing.check_accepts(tx, programme.id, shop, at_us)
            taken.append(shop)
        except MadangError as error:
            refused[shop] = (error.ko, error.en)
    return Offer(
        programme=programme, lots=tuple(sorted(good, key=lambda lot: (lot.expires_us, lot.bought_us, lot.id.int))),
        free_krw=sum(lot.free_krw for lot in good), held_krw=sum(lot.held_krw for lot in held),
        over_krw=sum(lot.free_krw for lot in held if at_us >= lot.expires_us), shops=tuple(taken), refused=refused,
    )  # fmt: skip
