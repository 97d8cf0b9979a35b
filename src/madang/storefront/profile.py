"""What a shop says of itself: who keeps it (전자상거래법 §10, §13), when it is open; and how its terms have been.

Both are dated rows: the newest holds, and one before can be made to hold again.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TypeVar

import msgspec

from madang import journal, places, settlement
from madang.db import Tx
from madang.kernel import Actor, Invalid, NotFound, Role, derived
from madang.settlement import PartyKind
from madang.settlement.registration import valid as valid_registration
from madang.storefront import facts, records, terms
from madang.storefront.terms import Terms

T = TypeVar("T", bound=msgspec.Struct)
TEXT_MAX = 200
DAY_MIN = 24 * 60
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"[0-9+\-() ]{7,20}")


class What(StrEnum):
    """Which of a shop's settings."""

    PROFILE = "profile"
    TERMS = "terms"


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """One weekday (0 Monday), in minutes of the day."""

    weekday: int
    from_min: int
    until_min: int


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Who keeps a shop, as its buyers must be able to read it: 상호, 대표자, 사업자등록번호 (ten digits), 통신판매업
    신고번호, 주소, 전화, 이메일, 호스팅 서비스, 구매안전서비스 (§24②: what it joined, and where that can be looked up).
    ``hours`` are of the days it is open (none: it does not say)."""

    business: str = ""
    representative: str = ""
    registration: str = ""
    mail_order: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    hosting: str = ""
    safety: str = ""
    hours: tuple[Hours, ...] = ()

    @property
    def weeks(self) -> list[tuple[Hours, Hours]]:
        """The hours as one says them: the first and last of days in a row that are alike (월–금 9:00–18:00)."""
        rows = list[tuple[Hours, Hours]]()
        for one in sorted(self.hours, key=lambda hours: hours.weekday):
            alike = rows and (rows[-1][1].weekday + 1, rows[-1][1].from_min, rows[-1][1].until_min)
            if alike == (one.weekday, one.from_min, one.until_min):
                rows[-1] = rows[-1][0], one
            else:
                rows.append((one, one))
        return rows


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A setting from an instant on."""

    what: What
    from_us: int
    by_key: str
    body: str


def wrong(given: Profile) -> dict[str, str]:
    """Fields that cannot be so, each with its fault (``missing``, ``too_long``, ``registration``, ``phone``, ``email``,
    ``hours``). What the law wants named is asked for as soon as anything is."""
    found = {name: "too_long" for name in _TEXTS if len(getattr(given, name)) > TEXT_MAX}
    if any(getattr(given, name) for name in _TEXTS):
        found |= {name: "missing" for name in _MUST if not getattr(given, name).strip()}
    if given.registration and not valid_registration(given.registration):
        found["registration"] = "registration"
    if given.phone and not _PHONE.fullmatch(given.phone):
        found["phone"] = "phone"
    if given.email and not _EMAIL.fullmatch(given.email):
        found["email"] = "email"
    days = [hours.weekday for hours in given.hours]
    if len(set(days)) < len(days) or any(not 0 <= h.from_min < h.until_min <= DAY_MIN for h in given.hours):
        found["hours"] = "hours"
    return found


def set_profile(tx: Tx, by: Actor, shop: str, profile: Profile, *, at_us: int) -> None:
    """The shop says this of itself from now on. Raises ``Invalid`` naming every wrong field (``details.fields``)."""
    _may(tx, by, shop)
    faults = wrong(profile)
    if faults:
        raise Invalid(
            "storefront.bad_profile",
            ko="가게 정보를 다시 확인해 주세요.",
            en="Please look at the shop's particulars again.",
            next_ko="표시된 칸을 고쳐 다시 저장하세요.",
            next_en="Correct the marked fields and save again.",
            fields=faults,
        )
    _add(tx, by, shop, What.PROFILE, profile, at_us)


def set_terms(tx: Tx, by: Actor, shop: str, new: Terms, *, at_us: int) -> None:
    """As ``terms.set_terms``, kept as a dated row; what held before is kept with the first one."""
    _may(tx, by, shop)
    before = records.terms_of(tx, shop)
    terms.set_terms(tx, by, shop, new, at_us=at_us)
    if before is not None and not history(tx, by, shop, What.TERMS):
        records.add_setting(tx, shop, What.TERMS, max(0, at_us - 1), before, "")
    _add(tx, by, shop, What.TERMS, new, at_us)


def profile_of(tx: Tx, shop: str) -> Profile | None:
    """What a shop says of itself, for anybody; None where it has said nothing."""
    rows = records.settings(tx, shop, What.PROFILE, limit=1)
    return msgspec.json.decode(rows[0][1], type=Profile) if rows else None


def brokered(tx: Tx, shop: str) -> bool:
    """Whether the neighbourhood only brokers what a shop sells (통신판매중개, 전자상거래법 §20): a merchant of its own
    is settled for it."""
    return settlement.is_party(tx, f"{PartyKind.MERCHANT}/{shop}")


def history(tx: Tx, by: Actor, shop: str, what: What, *, limit: int = 10) -> list[Row]:
    """How a setting has been, the newest first."""
    _may(tx, by, shop)
    rows = records.settings(tx, shop, what, limit=limit)
    return [Row(what=what, from_us=from_us, body=body, by_key=by_key) for from_us, body, by_key in rows]


def go_back(tx: Tx, by: Actor, shop: str, what: What, from_us: int, *, at_us: int) -> None:
    """Make a setting be again as it was from ``from_us`` on. Raises ``NotFound``."""
    rows = [row for row in history(tx, by, shop, what, limit=50) if row.from_us == from_us]
    if not rows:
        raise NotFound(
            "storefront.no_setting",
            ko="그런 설정이 없습니다.",
            en="There is no such setting.",
            next_ko="목록에서 고르세요.",
            next_en="Choose one of the list.",
        )
    if what is What.PROFILE:
        set_profile(tx, by, shop, msgspec.json.decode(rows[0].body, type=Profile), at_us=at_us)
    else:
        set_terms(tx, by, shop, msgspec.json.decode(rows[0].body, type=Terms), at_us=at_us)


def _add(tx: Tx, by: Actor, shop: str, what: What, body: msgspec.Struct, at_us: int) -> None:
    records.add_setting(tx, shop, what, at_us, msgspec.json.encode(body).decode(), by.key)
    fact = facts.SettingChanged(shop=shop, what=what)
    id = derived("storefront.setting", tx.neighbourhood, shop, what, at_us)
    journal.append(tx, by, fact, id=id, at_us=at_us, subject=shop, shop=shop)


def _may(tx: Tx, by: Actor, shop: str) -> None:
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(shop)
    places.get(tx, by, shop)


_TEXTS = tuple(name for name in Profile.__struct_fields__ if name != "hours")
_MUST = ("business", "representative", "registration", "address", "phone")
