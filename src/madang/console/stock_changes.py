"""What people did with goods, as a change: shown before it is booked, booked whole or not at all, taken back.

The moves are those of the forms. What comes, goes or is thrown away is so much *more* or *less* than there is by then;
a count says how much there *is*, and is not made when the lot has moved since it was shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from madang.catalog import stock
from madang.catalog.stock import Lot
from madang.console.model import Edit
from madang.console.stock_rows import Line
from madang.console.stockroom import Act
from madang.db import Tx
from madang.kernel import Actor, derived
from madang.ledger import Balance

Value = dict[str, Any]


class _Group(NamedTuple):
    """What is booked by one move."""

    act: str
    place: str
    target: str
    reason: str


def edits(place: str, act: Act, lines: Sequence[Line]) -> list[Edit]:
    """An edit for each lot of which there will be more or less."""
    found = []
    for line in lines:
        by = line.amount - line.booked if act is Act.COUNT else line.amount if act is Act.RECEIVE else -line.amount
        if by:
            said = {"act": act.value, "place": place, "sku": line.sku, "lot": line.lot}
            said |= {"target": line.target, "reason": line.reason}
            found.append(
                Edit(
                    object=f"{place}/{line.key}", before=said | {"on_hand": line.booked},
                    after=said | {"on_hand": line.booked + by},
                )
            )  # fmt: skip
    return found


def adds(edit: Edit) -> bool:
    """Whether an edit holds whatever there is by then."""
    return edit.after.get("act") != Act.COUNT


def now(tx: Tx, by: Actor, asked: Sequence[Edit], _at_us: int) -> Mapping[str, Value | None]:
    there = {place: stock.at_place(tx, by, place) for place in {edit.after["place"] for edit in asked}}
    return {
        edit.object: edit.after
        | {"on_hand": there[edit.after["place"]].get((edit.after["sku"], edit.after["lot"]), Balance()).posted}
        for edit in asked
    }


def make(tx: Tx, by: Actor, made: Sequence[tuple[Edit, Value]], id: UUID, at_us: int) -> None:
    """Book what edits say."""
    for group, of_it in _groups(made):
        named: dict[str, Any] = {"id": derived("console.stock", id, *group), "at_us": at_us}
        if group.act == Act.COUNT:
            _count(tx, by, group, of_it, named)
        elif group.act == Act.TRANSFER:
            stock.transfer(tx, by, group.place, group.target, _goods(of_it), **named)
        elif group.act == Act.RECEIVE:
            stock.receive(tx, by, group.place, _goods(of_it), **named)
        else:
            stock.waste(tx, by, group.place, _goods(of_it), reason=group.reason, **named)


def take_back(tx: Tx, by: Actor, made: Sequence[tuple[Edit, Value]], id: UUID, at_us: int, made_at_us: int) -> None:
    """Book the counter-moves of what was made at ``made_at_us``."""
    for group, of_it in _groups(made):
        named: dict[str, Any] = {"id": derived("console.stock", id, *group), "at_us": at_us}
        if group.act == Act.COUNT:
            _count(tx, by, group, of_it, named)
        elif group.act == Act.TRANSFER:
            stock.transfer(tx, by, group.target, group.place, _goods(of_it), **named)
        else:
            stock.take_back(tx, by, group.place, _goods(of_it), what=group.act, was_us=made_at_us, **named)


def _groups(made: Sequence[tuple[Edit, Value]]) -> list[tuple[_Group, list[tuple[Edit, Value]]]]:
    groups = defaultdict[_Group, list[tuple[Edit, Value]]](list)
    for edit, value in made:
        groups[_Group(*(edit.after[name] for name in _Group._fields))].append((edit, value))
    return sorted(groups.items())


def _count(tx: Tx, by: Actor, group: _Group, made: Sequence[tuple[Edit, Value]], named: dict[str, Any]) -> None:
    for edit, value in made:
        counted = Lot(sku=value["sku"], lot=value["lot"], amount=value["on_hand"])
        own = named | {"id": derived("console.counted", named["id"], edit.object)}
        stock.count(tx, by, group.place, counted, **own)


def _goods(made: Sequence[tuple[Edit, Value]]) -> list[Lot]:
    return [Lot(sku=edit.after["sku"], lot=edit.after["lot"], amount=_amount(edit)) for edit, _ in made]


def _amount(edit: Edit) -> int:
    assert edit.before is not None
    return abs(int(edit.after["on_hand"]) - int(edit.before["on_hand"]))
