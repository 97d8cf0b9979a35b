"""The use cases of the promise: set it, judge each receipt by it, hear how it truly was, and reckon what stands.

A receipt is judged by the rows in force at its own (shop) time, so the same frames are judged the same whenever they
are applied. Evidence is reckoned by a timer, once an hour of shop time. docs/promise.md says what is promised and why
it holds.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import msgspec

from madang import jobs, journal
from madang.db import Tx
from madang.deals.model import Deal
from madang.kernel import Actor, Invalid, Role, derived, system
from madang.kernel.clock import DAY_US, HOUR_US
from madang.walkout import facts, pricing, promise, snapshots, tasks
from madang.walkout import promise_records as records
from madang.walkout.promise import RUNGS, Count, Terms
from madang.walkout.promise_records import Drawn, Period, Standing
from madang.walkout.records import last_run

MOVED_SHARE = 0.1
"""A new period begins when more than this share of the facings hold something else than when the period began."""
USUAL_D, USUAL_MIN = 7, 200
"""The first days, and receipts, of a period say how often receipts are usually paid back."""
TIMER = "walkout.reckon"


class Verdict(msgspec.Struct, frozen=True):
    """``why``: ``unsure``, ``costly`` (asking is cheaper), ``audit`` (drawn by lot), ``no_price``; None: charged."""

    decision: Literal["charge", "review"]
    why: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The promise and what has been achieved, for page and operator. Shares are of receipts of this period.

    ``needed``: drawn receipts at or above ``needed_at`` that must still be right; ``needed_receipts``: about so many
    receipts of the shop until then. ``achieved`` is the share of wrong ones among the answered draws at or above the
    threshold in force, with its exact 95 % interval.
    """

    state: Literal["none", "not_yet", "proved", "drift"] = "none"
    wrong_max: float | None = None
    doubt: float | None = None
    until: str = ""
    audit_share: float | None = None
    set_at_us: int | None = None
    set_by: str = ""
    threshold: float | None = None
    period: int | None = None
    period_from_us: int | None = None
    period_why: str = ""
    audited: int = 0
    audited_wrong: int = 0
    achieved: float | None = None
    achieved_low: float = 0.0
    achieved_high: float = 1.0
    needed: int = 0
    needed_at: float | None = None
    needed_receipts: int | None = None
    receipts: int = 0
    charged: int = 0
    asked: int = 0
    drawn: int = 0
    refunded: int = 0

    @property
    def review_rate(self) -> float | None:
        return self.asked / self.receipts if self.receipts else None


# --- the terms --------------------------------------------------------------------------------------------------------
def promise_that(tx: Tx, by: Actor, shop: str, new: Terms, *, id: UUID, at_us: int) -> None:
    """Set the promise from now on; the same terms again change nothing.

    Other limits or costs begin a new period of evidence: a promise is tested on what came after it was made.
    """
    by.need(Role.OPERATOR)
    by.need_shop(shop)
    if new.fault:
        raise _senseless(new.fault)
    before = records.terms_at(tx, shop, at_us)
    if before == new:
        return
    records.add_terms(tx, shop, new, by_kind=str(by.kind), by_key=by.key, from_us=at_us)
    body = facts.Promised(
        wrong_max=new.wrong_max, doubt=new.doubt, until=new.until, floor=new.floor, audit_share=new.audit_share
    )
    journal.append(tx, by, body, id=derived("walkout.promised", id), at_us=at_us, subject=shop, shop=shop)
    period = records.last_period(tx, shop)
    if period is None or before is None or _tested(before) != _tested(new):
        run = last_run(tx, shop)
        basis = period.basis if period is not None else _basis(run.store) if run is not None else ""
        period = _begin(tx, shop, "first" if before is None else "terms", basis, at_us)
    _stand(tx, shop, new, at_us)
    _set_timer(tx, shop, at_us)


def _tested(terms: Terms) -> tuple[Any, ...]:
    return terms.wrong_max, terms.doubt, terms.start, terms.costs


def _senseless(what: str) -> Invalid:
    return Invalid(
        "walkout.senseless_promise",
        ko=f"지킬 수 없는 약속입니다: '{what}' 값이 맞지 않습니다.",
        en=f"That cannot be promised: '{what}' is out of range.",
        next_ko="틀린 영수증의 비율은 0보다 크고 0.2 이하, 의심은 0보다 크고 0.5 이하, 나머지 비율은 0과 1 사이입니다.",
        next_en="The share of wrong receipts is above 0 and at most 0.2, the doubt at most 0.5, other shares 0 to 1.",
        field=what,
    )


# --- one receipt ------------------------------------------------------------------------------------------------------
def judge(tx: Tx, deal: Deal, proposal: pricing.Proposal, at_us: int) -> Verdict:
    """Charge or ask, and remember the receipt as evidence. Without a promise the engine's own word decides."""
    if proposal.best.unpriced:
        return Verdict("review", "no_price")
    terms, standing = records.terms_at(tx, deal.shop, at_us), records.standing_at(tx, deal.shop, at_us)
    verdict = verdict_on(tx, deal.shop, proposal, at_us)
    if terms is None or standing is None:
        return verdict
    score = score_of(proposal, terms)
    drawn = _lot(deal.id) < terms.audit_share
    if drawn and verdict.decision == "charge":
        verdict = Verdict("review", "audit")
    if records.evidence_of(tx, deal.shop, deal.id) is None:
        seen = Drawn(
            deal=deal.id,
            period=standing.period,
            at_us=at_us,
            confidence=proposal.confidence,
            score=score,
            rung=promise.rung_of(score),
            drawn=drawn,
            decision=verdict.decision,
        )
        records.add_evidence(tx, deal.shop, seen)
    return verdict


def verdict_on(tx: Tx, shop: str, proposal: pricing.Proposal, at_us: int) -> Verdict:
    """What the rules of a moment say of a receipt, the lot aside."""
    if proposal.best.unpriced:
        return Verdict("review", "no_price")
    terms, standing = records.terms_at(tx, shop, at_us), records.standing_at(tx, shop, at_us)
    if terms is None or standing is None:
        return Verdict("charge") if proposal.decision == "charge" else Verdict("review", "unsure")
    return Verdict(*promise.verdict(proposal.confidence, score_of(proposal, terms), standing.threshold))


def score_of(proposal: pricing.Proposal, terms: Terms) -> float:
    """The confidence, or nothing where asking is expected to cost less than charging."""
    best, *others = proposal.offers
    rest = [(o.probability, o.amounts) for o in others]
    return promise.score(best.amounts, proposal.confidence, rest, terms.costs)


def _lot(deal: UUID) -> float:
    """A number in [0, 1) that has nothing to do with the receipt, the same whenever it is drawn."""
    return int.from_bytes(derived("walkout.audit", deal).bytes[:6], "big") / 2**48


def proposed_anew(tx: Tx, deal: Deal, proposal: pricing.Proposal, at_us: int) -> None:
    """A receipt that is being asked about was replaced (somebody came in again): its evidence is the new one's."""
    terms, seen = records.terms_at(tx, deal.shop, at_us), records.evidence_of(tx, deal.shop, deal.id)
    if terms is None or seen is None or seen.label is not None:
        return
    score = score_of(proposal, terms)
    records.rescore(tx, deal.shop, deal.id, confidence=proposal.confidence, score=score, rung=promise.rung_of(score))


def answered(tx: Tx, deal: Deal, what: records.Label, at_us: int) -> None:
    """A person (or nobody, in time) said whether the engine's receipt was right."""
    seen = records.evidence_of(tx, deal.shop, deal.id)
    if seen is not None and seen.label is None:
        records.label(tx, deal.shop, deal.id, what, at_us)


def undone(tx: Tx, deal: Deal, answered_at_us: int) -> None:
    """An answer was taken back: the receipt waits for another."""
    seen = records.evidence_of(tx, deal.shop, deal.id)
    if seen is not None and seen.labelled_at_us == answered_at_us:
        records.label(tx, deal.shop, deal.id, None, None)


def paid_back(tx: Tx, deal: Deal, at_us: int) -> None:
    """Something of a receipt was given back in a dispute."""
    seen = records.evidence_of(tx, deal.shop, deal.id)
    if seen is not None and seen.refunded_at_us is None:
        records.refunded(tx, deal.shop, deal.id, at_us)


# --- periods ----------------------------------------------------------------------------------------------------------
def run_begins(tx: Tx, shop: str, store: bytes, at_us: int) -> None:
    """Another engine, other plates or other goods on the shelves begin a new period of evidence."""
    terms, period = records.terms_at(tx, shop, at_us), records.last_period(tx, shop)
    if terms is None or period is None:
        return
    now = _basis(store)
    why = _changed(period.basis, now)
    if why:
        _begin(tx, shop, why, now, at_us)
        _stand(tx, shop, terms, at_us)


def _basis(store: bytes) -> str:
    """What must stay the same for receipts to count as alike."""
    document = msgspec.json.decode(store)
    facings = {str(row["id"]): sorted(map(str, row["products"])) for row in document["planogram"]}
    plates = sorted(str(plate["id"]) for plate in document["plates"])
    basis = {"engine": snapshots.code().hex(), "plates": plates, "facings": facings}
    return msgspec.json.encode(basis, order="deterministic").decode()


def _changed(before: str, now: str) -> str:
    """Why a new period begins; empty when it does not."""
    if not before:  # promised before the first run
        return "first"
    was, is_ = msgspec.json.decode(before), msgspec.json.decode(now)
    if was["engine"] != is_["engine"]:
        return "engine"
    if was["plates"] != is_["plates"]:
        return "plates"
    names = {*was["facings"], *is_["facings"]}
    moved = sum(was["facings"].get(name) != is_["facings"].get(name) for name in names)
    return "planogram" if moved > MOVED_SHARE * len(names) else ""


def _begin(tx: Tx, shop: str, why: str, basis: str, at_us: int) -> Period:
    before = records.last_period(tx, shop)
    if not basis and before is not None:
        basis = before.basis
    new = Period(1 if before is None else before.number + 1, at_us, why, basis)
    records.add_period(tx, shop, new)
    _tell(tx, shop, facts.EvidenceBegun(period=new.number, why=why), at_us, "period", new.number)
    return new


# --- what stands ------------------------------------------------------------------------------------------------------
@jobs.handler(TIMER)
def on_timer(tx: Tx, job: jobs.Job) -> None:
    """Reckon, and again in an hour of shop time."""
    shop = str(job.payload["shop"])
    reckon(tx, shop, job.due_us)
    _set_timer(tx, shop, job.due_us)


def _set_timer(tx: Tx, shop: str, at_us: int) -> None:
    due_us = (at_us // HOUR_US + 1) * HOUR_US
    jobs.set_timer(
        tx, id=derived(TIMER, tx.neighbourhood, shop, due_us), due_us=due_us, kind=TIMER, payload={"shop": shop}
    )


def reckon(tx: Tx, shop: str, at_us: int) -> Standing | None:
    """Look at the evidence: state what it bears, and fall back when the shop seems to have changed."""
    terms = records.terms_at(tx, shop, at_us)
    if terms is None:
        return None
    if _drifted(tx, shop, terms):
        period = _begin(tx, shop, "drift", "", at_us)
        tasks.raise_task(tx, shop, "changed", details={"period": period.number}, at_us=at_us)
    return _stand(tx, shop, terms, at_us)


def _stand(tx: Tx, shop: str, terms: Terms, at_us: int) -> Standing:
    """Write down what holds from now on, where that is something new."""
    period, before = records.last_period(tx, shop), records.last_standing(tx, shop)
    assert period is not None
    same = before is not None and before.period == period.number
    known = [before.proved] if before is not None and same and before.proved is not None else []
    found = promise.reckon(promise.ladder(records.per_rung(tx, shop, period.number)), terms, known)
    state: records.State = "proved"
    if found.proved is None:
        state = "drift" if period.why == "drift" else "not_yet"
    stood = before.threshold if before is not None and same and before.state == "proved" else None
    rested = before is None or at_us - before.from_us >= DAY_US
    threshold = promise.threshold(found.proved, terms, stood, rested=rested)
    number = 1 if before is None else before.number + 1
    new = Standing(number, at_us, period.number, state, threshold, found.proved)
    if before is not None and same and _gist(before) == _gist(new):
        return before
    records.add_standing(tx, shop, new)
    body = facts.PromiseStands(
        period=new.period, state=state, threshold=None if threshold > 1 else threshold, needed=found.needed
    )
    _tell(tx, shop, body, at_us, "standing", new.number)
    return new


def _gist(standing: Standing) -> tuple[Any, ...]:
    return standing.period, standing.state, standing.threshold, standing.proved


def _drifted(tx: Tx, shop: str, terms: Terms) -> bool:
    """True when receipts are paid back, or draws found wrong, clearly more often than was usual or is promised."""
    period, standing = records.last_period(tx, shop), records.last_standing(tx, shop)
    assert period is not None
    days = records.refunds_by_day(tx, shop, period.number)
    first, rest = days[:USUAL_D], days[USUAL_D:]
    n, back = sum(n for n, _ in first), sum(k for _, k in first)
    if n >= USUAL_MIN and promise.watch(rest, promise.usual_rate(back, n)) >= promise.ALARM_D:
        return True
    if standing is None or standing.state != "proved" or standing.period != period.number:
        return False
    audits = records.audits_by_day(tx, shop, period.number, standing.threshold)
    return promise.watch(audits, terms.wrong_max) >= promise.ALARM_D


def begin_anew(tx: Tx, by: Actor, shop: str, *, at_us: int) -> Standing:
    """The operator throws the evidence away and begins a new period: a proved threshold no longer stands."""
    by.need(Role.OPERATOR)
    by.need_shop(shop)
    terms = records.terms_at(tx, shop, at_us)
    if terms is None:
        raise Invalid(
            "walkout.no_promise",
            ko="이 가게에는 아직 약속이 없습니다.",
            en="The shop has made no promise yet.",
            next_ko="먼저 약속을 정하세요.",
            next_en="Set one first.",
        )
    _begin(tx, shop, "operator", "", at_us)
    return _stand(tx, shop, terms, at_us)


# --- the page ---------------------------------------------------------------------------------------------------------
def report(tx: Tx, by: Actor, shop: str, at_us: int) -> Report:
    """The promise and the achieved figure."""
    by.need_shop(shop)
    terms, period = records.terms_at(tx, shop, at_us), records.last_period(tx, shop)
    standing, since = records.standing_at(tx, shop, at_us), records.terms_set(tx, shop, at_us)
    if terms is None or period is None or standing is None or since is None:
        return Report()
    alone = records.per_rung(tx, shop, standing.period)
    counts = promise.ladder(alone)
    known = [] if standing.proved is None else [standing.proved]
    found = promise.reckon(counts, terms, known)
    here = _at(counts, standing.threshold)
    low, high = promise.interval(here.wrong, here.n)
    decided = records.decisions(tx, shop, standing.period)
    receipts = sum(n for n, _, _ in decided.values())
    charged, _, refunded = decided.get("charge", (0, 0, 0))
    answered = sum(n for _, n, _ in alone)
    return Report(
        state=standing.state,
        wrong_max=terms.wrong_max,
        doubt=terms.doubt,
        until=terms.until,
        audit_share=terms.audit_share,
        set_at_us=since[0],
        set_by=since[1],
        threshold=standing.threshold if standing.threshold <= 1 else None,
        period=standing.period,
        period_from_us=period.from_us,
        period_why=period.why,
        audited=here.n,
        audited_wrong=here.wrong,
        achieved=here.wrong / here.n if here.n else None,
        achieved_low=low,
        achieved_high=high,
        needed=found.needed,
        needed_at=RUNGS[found.next],
        needed_receipts=promise.receipts_needed(counts, answered, found, terms.audit_share),
        receipts=receipts,
        charged=charged,
        asked=receipts - charged,
        drawn=sum(d for _, d, _ in decided.values()),
        refunded=refunded,
    )


def _at(counts: tuple[Count, ...], threshold: float) -> Count:
    """Counts at or above a threshold: the rung it is, or the next stricter one; where all are asked, the first."""
    rung = promise.rung_of(min(threshold, 1.0))
    return counts[min(rung if RUNGS[min(rung, len(RUNGS) - 1)] >= threshold else max(0, rung - 1), len(RUNGS) - 1)]


def _tell(tx: Tx, shop: str, body: msgspec.Struct, at_us: int, *what: str | int) -> None:
    id = derived("walkout.promise", tx.neighbourhood, shop, *what)
    journal.append(tx, system(tx.neighbourhood, f"walkout/{shop}"), body, id=id, at_us=at_us, subject=shop, shop=shop)
