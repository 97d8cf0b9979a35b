"""How much a shopper's word is worth at once: the limit up to which a dispute is paid back without a look.

It is the shop's limit. A dispute that a person declined is remembered; one in ``window_d`` days is forgiven, each
further one (at most one a visit counts) leaves ``share_pct`` of the limit. It is a bound on what is paid *without a
look*, never on disputing: whatever is above it, a person sees. It comes back by itself as time passes, and at once
when a declined dispute is appealed and upheld. The figures are our choice (no published rule was found); a shop may
open with others (``records.Rules.trust``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from madang import jobs, journal
from madang.db import Tx
from madang.deals.model import Deal
from madang.kernel import Actor, derived, system
from madang.kernel.clock import DAY_US
from madang.walkout import facts, records, review_records, visit_lines
from madang.walkout.records import Rules, Trust
from madang.walkout.settling import tell

Data = dict[str, Any]
TIMER = "walkout.trust"
ROUND_KRW = 100


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """What is paid back without a look now, the shop's own limit, how many declined disputes count, and when the
    limit rises by itself (None: it is the shop's)."""

    now_krw: int
    shop_krw: int
    declined: int = 0
    rises_at_us: int | None = None

    @property
    def lowered(self) -> bool:
        return self.now_krw < self.shop_krw


def limit(shop_krw: int, rule: Trust, declined_us: Iterable[int], at_us: int) -> Limit:
    """The limit at ``at_us`` of somebody whose disputes were declined at ``declined_us``; rounded down to 100 won."""
    window_us = rule.window_d * DAY_US
    counted = sorted(t for t in declined_us if at_us - window_us < t <= at_us)
    over = len(counted) - rule.forgiven
    if over <= 0:
        return Limit(now_krw=shop_krw, shop_krw=shop_krw, declined=len(counted))
    left = shop_krw * rule.share_pct**over // 100**over // ROUND_KRW * ROUND_KRW
    now = min(shop_krw, max(rule.least_krw, left))
    return Limit(now_krw=now, shop_krw=shop_krw, declined=len(counted), rises_at_us=counted[0] + window_us)


def limit_of(tx: Tx, shop: str, person: str, at_us: int) -> Limit:
    """The limit of a person in a shop."""
    rules = records.rules(tx, shop)
    assert rules is not None, "the shop is not open"
    return _limit(tx, shop, rules, person, at_us)


def lowered(tx: Tx, by: Actor, shop: str, at_us: int) -> list[tuple[str, Limit]]:
    """Everybody whose limit is below the shop's now, lowest first."""
    by.need_shop(shop)
    rules = records.rules(tx, shop)
    if rules is None:
        return []
    since_us = at_us - rules.trust.window_d * DAY_US
    people = review_records.people_declined(tx, shop, since_us)
    found = [(person, _limit(tx, shop, rules, person, at_us)) for person in people]
    return sorted([one for one in found if one[1].lowered], key=lambda one: (one[1].now_krw, one[0]))


def declined(tx: Tx, by: Actor, deal: Deal, lines: list[int], at_us: int) -> Data:
    """A person found a claim wrong; gives what the deal remembers of it."""
    before = limit_of(tx, deal.shop, deal.subject, at_us)
    new = [line for line in lines if review_records.add_declined(tx, deal.shop, deal.subject, deal.id, line, at_us)]
    rules = records.rules(tx, deal.shop)
    assert rules is not None
    if new:  # one that was declined before (an appeal) counts from then, and its timer is set
        jobs.set_timer(
            tx,
            id=derived("walkout.trust", deal.id, *sorted(new)),
            due_us=at_us + rules.trust.window_d * DAY_US,
            kind=TIMER,
            payload={"shop": deal.shop, "person": deal.subject},
        )
    _tell_change(tx, by, deal, before, "declined", at_us)
    return {"declined": sorted({*deal.data.get("declined", []), *lines})}


def upheld(tx: Tx, by: Actor, deal: Deal, lines: list[int], at_us: int) -> Data:
    """A claim was right; where it (or the same goods on an earlier receipt of the visit) had been declined before, that
    no longer counts."""
    of = visit_lines.products(tx, by, deal) if deal.data.get("declined") else {}
    right = {of.get(line) for line in lines}
    again = [line for line in deal.data.get("declined") or () if line in lines or of.get(line) in right]
    if not again:
        return {}
    before = limit_of(tx, deal.shop, deal.subject, at_us)
    for line in again:
        review_records.forgive(tx, deal.shop, deal.id, line, at_us)
    _tell_change(tx, by, deal, before, "upheld", at_us)
    return {"declined": [line for line in deal.data["declined"] if line not in again] or None}


def was_declined(tx: Tx, by: Actor, deal: Deal, line: int) -> bool:
    """Whether a person has found a claim about the same goods of this visit wrong: that they are charged anew on
    another receipt does not make the next one be believed."""
    if not deal.data.get("declined"):
        return False
    of = visit_lines.products(tx, by, deal)
    return line in of and of[line] in {of.get(one) for one in deal.data["declined"]}


@jobs.handler(TIMER)
def time_goes_by(tx: Tx, job: jobs.Job) -> None:
    """A declined dispute no longer counts: tell it when that raised the limit."""
    shop, person = str(job.payload["shop"]), str(job.payload["person"])
    before, now = (limit_of(tx, shop, person, at_us) for at_us in (job.due_us - 1, job.due_us))
    if before.now_krw != now.now_krw:
        body = _changed(person, now, "time")
        by = system(tx.neighbourhood, "walkout.trust")
        id = derived("walkout.limit_changed", job.id)
        journal.append(tx, by, body, id=id, at_us=job.now_us, subject=person, shop=shop)


def _limit(tx: Tx, shop: str, rules: Rules, person: str, at_us: int) -> Limit:
    since_us = at_us - rules.trust.window_d * DAY_US
    return limit(rules.refund_limit_krw, rules.trust, review_records.declined_us(tx, shop, person, since_us), at_us)


def _tell_change(tx: Tx, by: Actor, deal: Deal, before: Limit, why: str, at_us: int) -> None:
    now = limit_of(tx, deal.shop, deal.subject, at_us)
    if now.now_krw != before.now_krw:
        tell(tx, by, deal, _changed(deal.subject, now, why), at_us, why)


def _changed(person: str, now: Limit, why: str) -> facts.LimitChanged:
    return facts.LimitChanged(
        person=person,
        limit_krw=now.now_krw,
        shop_limit_krw=now.shop_krw,
        declined=now.declined,
        why=why,
        rises_at_us=now.rises_at_us,
    )
