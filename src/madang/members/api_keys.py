"""Keys for integrators' programs: scoped, kept as digests, shown once, rotated with an overlap.

A key is ``mdk_`` + eight letters that name it + 43 random ones. It stands for the software of the person who made it,
with the scopes it was made for and nothing else; where that person is no integrator any more, it opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, Invalid, Kind, NotFound, NotSignedIn, Role
from madang.kernel.clock import DAY_US, MINUTE_US
from madang.members import access, facts, records
from madang.members.service import tell
from madang.members.standing import roles_held
from madang.members.tables import api_keys

START = "mdk_"
DAYS_MAX = 365
OVERLAP_US = 7 * DAY_US
USED_EVERY_US = 5 * MINUTE_US
NAME_MAX = 40
SHOWN_MAX = 500
WHYS = ("leaked", "misused", "unused", "ended", "other")
"""Why a key is revoked, in one word: what somebody writes could name people, and facts name nobody."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a key may be used for."""

    name: str
    ko: str
    en: str


_scopes: dict[str, Scope] = {}


def declare_scope(name: str, *, ko: str, en: str) -> Scope:
    """Declare a scope, ``room.what``; routes ask for it with ``access.scope(name)``."""
    scope = Scope(name, ko, en)
    assert _scopes.get(name, scope) == scope, f"the scope {name} is declared twice"
    _scopes[name] = scope
    return scope


def scopes() -> list[Scope]:
    """Every declared scope, by name."""
    return sorted(_scopes.values(), key=lambda scope: scope.name)


ME = declare_scope("me.read", ko="내 역할과 열쇠 정보 읽기", en="Read which roles and scopes this key has")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without what opens: ``prefix`` is how it is told from others."""

    id: UUID
    person: UUID
    prefix: str
    name: str
    scopes: frozenset[str]
    made_at_us: int
    expires_at_us: int
    used_at_us: int | None


@dataclass(frozen=True, slots=True)
class Theirs:
    """A key and the shops its owner is an integrator of; None: of the whole neighbourhood. None at all: it opens
    nothing until its owner is one again."""

    key: ApiKey
    shops: tuple[str | None, ...]


_COLUMNS = (
    api_keys.c.id, api_keys.c.person, api_keys.c.prefix, api_keys.c.name, api_keys.c.scopes, api_keys.c.made_at_us,
    api_keys.c.expires_at_us, api_keys.c.used_at_us,
)  # fmt: skip


def new_token() -> str:
    """A fresh key; show it once and keep it nowhere."""
    return f"{START}{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}"


def make(
    tx: Tx, by: Actor, person: UUID, *, id: UUID, token: str, name: str, scopes: Collection[str], days: int, at_us: int,
    replaces: str | None = None,
) -> ApiKey:  # fmt: skip
    """Make a key for the integrator ``person`` (themselves only). Raises ``Invalid`` for no or unknown scopes."""
    access.self_or(tx, by, person)
    access.present(tx, person)
    by.need(Role.INTEGRATOR)
    if not scopes or not set(scopes) <= _scopes.keys() or not 1 <= days <= DAYS_MAX:
        raise Invalid(
            "members.bad_scopes",
            ko="열쇠에는 정해진 범위가 하나 이상, 기간은 1~365일이어야 합니다.",
            en="A key has one or more of the scopes there are, for 1 to 365 days.",
            next_ko="범위와 기간을 다시 고르세요.",
            next_en="Choose scopes and days again.",
        )
    prefix, expires_at_us = token.rpartition("_")[0][: len(START) + 8], at_us + days * DAY_US
    names = tuple(sorted(scopes))
    records.add(
        tx, api_keys, id=id, digest=_digest(tx, token), prefix=prefix, person=person,
        name=" ".join(name.split())[:NAME_MAX] or prefix, scopes=" ".join(names), made_at_us=at_us,
        expires_at_us=expires_at_us, used_at_us=None, closed_at_us=None,
    )  # fmt: skip
    made = facts.ApiKeyMade(prefix=prefix, scopes=names, expires_at_us=expires_at_us, replaces=replaces)
    tell(tx, by, made, person=person, at_us=at_us)
    return ApiKey(id, person, prefix, name, frozenset(names), at_us, expires_at_us, None)


def rotate(tx: Tx, by: Actor, old: UUID, *, id: UUID, token: str, at_us: int) -> ApiKey:
    """A new key with the same scopes; the old one goes on for seven days at most, so that nothing stands still."""
    key = _own(tx, by, old)
    days = max(1, round((key.expires_at_us - key.made_at_us) / DAY_US))
    made = make(
        tx, by, key.person, id=id, token=token, name=key.name, scopes=key.scopes, days=min(days, DAYS_MAX), at_us=at_us,
        replaces=key.prefix,
    )  # fmt: skip
    until_us = min(key.expires_at_us, at_us + OVERLAP_US)
    tx.execute(sa.update(api_keys).where(records.mine(tx, api_keys, id=old)).values(expires_at_us=until_us))
    return made


def close(tx: Tx, by: Actor, id: UUID, *, at_us: int, why: str = "other") -> None:
    """The key opens nothing from now on: for its owner, or an operator of the whole neighbourhood, who says ``why``
    (one of ``WHYS``) and whose word the owner is mailed."""
    key = _own(tx, by, id, *(() if by.shops else (Role.OPERATOR,)))
    if why not in WHYS:
        raise _no_reason()
    if records.close(tx, api_keys, at_us, id=id):
        mine = by.key == str(key.person)
        told = facts.ApiKeyClosed(prefix=key.prefix) if mine else facts.ApiKeyRevoked(prefix=key.prefix, why=why)
        tell(tx, by, told, person=key.person, at_us=at_us)


def every(tx: Tx, by: Actor, *, at_us: int, limit: int = SHOWN_MAX) -> list[Theirs]:
    """Whose keys open something now, the last used first: all for an operator of the whole neighbourhood; for a shop's
    operator, merchant or integrator those of its integrators. Raises ``Forbidden`` for everybody else."""
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR, *((Role.MERCHANT, Role.INTEGRATOR) if by.shops else ()))
    k, r = api_keys.c, records.roles.c
    wanted = sa.select(*_COLUMNS).where(records.mine(tx, api_keys), k.closed_at_us.is_(None), k.expires_at_us > at_us)
    if by.shops:
        here = sa.select(r.person).where(
            records.mine(tx, records.roles, role=Role.INTEGRATOR.value),
            r.closed_at_us.is_(None),
            r.shop.in_(sorted(by.shops)),
        )
        wanted = wanted.where(k.person.in_(here))
    used = sa.func.coalesce(k.used_at_us, 0)
    keys = [_key(row) for row in tx.rows(wanted.order_by(used.desc(), k.made_at_us.desc()).limit(limit))]
    where = {person: _shops(tx, person) for person in {key.person for key in keys}}
    return [Theirs(key, tuple(s for s in where[key.person] if not by.shops or s in by.shops)) for key in keys]


def _shops(tx: Tx, person: UUID) -> tuple[str | None, ...]:
    return tuple(one.shop for one in roles_held(tx, person) if one.role is Role.INTEGRATOR)


def keys_of(tx: Tx, by: Actor, person: UUID) -> list[ApiKey]:
    """The keys that are not closed, the newest first."""
    access.self_or(tx, by, person, Role.OPERATOR)
    mine = sa.and_(records.mine(tx, api_keys, person=person), api_keys.c.closed_at_us.is_(None))
    return [_key(row) for row in tx.rows(sa.select(*_COLUMNS).where(mine).order_by(api_keys.c.made_at_us.desc()))]


def find(tx: Tx, token: str, at_us: int) -> tuple[ApiKey, Actor]:
    """The key, and who its program is. Raises ``NotSignedIn`` for one that opens nothing."""
    mine = sa.and_(records.mine(tx, api_keys, digest=_digest(tx, token)), api_keys.c.closed_at_us.is_(None))
    rows = tx.rows(sa.select(*_COLUMNS).where(mine, api_keys.c.expires_at_us > at_us))
    if rows:
        key = _key(rows[0])
        held = [held for held in roles_held(tx, key.person) if held.role is Role.INTEGRATOR]
        if held:
            shops = frozenset() if any(one.shop is None for one in held) else frozenset(str(one.shop) for one in held)
            roles = frozenset({Role.INTEGRATOR})
            return key, Actor(Kind.AGENT, key.prefix, tx.neighbourhood, roles, shops, scopes=key.scopes)
    raise NotSignedIn(
        "members.bad_api_key",
        ko="열쇠가 틀렸거나 만료되었습니다.",
        en="This key is wrong, over or closed.",
        next_ko="내 계정의 '프로그램 열쇠'에서 새 열쇠를 만드세요.",
        next_en="Make a new one in your account, under keys for programs.",
    )


def used(tx: Tx, id: UUID, at_us: int) -> None:
    """Remember when it was last used."""
    tx.execute(sa.update(api_keys).where(records.mine(tx, api_keys, id=id)).values(used_at_us=at_us))


def _own(tx: Tx, by: Actor, id: UUID, *roles: Role) -> ApiKey:
    mine = sa.and_(records.mine(tx, api_keys, id=id), api_keys.c.closed_at_us.is_(None))
    rows = tx.rows(sa.select(*_COLUMNS).where(mine))
    key = _key(rows[0]) if rows else None
    if key is None or not (by.key == str(key.person) or (roles and by.may(*roles))):
        raise NotFound(
            "members.no_api_key",
            ko="그런 열쇠가 없습니다.",
            en="There is no such key.",
            next_ko="목록을 다시 보세요.",
            next_en="Look at the list again.",
        )
    return key


def _no_reason() -> Invalid:
    return Invalid(
        "members.no_reason",
        ko="왜 닫는지 고르지 않았습니다.",
        en="No reason for closing it was chosen.",
        next_ko="열쇠 주인에게 알려 드릴 까닭을 고르고 다시 누르세요.",
        next_en="Choose the reason its owner is told, and press again.",
    )


def _key(row: tuple[object, ...]) -> ApiKey:
    id, person, prefix, name, scopes, made, expires, used_at_us = row
    return ApiKey(id, person, prefix, name, frozenset(str(scopes).split()), made, expires, used_at_us)  # type: ignore[arg-type]


def _digest(tx: Tx, token: str) -> str:
    return hashlib.sha256(f"{tx.neighbourhood}\nkey\n{token}".encode()).hexdigest()
