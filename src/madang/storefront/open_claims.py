"""The open claims of an order: which of them a step is about, and how they change.

Up to version 4 of the process an order has one claim at a time (``claim``). From version 5 on it may have several
(``claims``), each with a number: while any is open the order is ``returning``, and the step that settles the last one
leaves that state. Steps that settle one of several are transitions of their own (``ONE``).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from madang import deals
from madang.db import Tx
from madang.deals import Deal
from madang.deals.registry import declared
from madang.kernel import Actor
from madang.storefront import faults
from madang.storefront.model import Claim, Line, Order

Data = dict[str, Any]
SINCE = 5
"""The version of the process from which on an order has several claims."""
ONE = {step: f"{step}_one" for step in ("take_back", "exchange", "decline", "withdraw_claim")}
"""What settles a claim while others stay open, by what settles the last one."""
AT_ONCE_MAX = 20
"""Open claims of one order: more would be a way of mailing the shop."""
STEPS = ("got_back", *ONE)
"""Steps that are about one claim (args: claim, its number; none where only one is open)."""


def of(order: Order, args: Data) -> Claim:
    """The claim that a step is about. Raises ``Invalid`` where several are open and none of them is named."""
    wanted = args.get("claim")
    found = order.open if wanted is None else tuple(one for one in order.open if one.number == int(wanted))
    if len(found) != 1:
        raise faults.which_claim([one.number for one in order.open])
    return found[0]


def added(deal: Deal, order: Order, claim: Claim) -> Data:
    """The changes of an order's data by a new claim. Raises ``Conflict`` where too many wait already."""
    if deal.version < SINCE:
        return {"claim": msgspec.to_builtins(claim)}
    if len(order.claims) >= AT_ONCE_MAX:
        raise faults.too_many_claims(AT_ONCE_MAX)
    number = order.claims_made + 1
    claim = msgspec.structs.replace(claim, number=number)
    return {"claims": msgspec.to_builtins((*order.claims, claim)), "claims_made": number}


def changed(order: Order, claim: Claim) -> Data:
    """The changes by a claim of which something is known now."""
    if order.claim is not None:
        return {"claim": msgspec.to_builtins(claim)}
    return {"claims": [msgspec.to_builtins(claim if one.number == claim.number else one) for one in order.claims]}


def closed(order: Order, claim: Claim) -> Data:
    """The changes by a claim that is settled."""
    if order.claim is not None:
        return {"claim": None}
    return {"claims": [msgspec.to_builtins(one) for one in order.claims if one.number != claim.number]}


def said(claim: Claim, goods: list[tuple[Line, int]]) -> Claim:
    """The claim with how much of each line it means: what "all of it" is must not grow or shrink with others."""
    amounts = {line.number: amount for line, amount in goods}
    wishes = tuple(msgspec.structs.replace(wish, amount=amounts[wish.line]) for wish in claim.lines)
    return msgspec.structs.replace(claim, lines=wishes)


def step_of(tx: Tx, by: Actor, order: Order, name: str, step: UUID) -> str:
    """The transition by which a step is made: another one while more claims are open. What was made under this id
    before stays what it was."""
    before = deals.made(tx, by, step)
    if before is not None and ONE.get(name) == before.transition:
        return before.transition
    return ONE[name] if name in ONE and before is None and len(order.open) > 1 else name


@declared.action("order.of_several")
def of_several(_tx: Tx, _by: Actor, deal: Deal, _args: Data, _at_us: int) -> Data:
    """This step leaves other claims open. Raises ``Conflict`` where it would not."""
    if len(msgspec.convert(deal.data, Order).open) < 2:
        raise faults.claims_differ()
    return {}


@declared.action("order.of_one")
def of_one(_tx: Tx, _by: Actor, deal: Deal, _args: Data, _at_us: int) -> Data:
    """This step settles the last open claim. Raises ``Conflict`` while there are others."""
    if len(msgspec.convert(deal.data, Order).open) > 1:
        raise faults.claims_differ()
    return {}
