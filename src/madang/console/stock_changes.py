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
    """Book what edits say, or (where they are to be as before) the counter-moves."""
    groups = defaultdict[_Group, list[tuple[Edit, Value]]](list)
    for edit, value in made:
        groups[_Group(*(edit.after[name] for name in _Group._fields))].append((edit, value))
    for group, of_it in sorted(groups.items()):
        named: dict[str, Any] = {"id": derived("console.stock", id, *group), "at_us": at_us}
        if group.act == Act.COUNT:
            _count(tx, by, group, of_it, named)
        else:
            _move(tx, by, group, of_it, named)


def _count(tx: Tx, by: Actor, group: _Group, made: Sequence[tuple[Edit, Value]], named: dict[str, Any]) -> None:
    for edit, value in made:
        counted = Lot(sku=value["sku"], lot=value["lot"], amount=value["on_hand"])
        own = named | {"id": derived("console.counted", named["id"], edit.object)}
        stock.count(tx, by, group.place, counted, **own)


def _move(tx: Tx, by: Actor, group: _Group, made: Sequence[tuple[Edit, Value]], named: dict[str, Any]) -> None:
    back = made[0][1] != made[0][0].after
    goods = [Lot(sku=one.after["sku"], lot=one.after["lot"], amount=_amount(one)) for one, _ in made]
    if group.act == Act.TRANSFER:
        ends = (group.target, group.place) if back else (group.place, group.target)
        stock.transfer(tx, by, *ends, goods, **named)
    elif back:
        stock.take_back(tx, by, group.place, goods, what=group.act, **named)
    elif group.act == Act.RECEIVE:
        stock.receive(tx, by, group.place, goods, **named)
    else:
        stock.waste(tx, by, group.place, goods, reason=group.reason, **named)


def _amount(edit: Edit) -> int:
    assert edit.before is not None
    return abs(int(edit.after["on_hand"]) - int(edit.before["on_hand"]))
