"""The use cases of faces: set one, agree or not, take it back, and what a page shows."""

from __future__ import annotations

import hashlib

import msgspec

from madang import journal
from madang.db import Tx
from madang.kernel import Actor, Conflict, Forbidden, Invalid, NotFound, Role, business_date, derived
from madang.places import facts, service
from madang.places.faces import colours, inherit, records
from madang.places.faces.emblems import Emblem, bad
from madang.places.faces.model import (
    MUNICIPALITY,
    NAME_MAX,
    NEIGHBOURHOOD,
    NOTE_MAX,
    SEASONS_MAX,
    SLOGAN_MAX,
    SPECIALITIES_MAX,
    Decision,
    Face,
    Row,
    Shown,
    What,
)
from madang.places.model import PlaceKind

SETS: dict[str, tuple[Role, ...]] = {
    MUNICIPALITY: (Role.CITY_OFFICER, Role.OPERATOR),
    NEIGHBOURHOOD: (Role.GUILD_STEWARD, Role.CITY_OFFICER, Role.OPERATOR),
}
SHOP_SETS = (Role.MERCHANT, Role.STAFF, Role.OPERATOR)
AGREES = (Role.CITY_OFFICER, Role.OPERATOR)
ROWS_MAX = 500
_LIMITS = {"name": NAME_MAX, "slogan": SLOGAN_MAX, "currency": NAME_MAX, "note": NOTE_MAX}


def may_set(by: Actor, scope: str) -> bool:
    """Whether the caller keeps this scope's face: the city its own, a guild its neighbourhood's, a merchant the
    shop's."""
    if scope in SETS:
        return by.may(*SETS[scope]) and not by.shops
    return by.may(*SHOP_SETS) and (scope in by.shops or (not by.shops and by.may(Role.OPERATOR, Role.STAFF)))


def set_face(tx: Tx, by: Actor, scope: str, face: Face, *, from_us: int, at_us: int, approval: bool = False) -> Row:
    """This scope shows ``face`` from ``from_us`` on (now at the earliest); with ``approval`` after somebody else's yes.

    Raises ``Forbidden``, ``NotFound`` for a scope there is not, ``Invalid`` ``places.bad_face`` (``details.field``) and
    ``places.face_contrast`` (``details.nearest``).
    """
    _need(tx, by, scope)
    check(tx, by, scope, face)
    rows = records.of(tx, by, [scope])[scope]
    if len(rows) >= ROWS_MAX:
        raise _bad("version")
    row = Row(
        scope=scope, version=len(rows) + 1, from_us=max(from_us, at_us), face=face, waits=approval, by=by.key,
        at_us=at_us,
    )  # fmt: skip
    records.add(tx, row)
    before = inherit.in_force(rows, at_us)
    old = before.face if before else Face()
    fields = tuple(f for f in Face.__struct_fields__ if getattr(old, f) != getattr(face, f))
    body = facts.FaceSet(scope=scope, version=row.version, from_us=row.from_us, fields=fields, waits=approval)
    fact = derived("places.face", tx.neighbourhood, scope, row.version)
    journal.append(tx, by, body, id=fact, at_us=at_us, subject=f"face/{scope}")
    return row


def decide(tx: Tx, by: Actor, scope: str, version: int, what: What, *, at_us: int) -> None:
    """Agree to a waiting face, refuse it, or take one back (whoever may set it): then the one before is shown again.

    Who set a face cannot agree to it. Again does nothing; raises ``Conflict`` ``places.face_decided`` for the opposite.
    """
    row = _row(tx, by, scope, version)
    if row.decided(what, at_us):
        return
    if what is What.WITHDRAWN:
        _need(tx, by, scope)
    else:
        by.need(*AGREES)
        if row.by == by.key and what is What.APPROVED:
            raise _own_face()
    state = row.state(at_us)
    if state in ("refused", "withdrawn") or (what is not What.WITHDRAWN and state != "waiting"):
        raise _decided()
    records.decide(tx, scope, version, Decision(what=what, at_us=at_us, by=by.key))
    body = facts.FaceDecided(scope=scope, version=version, what=what.value)
    fact = derived("places.face_decided", tx.neighbourhood, scope, version, what.value)
    journal.append(tx, by, body, id=fact, at_us=at_us, subject=f"face/{scope}")


def history(tx: Tx, by: Actor, scope: str) -> list[Row]:
    """Every face a scope has had or wanted, newest first; for whoever may set it or agree to it."""
    if not by.may(*AGREES):
        _need(tx, by, scope)
    return records.of(tx, by, [scope])[scope][::-1]


def face_of(tx: Tx, by: Actor, shop: str | None, at_us: int) -> Shown:
    """What the pages of a shop (None: of the neighbourhood) show at an instant: one query, two where faces are set."""
    scopes = [*([shop] if shop is not None else []), NEIGHBOURHOOD, MUNICIPALITY]
    found = records.of(tx, by, scopes)
    worn = [(scope, row.face) for scope in scopes if (row := inherit.in_force(found[scope], at_us)) is not None]
    return inherit.shown(worn, business_date(at_us))


def preview(tx: Tx, by: Actor, scope: str, face: Face, at_us: int) -> Shown:
    """What would be shown if this scope had ``face`` at an instant. Raises what ``set_face`` raises."""
    _need(tx, by, scope)
    check(tx, by, scope, face)
    above = {MUNICIPALITY: [], NEIGHBOURHOOD: [MUNICIPALITY]}.get(scope, [NEIGHBOURHOOD, MUNICIPALITY])
    found = records.of(tx, by, above or [scope])
    worn = [(one, row.face) for one in above if (row := inherit.in_force(found[one], at_us)) is not None]
    return inherit.shown([(scope, face), *worn], business_date(at_us))


def keep_emblem(tx: Tx, by: Actor, scope: str, new: Emblem, *, at_us: int) -> str:
    """Keep a picture that was made safe (``emblems.safe``); gives the name a face knows it by."""
    _need(tx, by, scope)
    name = hashlib.sha256(new.data).hexdigest()
    if records.emblem(tx, by, name) is None:
        records.keep_emblem(tx, name, new, at_us)
    return name


def emblem(tx: Tx, by: Actor, sha256: str) -> Emblem:
    """A kept picture. Raises ``NotFound``."""
    found = records.emblem(tx, by, sha256)
    if found is None:
        raise NotFound(
            "places.no_emblem",
            ko="그런 엠블럼이 없습니다.",
            en="There is no such emblem.",
            next_ko="얼굴 화면에서 다시 올려 주세요.",
            next_en="Upload it again on the page of faces.",
        )
    return found


def check(tx: Tx, by: Actor, scope: str, face: Face) -> None:
    """Raises ``Invalid`` for the first thing that cannot be."""
    for field, text in _texts(face):
        what = field.split(".")[-1].removesuffix("_ko").removesuffix("_en")
        if len(text) > _LIMITS[what] or not text.isprintable():
            raise _bad(field)
    if len(face.specialities) > SPECIALITIES_MAX or len(face.seasons) > SEASONS_MAX:
        raise _bad("specialities" if len(face.specialities) > SPECIALITIES_MAX else "seasons")
    if scope not in SETS and (face.name_ko or face.name_en):
        raise _bad("name")
    for number, season in enumerate(face.seasons, 1):
        late = len(season.first) == 10 and season.first > season.last
        days = (season.first, season.last)
        if len(season.first) != len(season.last) or any(len(d) not in (5, 10) or inherit.bad_day(d) for d in days):
            raise _bad(f"seasons.{number}.days")
        if late or not (season.name_ko and season.name_en):
            raise _bad(f"seasons.{number}.{'days' if late else 'name'}")
    for number, one in enumerate(face.specialities, 1):
        if not (one.name_ko and one.name_en):
            raise _bad(f"specialities.{number}.name")
    _check_colour("", "accent", face.accent)
    _check_colour("", "ground", face.ground)
    for number, season in enumerate(face.seasons, 1):
        _check_colour(f"seasons.{number}.", "accent", season.accent)
        _check_colour(f"seasons.{number}.", "ground", season.ground)
    if face.emblem and records.emblem(tx, by, face.emblem) is None:
        raise bad("올린 그림을 찾을 수 없습니다", "the picture is not here")


def _texts(face: Face) -> list[tuple[str, str]]:
    found = [(f, getattr(face, f)) for f in Face.__struct_fields__ if f.endswith(("_ko", "_en"))]
    for group, members in (("specialities", face.specialities), ("seasons", face.seasons)):
        for number, one in enumerate(members, 1):
            said = msgspec.structs.asdict(one)
            found += [(f"{group}.{number}.{f}", text) for f, text in said.items() if f.endswith(("_ko", "_en"))]
    return found


def _check_colour(where: str, field: str, colour: str) -> None:
    if not colour:
        return
    if not colours.HEX.fullmatch(colour):
        raise _bad(f"{where}{field}")
    fits = colours.accent_fits if field == "accent" else colours.ground_fits
    if fits(colour):
        return
    other = colours.nearest(colour, fits)
    raise Invalid(
        "places.face_contrast",
        ko=f"{colour} 색은 글자와의 대비가 모자라 읽기 어렵습니다 (WCAG AA 4.5:1).",
        en=f"{colour} has too little contrast with the text to be read (WCAG AA, 4.5 to 1).",
        next_ko=f"가장 가까운 쓸 수 있는 색은 {other}입니다.",
        next_en=f"The nearest colour that can be used is {other}.",
        field=f"{where}{field}",
        colour=colour,
        nearest=other,
    )


def _need(tx: Tx, by: Actor, scope: str) -> None:
    if not may_set(by, scope):
        raise Forbidden(
            "places.not_your_face",
            ko="이곳의 얼굴은 담당자만 바꿀 수 있습니다.",
            en="Only its keeper may change the face of this place.",
            next_ko="지자체 담당자나 상인회에 부탁하세요.",
            next_en="Ask the city's officer, or the guild.",
        )
    if scope not in SETS and service.get(tx, by, scope).kind not in (PlaceKind.SHOP, PlaceKind.HUB):
        raise _no_scope()


def _row(tx: Tx, by: Actor, scope: str, version: int) -> Row:
    if not by.may(*AGREES) and not may_set(by, scope):
        raise _no_scope()
    found = next((row for row in records.of(tx, by, [scope])[scope] if row.version == version), None)
    if found is None:
        raise _no_scope()
    return found


def _bad(field: str) -> Invalid:
    return Invalid(
        "places.bad_face",
        ko=f"얼굴의 {field} 항목이 맞지 않습니다.",
        en=f"The field {field} of this face will not do.",
        next_ko="글자 수, 두 언어의 이름, 날짜(MM-DD 또는 YYYY-MM-DD), 색(#rrggbb)을 확인하세요.",
        next_en="Check lengths, names in both languages, days (MM-DD or YYYY-MM-DD) and colours (#rrggbb).",
        field=field,
    )


def _no_scope() -> NotFound:
    return NotFound(
        "places.no_face",
        ko="그런 얼굴이 없습니다.",
        en="There is no such face.",
        next_ko="얼굴 목록에서 다시 고르세요.",
        next_en="Choose from the list of faces.",
    )


def _own_face() -> Conflict:
    return Conflict(
        "places.own_face",
        ko="스스로 올린 얼굴은 스스로 승인할 수 없습니다.",
        en="Nobody agrees to a face they have set themselves.",
        next_ko="다른 담당자에게 부탁하세요.",
        next_en="Ask another officer or the operator.",
    )


def _decided() -> Conflict:
    return Conflict(
        "places.face_decided",
        ko="이미 결정된 얼굴입니다.",
        en="This face has been decided on.",
        next_ko="이력을 다시 보고, 필요하면 새로 올리세요.",
        next_en="Look at the history again; set it anew where needed.",
    )
