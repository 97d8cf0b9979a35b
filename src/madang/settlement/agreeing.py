"""What is agreed with a party beside its fees, as dated rows: when it is paid, its tier, what is kept back; and what a
change of it comes to, before it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from madang.db import Tx
from madang.kernel import Actor
from madang.settlement import calendar, errors, facts, parties, purposes, records
from madang.settlement.model import Cycle, ReserveRule, Schedule


class Dated(msgspec.Struct, frozen=True, kw_only=True):
    """A row that holds from an instant on; ``what`` is a ``Schedule``, or the name of a tier."""

    from_us: int
    what: Any


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """All that is agreed with a party, the newest row first; rules that keep money back, ended ones too."""

    schedules: tuple[Dated, ...]
    tiers: tuple[Dated, ...]
    rules: tuple[ReserveRule, ...]


class Differs(msgspec.Struct, frozen=True, kw_only=True):
    """A field (a word under ``settlement.agree``) as it is on the day a change would begin, and as it would be."""

    field: str
    before: str
    after: str


def agreed(tx: Tx, by: Actor, key: str) -> Agreed:
    """For the party itself and the operator. Raises ``NotFound``, ``Forbidden``."""
    parties.party(tx, by, key)
    s, t = records.schedules, records.tiers
    schedules = records.find(tx, s, s.c.party == key, order=[s.c.from_us.desc()])
    tiers = records.find(tx, t, t.c.party == key, order=[t.c.from_us.desc()])
    return Agreed(
        schedules=tuple(
            Dated(from_us=row["from_us"], what=msgspec.json.decode(row["body"], type=Schedule)) for row in schedules
        ),
        tiers=tuple(Dated(from_us=row["from_us"], what=row["tier"]) for row in tiers),
        rules=tuple(sorted(records.rules_of(tx, key), key=lambda one: -one.from_us)),
    )


def schedule_differs(tx: Tx, by: Actor, key: str, new: Schedule, *, from_us: int) -> list[Differs]:
    """What another schedule would change from a day on."""
    parties.party(tx, by, key)
    old = records.schedule_of(tx, key, from_us)
    return _differs(_told(old), _told(new))


def tier_differs(tx: Tx, by: Actor, key: str, tier: str, *, from_us: int, language: str) -> list[Differs]:
    """What another tier would change from a day on: its name and the fees that come with it, as ``language`` calls
    them."""
    parties.party(tx, by, key)
    row = records.dated(tx, records.tiers, key, from_us)
    called = {} if language == "ko" else purposes.names(tx)

    def told(name: str) -> dict[str, str]:
        return {"tier": name, "fees": _fees(tx, name, from_us, called)}

    return _differs(told(row["tier"] if row else ""), told(tier))


def agree_schedule(tx: Tx, by: Actor, key: str, new: Schedule, *, from_us: int, at_us: int) -> None:
    """Paid so from a day on; what was confirmed before keeps its day."""
    _coming(from_us, at_us)
    if (new.cycle is Cycle.WEEKLY and not 0 <= new.day <= 6) or (new.cycle is Cycle.MONTHLY and not 1 <= new.day <= 31):
        raise errors.bad_terms("지급일이 맞지 않습니다.", "There is no such day of pay.")
    parties.set_schedule(tx, by, key, new, from_us=from_us)
    _tell(tx, by, key, "schedule", from_us, at_us)


def agree_tier(tx: Tx, by: Actor, key: str, tier: str, *, from_us: int, at_us: int) -> None:
    """In a tier from a day on; sales before keep their fees."""
    _coming(from_us, at_us)
    if not tier.strip() or len(tier) > 40:
        raise errors.bad_terms("등급의 이름을 적으세요.", "Name the tier.")
    parties.set_tier(tx, by, key, tier.strip(), from_us=from_us)
    _tell(tx, by, key, "tier", from_us, at_us)


def agree_reserve(tx: Tx, by: Actor, rule: ReserveRule, *, at_us: int) -> None:
    """Keep a part of each release back from a day on."""
    _coming(rule.from_us, at_us)
    parties.set_reserve_rule(tx, by, rule)
    _tell(tx, by, rule.party, "reserve", rule.from_us, at_us)


def end_reserve(tx: Tx, by: Actor, key: str, rule: UUID, *, at_us: int) -> None:
    """Keep no more back under a rule; what is kept already is let go on its day."""
    if not any(one.id == rule for one in records.rules_of(tx, key)):
        raise errors.unknown(str(rule))
    parties.end_reserve_rule(tx, by, rule, at_us=at_us)
    _tell(tx, by, key, "reserve_ended", at_us, at_us)


def _coming(from_us: int, at_us: int) -> None:
    if from_us < at_us:
        raise errors.bad_terms("과거부터 시작할 수 없습니다.", "It cannot begin in the past.")


def _tell(tx: Tx, by: Actor, key: str, what: str, from_us: int, at_us: int) -> None:
    facts.tell(tx, by, facts.Agreed(party=key, what=what, from_us=from_us), about=f"party:{key}", at_us=at_us)


def _told(one: Schedule) -> dict[str, str]:
    day = "" if one.cycle is Cycle.DAILY else str(one.day)
    return {
        "cycle": one.cycle.value, "day": day, "goods_d": str(one.goods_d), "booking_d": str(one.booking_d),
        "least_krw": f"{one.least_krw:,}", "floor_krw": f"{one.floor_krw:,}",
    }  # fmt: skip


def _fees(tx: Tx, tier: str, at_us: int, called: Mapping[str, str]) -> str:
    now: Sequence[Any] = records.terms_for(tx, [f"tier:{tier}"]) if tier else ()
    live = [one for one in now if one.from_us <= at_us and (one.to_us is None or at_us < one.to_us)]
    named = [(called.get(one.purpose, one.purpose), one.bp) for one in live]
    return ", ".join(f"{name} {bp / 100:g} %" for name, bp in sorted(named))


def _differs(before: dict[str, str], after: dict[str, str]) -> list[Differs]:
    return [Differs(field=f, before=before[f], after=after[f]) for f in after if before[f] != after[f]]


def next_days(schedule: Schedule, today: Any, n: int = 3) -> list[Any]:
    """The next days of pay."""
    found, day = [], today
    for _ in range(n):
        day = calendar.next_pay_day(schedule, day)
        found.append(day)
    return found
