"""What an issuer sees and claims: sold, spent by merchant, held, expired; a month's claim, once the month is over."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, derived
from madang.ledger import Transfer
from madang.payments import funding
from madang.vouchers import errors, facts, issuing, records, rules
from madang.vouchers.model import LotState, expired, subsidy

UNSOLD = [LotState.ORDERED.value, LotState.FAILED.value, LotState.CANCELLED.value]
"""States of lots that are not, or no longer, sold."""


class Redeemed(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant took in a month, refunds taken off; in how many payments."""

    shop: str
    amount_krw: int
    payments: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One month of a programme: ``subsidy_krw`` is what the issuer gave, ``expired_krw`` what is the issuer's, paid
    or not."""

    programme: str
    month: str
    sold_krw: int
    buyers: int
    subsidy_krw: int
    expired_krw: int
    redeemed: tuple[Redeemed, ...]
    outstanding_krw: int

    @property
    def redeemed_krw(self) -> int:
        return sum(one.amount_krw for one in self.redeemed)

    @property
    def due_krw(self) -> int:
        """What the issuer is to pay: subsidies less what expired."""
        return self.subsidy_krw - self.expired_krw


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A month's claim as it was made; it does not change."""

    programme: str
    month: str
    subsidy_krw: int
    expired_krw: int
    made_us: int
    made_by: str
    paid_us: int | None
    body: str


def report(tx: Tx, by: Actor, programme: str, month: str) -> Report:
    """One month (2026-11) of a programme, for its officer or the operator."""
    issuing.issuer_of(tx, by, programme)
    lots, r = records.lots, records.redemptions
    sums = (sa.func.coalesce(sa.func.sum(lots.c.face_krw), 0), sa.func.count(sa.distinct(lots.c.holder)))
    sold = sa.select(*sums).where(
        lots.c.neighbourhood == tx.neighbourhood, lots.c.programme == programme, lots.c.month == month,
        lots.c.state.not_in(UNSOLD),
    )  # fmt: skip
    by_shop = (
        sa.select(r.c.shop, sa.func.sum(r.c.amount_krw), sa.func.count(sa.distinct(r.c.payment)))
        .where(r.c.neighbourhood == tx.neighbourhood, r.c.programme == programme, r.c.month == month)
        .group_by(r.c.shop)
    )
    face, buyers = tx.rows(sold)[0]
    claims = _claims(tx, programme, records.claims.c.month == month)
    paid = [one for one in claims if one.paid_us is not None]  # the accounts hold what is open
    rows = sorted(tx.rows(by_shop), key=lambda row: (-int(row[1]), row[0]))
    return Report(
        programme=programme, month=month, sold_krw=int(face), buyers=int(buyers),
        subsidy_krw=sum(one.subsidy_krw for one in paid) - ledger.balance(tx, subsidy(programme, month)).posted,
        expired_krw=sum(one.expired_krw for one in paid) + ledger.balance(tx, expired(programme, month)).posted,
        redeemed=tuple(Redeemed(shop=shop, amount_krw=int(krw), payments=int(n)) for shop, krw, n in rows),
        outstanding_krw=_outstanding(tx, programme),
    )  # fmt: skip


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """What of a programme was sold and spent in a month; ``gone_krw`` was paid back after use, or expired.
    ``circulating_krw`` is what nobody had spent when it ended (of the month that runs: by now)."""

    month: str
    sold_krw: int
    redeemed_krw: int
    gone_krw: int = 0
    circulating_krw: int = 0


def by_month(tx: Tx, by: Actor, programme: str, months: Sequence[str]) -> list[Month]:
    """Some months, which follow each other and end with the one that runs, for the programme's officer or the
    operator. What is in circulation is reckoned back from what is now."""
    issuing.issuer_of(tx, by, programme)
    lots, r, g = records.lots, records.redemptions, records.gone
    good = lots.c.state.not_in(UNSOLD)
    sold = _by_month(tx, lots.c.programme == programme, lots.c.month, lots.c.face_krw, months, good)
    spent = _by_month(tx, r.c.programme == programme, r.c.month, r.c.amount_krw, months)
    gone = _by_month(tx, g.c.programme == programme, g.c.month, g.c.krw, months)
    found, stands = list[Month](), _outstanding(tx, programme)
    for one in reversed(months):
        made = Month(
            month=one, sold_krw=sold.get(one, 0), redeemed_krw=spent.get(one, 0), gone_krw=gone.get(one, 0),
            circulating_krw=stands,
        )  # fmt: skip
        stands += made.redeemed_krw + made.gone_krw - made.sold_krw
        found.append(made)
    return found[::-1]


def _outstanding(tx: Tx, programme: str) -> int:
    c = records.lots.c
    left = sa.select(sa.cast(sa.func.coalesce(sa.func.sum(c.left_krw), 0), sa.BigInteger))
    return int(tx.rows(left.where(c.neighbourhood == tx.neighbourhood, c.programme == programme))[0][0])


def _by_month(
    tx: Tx, of: sa.ColumnElement[bool], month: sa.Column[Any], krw: sa.Column[Any], months: Sequence[str], *where: Any
) -> dict[str, int]:
    mine = month.table.c.neighbourhood == tx.neighbourhood
    sums = sa.select(month, sa.cast(sa.func.sum(krw), sa.BigInteger)).where(mine, of, month.in_(list(months)), *where)
    return {str(one): int(won) for one, won in tx.rows(sums.group_by(month))}


def make_claim(tx: Tx, by: Actor, programme: str, month: str, *, at_us: int) -> Claim:
    """Claim a month that is over from the issuer; made again it is the same. Raises ``vouchers.not_now`` before."""
    known = [one for one in claims_of(tx, by, programme) if one.month == month]
    if known:
        return known[0]
    if month >= rules.month_of(at_us):
        raise errors.not_now("아직 끝나지 않은 달입니다.", "the month is not over yet.")
    found = report(tx, by, programme, month)
    claim = Claim(
        programme=programme, month=month, subsidy_krw=found.subsidy_krw, expired_krw=found.expired_krw,
        made_us=at_us, made_by=by.key, paid_us=None, body=as_csv(found),
    )  # fmt: skip
    records.add(tx, records.claims, [msgspec.structs.asdict(claim)])
    _tell(tx, by, claim, False, at_us)
    return claim


def claim_paid(tx: Tx, by: Actor, programme: str, month: str, *, at_us: int) -> Claim:
    """The issuer's money for a claim has come in: what it owed is settled."""
    known = [one for one in claims_of(tx, by, programme) if one.month == month]
    if not known:
        raise errors.unknown(f"{programme}/{month}")
    claim = known[0]
    if claim.paid_us is not None:
        return claim
    bank = funding(at_us)
    legs = [
        (bank, subsidy(programme, month), claim.subsidy_krw),
        (expired(programme, month), bank, claim.expired_krw),
    ]
    moves = [
        Transfer(
            id=derived("vouchers.claim", programme, month, n), debit=debit if krw > 0 else credit,
            credit=credit if krw > 0 else debit, amount=abs(krw), cause=f"claim/{month}", at_us=at_us,
        )  # more subsidy may have come back in a month than was given: the issuer is paid then
        for n, (debit, credit, krw) in enumerate(legs)
        if krw
    ]  # fmt: skip
    if moves:
        ledger.post(tx, moves)
    c = records.claims
    records.change(tx, c, c.c.programme == programme, c.c.month == month, paid_us=at_us)
    _tell(tx, by, claim, True, at_us)
    return msgspec.structs.replace(claim, paid_us=at_us)


def claims_of(tx: Tx, by: Actor, programme: str) -> list[Claim]:
    """A programme's claims, the newest month first."""
    issuing.issuer_of(tx, by, programme)
    return _claims(tx, programme)


def _claims(tx: Tx, programme: str, *where: sa.ColumnElement[bool]) -> list[Claim]:
    c = records.claims
    return [Claim(**row) for row in records.find(tx, c, c.c.programme == programme, *where, order=[c.c.month.desc()])]


def as_csv(one: Report) -> str:
    """The claim file: a line a merchant, then the sums."""
    out = io.StringIO()
    write = csv.writer(out).writerow
    write(["가맹점 merchant", "사용액 redeemed KRW", "건수 payments"])
    for shop in one.redeemed:
        write([shop.shop, shop.amount_krw, shop.payments])
    write(["판매액 sold", one.sold_krw, one.buyers])
    write(["지원금 subsidy", one.subsidy_krw, ""])
    write(["기한 지난 금액 expired", -one.expired_krw, ""])
    write(["청구액 due", one.due_krw, ""])
    return out.getvalue()


def _tell(tx: Tx, by: Actor, claim: Claim, paid: bool, at_us: int) -> None:
    body = facts.Claimed(
        programme=claim.programme, month=claim.month, subsidy_krw=claim.subsidy_krw, expired_krw=claim.expired_krw,
        paid=paid,
    )  # fmt: skip
    facts.tell(tx, by, body, about=f"programme:{claim.programme}", at_us=at_us)
