"""Mutual credit between merchants: the second kind of programme.

A member may go below zero as far as their line; what one owes others hold, so all balances sum to zero. The unit is
the programme's own and the ledger lets no transfer leave it: it cannot become won or be paid out. The line itself is
booked: granting ``n`` puts ``n`` into the member's account from their ``credit_line``, so that the ledger holds the
limit, and taking back what is in use is impossible. There is no demurrage.
"""

from __future__ import annotations

from uuid import UUID

from madang import ledger
from madang.db import Page, Tx
from madang.kernel import Actor, Conflict, Role
from madang.ledger import AccountKey, Book, Limit, Line, Transfer, declare_code
from madang.vouchers import errors, facts, issuing
from madang.vouchers.model import ProgrammeKind, Rule

declare_code("credit_free", Book.MONEY, Limit.DEBITS_WITHIN_CREDITS, ko="상호신용 가용액", en="Mutual credit, free")
declare_code("credit_line", Book.MONEY, Limit.NONE, ko="상호신용 한도 (음수)", en="Mutual credit line (negative)")

OWN = "programme"
"""The member a programme's own fees go to."""


def set_line(tx: Tx, by: Actor, programme: str, member: str, line: int, *, id: UUID, reason: str, at_us: int) -> None:
    """How far below zero a shop may go, from now on; every change is a transfer and a fact with its reason,
    made once for each id. A line set to what it is already is no change and leaves nothing behind.

    By the issuer's officer, or a broker (a connector) up to the rule's ``month_cap_krw``. Lowering it below what is in
    use raises ``Conflict`` ``vouchers.line_in_use``.
    """
    rule = _open(tx, programme, at_us)
    broker = by.may(Role.CONNECTOR) and 0 <= line <= rule.month_cap_krw
    if not broker:
        issuing.issuer_of(tx, by, programme)
    if line < 0:
        raise errors.bad_rule("한도는 0 이상입니다.", "a line is not negative.")
    before = line_of(tx, programme, member)
    if line == before or ledger.booked(tx, [id]):
        return  # done before; what was changed since stays
    own, granted = free_account(programme, member), _line(programme, member)
    debit, credit = (granted, own) if line > before else (own, granted)
    if line < before and ledger.balance(tx, own).available < before - line:
        raise _in_use()
    _post(tx, id, debit, credit, abs(line - before), at_us)
    body = facts.CreditLineSet(programme=programme, member=member, before=before, after=line, reason=reason[:200])
    facts.tell(tx, by, body, about=f"programme:{programme}", at_us=at_us)


def pay(tx: Tx, by: Actor, programme: str, *, id: UUID, payer: str, payee: str, amount: int, at_us: int) -> None:
    """One member pays another; once for each id. Refused beyond the payer's line or the payee's holding limit.

    Only shops that hold a line are paid.
    """
    by.need(Role.MERCHANT, Role.OPERATOR)
    by.need_shop(payer)
    rule = _open(tx, programme, at_us)
    move = Transfer(
        id=id,
        debit=free_account(programme, payer),
        credit=free_account(programme, payee),
        amount=amount,
        cause="credit",
        at_us=at_us,
    )
    if ledger.booked(tx, [id]):
        ledger.post(tx, [move])  # the same again moves nothing; another under its id is refused
        return
    free = ledger.balance(tx, free_account(programme, payer)).available
    room = rule.holding_cap_krw - balance(tx, programme, payee) if rule.holding_cap_krw else amount
    known = ledger.balance(tx, _line(programme, payee)).posted < 0 or payee == OWN
    if not known or min(free, room) < amount:
        raise errors.not_enough(max(0, min(free, room)) if known else 0)
    ledger.post(tx, [move])


def fee(tx: Tx, by: Actor, programme: str, member: str, amount: int, *, id: UUID, at_us: int) -> None:
    """The yearly membership fee, in the programme's own unit; once for each id."""
    issuing.issuer_of(tx, by, programme)
    _post(tx, id, free_account(programme, member), free_account(programme, OWN), amount, at_us)


def balance(tx: Tx, programme: str, member: str) -> int:
    """What a member has (negative: owes) beside their line."""
    return ledger.balance(tx, free_account(programme, member)).posted - line_of(tx, programme, member)


def line_of(tx: Tx, programme: str, member: str) -> int:
    """How far below zero a member may go."""
    return -ledger.balance(tx, _line(programme, member)).posted


def statement(
    tx: Tx, by: Actor, programme: str, member: str, *, cursor: str | None = None, limit: int = 50
) -> Page[Line]:
    """A member's transfers, the newest first: for the member, a broker or the operator."""
    by.need(Role.MERCHANT, Role.CONNECTOR, Role.OPERATOR)
    by.need_shop(member)
    return ledger.statement(tx, free_account(programme, member), cursor=cursor, limit=limit)


def _open(tx: Tx, programme: str, at_us: int) -> Rule:
    found, rule = issuing.rule_now(tx, programme, at_us)
    if found.kind is not ProgrammeKind.CREDIT:
        raise errors.unknown(programme)
    return rule


def free_account(programme: str, member: str) -> AccountKey:
    """What a member can still pay with: their line and where they stand."""
    return AccountKey(Book.MONEY, "credit_free", f"{programme}/{member}", f"credit:{programme}")


def _line(programme: str, member: str) -> AccountKey:
    return AccountKey(Book.MONEY, "credit_line", f"{programme}/{member}", f"credit:{programme}")


def _post(tx: Tx, id: UUID, debit: AccountKey, credit: AccountKey, amount: int, at_us: int) -> None:
    ledger.post(tx, [Transfer(id=id, debit=debit, credit=credit, amount=amount, cause="credit", at_us=at_us)])


def _in_use() -> Conflict:
    return Conflict(
        "vouchers.line_in_use",
        ko="이미 쓰고 있는 한도는 줄일 수 없습니다.",
        en="A line that is in use cannot be taken back.",
        next_ko="갚은 뒤에 줄이거나, 쓰지 않은 만큼만 줄이세요.",
        next_en="Lower it by what is not in use, or after it is paid back.",
    )
