"""What happened in a wallet, as its owner reads it: one line for one thing, whatever accounts it went to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from madang import ledger

_NAMED = {
    "tender": ("returned", "paid"),
    "funding": ("top_up", "emptied"),
    "gateway": ("top_up", "emptied"),
    "tab": ("in", "tab"),
    "gift_card": ("gift_card", "out"),
}
"""What came from an account and what went to one, as keys of the texts ``pay.line``."""
_SHOP = ("sales", "sales_exempt", "vat_payable", "commission")


class Entry(NamedTuple):
    """``kind`` is a key of ``pay.line``; ``name`` what it was for, where a payment says so."""

    booked_us: int
    kind: str
    name: str
    amount: int


def paid_by(lines: Sequence[ledger.Line]) -> list[UUID]:
    """The payments that lines belong to."""
    return [UUID(line.other.owner) for line in lines if line.other.code == "tender"]


def entries(lines: Sequence[ledger.Line], titles: Mapping[UUID, str]) -> list[Entry]:
    """The lines that moved money, those of one cause at one time and of one kind as one (a visit pays a shop's sales,
    its VAT and a commission at once). ``titles`` are payments' by id."""
    found = dict[tuple[int, str, str, str], int]()
    for line in lines:
        if line.kind not in (ledger.Kind.SINGLE, ledger.Kind.POST):
            continue
        went, code = line.amount < 0, line.other.code
        name = titles.get(UUID(line.other.owner), "") if code == "tender" else ""
        shop = code in _SHOP or code.startswith("payable")
        said = ("returned", "shop")[went] if shop else _NAMED.get(code, ("in", "out"))[went]
        key = (line.booked_us, line.cause, said, name)
        found[key] = found.get(key, 0) + line.amount
    return [Entry(at_us, kind, name, amount) for (at_us, _, kind, name), amount in found.items()]
