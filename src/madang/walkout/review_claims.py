"""Who is looking at a visit that waits: kept for one person at a time, for a while."""

from __future__ import annotations

from uuid import UUID

from madang.db import Tx
from madang.deals import service as deals
from madang.kernel import Actor, Conflict, Role
from madang.kernel.clock import MINUTE_US
from madang.walkout import review_records
from madang.walkout.review import not_waiting
from madang.walkout.review_records import Claim

CLAIM_US = 3 * MINUTE_US
"""A visit is kept for whoever opened it so long; every look at it begins the time anew."""


def hold(tx: Tx, by: Actor, shop: str, deal: UUID, holder: str, at_us: int) -> Claim:
    """Keep a visit for ``holder`` for a while; gives the claim that holds, theirs or another's. Raises ``NotFound``
    where the visit does not wait."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(shop)
    if deals.get(tx, by, deal).state not in ("in_review", "disputed"):
        raise not_waiting()
    there = review_records.claim(tx, shop, deal)
    live = there is not None and there.until_us > at_us
    if there is not None and live and there.holder != holder:
        return there
    opened_us = there.opened_at_us if there is not None and live else at_us
    mine = Claim(deal, holder, opened_us, at_us + CLAIM_US)
    review_records.put_claims(tx, shop, [mine])
    return mine


def need_hold(tx: Tx, by: Actor, shop: str, deal: UUID, holder: str, at_us: int) -> Claim | None:
    """The holder's claim, if there is one. Raises ``Conflict`` while somebody else looks at the visit."""
    by.need_shop(shop)
    there = review_records.claim(tx, shop, deal)
    if there is not None and there.until_us > at_us and there.holder != holder:
        raise Conflict(
            "walkout.claimed",
            ko="다른 사람이 이 방문을 보고 있습니다.",
            en="Somebody else is looking at this visit.",
            next_ko="다음 것을 보거나, 잠시 뒤에 다시 여세요.",
            next_en="Take the next one, or open it again in a moment.",
            until_us=there.until_us,
        )
    return there if there is not None and there.holder == holder else None


def leave(tx: Tx, by: Actor, shop: str, deal: UUID, holder: str) -> None:
    """The holder goes on without an answer; what somebody else holds stays theirs."""
    by.need_shop(shop)
    there = review_records.claim(tx, shop, deal)
    if there is not None and there.holder == holder:
        review_records.drop_claims(tx, shop, [deal])


def let_go(tx: Tx, by: Actor, shop: str, deal: UUID) -> None:
    """The visit is decided: nobody needs to look any more."""
    by.need_shop(shop)
    review_records.drop_claims(tx, shop, [deal])
