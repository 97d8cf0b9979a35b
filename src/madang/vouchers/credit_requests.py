"""Asking another member to pay in mutual credit; and what a broker sees: who is in it, and who trades with whom."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import ledger
from madang.db import Tx, table
from madang.kernel import Actor, Invalid, NotFound, Role, derived
from madang.ledger import Book
from madang.vouchers import credit, errors, issuing, records
from madang.vouchers.model import Programme, ProgrammeKind
from madang.vouchers.records import _col

OPEN, PAID, DECLINED, TAKEN_BACK = "open", "paid", "declined", "taken_back"
WHAT_MAX = 60
LINES_MAX = 200

requests = table(
    "voucher_credit_request",
    _col("id", sa.Uuid), _col("programme", sa.Text), _col("payee", sa.Text), _col("payer", sa.Text),
    _col("amount", sa.BigInteger), _col("what", sa.Text), _col("state", sa.Text), _col("made_us", sa.BigInteger),
    _col("ended_us", sa.BigInteger, null=True),
    sa.Index("voucher_credit_request_payer", "neighbourhood", "programme", "payer", "made_us"),
    sa.Index("voucher_credit_request_payee", "neighbourhood", "programme", "payee", "made_us"),
    key=["id"],
)  # fmt: skip


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """``payee`` asks ``payer`` for so much; ``what`` it is for, in a few words that name no person."""

    id: UUID
    programme: str
    payee: str
    payer: str
    amount: int
    what: str
    state: str
    made_us: int
    ended_us: int | None


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's line and where it stands."""

    shop: str
    line: int
    balance: int

    @property
    def free(self) -> int:
        return self.line + self.balance


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """What one member has paid another."""

    payer: str
    payee: str
    amount: int
    times: int


def ask(
    tx: Tx, by: Actor, programme: str, *, id: UUID, payee: str, payer: str, amount: int, what: str, at_us: int
) -> None:
    """A member asks another for a payment; once for each id. Raises ``Invalid`` for no amount or no member."""
    by.need(Role.MERCHANT, Role.OPERATOR)
    by.need_shop(payee)
    issuing.rule_now(tx, programme, at_us)
    if amount <= 0 or payer == payee or not credit.line_of(tx, programme, payer):
        raise Invalid(
            "vouchers.bad_request",
            ko="다른 회원 가게와 1 이상의 금액을 골라 주세요.",
            en="Choose another member shop, and an amount above zero.",
            next_ko="고쳐서 다시 보내세요.",
            next_en="Correct it and send it again.",
        )
    if not records.find(tx, requests, requests.c.id == id):
        row = {
            "id": id, "programme": programme, "payee": payee, "payer": payer, "amount": amount,
            "what": what.strip()[:WHAT_MAX], "state": OPEN, "made_us": at_us, "ended_us": None,
        }  # fmt: skip
        records.add(tx, requests, [row])


def answer(tx: Tx, by: Actor, id: UUID, *, pay: bool, at_us: int) -> Request:
    """The asked member pays or declines; the asking one takes it back (``pay`` False). Raises what ``credit.pay``
    raises, ``NotFound`` for a request of others."""
    by.need(Role.MERCHANT, Role.OPERATOR)
    found = [Request(**row) for row in records.find(tx, requests, requests.c.id == id)]
    mine = found and (not by.shops or by.shops & {found[0].payer, found[0].payee})
    if not mine:
        raise _unknown()
    one = found[0]
    if one.state != OPEN:
        return one
    state = DECLINED if not by.shops or one.payer in by.shops else TAKEN_BACK
    if pay:
        by.need_shop(one.payer)
        credit.pay(
            tx, by, one.programme, id=derived("vouchers.asked", id), payer=one.payer, payee=one.payee,
            amount=one.amount, at_us=at_us,
        )  # fmt: skip
        state = PAID
    records.change(tx, requests, requests.c.id == id, state=state, ended_us=at_us)
    return msgspec.structs.replace(one, state=state, ended_us=at_us)


def requests_of(tx: Tx, by: Actor, programme: str, shop: str, *, limit: int = 30) -> list[Request]:
    """What a member was asked for and has asked for, the newest first."""
    by.need(Role.MERCHANT, Role.OPERATOR)
    by.need_shop(shop)
    r = requests.c
    rows = records.find(
        tx, requests, r.programme == programme, sa.or_(r.payer == shop, r.payee == shop),
        order=[r.made_us.desc(), r.id], limit=limit,
    )  # fmt: skip
    return [Request(**row) for row in rows]


def members(tx: Tx, programme: str) -> list[Member]:
    """Every shop that holds a line, by id."""
    start = f"{programme}/"
    lines = ledger.balances(tx, book=Book.MONEY, code="credit_line", owner_prefix=start)
    shops = sorted(key.owner.removeprefix(start) for key, balance in lines.items() if balance.posted < 0)
    return [
        Member(shop=shop, line=credit.line_of(tx, programme, shop), balance=credit.balance(tx, programme, shop))
        for shop in shops
    ]


def overseen(tx: Tx, by: Actor, programme: str) -> None:
    """For the issuer's officer, the operator, or a broker (a connector) of the neighbourhood."""
    by.need_neighbourhood(tx.neighbourhood)
    if not (by.may(Role.CONNECTOR) and not by.shops):
        issuing.issuer_of(tx, by, programme)


def pairs(tx: Tx, by: Actor, programme: str) -> list[Pair]:
    """Who has paid whom, the largest first: out of each member's latest lines."""
    overseen(tx, by, programme)
    sums, times = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    start = f"{programme}/"
    for member in members(tx, programme):
        page = ledger.statement(tx, credit.free_account(programme, member.shop), limit=LINES_MAX)
        for line in page.rows:
            if line.amount < 0 and line.other.code == "credit_free":
                pair = (member.shop, line.other.owner.removeprefix(start))
                sums[pair] -= line.amount
                times[pair] += 1
    return [Pair(payer=a, payee=b, amount=krw, times=times[a, b]) for (a, b), krw in sums.most_common()]


def programme_of(tx: Tx, programme: str) -> Programme:
    """A programme of this kind. Raises ``NotFound``."""
    found = records.programme(tx, programme)
    if found is None or found.kind is not ProgrammeKind.CREDIT:
        raise errors.unknown(programme)
    return found


def _unknown() -> NotFound:
    return NotFound(
        "vouchers.no_request",
        ko="그런 청구가 없습니다.",
        en="There is no such request.",
        next_ko="상호신용 화면에서 고르세요.",
        next_en="Choose it on the page of mutual credit.",
    )
