"""The rules of posting: accounts, transfers and what was booked before in; results, entries and new balances out.

Pure: no clock, no database. ``Books`` holds what a call needs to know (for a database) or everything (in memory).
After TigerBeetle's rules: docs.tigerbeetle.com, "create_transfers".
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from uuid import UUID

from madang.kernel import derived
from madang.ledger.account import Account, fault_of_state
from madang.ledger.chart import code_of
from madang.ledger.model import (
    RESOLVING,
    AccountKey,
    Entry,
    Fault,
    Kind,
    Outcome,
    Result,
    Transfer,
    account_id,
)
from madang.ledger.shape import fault_of_key, fault_of_shape

# An enum's member costs a slow look-up each time it is named (Python 3.11); these are read for every transfer.
SINGLE, PENDING, VOID, EXPIRE = Kind.SINGLE, Kind.PENDING, Kind.VOID, Kind.EXPIRE
CREATED, EXISTS, FAILED = Outcome.CREATED, Outcome.EXISTS, Outcome.FAILED


class Books:
    """A working set of accounts and entries, and the rules that change it.

    ``head_us`` is the time of the latest entry ``seq``. ``entries`` holds those whose ids or pending ids a call
    names; ``resolved`` says how a pending one ended; ``due`` is a heap of pending ones that may lapse.
    """

    def __init__(self, seq: int = 0, head_us: int = 0) -> None:
        assert seq >= 0
        assert head_us >= 0
        self.seq, self.head_us = seq, head_us
        self.accounts: dict[AccountKey, Account] = {}
        self.by_id: dict[int, Account] = {}
        self.entries: dict[UUID, Entry] = {}
        self.resolved: dict[UUID, str] = {}
        self.due: list[tuple[int, int, UUID]] = []
        self.written: list[Entry] = []

    # --- what is known -------------------------------------------------------------------------------------------

    def add_account(self, account: Account) -> None:
        assert account.id not in self.by_id
        assert account.debits_pending >= 0
        self.accounts[account.key] = self.by_id[account.id] = account

    def add_entry(self, entry: Entry, *, due: bool = False) -> None:
        """``due``: it is pending still and may lapse; of others what ended them need not be known."""
        assert entry.seq <= self.seq
        self.entries[entry.id] = entry
        if entry.pending_id is not None:
            assert entry.kind in RESOLVING
            self.resolved[entry.pending_id] = entry.kind
        if due:
            assert entry.expires_at_us is not None
            heappush(self.due, (entry.expires_at_us, entry.seq, entry.id))

    # --- posting -------------------------------------------------------------------------------------------------

    def post(self, transfers: Sequence[Transfer]) -> list[Result]:
        """What becomes of each transfer, in order; those of one group all or none."""
        results: list[Result] = []
        groups: set[UUID] = set()
        at, end = 0, len(transfers)
        while at < end:
            transfer = transfers[at]
            if transfer.group is None:
                results.append(self._one(transfer))
                at += 1
                continue
            members = _run(transfers, at)
            if transfer.group in groups:
                results += _failed(members, 0, Fault("group_scattered", {}))
            else:
                results += self._group(members)
            groups.add(transfer.group)
            at += len(members)
        assert len(results) == end
        return results

    def lapse(self, now_us: int, limit: int | None = None) -> int:
        """Time out at most ``limit`` pending transfers due by ``now_us``, each at its own moment; how many."""
        assert limit is None or limit > 0
        count = 0
        while self.due and self.due[0][0] <= now_us and count != limit:
            expires_at_us, _, id = heappop(self.due)
            pending = self.entries.get(id)
            if pending is None or id in self.resolved:  # undone with its group, or settled in time
                continue
            assert pending.expires_at_us == expires_at_us
            self._settle(derived("ledger.expire", id), EXPIRE, pending, 0, max(self.head_us, expires_at_us))
            count += 1
        return count

    def _one(self, t: Transfer) -> Result:
        fault = fault_of_shape(t)
        if fault is not None:
            return Result(t.id, FAILED, None, fault)
        known = self.entries.get(t.id)
        if known is not None:
            return self._again(t, known)
        return self._new(t, self._moment(t.at_us))

    def _moment(self, at_us: int) -> int:
        """When something said to be ``at_us`` is booked; what was due by then has lapsed first."""
        moment_us = at_us if at_us > self.head_us else self.head_us
        if self.due and self.due[0][0] <= moment_us:
            self.lapse(moment_us)
        return moment_us

    def _new(self, t: Transfer, moment_us: int) -> Result:
        plain = t.kind == SINGLE or t.kind == PENDING
        made = self._move(t, moment_us) if plain else self._resolve(t, moment_us)
        if type(made) is Fault:
            return Result(t.id, FAILED, None, made)
        assert type(made) is Entry
        return Result(t.id, CREATED, made)

    def _group(self, members: Sequence[Transfer]) -> list[Result]:
        for i, member in enumerate(members):
            if (fault := fault_of_shape(member)) is not None:
                return _failed(members, i, fault)
        old = [member.id in self.entries for member in members]
        if not any(old):
            return self._new_group(members)
        results = []
        for i, (member, is_old) in enumerate(zip(members, old, strict=True)):
            if not is_old:
                return _failed(members, i, Fault("group_already_posted", {"group": str(member.group)}))
            result = self._again(member, self.entries[member.id])
            if result.fault is not None:
                return _failed(members, i, result.fault)
            results.append(result)
        return results

    def _new_group(self, members: Sequence[Transfer]) -> list[Result]:
        """All members at one moment; at the first that can't be made, those before it are taken back."""
        moment_us = self._moment(max(member.at_us for member in members))
        seq, head_us, mark = self.seq, self.head_us, len(self.written)
        results: list[Result] = []
        for i, member in enumerate(members):
            known = self.entries.get(member.id)
            result = self._new(member, moment_us) if known is None else self._again(member, known)
            if result.fault is not None:
                self._take_back(mark)
                self.seq, self.head_us = seq, head_us
                return _failed(members, i, result.fault)
            results.append(result)
        return results

    # --- the same id again ---------------------------------------------------------------------------------------

    def _again(self, t: Transfer, known: Entry) -> Result:
        """The same content is the same transfer; ``at_us`` is no content, a second try may come later."""
        assert t.id == known.id
        field = self._difference(t, known)
        if field is None:
            return Result(t.id, EXISTS, known)
        return Result(t.id, FAILED, None, Fault(f"exists_with_different_{field}", {"seq": known.seq}))

    def _difference(self, t: Transfer, known: Entry) -> str | None:
        """The first field in which a transfer differs from the one booked under its id."""
        if t.kind != known.kind:
            return "kind"
        if t.pending_id != known.pending_id:
            return "pending_id"
        if t.debit is not None and account_id(t.debit) != known.debit:
            return "debit"
        if t.credit is not None and account_id(t.credit) != known.credit:
            return "credit"
        if self._amount(t, known) != known.amount:
            return "amount"
        if t.expires_at_us != known.expires_at_us:
            return "expires_at"
        if t.group != known.group_id:
            return "group"
        return "cause" if t.cause != known.cause else None

    def _amount(self, t: Transfer, known: Entry) -> int | None:
        """What a transfer means by leaving its amount out: all that is pending."""
        if t.amount is not None or known.pending_id is None:
            return t.amount
        return self.entries[known.pending_id].amount

    # --- moving --------------------------------------------------------------------------------------------------

    def _move(self, t: Transfer, moment_us: int) -> Entry | Fault:
        """A single or a pending transfer."""
        assert t.debit is not None
        assert t.credit is not None
        debit = self.accounts.get(t.debit) or self._open(t.debit)
        if type(debit) is Fault:
            return debit
        credit = self.accounts.get(t.credit) or self._open(t.credit)
        if type(credit) is Fault:
            return credit
        assert isinstance(debit, Account)
        assert isinstance(credit, Account)
        amount = t.amount
        assert amount is not None
        assert amount > 0
        fault = fault_of_state(debit, credit, amount, t.expires_at_us, moment_us)
        if fault is not None:
            return fault
        if t.kind == PENDING:
            debit.debits_pending += amount
            credit.credits_pending += amount
        else:
            debit.debits_posted += amount
            credit.credits_posted += amount
        return self._book(t.id, t.kind, debit, credit, amount, None, t.expires_at_us, t.group, t.cause, moment_us)

    def _open(self, key: AccountKey) -> Account | Fault:
        """An account of its own accord: opened by the first transfer that names it."""
        fault = fault_of_key(key)
        if fault is not None:
            return fault
        line = code_of(key.book, key.code)
        assert line is not None
        account = Account(account_id(key), AccountKey(*map(str, key)), line.limit)
        self.add_account(account)
        return account

    def _resolve(self, t: Transfer, moment_us: int) -> Entry | Fault:
        """Post (all or a part) or void what is pending."""
        assert t.pending_id is not None
        pending = self.entries.get(t.pending_id)
        fault = self._fault_of_resolution(t, pending)
        if fault is not None:
            return fault
        assert pending is not None
        amount = 0 if t.kind == VOID else pending.amount if t.amount is None else t.amount
        return self._settle(t.id, t.kind, pending, amount, moment_us, t.group, t.cause)

    def _fault_of_resolution(self, t: Transfer, pending: Entry | None) -> Fault | None:
        name = {"pending_id": str(t.pending_id)}
        if pending is None:
            return Fault("pending_not_found", name)
        if pending.kind != PENDING:
            return Fault("pending_not_pending", name)
        if t.debit is not None and account_id(t.debit) != pending.debit:
            return Fault("pending_has_different_debit", name)
        if t.credit is not None and account_id(t.credit) != pending.credit:
            return Fault("pending_has_different_credit", name)
        if t.amount is not None and t.amount > pending.amount:
            return Fault("exceeds_pending_amount", name | {"amount": t.amount, "pending": pending.amount})
        if t.kind == VOID and t.amount is not None and t.amount != pending.amount:
            return Fault("void_has_different_amount", name | {"amount": t.amount, "pending": pending.amount})
        ended = self.resolved.get(pending.id)
        return Fault(_ENDED[ended], name) if ended is not None else None

    def _settle(
        self,
        id: UUID,
        kind: str,
        pending: Entry,
        amount: int,
        moment_us: int,
        group: UUID | None = None,
        cause: str = "",
    ) -> Entry:
        """End what is pending: ``amount`` of it is posted, the rest goes back."""
        assert pending.id not in self.resolved
        assert 0 <= amount <= pending.amount
        debit, credit = self.by_id[pending.debit], self.by_id[pending.credit]
        debit.debits_pending -= pending.amount
        credit.credits_pending -= pending.amount
        debit.debits_posted += amount
        credit.credits_posted += amount
        assert debit.debits_pending >= 0
        assert credit.credits_pending >= 0
        self.resolved[pending.id] = kind
        shown = amount or pending.amount  # of a void or a time-out: what went back
        return self._book(id, kind, debit, credit, shown, pending.id, None, group, cause, moment_us)

    def _book(
        self,
        id: UUID,
        kind: str,
        debit: Account,
        credit: Account,
        amount: int,
        pending_id: UUID | None,
        expires_at_us: int | None,
        group: UUID | None,
        cause: str,
        moment_us: int,
    ) -> Entry:
        """Write the entry of a change just made to ``debit`` and ``credit``."""
        assert debit is not credit
        assert moment_us >= self.head_us
        self.seq += 1
        self.head_us = moment_us
        fields = (
            self.seq,
            id,
            moment_us,
            kind,
            debit.id,
            credit.id,
            amount,
            pending_id,
            expires_at_us,
            group,
            cause,
            debit.credits_posted - debit.debits_posted,
            debit.credits_pending,
            debit.debits_pending,
            credit.credits_posted - credit.debits_posted,
            credit.credits_pending,
            credit.debits_pending,
        )
        entry = tuple.__new__(Entry, fields)  # half the time of Entry(...), and this is done for every transfer
        self.entries[id] = entry
        self.written.append(entry)
        if expires_at_us is not None:
            heappush(self.due, (expires_at_us, self.seq, id))
        return entry

    def _take_back(self, mark: int) -> None:
        """Undo the entries written since ``mark``, latest first: none of them has been seen outside."""
        assert 0 <= mark <= len(self.written)
        while len(self.written) > mark:
            entry = self.written.pop()
            assert entry.kind != EXPIRE
            debit, credit = self.by_id[entry.debit], self.by_id[entry.credit]
            del self.entries[entry.id]
            if entry.pending_id is not None:
                held = self.entries[entry.pending_id].amount
                del self.resolved[entry.pending_id]
                debit.debits_pending += held
                credit.credits_pending += held
            if entry.kind == PENDING:
                debit.debits_pending -= entry.amount
                credit.credits_pending -= entry.amount
            elif entry.kind != VOID:
                debit.debits_posted -= entry.amount
                credit.credits_posted -= entry.amount


_ENDED: dict[str, str] = {
    Kind.POST: "pending_already_posted",
    VOID: "pending_already_voided",
    EXPIRE: "pending_expired",
}


def _run(transfers: Sequence[Transfer], start: int) -> Sequence[Transfer]:
    """The transfers from ``start`` on that belong to one group."""
    end = start
    while end < len(transfers) and transfers[end].group == transfers[start].group:
        end += 1
    assert end > start
    return transfers[start:end]


def _failed(members: Sequence[Transfer], culprit: int, fault: Fault) -> list[Result]:
    """A group that fails whole: its culprit says why, the others say who."""
    others = Fault("group_failed", {"culprit": str(members[culprit].id), "culprit_code": f"ledger.{fault.code}"})
    return [Result(member.id, FAILED, None, fault if i == culprit else others) for i, member in enumerate(members)]
