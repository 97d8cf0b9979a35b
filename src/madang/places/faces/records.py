"""Tables of faces, of what was decided about them, and of emblems. Append-only: another face is another row."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from madang.db import Tx, table
from madang.kernel import Actor
from madang.places.faces.emblems import Emblem
from madang.places.faces.model import Decision, Face, Row, What

faces = table(
    "places_face",
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("waits", sa.Boolean, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("face", sa.Text, nullable=False),
    key=["scope", "version"],
    seldom=True,
)
decisions = table(
    "places_face_decision",
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    key=["scope", "version", "what"],
    seldom=True,
)
emblems = table(
    "places_emblem",
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("kept_at_us", sa.BigInteger, nullable=False),
    key=["sha256"],
    seldom=True,
)

_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_SCOPES = [sa.bindparam(f"s{i}", type_=sa.Text()) for i in range(3)]
_FACES = sa.select(*[c for c in faces.c if c.name != "neighbourhood"]).where(
    faces.c.neighbourhood == _N, faces.c.scope.in_(_SCOPES)
)
_DECISIONS = sa.select(*[c for c in decisions.c if c.name != "neighbourhood"]).where(
    decisions.c.neighbourhood == _N, decisions.c.scope.in_(_SCOPES)
)
_EMBLEM = sa.select(emblems.c.media_type, emblems.c.data).where(
    emblems.c.neighbourhood == _N, emblems.c.sha256 == sa.bindparam("sha256")
)


def of(tx: Tx, by: Actor, scopes: Sequence[str]) -> dict[str, list[Row]]:
    """Every row of at most three scopes, oldest first."""
    space = (faces.name, decisions.name)
    kept = tx.made(space, tuple(scopes), lambda: _of(tx, by, scopes), by.neighbourhood)
    return {scope: list(rows) for scope, rows in kept.items()}


def _of(tx: Tx, by: Actor, scopes: Sequence[str]) -> dict[str, list[Row]]:
    params = {"n": by.neighbourhood, **{f"s{i}": scopes[min(i, len(scopes) - 1)] for i in range(3)}}
    found: dict[str, list[Row]] = {scope: [] for scope in scopes}
    rows = tx.rows(_FACES, params)
    said: dict[tuple[str, int], list[Decision]] = {}
    for scope, version, what, who, at_us in tx.rows(_DECISIONS, params) if rows else ():
        said.setdefault((scope, version), []).append(Decision(what=What(what), by=who, at_us=at_us))
    for scope, version, from_us, waits, who, at_us, face in sorted(rows):
        of_it = tuple(sorted(said.get((scope, version), ()), key=lambda one: one.at_us))
        found[scope].append(
            Row(
                scope=scope, version=version, from_us=from_us, waits=bool(waits), by=who, at_us=at_us,
                face=msgspec.json.decode(face, type=Face), decisions=of_it,
            )
        )  # fmt: skip
    return found


def add(tx: Tx, row: Row) -> None:
    made = {name: getattr(row, name) for name in ("scope", "version", "from_us", "waits", "by", "at_us")}
    made |= {"neighbourhood": tx.neighbourhood, "face": msgspec.json.encode(row.face, order="deterministic").decode()}
    tx.many(sa.insert(faces), [made])


def decide(tx: Tx, scope: str, version: int, said: Decision) -> None:
    row = {"scope": scope, "version": version, "what": said.what.value, "by": said.by, "at_us": said.at_us}
    tx.many(sa.insert(decisions), [row | {"neighbourhood": tx.neighbourhood}])


def emblem(tx: Tx, by: Actor, sha256: str) -> Emblem | None:
    found = tx.rows(_EMBLEM, {"n": by.neighbourhood, "sha256": sha256})
    return Emblem(found[0][0], bytes(found[0][1])) if found else None


def keep_emblem(tx: Tx, sha256: str, new: Emblem, at_us: int) -> None:
    row = {"sha256": sha256, "media_type": new.media_type, "data": new.data, "kept_at_us": at_us}
    tx.many(sa.insert(emblems), [row | {"neighbourhood": tx.neighbourhood}])
