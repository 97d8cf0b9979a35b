"""Several claims at once on one visit: from version 3 of its process a line can be called wrong while others wait.

``dispute`` in the deal's data is the claim that is decided next (the oldest that waits), ``claimed`` its lines by their
number in the visit, ``behind`` the claims that wait behind it, oldest first. Each has its own days: what nobody answers
is paid back when its own time is over. What decides one of several stays in ``disputed`` and is a step of its own
(``ONE``), for a transition has one target.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from madang.db import Tx
from madang.deals import disputes, timers
from madang.deals import service as deals
from madang.deals.disputes import Claim
from madang.deals.model import Deal
from madang.deals.pages import already_said
from madang.deals.registry import declared
from madang.kernel import Actor, Conflict
from madang.walkout import facts, visit_lines
from madang.walkout.process import DISPUTE_US, PAID
from madang.walkout.settling import tell

Data = dict[str, Any]
SINCE = 3
"""The version of the walk-out process from which on a visit has several claims."""
ONE = {"refund": "refund_one", "decline": "decline_one"}
"""What decides a claim while others wait, by what decides the last one."""
MORE = {"dispute": "dispute_more", "appeal": "appeal_more"}
"""What adds a claim while others wait, by what makes the first one."""


def open_claims(deal: Deal) -> list[Claim]:
    """What a shopper wants back and nobody has decided yet, what is decided next first."""
    kept = [deal.data["dispute"]] if deal.data.get("dispute") else []
    return [msgspec.convert(one, Claim) for one in (*kept, *(deal.data.get("behind") or ()))]


def takes_words(deal: Deal) -> bool:
    """Whether lines of the visit's receipts can be called wrong now."""
    return deal.state in PAID or (deal.state == "disputed" and deal.version >= SINCE)


def step_of(tx: Tx, by: Actor, deal: Deal, name: str, id: UUID) -> str:
    """The transition by which a step is made: another one while (more) claims wait. What was made under this id before
    stays what it was."""
    other = ONE.get(name) or MORE[name]
    before = deals.made(tx, by, id)
    if before is not None:
        return other if before.transition == other else name
    if deal.version < SINCE or deal.state != "disputed":
        return name
    return other if name in MORE or len(open_claims(deal)) > 1 else name


def need(deal: Deal, claimed: int | None) -> None:
    """Raises ``Conflict`` ``deals.no_claim`` where the claim that is decided next is not the one somebody has seen
    (a line's number in the visit; None: they did not say)."""
    if claimed is not None and claimed not in (deal.data.get("claimed") or ()):
        raise disputes.no_claim()


# --- adding ---------------------------------------------------------------------------------------------------------
@declared.action("walkout.dispute_more")
def dispute_more(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """One more claim (args as of ``deals.dispute``), about lines that no open one is about."""
    claim = msgspec.convert((disputes.keep_claim(tx, by, deal, args, at_us) or {})["dispute"], Claim)
    lines = visit_lines.of_claim(deal, claim)
    changes = added(tx, deal, claim, at_us)
    for number, line in zip(lines, claim.lines, strict=True):
        body = facts.Disputed(
            visit=str(deal.id), line=number, qty=line.qty, reason=claim.reason, amount_krw=claim.claim_krw
        )
        tell(tx, by, deal, body, at_us, "line", number)
    return changes | {"objected": [*deal.data.get("objected", []), *lines]}


def added(tx: Tx, deal: Deal, claim: Claim, at_us: int) -> Data:
    """The changes by a claim that waits behind others, which time decides on a day of its own. Raises ``Conflict`` for
    lines that an open claim is about, and ``walkout.being_decided`` (see there)."""
    there = open_claims(deal)
    busy = {line for one in there for line in visit_lines.of_claim(deal, one)}
    if busy & set(visit_lines.of_claim(deal, claim)):
        raise already_said()
    if being_decided(deal, at_us):
        raise _in_a_moment()
    timers.again(tx, deal, "look_disputed", at_us + DISPUTE_US)
    new = msgspec.to_builtins(claim)
    return {"behind": [*(deal.data.get("behind") or ()), new], "newest": new}


# --- deciding -------------------------------------------------------------------------------------------------------
@declared.action("walkout.of_several")
def of_several(_tx: Tx, _by: Actor, deal: Deal, _args: Data, _at_us: int) -> Data:
    """This step leaves other claims open. Raises ``Conflict`` where it would not."""
    if len(open_claims(deal)) < 2:
        raise disputes.no_claim()
    return {}


@declared.action("walkout.of_one")
def of_one(_tx: Tx, _by: Actor, deal: Deal, _args: Data, _at_us: int) -> Data:
    """This step decides the last open claim. Raises ``Conflict`` while others wait."""
    if len(open_claims(deal)) > 1:
        raise disputes.no_claim()
    return {}


@declared.action("walkout.newest_first")
def newest_first(_tx: Tx, _by: Actor, deal: Deal, _args: Data, _at_us: int) -> Data:
    """The claim that was just made is decided now; the others go on waiting."""
    *behind, newest = deal.data["behind"]
    return _next(deal, [newest, deal.data["dispute"], *behind]) | {"newest": None}


@declared.action("walkout.next_claim")
def next_claim(_tx: Tx, _by: Actor, deal: Deal, _args: Data, _at_us: int) -> Data:
    """One is decided: the oldest that waits is next."""
    return _next(deal, deal.data["behind"])


@declared.action("walkout.look_disputed")
def look_disputed(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """A claim's time is over: it is paid back, by a step of its own where it is the last; one in each step."""
    there = open_claims(deal)
    late = over(there, at_us)
    if not late:
        return {}
    if len(there) == 1:
        timers.again(tx, deal, "refund", at_us)
        return {}
    waiting = _turned(deal, late[0])
    changes = _next(deal, waiting)
    for action in ("deals.refund", "walkout.refunded"):
        there_now = msgspec.structs.replace(deal, data=deal.data | changes)
        changes.update(declared.run(action)(tx, by, there_now, args, at_us) or {})
    if over([one for one in there if one != late[0]], at_us):
        timers.again(tx, deal, "look_disputed", at_us + 1)
    return changes | _next(deal, waiting[1:])


def being_decided(deal: Deal, at_us: int) -> bool:
    """Whether time pays the only open claim back in a moment, by a step that there are no others beside: until that is
    made (the shop's machine may have been down) nothing can be added."""
    there = open_claims(deal)
    return deal.state == "disputed" and len(there) == 1 and bool(over(there, at_us))


def _in_a_moment() -> Conflict:
    return Conflict(
        "walkout.being_decided",
        ko="이 방문에서 먼저 알려 주신 상품을 지금 처리하고 있습니다.",
        en="What was reported of this visit before is being settled right now.",
        next_ko="잠시 뒤에 다시 알려 주세요.",
        next_en="Say it again in a moment.",
    )


def over(there: list[Claim], at_us: int) -> list[Claim]:
    """The claims whose days are over."""
    return [one for one in there if at_us >= one.at_us + DISPUTE_US]


def _turned(deal: Deal, first: Claim) -> list[Any]:
    """All open claims as the deal keeps them, one of them first."""
    kept = [msgspec.to_builtins(one) for one in open_claims(deal)]
    head = msgspec.to_builtins(first)
    return [head, *(one for one in kept if one != head)]


def _next(deal: Deal, waiting: list[Any]) -> Data:
    """The changes by which the first of those that wait is decided next."""
    head, *behind = waiting
    lines = visit_lines.of_claim(deal, msgspec.convert(head, Claim))
    return {"dispute": head, "claimed": lines, "behind": behind or None}
