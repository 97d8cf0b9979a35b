"""Whose won an order's money is, and moving only what differs when goods are given back for others. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from madang.ledger import AccountKey
from madang.storefront import tender
from madang.storefront.model import Order, Source

Legs = Sequence[tuple[AccountKey, int]]


class Netted(msgspec.Struct, frozen=True, kw_only=True):
    """``moves`` are (from, to, won) between the accounts of what was sold before and now; ``back`` is what of the
    former has still to go to the buyer, ``due`` what of the latter has still to be paid: one of them is empty."""

    moves: tuple[tuple[AccountKey, AccountKey, int], ...]
    back: tuple[tuple[AccountKey, int], ...]
    due: tuple[tuple[AccountKey, int], ...]


def netted(old: Legs, new: Legs) -> Netted:
    """What was sold for ``old`` is sold for ``new`` instead. Won that stay on an account do not move."""
    before, after = _without_common(old, new)
    moves = list[tuple[AccountKey, AccountKey, int]]()
    i = j = 0
    while i < len(before) and j < len(after):
        krw = min(before[i][1], after[j][1])
        moves.append((before[i][0], after[j][0], krw))
        before[i] = (before[i][0], before[i][1] - krw)
        after[j] = (after[j][0], after[j][1] - krw)
        i, j = i + (not before[i][1]), j + (not after[j][1])
    return Netted(moves=tuple(moves), back=tuple(before[i:]), due=tuple(after[j:]))


def sources_of(order: Order) -> tuple[Source, ...]:
    """What has still been paid for an order, by payment, the first one first."""
    if order.sources:
        return order.sources
    left = {number: krw - order.paid_back.get(number, 0) for number, krw in order.paid_by.items()}
    krw = sum(left.values()) if order.paid_by else order.total_krw - order.refunded_krw
    return (Source(payment=order.payment, krw=krw, by=left),)


def drawn(
    sources: Sequence[Source], krw: int, gone: Mapping[UUID, Mapping[int, int]] | None = None
) -> tuple[tuple[Source, ...], tuple[Source, ...]]:
    """So many won out of what was paid: (taken, left). First what a company has given back by itself already (``gone``:
    of a payment's parts, by number); then the latest payment first, each over its parts in proportion."""
    there = _gone_already(sources, krw, gone or {})
    taken, left = list[Source](), list[Source]()
    krw -= sum(one.krw for one in there)
    for had, first in zip(reversed(sources), reversed(there), strict=True):
        one = _less(had, first)
        part = min(krw, one.krw)
        krw -= part
        some = {str(n): won for n, won in tender.back(part, one.by, {}).items()} if one.by and part else {}
        both = {n: first.by.get(n, 0) + some.get(n, 0) for n in had.by if first.by.get(n, 0) + some.get(n, 0)}
        whole = Source(payment=had.payment, krw=first.krw + part, by=both)
        if whole.krw:
            taken.insert(0, whole)
        left.insert(0, Source(payment=had.payment, krw=one.krw - part, by=_minus(one.by, some)))
    assert krw == 0, "an order gives back no more than was paid for it"
    return tuple(taken), tuple(left)


def _gone_already(sources: Sequence[Source], krw: int, gone: Mapping[UUID, Mapping[int, int]]) -> list[Source]:
    found, open_ = list[Source](), {payment: dict(parts) for payment, parts in gone.items()}
    for one in sources:
        parts, by = open_.get(one.payment, {}), dict[str, int]()
        for number, paid in one.by.items():
            there = min(krw, paid, parts.get(int(number), 0))
            if there:
                by[number], krw = there, krw - there
                parts[int(number)] -= there
        found.append(Source(payment=one.payment, krw=sum(by.values()), by=by))
    return found


def _less(one: Source, part: Source) -> Source:
    return Source(payment=one.payment, krw=one.krw - part.krw, by=_minus(one.by, part.by))


def _minus(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return {n: won - b.get(n, 0) for n, won in a.items()}


def of_payment(sources: Sequence[Source], payment: UUID) -> dict[str, int]:
    """What of each part of a payment is among some sources."""
    found: dict[str, int] = {}
    for one in sources:
        for number, krw in one.by.items() if one.payment == payment else ():
            found[number] = found.get(number, 0) + krw
    return found


def _without_common(old: Legs, new: Legs) -> tuple[list[tuple[AccountKey, int]], list[tuple[AccountKey, int]]]:
    before, after = dict[AccountKey, int](), dict[AccountKey, int]()
    for sums, legs in ((before, old), (after, new)):
        for account, krw in legs:
            sums[account] = sums.get(account, 0) + krw
    for account in before.keys() & after.keys():
        same = min(before[account], after[account])
        before[account] -= same
        after[account] -= same
    return [x for x in sorted(before.items()) if x[1]], [x for x in sorted(after.items()) if x[1]]
