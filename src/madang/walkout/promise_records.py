"""Tables of the promise: the operator's terms, periods of evidence, what was drawn and answered, what stands.

Every row is dated by the shop's time; what was in force at a moment is the latest row of that moment or before.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Tx, table
from madang.kernel.clock import DAY_US, HOUR_US
from madang.walkout.promise import Terms

State = Literal["not_yet", "proved", "drift"]
Label = Literal["right", "wrong", "lapsed"]
SEOUL_US = 9 * HOUR_US

terms = table(
    "walkout_terms",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("by_kind", sa.Text, nullable=False),
    sa.Column("by_key", sa.Text, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    key=["shop", "number"],
)
periods = table(
    "walkout_periods",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    key=["shop", "number"],
)
evidence = table(
    "walkout_evidence",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("deal", sa.Uuid, nullable=False),
    sa.Column("period", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("confidence", sa.Double, nullable=False),
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("rung", sa.BigInteger, nullable=False),
    sa.Column("drawn", sa.BigInteger, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("label", sa.Text),
    sa.Column("labelled_at_us", sa.BigInteger),
    sa.Column("refunded_at_us", sa.BigInteger),
    sa.Index("walkout_evidence_period", "neighbourhood", "shop", "period", "drawn", "at_us"),
    key=["shop", "deal"],
)
standings = table(
    "walkout_standings",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("period", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("threshold", sa.Double, nullable=False),
    sa.Column("proved", sa.BigInteger),
    key=["shop", "number"],
)

_N: sa.BindParameter[str] = sa.bindparam("n")
_SHOP: sa.BindParameter[str] = sa.bindparam("shop")
_PERIOD: sa.BindParameter[int] = sa.bindparam("period")
_AT: sa.BindParameter[int] = sa.bindparam("at_us")


class Period(msgspec.Struct, frozen=True):
    """A stretch in which receipts count as alike: one engine, one arrangement of the shop, one promise."""

    number: int
    from_us: int
    why: str
    basis: str


class Standing(msgspec.Struct, frozen=True):
    """What stands from a moment on: receipts scoring ``threshold`` or more are charged. ``proved``: number of the
    laxest rung that the period's evidence bears, if any."""

    number: int
    from_us: int
    period: int
    state: State
    threshold: float
    proved: int | None


class Drawn(msgspec.Struct, frozen=True):
    """One priced receipt as evidence. ``drawn``: part of the random sample."""

    deal: UUID
    period: int
    at_us: int
    confidence: float
    score: float
    rung: int
    drawn: bool
    decision: str
    label: Label | None = None
    labelled_at_us: int | None = None
    refunded_at_us: int | None = None


def _latest(of: sa.Table, struct: type[msgspec.Struct], *where: Any) -> sa.Select[Any]:
    names = [name for name in struct.__struct_fields__ if name in of.c]
    found = sa.select(*(of.c[name] for name in names)).where(of.c.neighbourhood == _N, of.c.shop == _SHOP, *where)
    return found.order_by(of.c.number.desc()).limit(1)


_TERMS = (
    sa.select(terms.c.number, terms.c.from_us, terms.c.by_key, terms.c.terms)
    .where(terms.c.neighbourhood == _N, terms.c.shop == _SHOP, terms.c.from_us <= _AT)
    .order_by(terms.c.number.desc())
    .limit(1)
)
_LAST_TERMS = sa.select(sa.func.max(terms.c.number)).where(terms.c.neighbourhood == _N, terms.c.shop == _SHOP)
_LAST_PERIOD = _latest(periods, Period)
_STANDING = _latest(standings, Standing, standings.c.from_us <= _AT)
_LAST_STANDING = _latest(standings, Standing)
_E = evidence.c
_MINE = (_E.neighbourhood == _N, _E.shop == _SHOP)
_EVIDENCE = sa.select(*(_E[name] for name in Drawn.__struct_fields__)).where(*_MINE, _E.deal == sa.bindparam("deal"))
_OPEN_SINCE = sa.select(sa.func.min(_E.at_us)).where(*_MINE, _E.period == _PERIOD, _E.drawn == 1, _E.label.is_(None))
_WRONG = sa.func.sum(sa.case((_E.label == "right", 0), else_=1))
_PER_RUNG = (
    sa.select(_E.rung, sa.func.count(), _WRONG)
    .where(*_MINE, _E.period == _PERIOD, _E.drawn == 1, _E.label.is_not(None), _E.at_us < sa.bindparam("before_us"))
    .group_by(_E.rung)
)
_DAYS = (_E.at_us + SEOUL_US - (_E.at_us + SEOUL_US) % DAY_US).label("day")
_REFUNDS = (
    sa.select(_DAYS, sa.func.count(), sa.func.count(_E.refunded_at_us))
    .where(*_MINE, _E.period == _PERIOD, _E.decision == "charge")
    .group_by(_DAYS)
    .order_by(_DAYS)
)
_AUDITS = (
    sa.select(_DAYS, sa.func.count(), _WRONG)
    .where(*_MINE, _E.period == _PERIOD, _E.drawn == 1, _E.label.is_not(None), _E.score >= sa.bindparam("score"))
    .group_by(_DAYS)
    .order_by(_DAYS)
)
_DECISIONS = (
    sa.select(_E.decision, sa.func.count(), sa.func.sum(_E.drawn), sa.func.count(_E.refunded_at_us))
    .where(*_MINE, _E.period == _PERIOD)
    .group_by(_E.decision)
)
_LABEL = (
    sa.update(evidence)
    .where(_E.neighbourhood == sa.bindparam("n_"), _E.shop == sa.bindparam("shop_"), _E.deal == sa.bindparam("deal_"))
    .values(label=sa.bindparam("label"), labelled_at_us=sa.bindparam("labelled_at_us"))
)
_RESCORE = (
    sa.update(evidence)
    .where(_E.neighbourhood == sa.bindparam("n_"), _E.shop == sa.bindparam("shop_"), _E.deal == sa.bindparam("deal_"))
    .values(confidence=sa.bindparam("confidence"), score=sa.bindparam("score"), rung=sa.bindparam("rung"))
)
_REFUNDED = (
    sa.update(evidence)
    .where(_E.neighbourhood == sa.bindparam("n_"), _E.shop == sa.bindparam("shop_"), _E.deal == sa.bindparam("deal_"))
    .values(refunded_at_us=sa.bindparam("refunded_at_us"))
)


def _key(tx: Tx, shop: str) -> dict[str, Any]:
    return {"n": tx.neighbourhood, "shop": shop}


def _row(tx: Tx, shop: str, deal: UUID) -> dict[str, Any]:
    return {"n_": tx.neighbourhood, "shop_": shop, "deal_": deal}


def terms_at(tx: Tx, shop: str, at_us: int) -> Terms | None:
    """What the operator had promised at a moment."""
    found = tx.rows(_TERMS, _key(tx, shop) | {"at_us": at_us})
    return msgspec.json.decode(found[0][3], type=Terms) if found else None


def terms_set(tx: Tx, shop: str, at_us: int) -> tuple[int, str] | None:
    """(since when, by whom) the terms of a moment hold."""
    found = tx.rows(_TERMS, _key(tx, shop) | {"at_us": at_us})
    return (int(found[0][1]), str(found[0][2])) if found else None


def add_terms(tx: Tx, shop: str, new: Terms, *, by_kind: str, by_key: str, from_us: int) -> int:
    number = int(tx.rows(_LAST_TERMS, _key(tx, shop))[0][0] or 0) + 1
    row = {"neighbourhood": tx.neighbourhood, "shop": shop, "number": number, "from_us": from_us}
    row |= {"by_kind": by_kind, "by_key": by_key, "terms": msgspec.json.encode(new).decode()}
    tx.many(sa.insert(terms), [row])
    return number


def last_period(tx: Tx, shop: str) -> Period | None:
    found = tx.rows(_LAST_PERIOD, _key(tx, shop))
    return Period(*found[0]) if found else None


def add_period(tx: Tx, shop: str, new: Period) -> None:
    row = {"neighbourhood": tx.neighbourhood, "shop": shop} | msgspec.structs.asdict(new)
    tx.many(sa.insert(periods), [row])


def standing_at(tx: Tx, shop: str, at_us: int) -> Standing | None:
    found = tx.rows(_STANDING, _key(tx, shop) | {"at_us": at_us})
    return Standing(*found[0]) if found else None


def last_standing(tx: Tx, shop: str) -> Standing | None:
    found = tx.rows(_LAST_STANDING, _key(tx, shop))
    return Standing(*found[0]) if found else None


def add_standing(tx: Tx, shop: str, new: Standing) -> None:
    tx.many(sa.insert(standings), [{"neighbourhood": tx.neighbourhood, "shop": shop} | msgspec.structs.asdict(new)])


def evidence_of(tx: Tx, shop: str, deal: UUID) -> Drawn | None:
    found = tx.rows(_EVIDENCE, _key(tx, shop) | {"deal": deal})
    if not found:
        return None
    row = dict(zip(Drawn.__struct_fields__, found[0], strict=True))
    return Drawn(**(row | {"drawn": bool(row["drawn"])}))


def add_evidence(tx: Tx, shop: str, new: Drawn) -> None:
    row = {"neighbourhood": tx.neighbourhood, "shop": shop} | msgspec.structs.asdict(new)
    tx.many(sa.insert(evidence), [row | {"drawn": int(new.drawn)}])


def label(tx: Tx, shop: str, deal: UUID, what: Label | None, at_us: int | None) -> None:
    tx.many(_LABEL, [_row(tx, shop, deal) | {"label": what, "labelled_at_us": at_us}])


def rescore(tx: Tx, shop: str, deal: UUID, *, confidence: float, score: float, rung: int) -> None:
    tx.many(_RESCORE, [_row(tx, shop, deal) | {"confidence": confidence, "score": score, "rung": rung}])


def refunded(tx: Tx, shop: str, deal: UUID, at_us: int) -> None:
    tx.many(_REFUNDED, [_row(tx, shop, deal) | {"refunded_at_us": at_us}])


def per_rung(tx: Tx, shop: str, period: int) -> list[tuple[int, int, int]]:
    """(rung, drawn receipts, wrong ones) as far as every draw has its answer: up to the oldest that has none.

    So neither quick answers nor slow ones weigh more. A draw that lapsed without an answer counts as wrong.
    """
    key = _key(tx, shop) | {"period": period}
    since = tx.rows(_OPEN_SINCE, key)[0][0]
    before_us = (1 << 62) if since is None else int(since)
    return [(int(r), int(n), int(k)) for r, n, k in tx.rows(_PER_RUNG, key | {"before_us": before_us})]


def refunds_by_day(tx: Tx, shop: str, period: int) -> list[tuple[int, int]]:
    """(receipts charged automatically, those of them paid back), day by day in Seoul."""
    return [(int(n), int(k)) for _, n, k in tx.rows(_REFUNDS, _key(tx, shop) | {"period": period})]


def audits_by_day(tx: Tx, shop: str, period: int, score: float) -> list[tuple[int, int]]:
    """(answered draws at or above a score, wrong ones), day by day."""
    rows = tx.rows(_AUDITS, _key(tx, shop) | {"period": period, "score": score})
    return [(int(n), int(k)) for _, n, k in rows]


def decisions(tx: Tx, shop: str, period: int) -> dict[str, tuple[int, int, int]]:
    """By decision: (receipts, drawn ones, paid-back ones)."""
    rows = tx.rows(_DECISIONS, _key(tx, shop) | {"period": period})
    return {str(what): (int(n), int(d or 0), int(k)) for what, n, d, k in rows}
