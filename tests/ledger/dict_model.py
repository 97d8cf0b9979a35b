"""The books as dictionaries: what ``docs/ledger.md`` says, written a second time and without a look at the rules."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from madang.ledger import AccountKey, Balance, Transfer, code_of

FIELDS = ("kind", "pending_id", "debit", "credit", "amount", "expires_at_us", "group", "cause")
ENDED = {"post": "pending_already_posted", "void": "pending_already_voided", "expire": "pending_expired"}


class DictModel:
    """Answers ``created``, ``exists`` or an error's name for each transfer."""

    def __init__(self) -> None:
        self.s: dict[str, Any] = {"done": {}, "open": {}, "ended": {}, "dr": {}, "cr": {}, "head": 0}

    def post_each(self, transfers: Sequence[Transfer]) -> list[str]:
        answers: list[str] = []
        seen: list[Any] = []
        for i, t in enumerate(transfers):
            if t.group is None:
                answers.append(shape(t) or self.one(t, t.at_us))
            elif i == 0 or transfers[i - 1].group != t.group:
                members = [m for m in transfers[i:] if m.group == t.group]
                run = next((n for n, m in enumerate(transfers[i:]) if m.group != t.group), len(transfers) - i)
                answers += self.group(members[:run]) if t.group not in seen else failed(run, 0, "group_scattered")
                seen.append(t.group)
        return answers

    def group(self, members: Sequence[Transfer]) -> list[str]:
        for i, m in enumerate(members):
            if wrong := shape(m):
                return failed(len(members), i, wrong)
        new = [m.id not in self.s["done"] for m in members]
        if not all(new) and any(new):
            for i, m in enumerate(members):
                answer = "group_already_posted" if new[i] else self.one(m, 0)
                if answer != "exists":
                    return failed(len(members), i, answer)
        at_us = max(m.at_us for m in members)
        if all(new):
            self.expire(max(at_us, self.s["head"]))
        before = copy.deepcopy(self.s)
        answers = []
        for i, m in enumerate(members):
            answers.append(self.one(m, at_us))
            if answers[-1] not in ("created", "exists"):
                self.s = before
                return failed(len(members), i, answers[-1])
        return answers

    def one(self, t: Transfer, at_us: int) -> str:
        s = self.s
        if t.id in s["done"]:
            old = s["done"][t.id]
            for field in FIELDS:
                mine = getattr(t, field)
                if mine is None and field in ("debit", "credit") and t.pending_id:
                    continue
                if mine is None and field == "amount" and t.pending_id:
                    mine = s["done"][t.pending_id]["amount"]
                if mine != old[field]:
                    return "exists_with_different_" + field.removesuffix("_us")
            return "exists"
        now = max(at_us, s["head"])
        self.expire(now)
        if t.kind in ("post", "void"):
            return self.settle(t, now)
        debit, credit, amount = t.debit, t.credit, t.amount
        assert debit
        assert credit
        assert amount
        for key in (debit, credit):
            if code_of(key.book, key.code) is None:
                return "code_unknown"
        if t.expires_at_us is not None and t.expires_at_us <= now:
            return "expires_too_early"
        if debit.code == "t_wallet" and self.total("dr", debit) + amount > self.total("cr", debit, pending=False):
            return "exceeds_credits"
        if credit.code == "t_fund" and self.total("cr", credit) + amount > self.total("dr", credit, pending=False):
            return "exceeds_debits"
        if t.kind == "pending":
            s["open"][t.id] = t.expires_at_us
        else:
            self.add(debit, credit, amount)
        return self.record(t, debit, credit, amount, now)

    def settle(self, t: Transfer, now: int) -> str:
        s = self.s
        held = s["done"].get(t.pending_id)
        if held is None:
            return "pending_not_found"
        if held["kind"] != "pending":
            return "pending_not_pending"
        for side in ("debit", "credit"):
            if getattr(t, side) not in (None, held[side]):
                return f"pending_has_different_{side}"
        if t.amount is not None and t.amount > held["amount"]:
            return "exceeds_pending_amount"
        if t.kind == "void" and t.amount not in (None, held["amount"]):
            return "void_has_different_amount"
        if t.pending_id in s["ended"]:
            return ENDED[s["ended"][t.pending_id]]
        amount = t.amount or held["amount"]
        del s["open"][t.pending_id]
        s["ended"][t.pending_id] = t.kind
        if t.kind == "post":
            self.add(held["debit"], held["credit"], amount)
        return self.record(t, held["debit"], held["credit"], amount, now)

    def expire(self, now: int) -> int:
        due = [id for id, expires_at_us in self.s["open"].items() if expires_at_us is not None and expires_at_us <= now]
        for id in due:
            self.s["head"] = max(self.s["head"], self.s["open"].pop(id))
            self.s["ended"][id] = "expire"
        return len(due)

    def record(self, t: Transfer, debit: AccountKey, credit: AccountKey, amount: int, now: int) -> str:
        self.s["done"][t.id] = {f: getattr(t, f) for f in FIELDS} | {"debit": debit, "credit": credit, "amount": amount}
        self.s["head"] = now
        for key in (debit, credit):
            self.add(key, key, 0)
        return "created"

    def add(self, debit: AccountKey, credit: AccountKey, amount: int) -> None:
        self.s["dr"][debit] = self.s["dr"].get(debit, 0) + amount
        self.s["cr"][credit] = self.s["cr"].get(credit, 0) + amount

    def pending(self, side: str, key: AccountKey) -> int:
        held = [self.s["done"][id] for id in self.s["open"]]
        return sum(h["amount"] for h in held if h[{"dr": "debit", "cr": "credit"}[side]] == key)

    def total(self, side: str, key: AccountKey, *, pending: bool = True) -> int:
        posted: int = self.s[side].get(key, 0)
        return posted + (self.pending(side, key) if pending else 0)

    def balances(self) -> dict[AccountKey, Balance]:
        keys = sorted(self.s["dr"])
        total = self.total
        return {
            k: Balance(
                total("cr", k, pending=False) - total("dr", k, pending=False),
                self.pending("cr", k),
                self.pending("dr", k),
            )
            for k in keys
        }


def failed(count: int, culprit: int, name: str) -> list[str]:
    return [name if i == culprit else "group_failed" for i in range(count)]


def shape(t: Transfer) -> str | None:
    settles = t.kind in ("post", "void")
    faults = {
        "kind_unknown": t.kind not in ("single", "pending", "post", "void"),
        "pending_id_required": settles and t.pending_id is None,
        "pending_id_not_allowed": not settles and t.pending_id is not None,
        "pending_id_must_differ": t.pending_id == t.id,
        "expires_at_not_allowed": t.kind != "pending" and t.expires_at_us is not None,
        "accounts_required": not settles and (t.debit is None or t.credit is None),
        "amount_required": not settles and t.amount is None,
        "accounts_must_differ": not settles and t.debit == t.credit,
        "books_must_match": bool(not settles and t.debit and t.credit and t.debit.book != t.credit.book),
        "units_must_match": bool(not settles and t.debit and t.credit and t.debit.unit != t.credit.unit),
        "amount_must_be_positive": t.amount is not None and t.amount <= 0,
        "amount_too_large": t.amount is not None and t.amount >= 2**53,
    }
    return next((name for name, is_so in faults.items() if is_so), None)
