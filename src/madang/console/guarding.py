"""How a walk-out shop stands: sensors the engine finds wanting, what is promised of automatic charges and was kept."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from madang import journal, places
from madang.db import Tx
from madang.kernel import Actor, Invalid, Role
from madang.places import Place
from madang.walkout import promise_records, promising
from madang.walkout.promise import Terms
from madang.walkout.promising import Report

HEALTH = "walkout.sensor_health"
LOOK_BACK = 200
"""So many of the newest changes of sensors are looked through; what has not changed for longer is well, or known."""
ONE_IN_MIN, ONE_IN_MAX = 5, 100_000


class Ailing(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor (``kind``: plate or gondola) in a state that is not ok, and since when."""

    kind: str
    sensor: str
    state: str
    since_us: int


class Guarded(msgspec.Struct, frozen=True, kw_only=True):
    """A shop with its sensors that ail and its promise; ``one_in``: at most one wrong receipt in so many (0: none)."""

    shop: Place
    ailing: tuple[Ailing, ...]
    promise: Report

    @property
    def one_in(self) -> int:
        return round(1 / self.promise.wrong_max) if self.promise.wrong_max else 0


def ailing(tx: Tx, by: Actor, shop: str) -> tuple[Ailing, ...]:
    """Sensors of a shop whose newest word is not ok, the latest first."""
    by.need_shop(shop)
    latest: dict[tuple[str, str], Ailing] = {}
    for fact in journal.trail(tx, by, kinds=[HEALTH], limit=LOOK_BACK):
        if fact.shop == shop:
            said = fact.body
            new = Ailing(kind=said.kind, sensor=said.sensor, state=said.state, since_us=fact.at_us)
            latest.setdefault((said.kind, said.sensor), new)
    return tuple(one for one in latest.values() if one.state != "ok")


def guarded(tx: Tx, by: Actor, shops: Sequence[Place], *, at_us: int) -> tuple[Guarded, ...]:
    """The shops that can be walked out of."""
    return tuple(
        Guarded(shop=one, ailing=ailing(tx, by, one.id), promise=promising.report(tx, by, one.id, at_us))
        for one in shops
        if places.has_layout(tx, by, one.id)
    )


def promise(tx: Tx, by: Actor, shop: str, one_in: int, *, id: UUID, at_us: int) -> None:
    """At most one in so many of the receipts charged automatically is wrong, from now on; the rest stays.
    Raises ``Forbidden`` for who is not an operator, ``Invalid`` for what nobody can promise."""
    by.need(Role.OPERATOR)
    if not ONE_IN_MIN <= one_in <= ONE_IN_MAX:
        raise Invalid(
            "console.bad_promise",
            ko=f"{ONE_IN_MIN}에서 {ONE_IN_MAX:,} 사이의 수를 적어 주세요.",
            en=f"Write a number from {ONE_IN_MIN} to {ONE_IN_MAX:,}.",
            next_ko="예: 100이면 바로 결제한 영수증 100장 가운데 틀린 것이 1장 이하라는 뜻입니다.",
            next_en="100 means: at most 1 wrong in 100 receipts charged automatically.",
        )
    before = promise_records.terms_at(tx, shop, at_us) or Terms()
    new = msgspec.structs.replace(before, wrong_max=1 / one_in)
    promising.promise_that(tx, by, shop, new, id=id, at_us=at_us)
