"""What becomes of a place that is there: another name, and opened again after it was closed."""

from __future__ import annotations

from uuid import UUID

from madang import journal
from madang.db import Tx
from madang.kernel import Actor, Conflict, Invalid, Role, derived
from madang.places import facts, records
from madang.places.model import Place
from madang.places.service import get, within

NAME_MAX = 80


def rename_place(tx: Tx, by: Actor, id: str, name_ko: str, name_en: str, *, fact: UUID, at_us: int) -> Place:
    """Call a place something else from now on; its code stays. The names it has already change nothing.

    Raises ``Invalid`` ``places.bad_name`` for no Korean name, or a longer one than ``NAME_MAX``; without an English
    name the Korean one stands for it.
    """
    by.need(Role.OPERATOR)
    place = get(tx, by, id)
    ko, en = good_names(name_ko, name_en)
    if (ko, en) != (place.name_ko, place.name_en):
        records.rename(tx, id, ko, en)
        body = facts.Renamed(place=id, name_ko=ko, name_en=en, was_ko=place.name_ko, was_en=place.name_en)
        journal.append(tx, by, body, id=fact, at_us=at_us, subject=id, place=id)
    return get(tx, by, id)


def reopen_place(tx: Tx, by: Actor, id: str, *, at_us: int) -> None:
    """Open a closed place again, and all that was closed together with it. An open place stays as it is.

    Raises ``Conflict`` where what it lies in is closed.
    """
    by.need(Role.OPERATOR)
    place = get(tx, by, id)
    if place.closed_at_us is None:
        return
    if place.parent is not None and get(tx, by, place.parent).closed_at_us is not None:
        raise Conflict(
            "places.parent_closed",
            ko=f"'{id}'이(가) 있는 '{place.parent}'이(가) 닫혀 있습니다.",
            en=f"'{place.parent}', which '{id}' lies in, is closed.",
            next_ko="바깥의 장소부터 다시 여세요.",
            next_en="Open the outer place first.",
        )
    back = [p for p in (place, *within(tx, by, id)) if p.closed_at_us == place.closed_at_us]
    records.close(tx, [p.id for p in back], None)
    for p in back:
        fact = derived("places.reopened", tx.neighbourhood, p.id, at_us)
        journal.append(tx, by, facts.Reopened(place=p.id, kind=p.kind), id=fact, at_us=at_us, subject=p.id, place=p.id)


def in_use(tx: Tx, by: Actor, id: str) -> Place:
    """A place that is open. Raises ``NotFound``, and ``Conflict`` ``places.is_closed``."""
    place = get(tx, by, id)
    if place.closed_at_us is not None:
        raise Conflict(
            "places.is_closed",
            ko=f"'{id}'은(는) 닫힌 장소입니다.",
            en=f"The place '{id}' is closed.",
            next_ko="열려 있는 다른 장소를 고르세요.",
            next_en="Choose another place, one that is open.",
        )
    return place


def good_names(name_ko: str, name_en: str) -> tuple[str, str]:
    """Both names without needless spaces. Raises ``Invalid`` ``places.bad_name``."""
    ko, en = " ".join(name_ko.split()), " ".join(name_en.split())
    if not ko or max(len(ko), len(en)) > NAME_MAX:
        raise Invalid(
            "places.bad_name",
            ko=f"장소에는 {NAME_MAX}자까지의 한국어 이름이 있어야 합니다.",
            en=f"A place needs a Korean name of at most {NAME_MAX} characters.",
            next_ko="이름을 적으세요. 영문 이름은 비워 두어도 됩니다.",
            next_en="Write its name; the English one may stay empty.",
        )
    return ko, en or ko
