"""Which of the moves that an engine told were true: matched one to one in time, at the place where they happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

NEAR_S = 2.0
"""A move told within so long of a true one may be it."""

Event = Mapping[str, Any]
"""``t``, ``kind`` (pick, put_back), ``product``, ``qty``, ``credential``, and ``facing`` or ``plate``."""


class Matched(NamedTuple):
    """So many moves were told, so many truly happened, and so many of the told ones are right in kind, place, product
    and quantity."""

    told: int
    true: int
    right: int


def matched(told: Sequence[Event], true: Sequence[Event]) -> Matched:
    """Match the moves of customers; what staff did is neither wanted nor held against the engine."""
    wanted = [e for e in true if e["kind"] in ("pick", "put_back") and e.get("role", "customer") == "customer"]
    by_staff = [e for e in true if e["kind"] in ("restock", "staff_pick")]
    said = [e for e in told if not _of_staff(e, by_staff)]
    pairs = sorted(_pairs(said, wanted))
    right, used_told, used_true = 0, set[int](), set[int]()
    for wrong, _, i, j in pairs:
        if i not in used_told and j not in used_true:
            used_told.add(i)
            used_true.add(j)
            right += not wrong
    return Matched(len(said), len(wanted), right)


def _pairs(said: Sequence[Event], wanted: Sequence[Event]) -> Iterable[tuple[bool, float, int, int]]:
    """(not the same goods, seconds apart, told, true) of every pair that may be one."""
    for i, e in enumerate(said):
        for j, x in enumerate(wanted):
            apart = abs(float(e["t"]) - float(x["t"]))
            if e["kind"] == x["kind"] and apart <= NEAR_S and _same_place(e, x):
                yield (e["product"], e["qty"]) != (x["product"], x["qty"]), apart, i, j


def _same_place(said: Event, true: Event) -> bool:
    return said["facing"] == true.get("facing") if said.get("facing") else said.get("plate") in true.get("plates", {})


def _of_staff(said: Event, by_staff: Sequence[Event]) -> bool:
    named = str(said.get("credential")).startswith("staff")
    return named and any(abs(float(said["t"]) - float(s["t"])) < NEAR_S and _same_place(said, s) for s in by_staff)
