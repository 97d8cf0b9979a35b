"""A promotion as a form says it, and as a form shows it; every field that makes no sense is named. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from madang.catalog import NForM, Off, OffBasket, Percent, Promotion, SetPart, SetPrice, UnitPrice
from madang.catalog.promotions import flaws
from madang.kernel import seoul
from madang.kernel.clock import KST, SECOND_US

KINDS = ("percent", "off", "off_basket", "n_for_m", "unit_price", "set_price")
CAPS = ("max_off_krw", "per_order_max", "per_person_max", "uses_max", "budget_krw")
MINIMA = ("threshold_krw", "threshold_pieces", "priority")
MARKS = ("sku", "listing", "category", "maker", "collection")
TRIED = 5
Fields = Sequence[tuple[str, str]]


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was filled in: the promotion it says where it says one, and what is wrong by field."""

    said: dict[str, str]
    chosen: dict[str, tuple[str, ...]]
    promotion: Promotion | None
    wrong: dict[str, str]


def filled(form: Fields, *, id: str, shops: frozenset[str], before: Promotion | None) -> Filled:
    """``shops``: where the asker may set promotions (none: anywhere). What the form has no field for stays."""
    said, wrong = dict(form), dict[str, str]()
    chosen = {name: tuple(dict.fromkeys(v for n, v in form if n == name and v)) for name in
              ("weekday", "shop", "category", "collection", "not_category")}  # fmt: skip
    name_ko = " ".join(said.get("name_ko", "").split())
    minutes = _minutes(said, wrong)
    value: dict[str, Any] = {
        "id": id, "name_ko": name_ko, "name_en": " ".join(said.get("name_en", "").split()) or name_ko,
        "effect": _effect(said, wrong), "any_of": _marks(said, chosen, ""), "none_of": _marks(said, chosen, "not_"),
        "from_us": _instant(said, "from", wrong) or 0, "until_us": _instant(said, "until", wrong),
        "weekdays": tuple(int(day) for day in chosen["weekday"] if day in "0123456"), "minutes": minutes,
        "shops": tuple(chosen["shop"]) or tuple(sorted(shops)), "tags": _tags(said),
        "code": said.get("code", "").strip(), "group": said.get("group", "").strip()[:40],
        "floor_bp": _share(said, "floor", wrong), "stacks": said.get("stacks") == "yes", "on": True,
    }  # fmt: skip
    value |= {name: _whole(said, name, wrong) for name in CAPS}
    value |= {name: _whole(said, name, wrong) or 0 for name in MINIMA}
    made = None if wrong else Promotion(**value)
    if made is not None:
        wrong |= {_OF.get(field, field): "bad" for field in flaws(made)}
    if before is not None and made is not None and not name_ko:
        wrong["name_ko"] = "bad"
    return Filled(said=said, chosen=chosen, promotion=None if wrong else made, wrong=wrong)


_OF = {"until_us": "until", "floor_bp": "floor", "effect": "value", "caps": "budget_krw", "name_en": "name_ko"}


def shown(one: Promotion) -> Filled:
    """A promotion as its form shows it."""
    effect = one.effect
    said: dict[str, Any] = {
        "name_ko": one.name_ko, "name_en": one.name_en, "code": one.code, "group": one.group,
        "stacks": "yes" if one.stacks else "", "kind": msgspec.to_builtins(effect)["type"],
        "from": local(one.from_us), "until": local(one.until_us),
        "floor": f"{one.floor_bp / 100:g}" if one.floor_bp else "",
        "who": "member" if "member" in one.tags else "", "groups": ", ".join(t for t in one.tags if t != "member"),
    }  # fmt: skip
    if one.minutes is not None:
        said |= {"open": clock(one.minutes[0]), "close": clock(one.minutes[1])}
    said |= {name: getattr(one, name) or "" for name in (*CAPS, *MINIMA)}
    if isinstance(effect, Percent):
        said["value"] = f"{effect.bp / 100:g}"
    elif isinstance(effect, NForM):
        said |= {"n": effect.n, "m": effect.m}
    else:
        said["value"] = effect.krw
    if isinstance(effect, SetPrice):
        said["parts"] = ", ".join(f"{'/'.join(map(_word, part.any_of))} {part.n}" for part in effect.parts)
    for lead, marks in (("", one.any_of), ("not_", one.none_of)):
        for kind in MARKS:
            said[f"{lead}{kind}s"] = ", ".join(m.partition(":")[2] for m in marks if m.startswith(f"{kind}:"))
    chosen = {
        "weekday": tuple(str(day) for day in one.weekdays), "shop": one.shops,
        "category": _of(one.any_of, "category"), "collection": _of(one.any_of, "collection"),
        "not_category": _of(one.none_of, "category"),
    }  # fmt: skip
    return Filled(said={name: str(v) for name, v in said.items()}, chosen=chosen, promotion=one, wrong={})


def basket(form: Fields) -> list[tuple[str, int]]:
    """The trial basket's lines: code and amount."""
    said = dict(form)
    lines = [(said.get(f"try.{n}.sku", "").strip(), said.get(f"try.{n}.amount", "").strip()) for n in range(TRIED)]
    return [(sku, int(amount) if amount.isdigit() else 1) for sku, amount in lines if sku]


def instant(text: str) -> int | None:
    """``2026-12-01T09:00`` (Seoul) as an instant."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=KST)).timestamp()) * SECOND_US


def local(at_us: int | None) -> str:
    return f"{seoul(at_us):%Y-%m-%dT%H:%M}" if at_us else ""


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _effect(said: dict[str, str], wrong: dict[str, str]) -> Any:
    kind = said.get("kind", "")
    if kind == "percent":
        return Percent(_share(said, "value", wrong, needed=True))
    if kind == "n_for_m":
        return NForM(_whole(said, "n", wrong, needed=True) or 0, _whole(said, "m", wrong, needed=True) or 0)
    krw = _whole(said, "value", wrong, needed=True) or 0
    if kind == "set_price":
        return SetPrice(_parts(said.get("parts", ""), wrong), krw)
    plain = {"off": Off, "off_basket": OffBasket, "unit_price": UnitPrice}.get(kind)
    if plain is None:
        wrong["kind"] = "bad"
        return Percent(1)
    return plain(krw)


def _parts(text: str, wrong: dict[str, str]) -> tuple[SetPart, ...]:
    """``RAMEN 2, category:drinks 1``: marks (a plain word is a product's code) with how many."""
    parts = []
    for one in filter(None, (part.strip() for part in text.split(","))):
        word, _, n = one.rpartition(" ")
        if not word or not n.isdigit():
            wrong["parts"] = "bad"
            continue
        marks = tuple(m if m.partition(":")[0] in MARKS else f"sku:{m}" for m in word.split("/") if m)
        parts.append(SetPart(any_of=marks, n=int(n)))
    if not parts:
        wrong["parts"] = "bad"
    return tuple(parts)


def _word(mark: str) -> str:
    return mark.removeprefix("sku:")


def _marks(said: dict[str, str], chosen: dict[str, tuple[str, ...]], lead: str) -> tuple[str, ...]:
    found = [f"category:{one}" for one in chosen[f"{lead}category"]]
    found += [f"collection:{one}" for one in chosen["collection"]] if not lead else []
    for kind in ("sku", "listing", "maker"):
        words = said.get(f"{lead}{kind}s", "").split(",")
        found += [f"{kind}:{word.strip()}" for word in words if word.strip()]
    return tuple(dict.fromkeys(found))


def _of(marks: Sequence[str], kind: str) -> tuple[str, ...]:
    return tuple(mark.partition(":")[2] for mark in marks if mark.startswith(f"{kind}:"))


def _tags(said: dict[str, str]) -> tuple[str, ...]:
    groups = [word.strip() for word in said.get("groups", "").split(",") if word.strip()]
    return tuple(dict.fromkeys([*(["member"] if said.get("who") == "member" else []), *groups]))


def _minutes(said: dict[str, str], wrong: dict[str, str]) -> tuple[int, int] | None:
    begin, end = said.get("open", "").strip(), said.get("close", "").strip()
    if not begin and not end:
        return None
    found = [_minute(text) for text in (begin or "00:00", end or "24:00")]
    if found[0] is None or found[1] is None or found[0] >= found[1]:
        wrong["open"] = "bad"
        return None
    return found[0], found[1]


def _minute(text: str) -> int | None:
    hours, sign, minutes = text.partition(":")
    if not (sign and hours.isdigit() and minutes.isdigit() and int(minutes) < 60 and int(hours) <= 24):
        return None
    return min(24 * 60, int(hours) * 60 + int(minutes))


def _instant(said: dict[str, str], name: str, wrong: dict[str, str]) -> int | None:
    text = said.get(name, "").strip()
    found = instant(text) if text else None
    if text and found is None:
        wrong[name] = "bad"
    return found


def _whole(said: dict[str, str], name: str, wrong: dict[str, str], *, needed: bool = False) -> int | None:
    text = said.get(name, "").replace(",", "").replace("원", "").strip()
    if not text and not needed:
        return None
    if not (text.isascii() and text.removeprefix("-").isdigit()) or len(text) > 12:
        wrong[name] = "bad"
        return None
    return int(text)


def _share(said: dict[str, str], name: str, wrong: dict[str, str], *, needed: bool = False) -> int:
    """Percent with up to two decimals, in basis points."""
    text = said.get(name, "").replace("%", "").strip()
    if not text and not needed:
        return 0
    try:
        return round(float(text) * 100)
    except ValueError:
        wrong[name] = "bad"
        return 0
