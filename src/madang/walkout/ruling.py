"""The figures an operator sets for a shop: people inside at most, what is paid back at once, how a shopper's own limit
falls and rises. Dated rows, the latest of which holds from its own moment on; each can be gone back to.

Nothing is remembered anywhere else: the next visit, dispute and page reads the new row. A lower capacity takes places
that are free; those of people inside cannot be taken.
"""

from __future__ import annotations

from uuid import UUID

from madang import journal, ledger
from madang.db import Tx
from madang.kernel import Actor, Conflict, Invalid, NotFound, Role, derived
from madang.ledger import Transfer
from madang.walkout import books, facts, records
from madang.walkout.records import Ruled, Rules, Trust

CAPACITY_MAX, LIMIT_MAX_KRW, WINDOW_MAX_D = 10_000, 10_000_000, 3_650


def rule(tx: Tx, by: Actor, shop: str, new: Rules, *, id: UUID, at_us: int) -> Rules:
    """These figures from now on; the same again change nothing. For operators.

    Raises ``Invalid`` ``walkout.senseless_rules`` for what cannot be, ``Conflict`` ``walkout.places_taken`` where more
    people are inside than would fit, ``NotFound`` ``walkout.no_shop`` for a shop that sensors do not watch.
    """
    by.need(Role.OPERATOR)
    by.need_shop(shop)
    before = records.rules(tx, shop)
    if before is None:
        raise _no_shop(shop)
    if wrong := faults(new):
        raise _senseless(wrong[0])
    if before == new:
        return before
    _give_places(tx, shop, new.capacity - before.capacity, id, at_us)
    records.add_rules(tx, shop, new, by_kind=str(by.kind), by_key=by.key, from_us=at_us)
    body = facts.RulesSet(
        capacity=new.capacity, capacity_before=before.capacity, refund_limit_krw=new.refund_limit_krw,
        refund_limit_before_krw=before.refund_limit_krw, forgiven=new.trust.forgiven, share_pct=new.trust.share_pct,
        least_krw=new.trust.least_krw, window_d=new.trust.window_d,
    )  # fmt: skip
    journal.append(tx, by, body, id=derived("walkout.rules_set", id), at_us=at_us, subject=shop, shop=shop)
    return new


def go_back(tx: Tx, by: Actor, shop: str, number: int, *, id: UUID, at_us: int) -> Rules:
    """Set the figures of a former row again, as a row of its own. Raises what ``rule`` raises."""
    by.need(Role.OPERATOR)
    found = next((one for one in history(tx, by, shop) if one.number == number), None)
    if found is None:
        raise _no_shop(shop)
    return rule(tx, by, shop, found.rules, id=id, at_us=at_us)


def history(tx: Tx, by: Actor, shop: str) -> list[Ruled]:
    """What held from when, the newest first; what the shop opened with is number 0."""
    by.need_shop(shop)
    return records.ruled(tx, shop)


def faults(new: Rules) -> list[str]:
    """The names of figures that cannot be."""
    trust: Trust = new.trust
    bounds = {
        "capacity": (new.capacity, 1, CAPACITY_MAX),
        "refund_limit_krw": (new.refund_limit_krw, 0, LIMIT_MAX_KRW),
        "forgiven": (trust.forgiven, 0, 100),
        "share_pct": (trust.share_pct, 0, 100),
        "least_krw": (trust.least_krw, 0, new.refund_limit_krw),
        "window_d": (trust.window_d, 1, WINDOW_MAX_D),
    }
    return [name for name, (value, least, most) in bounds.items() if not least <= value <= most]


def _give_places(tx: Tx, shop: str, more: int, id: UUID, at_us: int) -> None:
    if not more:
        return
    room, free = books.capacity("room", shop), books.capacity("free", shop)
    if more < 0:
        left = ledger.balance(tx, free).available
        if left < -more:
            raise _taken(-more - left)
        room, free = free, room
    moved = derived("walkout.capacity", tx.neighbourhood, shop, id)
    ledger.post(tx, [Transfer(id=moved, debit=room, credit=free, amount=abs(more), at_us=at_us)])


def _senseless(field: str) -> Invalid:
    return Invalid(
        "walkout.senseless_rules",
        ko=f"정할 수 없는 값입니다: '{field}'.",
        en=f"That cannot be set: '{field}'.",
        next_ko=f"정원은 1~{CAPACITY_MAX:,}명, 한도는 0~{LIMIT_MAX_KRW:,}원, 가장 낮은 한도는 한도보다 크지 않게, "
        f"비율은 0~100%, 기간은 1~{WINDOW_MAX_D:,}일입니다.",
        next_en=f"Capacity 1 to {CAPACITY_MAX:,}, limit ₩0 to {LIMIT_MAX_KRW:,}, the least no more than the limit, "
        f"the share 0 to 100 %, the time 1 to {WINDOW_MAX_D:,} days.",
        field=field,
        fields={field: "number"},
    )


def _taken(people: int) -> Conflict:
    return Conflict(
        "walkout.places_taken",
        ko=f"지금 안에 있는 사람이 새 정원보다 {people}명 많습니다.",
        en=f"There are {people} more people inside than the new capacity.",
        next_ko="사람이 나간 뒤에 다시 정하거나 정원을 더 크게 정하세요.",
        next_en="Set it again when some have left, or set a larger one.",
        people=people,
    )


def _no_shop(shop: str) -> NotFound:
    return NotFound(
        "walkout.no_shop",
        ko="센서로 여는 가게가 아니거나 그런 기록이 없습니다.",
        en="No such shop is open with sensors, or it has no such row.",
        next_ko="설정에서 가게를 다시 고르세요.",
        next_en="Choose the shop in the settings again.",
        shop=shop,
    )
