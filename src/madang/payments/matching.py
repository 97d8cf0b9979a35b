"""Comparing a gateway's settlement with our books: pure, line by line, every difference named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

import msgspec

from madang.payments.settlement_files import Settled


class Difference(StrEnum):
    MISSING_HERE = "missing_here"
    """They settle what our books do not know."""
    MISSING_THERE = "missing_there"
    """Our books have it, they have not settled it in the span of the file."""
    AMOUNT = "amount"
    FEE = "fee"
    """What is paid out is not the amount less the fee, or a fee on nothing."""
    DATE = "date"
    """Their day of sale is more than a day from ours."""
    TWICE = "twice"
    """The same line twice, in the file or in an earlier one."""


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """A charge (positive) or return (negative) as our books have it; ``clearing`` is the account's owner."""

    key: str
    order: str
    transaction: str
    payment: str
    amount_krw: int
    day: date
    clearing: str

    @property
    def name(self) -> str:
        """What settles once: the order for its charge, the order and the gateway's key for money given back."""
        return self.order if self.amount_krw > 0 else f"{self.order}/{self.transaction}"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One difference: the line of the file and ours, whichever there is."""

    what: Difference
    theirs: Settled | None
    ours: Ours | None


class Matched(msgspec.Struct, frozen=True):
    """Lines that agree (a date may still differ), and everything that does not."""

    pairs: tuple[tuple[Settled, Ours], ...]
    differences: tuple[Found, ...]


def match(
    theirs: Sequence[Settled],
    ours: Sequence[Ours],
    settled: frozenset[tuple[str, str, int]],
    *,
    due: date | None = None,
) -> Matched:
    """Find each line's counterpart: by their transaction, else by payment, sign and amount, else by payment and sign.

    ``settled`` holds (key, transaction, amount) of lines taken in earlier; those are ``twice`` and settle nothing.
    What we have and they have not is missing up to the last day of theirs, or up to ``due``.
    """
    left, pairs, found = list(ours), list[tuple[Settled, Ours]](), list[Found]()
    seen = set(settled)
    for line in theirs:
        mark = line.mark
        partner = _partner(line, left)
        if mark in seen:
            found.append(Found(what=Difference.TWICE, theirs=line, ours=None))
            continue
        seen.add(mark)
        if partner is None:
            found.append(Found(what=Difference.MISSING_HERE, theirs=line, ours=None))
            continue
        left.remove(partner)
        faults = _faults(line, partner)
        found += [Found(what=what, theirs=line, ours=partner) for what in faults]
        if not {Difference.AMOUNT, Difference.FEE} & set(faults):
            pairs.append((line, partner))
    last = due or max((line.sold for line in theirs), default=None)
    late = [one for one in left if last is not None and one.day <= last]
    found += [Found(what=Difference.MISSING_THERE, theirs=None, ours=one) for one in late]
    return Matched(tuple(pairs), tuple(found))


def _partner(line: Settled, ours: Sequence[Ours]) -> Ours | None:
    same = [
        one
        for one in ours
        if ((line.key and one.key == line.key) or (line.order and one.order == line.order))
        and (one.amount_krw < 0) == (line.amount_krw < 0)
    ]
    exact = [one for one in same if line.transaction and one.transaction == line.transaction]
    amount = [one for one in same if one.amount_krw == line.amount_krw]
    return next(iter([*exact, *amount, *same]), None)


def _faults(line: Settled, ours: Ours) -> list[Difference]:
    faults = []
    if line.amount_krw != ours.amount_krw:
        faults.append(Difference.AMOUNT)
    if line.payout_krw != line.amount_krw - line.fee_krw or abs(line.fee_krw) > abs(line.amount_krw):
        faults.append(Difference.FEE)
    if abs((line.sold - ours.day).days) > 1:
        faults.append(Difference.DATE)
    return faults
