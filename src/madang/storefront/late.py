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
from madang.kernel.clock import DAY_US, HOUR_US
from madang.storefront import deadlines, facts, open_claims
from madang.storefront.model import Claim, Order
from madang.storefront.process import LOOK_US

Data = dict[str, Any]
AGAIN_US = 7 * DAY_US
TOGETHER_US = DAY_US // 2
SINCE = 3
"""The version of the process from which on time limits are looked at."""


def expect(tx: Tx, deal: Deal) -> Deal:
    """Have an order that was just paid or packed looked at when its time is over, where that is before the first look
    comes by itself: a window of today, or one that was over when it was packed (then there is an hour to send it)."""
    timer = f"look_{deal.state}"
    if deal.version >= SINCE and timer in ("look_paid", "look_packed"):
        due = max(deadlines.act_by_us(_order(deal)), deal.entered_at_us + HOUR_US)
        if due < deal.entered_at_us + LOOK_US:
            timers.sooner(tx, deal, timer, due)
    return deal


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
    dues = {claim.number: (return_due_us(claim), claim) for claim in _order(deal).open}
    over = [(due, claim) for due, claim in dues.values() if due <= at_us]
    for due, _ in dues.values():
        if due > at_us:
            _look_at(tx, deal, due)
    if not over:
        return {}
    here = any(claim.back_at_us is not None for _, claim in over)
    return _late(tx, deal, min(due for due, _ in over), at_us, tells=("shop", "buyer") if here else ("shop",))


@declared.action("order.got_back")
def got_back(tx: Tx, _by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """The goods of a claim (args: claim) are with the shop again: from now on three working days to pay them back."""
    order = _order(deal)
    claim = open_claims.of(order, args)
    if claim.back_at_us is not None:
        return {}
    here = msgspec.structs.replace(claim, back_at_us=at_us)
    look_for(tx, deal, here)
    return open_claims.changed(order, here) | without(deal, order, claim, at_us)


def look_for(tx: Tx, deal: Deal, claim: Claim) -> None:
    """Look at a claim when its time is over."""
    _look_at(tx, deal, return_due_us(claim))


def without(deal: Deal, order: Order, claim: Claim, at_us: int) -> Data:
    """What is late of an order once a claim no longer waits: whatever else is."""
    over = [due for one in order.open if one.number != claim.number and (due := return_due_us(one)) <= at_us]
    still = bool(over) and order.late == deal.state
    return {"late": deal.state if still else None, "late_since_us": min(over) if still else None}


def interest_krw(claim: Claim, refund_krw: int, now_us: int) -> int:
    """What the shop owes beside the refund of a claim, because it pays back late (시행령 §21의3)."""
    if claim.back_at_us is None:
        return 0
    return deadlines.interest_krw(refund_krw, deadlines.refund_by_us(claim.back_at_us), now_us)


def return_due_us(claim: Claim) -> int:
    """When the shop must have decided a claim."""
    if claim.back_at_us is None:
        return claim.at_us + deadlines.SEND_BACK_D * DAY_US
    return deadlines.refund_by_us(claim.back_at_us)


def _look_at(tx: Tx, deal: Deal, due_us: int) -> Data:
    timers.again(tx, deal, f"look_{deal.state}", due_us)
    return {}


def _late(
    tx: Tx, deal: Deal, since_us: int, at_us: int, *, tells: tuple[str, ...], again_us: int | None = None
) -> Data:
    """Mark and tell; looks that come together (after a standstill, or because it was packed late) tell once."""
    order = _order(deal)
    told_lately = at_us < (order.late_told_us or 0) + TOGETHER_US
    if told_lately and order.late == deal.state:
        return {}
    _look_at(tx, deal, again_us or at_us + AGAIN_US)
    if told_lately and (order.late, deal.state) == ("paid", "packed"):
        return {"late": deal.state, "late_since_us": since_us}
    body = facts.Late(order=str(deal.id), state=deal.state, since_us=since_us, tells=tells)
    key, id = deals.deal_key(deal.id), derived("storefront.late", deal.id, deal.moves)
    ours = system(tx.neighbourhood, "storefront")
    journal.append(tx, ours, body, id=id, at_us=at_us, subject=key, shop=deal.shop, cause=key)
    return {"late": deal.state, "late_since_us": since_us, "late_told_us": at_us}


def _order(deal: Deal) -> Order:
    return msgspec.convert(deal.data, Order)
