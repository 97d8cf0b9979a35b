"""Which accounts the money of an order or a visit goes to, and comes from when it is given back: as settlement froze it
at the sale."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from madang import deals, settlement
from madang.catalog import Vat
from madang.catalog.sellers import sellers_of
from madang.db import Tx
from madang.deals import Deal, Receipt
from madang.deals.lines import given_back
from madang.deals.registry import declared
from madang.kernel import Actor
from madang.payments import Leg
from madang.settlement import PartyKind, SaleLine
from madang.storefront import forgetting
from madang.storefront.model import DELIVERY, Fulfilment
from madang.storefront.process import CLOSE_US
from madang.storefront.terms import kept_terms


class _Sold(msgspec.Struct, frozen=True):
    """What settlement needs to know of a paid order's data."""

    receipt: UUID
    fulfil: Fulfilment


def sale_legs(tx: Tx, ours: Actor, deal: Deal, *, at_us: int) -> list[Leg]:
    """Where the captured money of a paid order goes, line by line of its receipt. Beside the sellers take part: the hub
    where it is fetched at another place than the shop, the courier who brings it (the fee is theirs), the buyer's
    guild; who is not registered takes no part."""
    order = msgspec.convert(deal.data, _Sold)
    receipt = deals.receipts.get(tx, ours, order.receipt)
    courier = _courier(tx, deal.shop) if order.fulfil.way == "delivery" else None
    parties = _guild(tx, receipt)
    if order.fulfil.place is not None and order.fulfil.place != deal.shop:
        hub = f"{PartyKind.HUB}/{order.fulfil.place}"
        if settlement.is_party(tx, hub):
            parties[PartyKind.HUB.value] = hub
    if courier is not None:
        parties[PartyKind.COURIER.value] = courier
    lines = sale_lines(tx, receipt, courier)
    return settlement.sale_legs(tx, ours, sale=deal.id, shop=deal.shop, lines=lines, parties=parties, at_us=at_us)


def refund_legs(tx: Tx, ours: Actor, deal: Deal, back: Receipt, *, at_us: int) -> list[Leg]:
    """Where the money of a refund comes from: along the legs of the lines it gives back."""
    return settlement.refund_legs(tx, ours, sale=deal.id, refund=back.id, lines=given_back(back), at_us=at_us)


def fee_legs(tx: Tx, ours: Actor, deal: Deal, receipt: Receipt, *, at_us: int) -> list[Leg]:
    """Where the won of a fee go that is due at once (the buyer's way back): a sale of its own, confirmed as it is
    made."""
    legs = settlement.sale_legs(tx, ours, sale=receipt.id, shop=deal.shop, lines=sale_lines(tx, receipt), at_us=at_us)
    settlement.confirm(tx, ours, receipt.id, at_us=at_us)
    return legs


def visit_legs(tx: Tx, ours: Actor, receipt: Receipt) -> list[Leg] | None:
    """Where the money of a walk-out receipt goes, frozen under the receipt's own id; None where the shop sells for
    itself alone: then nothing is frozen, and it is the shop's income and tax of the day."""
    lines = sale_lines(tx, receipt)
    if not settlement.shared(tx, receipt.shop, lines):
        return None
    return settlement.sale_legs(
        tx, ours, sale=receipt.id, shop=receipt.shop, lines=lines, parties=_guild(tx, receipt), at_us=receipt.at_us
    )


def sale_lines(tx: Tx, receipt: Receipt, courier: str | None = None) -> list[SaleLine]:
    """A receipt's lines as settlement needs them: each with whoever its goods are sold for, the delivery fee with the
    courier."""
    sellers = sellers_of(tx, [line.product for line in receipt.lines])
    if courier is not None:
        sellers[DELIVERY] = courier
    known = {key for key in set(sellers.values()) if settlement.is_party(tx, key)}
    return [
        SaleLine(
            number=x.number, amount_krw=x.amount_krw, vat_krw=x.vat_krw if x.vat is Vat.TAXABLE else 0,
            exempt=x.vat is Vat.EXEMPT, seller=seller if (seller := sellers.get(x.product)) in known else None,
        )
        for x in receipt.lines
    ]  # fmt: skip


def _courier(tx: Tx, shop: str) -> str | None:
    terms = kept_terms(tx, shop)
    named = terms.courier if terms is not None else ""
    return named if named and settlement.is_party(tx, named) else None


def _guild(tx: Tx, receipt: Receipt) -> dict[str, str]:
    guild = settlement.guild_of(tx, receipt.person, receipt.shop)
    return {} if guild is None else {PartyKind.GUILD.value: guild}


@declared.action("order.confirmed")
def confirmed(tx: Tx, by: Actor, deal: Deal, _args: dict[str, Any], at_us: int) -> dict[str, Any]:
    """구매 확정: from now on the parties' shares have the day on which they are paid."""
    settlement.confirm(tx, by, deal.id, at_us=at_us)
    forgetting.when_over(tx, deal, at_us + CLOSE_US)
    return {}
