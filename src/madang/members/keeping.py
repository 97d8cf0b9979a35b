"""What law makes us keep of people who are forgotten: apart from everything else, and no longer than it says.

Rooms above declare with ``declare_keeping`` what ties a person to them and under which law their records stay. When
somebody is erased, the fields those records need to mean anything are sealed once more under a key of their own in a
table of their own (개인정보 보호법 §21③: stored apart); everything else is destroyed with the person's key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, Invalid, MadangError, NotFound, Role
from madang.kernel.clock import DAY_US
from madang.members import facts, records, vault
from madang.members.declared import declared_field
from madang.members.tables import retained

YEAR_US = 365 * DAY_US + DAY_US // 4
REASON_LENGTH_MIN = 5


@dataclass(frozen=True, slots=True)
class Keeping:
    """Records of a kind, under a law, for ``keep_us`` after the last of them; ``last`` tells when that was for a
    person (``None``: there is none); ``fields`` are the personal fields they need."""

    name: str
    law_ko: str
    law_en: str
    keep_us: int
    fields: tuple[str, ...]
    last: Callable[[Tx, UUID], int | None]


@dataclass(frozen=True, slots=True)
class Kept:
    """What remains of somebody who was forgotten, until ``until_us``."""

    law: str
    law_ko: str
    law_en: str
    fields: tuple[str, ...]
    until_us: int


Obstacle = Callable[[Tx, UUID], MadangError | None]

Forgetting = Callable[[Tx, UUID, int], None]

_forgettings: dict[str, Forgetting] = {}
_keepings: dict[str, Keeping] = {}
_obstacles: dict[str, Obstacle] = {}


def declare_keeping(keeping: Keeping) -> Keeping:
    """Declare what must stay of people, and why; declared fields only."""
    for name in keeping.fields:
        declared_field(name)
    _keepings[keeping.name] = keeping
    return keeping


def declare_obstacle(name: str, obstacle: Obstacle) -> None:
    """Declare what must be settled before somebody can be forgotten (money of theirs that we hold)."""
    _obstacles[name] = obstacle


def declare_forgetting(name: str, forget: Forgetting) -> None:
    """Declare what else is forgotten with a person: ``forget(tx, person, at_us)``, in the same transaction."""
    _forgettings[name] = forget


def forget_with(tx: Tx, person: UUID, at_us: int) -> None:
    """Forget what belongs to a person elsewhere."""
    for _, forget in sorted(_forgettings.items()):
        forget(tx, person, at_us)


def keepings() -> list[Keeping]:
    """Every declared one, by name."""
    return sorted(_keepings.values(), key=lambda keeping: keeping.name)


def need_nothing_open(tx: Tx, person: UUID) -> None:
    """Raise what stands in the way of forgetting a person."""
    for fault in still_open(tx, person):
        raise fault


def still_open(tx: Tx, person: UUID) -> list[MadangError]:
    """Everything that stands in the way of forgetting a person, in words they can act on."""
    found = [obstacle(tx, person) for _, obstacle in sorted(_obstacles.items())]
    return [fault for fault in found if fault is not None]


def due(tx: Tx, person: UUID, at_us: int) -> list[tuple[Keeping, int]]:
    """Which laws still ask for this person's records, and until when."""
    found = [(keeping, keeping.last(tx, person)) for keeping in keepings()]
    return [(k, last + k.keep_us) for k, last in found if last is not None and last + k.keep_us > at_us]


def keep_apart(tx: Tx, person: UUID, fields: dict[str, str], at_us: int) -> list[Kept]:
    """Seal what must stay before the rest is destroyed; gives what stays."""
    kept = []
    for keeping, until_us in due(tx, person, at_us):
        values = {name: fields[name] for name in keeping.fields if name in fields}
        secret = vault.new_key()
        sealed = vault.seal(
            secret, msgspec.json.encode(values).decode(), neighbourhood=tx.neighbourhood, person=person,
            field=keeping.name,
        )  # fmt: skip
        records.add(
            tx, retained, person=person, law=keeping.name, secret=secret, sealed=sealed,
            fields=" ".join(sorted(values)), since_us=at_us, destroy_after_us=until_us,
        )  # fmt: skip
        kept.append(Kept(keeping.name, keeping.law_ko, keeping.law_en, tuple(sorted(values)), until_us))
    return kept


def kept_of(tx: Tx, person: UUID) -> list[Kept]:
    """What remains of somebody who was forgotten, without what is in it."""
    columns = (retained.c.law, retained.c.fields, retained.c.destroy_after_us)
    rows = tx.rows(sa.select(*columns).where(records.mine(tx, retained, person=person)).order_by(retained.c.law))
    texts = {keeping.name: (keeping.law_ko, keeping.law_en) for keeping in keepings()}
    found = []
    for law, names, until_us in rows:
        law_ko, law_en = texts.get(law, (law, law))
        found.append(Kept(law, law_ko, law_en, tuple(names.split()), until_us))
    return found


def kept_apart(tx: Tx, by: Actor, *, limit: int = 200) -> list[tuple[UUID, Kept]]:
    """Of whom something is kept, under which law until when, the soonest to be destroyed first: for an operator. What
    is in it is not told (``look``)."""
    by.need(Role.OPERATOR)
    r = retained.c
    wanted = sa.select(r.person, r.law, r.fields, r.destroy_after_us).where(records.mine(tx, retained))
    texts = {keeping.name: (keeping.law_ko, keeping.law_en) for keeping in keepings()}
    found = []
    for person, law, names, until_us in tx.rows(wanted.order_by(r.destroy_after_us, r.person).limit(limit)):
        law_ko, law_en = texts.get(law, (law, law))
        found.append((person, Kept(law, law_ko, law_en, tuple(names.split()), until_us)))
    return found


def look(tx: Tx, by: Actor, person: UUID, law: str, *, reason: str, at_us: int) -> dict[str, str]:
    """Open what a law keeps: an operator, for a reason that is put on record."""
    from madang.members.service import tell

    by.need(Role.OPERATOR)
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise Invalid(
            "members.reason_needed",
            ko="열람하는 까닭을 적어야 합니다.",
            en="Say why you look at it.",
            next_ko="예: 분쟁 조정 신청 접수",
            next_en="Such as: a dispute was filed.",
        )
    rows = tx.rows(
        sa.select(retained.c.secret, retained.c.sealed).where(records.mine(tx, retained, person=person, law=law))
    )
    if not rows:
        raise NotFound(
            "members.nothing_kept",
            ko="보관하는 기록이 없습니다.",
            en="Nothing is kept.",
            next_ko="보관 기간이 지났을 수 있습니다.",
            next_en="Its time may be over.",
        )
    secret, sealed = rows[0]
    tell(tx, by, facts.RetainedRead(law=law, reason=reason.strip()), person=person, at_us=at_us)
    text = vault.unseal(bytes(secret), bytes(sealed), neighbourhood=tx.neighbourhood, person=person, field=law)
    return msgspec.json.decode(text, type=dict[str, str])


def destroy_over(tx: Tx, by: Actor, *, now_us: int, limit: int = 200) -> int:
    """Destroy what has been kept as long as the law says; gives how many."""
    from madang.members.service import tell

    over = sa.and_(records.mine(tx, retained), retained.c.destroy_after_us <= now_us)
    rows = tx.rows(sa.select(retained.c.person, retained.c.law).where(over).limit(limit))
    for person, law in rows:
        records.destroy(tx, sa.delete(retained).where(records.mine(tx, retained, person=person, law=law)))
        tell(tx, by, facts.RetainedDestroyed(law=law), person=person, at_us=now_us)
    return len(rows)
