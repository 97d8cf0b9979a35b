"""What promotions take off which lines: pure, the same for the same lines in any order.

Rules act one after the other on what the lines still cost. What a rule takes off all its lines together is shared
over them by largest remainder, never below a line's floor, so every won has one rule that it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from madang.catalog.promotion import BP, NForM, Off, OffBasket, Percent, Promotion, SetPrice, UnitPrice, Used
from madang.catalog.quote import Applied, Refused, Step
from madang.kernel import allocate, seoul

PIECES_MAX = 10_000
"""Pieces of one order that sets are put together from; more are sold at their price."""


@dataclass(slots=True)
class Item:
    """A line while promotions act on it: ``amount_krw`` is what it costs so far, ``floor_krw`` the least it may.

    ``pieces`` is 0 where it is sold by weight.
    """

    key: str
    marks: frozenset[str]
    pieces: int
    amount_krw: int
    floor_krw: int = 0
    list_krw: int = 0
    groups: set[str] = field(default_factory=set)
    touched: bool = False
    closed: bool = False
    steps: list[Step] = field(default_factory=list)


class Situation(NamedTuple):
    """Who, where, when, and which codes were given (as ``plain_code`` writes them)."""

    at_us: int
    shop: str
    person: str
    tags: frozenset[str]
    codes: frozenset[str]


WHY = {
    "unknown": ("없는 쿠폰 번호입니다.", "There is no such code."),
    "not_now": ("지금은 쓸 수 없는 쿠폰입니다.", "This code does not hold now."),
    "not_here": ("이 가게에서는 쓸 수 없는 쿠폰입니다.", "This code does not hold in this shop."),
    "members_only": ("대상 회원만 쓸 수 있는 쿠폰입니다.", "This code is for certain members only."),
    "used_up": ("이미 다 쓴 쿠폰입니다.", "This code is used up."),
    "threshold": ("최소 금액이나 수량에 모자랍니다.", "The order is below what this code asks for."),
    "nothing_fits": ("담은 상품 가운데 쓸 수 있는 것이 없습니다.", "Nothing in the cart fits this code."),
    "excluded": ("다른 할인과 함께 쓸 수 없습니다.", "This code cannot be combined with another discount here."),
}


def plain_code(code: str) -> str:
    """A code as it is compared: without spaces and hyphens, in capitals."""
    return code.replace(" ", "").replace("-", "").upper()


def promote(
    items: Sequence[Item], promotions: Iterable[Promotion], where: Situation, used: Mapping[str, Used]
) -> tuple[list[Applied], list[Refused]]:
    """Let promotions act on ``items`` (changed in place); gives what was applied, and why codes were not."""
    applied: list[Applied] = []
    why: dict[str, str] = dict.fromkeys(where.codes, "unknown")
    ordered = sorted(items, key=lambda item: item.key)
    for promotion in sorted(promotions, key=lambda p: (-p.priority, p.id)):
        code = plain_code(promotion.code)
        if code and code not in where.codes:
            continue
        reason, off_krw, times = _act(promotion, ordered, where, used.get(promotion.id, Used()))
        if off_krw:
            applied.append(
                Applied(
                    promotion=promotion.id, ko=promotion.name_ko, en=promotion.name_en, times=times, amount_krw=off_krw
                )
            )
        if code and why.get(code) != "":
            why[code] = "" if off_krw else reason
    refused = [Refused(code=code, why=w, ko=WHY[w][0], en=WHY[w][1]) for code, w in sorted(why.items()) if w]
    return applied, refused


def holds(promotion: Promotion, where: Situation, used: Used) -> str:
    """Why a promotion does not hold for anything here and now; empty where it does."""
    at = seoul(where.at_us)
    minute = at.hour * 60 + at.minute
    begun = promotion.from_us <= where.at_us and (promotion.until_us is None or where.at_us < promotion.until_us)
    if not promotion.on or not begun or (promotion.weekdays and at.weekday() not in promotion.weekdays):
        return "not_now"
    if promotion.minutes is not None and not promotion.minutes[0] <= minute < promotion.minutes[1]:
        return "not_now"
    if promotion.shops and where.shop not in promotion.shops:
        return "not_here"
    if promotion.tags and where.tags.isdisjoint(promotion.tags):
        return "members_only"
    if promotion.per_person_max is not None and not where.person:
        return "members_only"
    if promotion.per_person_max is not None and used.orders_of_person >= promotion.per_person_max:
        return "used_up"
    if promotion.uses_max is not None and used.orders >= promotion.uses_max:
        return "used_up"
    if promotion.budget_krw is not None and used.amount_krw >= promotion.budget_krw:
        return "used_up"
    return ""


def share(total: int, weights: Sequence[int], rooms: Sequence[int]) -> list[int]:
    """``total`` over ``weights`` by largest remainder, no share above its room; what does not fit goes to the others.

    Gives less than ``total`` only where there is no room for it.
    """
    given = [0] * len(weights)
    left = min(total, sum(room for room, weight in zip(rooms, weights, strict=True) if weight > 0))
    while left > 0:
        open_ = [i for i, weight in enumerate(weights) if weight > 0 and given[i] < rooms[i]]
        for i, part in zip(open_, allocate(left, [weights[i] for i in open_]), strict=True):
            given[i] += min(part, rooms[i] - given[i])
        left = min(total, sum(r for r, w in zip(rooms, weights, strict=True) if w > 0)) - sum(given)
    return given


def _act(promotion: Promotion, items: Sequence[Item], where: Situation, used: Used) -> tuple[str, int, int]:
    """Why nothing was taken off, how much was, and how often."""
    if reason := holds(promotion, where, used):
        return reason, 0, 0
    marked = [item for item in items if fits(promotion, item)]
    if not marked:
        return "nothing_fits", 0, 0
    lines = [item for item in marked if _open(promotion, item)]
    if not lines:
        return "excluded", 0, 0
    pieces = sum(item.pieces or 1 for item in lines)
    if sum(item.amount_krw for item in lines) < promotion.threshold_krw or pieces < promotion.threshold_pieces:
        return "threshold", 0, 0
    wanted, weights, times = _wanted(promotion, lines)
    most = _most(promotion, used)
    rooms = [max(0, x.amount_krw - max(x.floor_krw, x.list_krw * promotion.floor_bp // BP)) for x in lines]
    each = [min(krw, room) for krw, room in zip(wanted, rooms, strict=True)] if isinstance(wanted, list) else None
    if each is None or (most is not None and sum(each) > most):
        total = sum(each) if each is not None else sum([wanted] if isinstance(wanted, int) else wanted)
        each = share(total if most is None else min(total, most), weights, rooms)
    for item, off_krw in zip(lines, each, strict=True):
        if off_krw:
            _take_off(promotion, item, off_krw)
    return "nothing_fits", sum(each), times if sum(each) else 0


def fits(promotion: Promotion, item: Item) -> bool:
    """Whether a line has the marks a promotion is for."""
    wanted = not promotion.any_of or not item.marks.isdisjoint(promotion.any_of)
    if isinstance(promotion.effect, SetPrice):
        wanted = wanted and any(not item.marks.isdisjoint(part.any_of) for part in promotion.effect.parts)
    counted = item.pieces > 0 or isinstance(promotion.effect, (Percent, OffBasket))
    return wanted and counted and item.marks.isdisjoint(promotion.none_of)


def _open(promotion: Promotion, item: Item) -> bool:
    grouped = promotion.group != "" and promotion.group in item.groups
    return not item.closed and not grouped and (promotion.stacks or not item.touched)


def _take_off(promotion: Promotion, item: Item, off_krw: int) -> None:
    assert 0 < off_krw <= item.amount_krw - item.floor_krw
    item.amount_krw -= off_krw
    item.touched = True
    item.closed = item.closed or not promotion.stacks
    if promotion.group:
        item.groups.add(promotion.group)
    rule = f"promotion:{promotion.id}"
    item.steps.append(Step(rule=rule, ko=promotion.name_ko, en=promotion.name_en, amount_krw=-off_krw))


def _most(promotion: Promotion, used: Used) -> int | None:
    caps = [promotion.max_off_krw] if promotion.max_off_krw is not None else []
    if promotion.budget_krw is not None:
        caps.append(max(0, promotion.budget_krw - used.amount_krw))
    return min(caps) if caps else None


def _wanted(promotion: Promotion, lines: Sequence[Item]) -> tuple[int | list[int], list[int], int]:
    """What an effect would take off (together, or line by line), over which weights, and how many sets it made."""
    amounts, effect = [item.amount_krw for item in lines], promotion.effect
    if isinstance(effect, Percent):
        return sum(amounts) * effect.bp // BP, amounts, 1
    if isinstance(effect, OffBasket):
        return min(effect.krw, sum(amounts)), amounts, 1
    if isinstance(effect, Off):
        return [min(effect.krw * x.pieces, x.amount_krw) for x in lines], amounts, 1
    if isinstance(effect, UnitPrice):
        return [max(0, x.amount_krw - effect.krw * x.pieces) for x in lines], amounts, 1
    if isinstance(effect, NForM):
        return _n_for_m(effect, lines, promotion.per_order_max)
    return _sets(effect, lines, promotion.per_order_max)


def _dearest_first(lines: Sequence[Item]) -> list[int]:
    """Line numbers by the price of a piece, dearest first, then by key."""
    return sorted(range(len(lines)), key=lambda i: (-(lines[i].amount_krw * 1_000_000 // lines[i].pieces), i))


def _n_for_m(effect: NForM, lines: Sequence[Item], sets_max: int | None) -> tuple[int, list[int], int]:
    row = [i for i in _dearest_first(lines) for _ in range(min(lines[i].pieces, PIECES_MAX))][:PIECES_MAX]
    sets = len(row) // effect.n
    sets = sets if sets_max is None else min(sets, sets_max)
    row = row[: sets * effect.n]
    free, part = [0] * len(lines), [0] * len(lines)
    for place, i in enumerate(row):
        part[i] += 1
        free[i] += place % effect.n >= effect.m
    off = sum(_worth(line, n) for line, n in zip(lines, free, strict=True))
    return off, [_worth(line, n) for line, n in zip(lines, part, strict=True)], sets


def _sets(effect: SetPrice, lines: Sequence[Item], sets_max: int | None) -> tuple[int, list[int], int]:
    order = _dearest_first(lines)
    left = [min(item.pieces, PIECES_MAX) for item in lines]
    part, off, sets = [0] * len(lines), 0, 0
    while sets < (PIECES_MAX if sets_max is None else sets_max):
        taken = _one_set(effect, lines, order, left)
        if taken is None:
            break
        after = [part[i] + taken[i] for i in range(len(lines))]
        worth = sum(_worth(line, n) for line, n in zip(lines, after, strict=True))
        if worth - effect.krw * (sets + 1) <= off:
            break
        off, part, sets = worth - effect.krw * (sets + 1), after, sets + 1
        left = [left[i] - taken[i] for i in range(len(lines))]
    return off, [_worth(line, n) for line, n in zip(lines, part, strict=True)], sets


def _one_set(effect: SetPrice, lines: Sequence[Item], order: Sequence[int], left: Sequence[int]) -> list[int] | None:
    """How many pieces of each line make up one more set, or None."""
    taken = [0] * len(lines)
    for part in effect.parts:
        need = part.n
        for i in order:
            if need and not lines[i].marks.isdisjoint(part.any_of):
                more = min(need, left[i] - taken[i])
                taken[i] += more
                need -= more
        if need:
            return None
    return taken


def _worth(item: Item, pieces: int) -> int:
    return item.amount_krw * pieces // item.pieces
