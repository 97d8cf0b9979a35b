"""Disputes: a shopper says a line is wrong; small claims are paid back at once, larger ones wait for a person.

A process that takes part has a transition into its disputed state with the action ``deals.dispute`` and one out of it
with the action ``deals.refund``. The claim lies in the deal's data under ``dispute`` until it is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from madang.db import Tx
from madang.deals import receipts, service
from madang.deals.lines import GiveBack, given_back
from madang.deals.links import unknown
from madang.deals.model import Deal
from madang.deals.registry import Registry, deal_key, declared
from madang.kernel import Actor, Conflict, Role, derived, system
from madang.kernel.clock import DAY_US
from madang.payments import till


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How far a claim is believed without a look: won for one claim, and for all of a person's refunds in 30 days but
    for those whose reason is ``unasked``, which were nobody's claim."""

    at_once_krw: int = 30_000
    at_once_30d_krw: int = 60_000
    unasked: str | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a shopper wants back, as the deal remembers it."""

    receipt: UUID
    lines: tuple[GiveBack, ...]
    claim_krw: int
    at_us: int
    reason: str = ""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a claim: ``at_once`` when the money is back already, else a person will look at it."""

    deal: Deal
    claim_krw: int
    at_once: bool


def at_once(claim_krw: int, refunded_30d_krw: int, policy: Policy) -> bool:
    """Whether a claim is paid back without a look."""
    return claim_krw <= policy.at_once_krw and refunded_30d_krw + claim_krw <= policy.at_once_30d_krw


def dispute(
    tx: Tx,
    by: Actor,
    deal: UUID,
    receipt: UUID,
    lines: Sequence[GiveBack],
    *,
    id: UUID,
    at_us: int,
    reason: str = "",
    policy: Policy | None = None,
    transition: str = "dispute",
    refund: str = "refund",
    kept: str = "dispute",
    registry: Registry = declared,
) -> Decided:
    """Dispute some lines of a receipt: the deal makes ``transition`` and, within the policy, ``refund`` right after.
    ``kept`` names the new claim in what ``transition`` changes.

    The same ``id`` again does nothing and says the same. Raises ``Conflict`` where the deal's state does not allow it,
    ``Invalid`` for lines of which less is left.
    """
    move_back = derived("deals.refund_at_once", id)
    args = {"receipt": receipt, "lines": [msgspec.to_builtins(line) for line in lines], "reason": reason}
    before = service.made(tx, by, id)
    moved = service.move(tx, by, deal, transition, id=id, at_us=at_us, args=args, registry=registry)
    if before is not None:
        claim = msgspec.convert(before.changes[kept], Claim)
        return Decided(deal=moved, claim_krw=claim.claim_krw, at_once=service.made(tx, by, move_back) is not None)
    claim = msgspec.convert(moved.data[kept], Claim)
    policy = policy or Policy()
    back_30d = receipts.refunded_krw(tx, by, moved.subject, at_us - 30 * DAY_US, but_for=policy.unasked)
    small = at_once(claim.claim_krw, back_30d, policy)
    if small:
        ours = system(tx.neighbourhood, "deals.disputes")
        moved = service.move(tx, ours, deal, refund, id=move_back, at_us=at_us, registry=registry)
    return Decided(deal=moved, claim_krw=claim.claim_krw, at_once=small)


def claim_of(deal: Deal) -> Claim:
    """The open claim of a disputed deal. Raises ``Conflict`` where there is none."""
    kept = deal.data.get("dispute")
    if kept is None:
        raise no_claim()
    return msgspec.convert(kept, Claim)


def no_claim() -> Conflict:
    """The error of a decision about a claim that does not wait (any more)."""
    return Conflict(
        "deals.no_claim",
        ko="이 거래에는 처리할 이의가 없습니다.",
        en="This deal has no open claim.",
        next_ko="거래의 상태를 확인하세요.",
        next_en="Check the state of the deal.",
    )


@declared.action("deals.dispute")
def keep_claim(tx: Tx, by: Actor, deal: Deal, args: dict[str, Any], at_us: int) -> dict[str, Any]:
    """Action: check a claim (args: receipt, lines, reason) and remember it."""
    lines = msgspec.convert(args["lines"], tuple[GiveBack, ...])
    receipt = receipts.get(tx, by, UUID(args["receipt"]))
    if receipt.deal != deal.id:
        raise unknown()
    worth = receipts.claim_krw(tx, by, receipt.id, lines)
    if worth <= 0:
        raise receipts.nothing_left()
    claim = Claim(receipt=receipt.id, lines=lines, claim_krw=worth, at_us=at_us, reason=args.get("reason", ""))
    return {"dispute": msgspec.to_builtins(claim)}


@declared.action("deals.refund")
def pay_back(tx: Tx, by: Actor, deal: Deal, args: dict[str, Any], at_us: int) -> dict[str, Any]:
    """Action: give back what was claimed, or the ``lines`` in args that a reviewer settled on; to what had paid."""
    by.need(Role.OPERATOR, Role.STAFF)
    claim = claim_of(deal)
    lines = msgspec.convert(args["lines"], tuple[GiveBack, ...]) if "lines" in args else claim.lines
    id_ = derived("deals.refund", deal.id, deal.moves)
    back = receipts.refund(tx, by, claim.receipt, lines, id=id_, at_us=at_us, reason=claim.reason or "dispute")
    till.give_back(
        tx, system(tx.neighbourhood, "deals"), id=id_, sale=claim.receipt, person=back.person, shop=back.shop,
        split=-back.split, lines=given_back(back), cause=deal_key(deal.id), at_us=at_us,
    )  # fmt: skip
    refunded = int(deal.data.get("refunded_krw", 0)) - back.total_krw
    return {"dispute": None, "refund": str(back.id), "refunded_krw": refunded}


@declared.action("deals.drop_claim")
def drop_claim(_tx: Tx, _by: Actor, _deal: Deal, args: dict[str, Any], _at_us: int) -> dict[str, Any]:
    """Action: a reviewer found the receipt right; the claim is put aside."""
    return {"dispute": None, "claim_rejected": args.get("reason", "")}
