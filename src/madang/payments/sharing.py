"""How an amount is shared over the means that pay, and over the accounts that were paid.

One rule everywhere: in proportion to what each can still take, by largest remainder, ties to the earlier one. So shares
add up exactly, none is more than its part has left, and whatever was given back before, giving back all that is left
gives each part exactly the rest of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from madang.kernel import allocate
from madang.ledger import AccountKey
from madang.payments.faults import means_not_paid, too_much
from madang.payments.model import Leg, Refund, Tender


def over_parts(amount_krw: int, left_krw: Sequence[int]) -> list[int]:
    """Shares of ``amount_krw`` over what each part has left. Raises ``Conflict`` where it is more than all of it."""
    if amount_krw > sum(left_krw):
        raise too_much(amount_krw, sum(left_krw))
    return allocate(amount_krw, left_krw)


def by_means(wanted: Mapping[str, int], parts: Sequence[Tender]) -> list[int]:
    """The same where the caller says how much each means gives back; parts of one means share it among them."""
    shares = dict.fromkeys((part.number for part in parts), 0)
    for means, amount_krw in wanted.items():
        mine = [part for part in parts if part.means == means]
        if not mine:
            raise means_not_paid(means)
        if amount_krw:
            found = over_parts(amount_krw, [part.left_krw for part in mine])
            shares |= {part.number: share for part, share in zip(mine, found, strict=True)}
    return [shares[part.number] for part in parts]


def by_parts(wanted: Mapping[int, int], parts: Sequence[Tender]) -> list[int]:
    """The same where the caller says how much each part, by its number, gives back."""
    left = {part.number: part.left_krw for part in parts}
    for number, amount_krw in wanted.items():
        if amount_krw > left.get(number, 0):
            raise too_much(amount_krw, left.get(number, 0))
    return [wanted.get(part.number, 0) for part in parts]


def where_it_went(legs: Iterable[tuple[Leg, int]], refunds: Iterable[Refund]) -> list[tuple[Leg, int]]:
    """The accounts a payment was captured to, each once, with what it has given back in all refunds; last the accounts
    that only gave (a seller's who had been paid out meanwhile), which were paid 0. The first column adds up to what was
    captured, the second to what was refunded."""
    went, back = Counter[AccountKey](), Counter[AccountKey]()
    for (account, krw), _ in legs:
        went[account] += krw
    for one in refunds:
        for account, krw in one.legs:
            back[account] += krw
    return [((account, went[account]), back[account]) for account in dict.fromkeys([*went, *back])]
