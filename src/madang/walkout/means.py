"""Which of a shopper's means pay when they walk out: in the order they have chosen, the wallet for what is left."""

from __future__ import annotations

from madang import ledger, payments, vouchers
from madang.db import Tx
from madang.kernel import Actor, Kind
from madang.payments import Part, gift_cards
from madang.payments.preferences import preferred

PARTS_MAX = 6


def parts_of(tx: Tx, person: str, shop: str, total_krw: int, at_us: int) -> list[Part]:
    """What each means pays of a sale, without what is left for the wallet; nothing where only the wallet is chosen."""
    order = preferred(tx, person)
    if order in (None, ("wallet",)):
        return []
    assert order is not None
    by = Actor(Kind.PERSON, person, tx.neighbourhood)
    left, found = total_krw, list[Part]()
    for means in order:
        if means == "wallet":
            left -= min(left, ledger.balance(tx, payments.wallet(person)).available)
            continue
        for ref, has_krw in _held(tx, by, means, shop, at_us):
            krw = min(left, has_krw)
            if krw and len(found) < PARTS_MAX:
                found.append(Part(means, krw, ref))
                left -= krw
    return found


def _held(tx: Tx, by: Actor, means: str, shop: str, at_us: int) -> list[tuple[str, int]]:
    if means == "voucher":
        offers = vouchers.offers(tx, by, [shop], at_us=at_us)
        return [(offer.programme.id, offer.free_krw) for offer in offers if offer.shops]
    cards = gift_cards.mine(tx, by)
    return [(str(card.id), krw) for card, krw in cards if at_us < card.expires_at_us]
