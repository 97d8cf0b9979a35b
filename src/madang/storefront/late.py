"""What time does to an order that somebody should have acted on: it is marked late, and who must know is told.

The timers of the process look; ``deadlines`` says whether a limit of the law is over. A look that comes too early sets
the next at the limit itself. What is late stays marked in its state, is counted on the console's overview and told
again every week.
"""

from __future__ import annotations

from typing import Any

import msgspec

from madang import deals, journal
from madang.db import Tx
from madang.deals import Deal, timers
from madang.deals.registry import declared
from madang.kernel import Actor, derived, system
from madang.kernel.clock import DAY_US
from madang.storefront import deadlines, facts
from madang.storefront.model import Claim, Order

Data = dict[str, Any]
AGAIN_US = 7 * DAY_US
TOGETHER_US = DAY_US // 2


@declared.action("order.look")
def look(tx: Tx, _by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Paid or packed: three working days after the payment the shop is told that it is late, after seven days the
    buyer too (전자상거래법 §15)."""
    order = _order(deal)
    act_by, deliver_by = deadlines.act_by_us(order), deadlines.deliver_by_us(order)
    if at_us < act_by:
        return _look_at(tx, deal, act_by)
    if at_us < deliver_by:
        return _late(tx, deal, act_by, at_us, tells=("shop",), again_us=deliver_by)
    return _late(tx, deal, act_by, at_us, tells=("shop", "buyer"))


@declared.action("order.look_shipped")
def look_shipped(tx: Tx, _by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Sent, and nobody said that it arrived: in the end it counts as delivered, so that the buyer's days of withdrawal
    begin and the shop is paid. Goods for adults wait for whoever saw an identity card."""
    order = _order(deal)
    arrives = deadlines.arrives_us(order, deal.entered_at_us)
    if at_us < arrives:
        return _look_at(tx, deal, arrives)
    if not order.adult:
        timers.again(tx, deal, "arrived", at_us)
        return {}
    return _late(tx, deal, arrives, at_us, tells=("shop",))


@declared.action("order.arrived")
def arrived(_tx: Tx, _by: Actor, _deal: Deal, _args: Data, at_us: int) -> Data:
    """It counts as delivered from now on."""
    return {"delivered_at_us": at_us}


@declared.action("order.look_returning")
def look_returning(tx: Tx, _by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Goods that are here again must be paid back within three working days (§18(2)); those that do not come at all
    want a decision."""
    claim = _claim(deal)
    due = _return_due_us(claim)
    if at_us < due:
        return _look_at(tx, deal, due)
    return _late(tx, deal, due, at_us, tells=("shop",) if claim.back_at_us is None else ("shop", "buyer"))


@declared.action("order.got_back")
def got_back(tx: Tx, _by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """The goods are with the shop again: from now on three working days to pay them back."""
    claim = _claim(deal)
    if claim.back_at_us is not None:
        return {}
    claim = msgspec.structs.replace(claim, back_at_us=at_us)
    _look_at(tx, deal, _return_due_us(claim))
    return {"claim": msgspec.to_builtins(claim), "late": None, "late_since_us": None}


def interest_krw(order: Order, refund_krw: int, now_us: int) -> int:
    """What the shop owes beside the refund of an open claim, because it pays back late (시행령 §21의3)."""
    if order.claim is None or order.claim.back_at_us is None:
        return 0
    return deadlines.interest_krw(refund_krw, deadlines.refund_by_us(order.claim.back_at_us), now_us)


def _return_due_us(claim: Claim) -> int:
    if claim.back_at_us is None:
        return claim.at_us + deadlines.SEND_BACK_D * DAY_US
    return deadlines.refund_by_us(claim.back_at_us)


def _look_at(tx: Tx, deal: Deal, due_us: int) -> Data:
    timers.again(tx, deal, f"look_{deal.state}", due_us)
    return {}


def _late(
    tx: Tx, deal: Deal, since_us: int, at_us: int, *, tells: tuple[str, ...], again_us: int | None = None
) -> Data:
    """Mark and tell; looks that come together (after a standstill) tell once."""
    order = _order(deal)
    if order.late == deal.state and at_us < (order.late_told_us or 0) + TOGETHER_US:
        return {}
    _look_at(tx, deal, again_us or at_us + AGAIN_US)
    body = facts.Late(order=str(deal.id), state=deal.state, since_us=since_us, tells=tells)
    key, id = deals.deal_key(deal.id), derived("storefront.late", deal.id, deal.moves)
    ours = system(tx.neighbourhood, "storefront")
    journal.append(tx, ours, body, id=id, at_us=at_us, subject=key, shop=deal.shop, cause=key)
    return {"late": deal.state, "late_since_us": since_us, "late_told_us": at_us}


def _order(deal: Deal) -> Order:
    return msgspec.convert(deal.data, Order)


def _claim(deal: Deal) -> Claim:
    claim = _order(deal).claim
    assert claim is not None, "an order that comes back has a claim"
    return claim
