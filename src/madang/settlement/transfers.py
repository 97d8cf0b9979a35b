"""Paying out by a bank's bulk transfer: a file is made of payouts, taken there by a person, and answered by another.

Three steps, each one transaction: *prepare* (which payouts, one file each), *take* (the file's bytes, written anew from
the vault each time: no account number is kept here), *answer* (what the bank says of each line). Nothing can be in two
files at once, an answer taken in again changes nothing, and what was not paid is available again. Where a licensed
payout service is connected (``banks``) there are no files.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import members
from madang.db import Tx, table
from madang.kernel import Actor, Conflict, Invalid, Role, derived
from madang.members.proving import need_step_up
from madang.settlement import bank_files, banks, checks, errors, facts, payouts, records
from madang.settlement.bank_files import Layout, Line, Returned
from madang.settlement.model import Payout, PayoutState

LINES_MAX = 500
files = table(
    "settlement_transfer_file",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("by_key", sa.Text, nullable=False),
    sa.Column("lines", sa.BigInteger, nullable=False),
    sa.Column("total_krw", sa.BigInteger, nullable=False),
    sa.Column("taken_us", sa.BigInteger),
    sa.Column("dropped_us", sa.BigInteger),
    sa.Index("settlement_transfer_file_made", "neighbourhood", "made_us"),
    key=["id"],
)
lines = table(
    "settlement_transfer_line",
    sa.Column("file", sa.Uuid, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("payout", sa.Uuid, nullable=False),
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("mark", sa.Text, nullable=False),
    sa.Column("account_since_us", sa.BigInteger, nullable=False),
    sa.Index("settlement_transfer_line_payout", "neighbourhood", "payout"),
    key=["file", "number"],
)


class TransferFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file: when it was made, last taken, and (where it never went to the bank) dropped."""

    id: UUID
    made_us: int
    by_key: str
    lines: int
    total_krw: int
    taken_us: int | None = None
    dropped_us: int | None = None


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a file, with how its payout stands."""

    number: int
    mark: str
    person: UUID
    account_since_us: int
    payout: Payout


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the bank's answer that changes nothing, and why: ``unknown`` (no such line), ``amount`` (another sum),
    ``unclear`` (neither done nor failed), ``already`` (it had another answer before)."""

    row: int
    why: str
    mark: str


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer came to; ``same`` are rows that were taken in before."""

    paid: int
    failed: int
    same: int
    wrong: tuple[Wrong, ...]


def fileable(tx: Tx, by: Actor) -> list[Payout]:
    """Payouts to be sent that could go into a file: paid to a member's account, in no other file, oldest first."""
    _operator(tx, by)
    if banks.connected() is not None:
        return []
    open_files = sa.select(files.c.id).where(files.c.neighbourhood == tx.neighbourhood, files.c.dropped_us.is_(None))
    filed = sa.select(lines.c.payout).where(lines.c.neighbourhood == tx.neighbourhood, lines.c.file.in_(open_files))
    p = records.payouts
    sent = records.some_payouts(tx, p.c.state == PayoutState.SENT.value, p.c.id.not_in(filed), order=[p.c.made_us])
    return [one for one in sent if _payee(tx, one) is not None]


def hold_changed(tx: Tx, by: Actor, *, now_us: int) -> int:
    """What was to be sent, and has something against it since (a changed account), waits; gives how many."""
    return sum(payouts.hold_sent(tx, by, one, at_us=now_us) for one in fileable(tx, by))


def prepare(tx: Tx, by: Actor, *, id: UUID, at_us: int) -> TransferFile:
    """Put what waits into a file. Made again under the same id it is the same. A payout whose account was changed
    within the day goes back to waiting instead.

    Raises ``StepUpNeeded``, ``Conflict`` while payouts are stopped, ``Invalid`` ``settlement.nothing_to_file``.
    """
    _operator(tx, by)
    need_step_up(by, at_us)
    there = _files(tx, files.c.id == id)
    if there:
        return there[0]
    if checks.stopped(tx) is not None:
        raise _stopped()
    chosen = [one for one in fileable(tx, by) if not payouts.hold_sent(tx, by, one, at_us=at_us)][:LINES_MAX]
    if not chosen:
        raise _nothing()
    rows = []
    for number, one in enumerate(chosen, 1):
        payee = _payee(tx, one)
        assert payee is not None
        person, since_us = payee
        line = {"file": id, "number": number, "payout": one.id, "person": person, "account_since_us": since_us}
        rows.append({**line, "mark": mark_of(one.id)})
    made = TransferFile(
        id=id, made_us=at_us, by_key=by.key, lines=len(rows), total_krw=sum(one.amount_krw for one in chosen)
    )  # fmt: skip
    records.add(tx, files, [msgspec.structs.asdict(made)])
    records.add(tx, lines, rows)
    body = facts.TransferFileMade(file=str(id), lines=made.lines, total_krw=made.total_krw)
    facts.tell(tx, by, body, about=f"transfers/{id}", at_us=at_us)
    return made


def take(tx: Tx, by: Actor, id: UUID, *, at_us: int, layout: Layout = bank_files.BULK) -> bytes:
    """The file for the bank: the lines that have no answer yet, with account numbers out of the vault; on record.

    Raises ``StepUpNeeded``, and ``Conflict`` where an account was changed after the file was made: money must not go
    where nobody looked, nor twice where the file has been uploaded already.
    """
    _operator(tx, by)
    need_step_up(by, at_us)
    waiting = [one for one in filed(tx, by, id) if one.payout.state is PayoutState.SENT]
    if file(tx, by, id).dropped_us is not None or not waiting:
        raise _nothing()
    moved = [one for one in waiting if members.account_since_us(tx, one.person) != one.account_since_us]
    if moved:
        raise _account_changed([one.payout.party for one in moved])
    written = [_line(tx, by, one) for one in waiting]
    records.change(tx, files, files.c.id == id, taken_us=at_us)
    facts.tell(tx, by, facts.TransferFileTaken(file=str(id), lines=len(written)), about=f"transfers/{id}", at_us=at_us)
    return layout.write(written)


def answer(tx: Tx, by: Actor, id: UUID, rows: Sequence[Returned], *, at_us: int) -> Answered:
    """Take in what the bank says of a file's lines: what was paid is paid, what was not is available again and the
    party's payouts wait for a person. Rows that fit no line are named and change nothing. Raises ``StepUpNeeded``."""
    _operator(tx, by)
    need_step_up(by, at_us)
    if file(tx, by, id).dropped_us is not None:
        raise errors.not_in_state("dropped")
    known = filed(tx, by, id)
    by_mark, by_account = {one.mark: one for one in known}, _by_account(tx, by, known, rows)
    paid, failed, same, wrong = 0, 0, 0, list[Wrong]()
    for row in rows:
        one = by_mark.get(row.mark) or by_account.get((row.bank, row.account, row.amount_krw))
        why = _fault(tx, one, row)
        if one is None or why is not None:
            wrong.append(Wrong(row=row.row, why=why or "unknown", mark=row.mark or row.account[-4:]))
        elif payouts.payout(tx, one.payout.id).state is not PayoutState.SENT:
            same += 1
        elif row.paid:
            payouts.end(tx, by, one.payout, PayoutState.PAID, "", row.reference or one.mark, at_us)
            paid += 1
        else:
            _failed(tx, by, one.payout, row, at_us)
            failed += 1
    if paid or failed:
        body = facts.TransfersAnswered(file=str(id), paid=paid, failed=failed, wrong=len(wrong))
        facts.tell(tx, by, body, about=f"transfers/{id}", at_us=at_us)
    return Answered(paid=paid, failed=failed, same=same, wrong=tuple(wrong))


def drop(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> TransferFile:
    """The file never went to the bank: its payouts can go into another. Raises ``Conflict`` once any has an answer."""
    _operator(tx, by)
    need_step_up(by, at_us)
    found = file(tx, by, id)
    if any(one.payout.state is not PayoutState.SENT for one in filed(tx, by, id)):
        raise errors.not_in_state("answered")
    if found.dropped_us is None:
        records.change(tx, files, files.c.id == id, dropped_us=at_us)
        facts.tell(tx, by, facts.TransferFileDropped(file=str(id)), about=f"transfers/{id}", at_us=at_us)
    return file(tx, by, id)


def file(tx: Tx, by: Actor, id: UUID) -> TransferFile:
    """Raises ``NotFound``."""
    _operator(tx, by)
    found = _files(tx, files.c.id == id)
    if not found:
        raise errors.unknown(str(id))
    return found[0]


def recent(tx: Tx, by: Actor, *, limit: int = 30) -> list[TransferFile]:
    """The latest files, the newest first."""
    _operator(tx, by)
    return _files(tx, limit=limit)


def filed(tx: Tx, by: Actor, id: UUID) -> list[Filed]:
    """A file's lines with how each stands now."""
    _operator(tx, by)
    rows = records.find(tx, lines, lines.c.file == id, order=[lines.c.number])
    p = records.payouts
    found = {one.id: one for one in records.some_payouts(tx, p.c.id.in_([row["payout"] for row in rows]))}
    return [
        Filed(
            number=row["number"], mark=row["mark"], person=row["person"], account_since_us=row["account_since_us"],
            payout=found[row["payout"]],
        )
        for row in rows
    ]  # fmt: skip


def mark_of(payout: UUID) -> str:
    """What the passbooks show of a payout: ten letters and digits that both sides know it by."""
    return "MD" + base64.b32encode(derived("settlement.mark", payout).bytes[:5]).decode()


def _payee(tx: Tx, one: Payout) -> tuple[UUID, int] | None:
    """The member whose account it goes to, and since when that is so."""
    party = records.party(tx, one.party)
    person = None if party is None else payouts.person_of(party)
    since_us = None if person is None else members.account_since_us(tx, person)
    return None if person is None or since_us is None else (person, since_us)


def _line(tx: Tx, by: Actor, one: Filed) -> Line:
    account = members.bank_account(tx, by, one.person)
    assert account is not None, "it was there when the file was made, and has not been set since"
    return Line(
        bank=account.bank, account=account.number, holder=account.holder, amount_krw=one.payout.amount_krw,
        mark=one.mark,
    )  # fmt: skip


def _by_account(tx: Tx, by: Actor, known: list[Filed], rows: Sequence[Returned]) -> dict[tuple[str, str, int], Filed]:
    """Lines by bank, account and sum, for banks that give no mark back; two that are alike are left out."""
    marks = {one.mark for one in known}
    if all(row.mark in marks for row in rows):
        return {}
    found: dict[tuple[str, str, int], list[Filed]] = {}
    for one in known:
        account = members.bank_account(tx, by, one.person)
        if account is not None:
            found.setdefault((account.bank, account.number, one.payout.amount_krw), []).append(one)
    return {key: of_it[0] for key, of_it in found.items() if len(of_it) == 1}


def _fault(tx: Tx, one: Filed | None, row: Returned) -> str | None:
    if one is None:
        return "unknown"
    if row.amount_krw != one.payout.amount_krw:
        return "amount"
    if row.paid is None:
        return "unclear"
    state = payouts.payout(tx, one.payout.id).state
    fits = (PayoutState.SENT, PayoutState.PAID if row.paid else PayoutState.FAILED)
    return None if state in fits else "already"


def _failed(tx: Tx, by: Actor, one: Payout, row: Returned, at_us: int) -> None:
    payouts.end(tx, by, one, PayoutState.FAILED, "refused", row.why, at_us)
    id = derived("settlement.refused", one.id)
    payouts.hold(tx, by, one.party, "bank_refused", id=id, at_us=at_us)


def _files(tx: Tx, *where: sa.ColumnElement[bool], limit: int = 1) -> list[TransferFile]:
    return [TransferFile(**row) for row in records.find(tx, files, *where, order=[files.c.made_us.desc()], limit=limit)]


def _operator(tx: Tx, by: Actor) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR)


def _nothing() -> Invalid:
    return Invalid(
        "settlement.nothing_to_file",
        ko="이체 파일에 넣을 지급이 없습니다.",
        en="There is no payout to put into a file.",
        next_ko="지급일이 되었는지, 받는 사람이 계좌를 적었는지 보세요.",
        next_en="See whether a pay day has come and the payee has given an account.",
    )


def _stopped() -> Conflict:
    return Conflict(
        "settlement.payouts_stopped",
        ko="장부가 맞지 않아 지급을 멈춘 상태입니다.",
        en="Payouts have stopped because the books differ.",
        next_ko="차이를 고치고 지급을 다시 시작한 뒤에 만드세요.",
        next_en="Mend the difference and let payouts go on first.",
    )


def _account_changed(parties: Sequence[str]) -> Conflict:
    return Conflict(
        "settlement.account_changed_since",
        ko="파일을 만든 뒤 계좌를 바꾼 곳이 있습니다: " + ", ".join(parties),
        en="An account was changed after this file was made: " + ", ".join(parties),
        next_ko="은행에 올렸다면 결과를 올리고, 아니라면 이 파일을 버리고 새로 만드세요.",
        next_en="If it went to the bank, take its answer in; if not, drop it and make another.",
        parties=list(parties),
    )
