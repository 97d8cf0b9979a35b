"""A shop's settings as a form says them: read into the storefront's words, every field that makes no sense named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from madang.storefront.profile import Hours, Profile
from madang.storefront.slots import Window
from madang.storefront.terms import KRW_MAX, Terms
from madang.walkout.records import Rules, Trust

WINDOWS_MAX = 12
RULES = ("capacity", "refund_limit_krw", "forgiven", "share_pct", "least_krw", "window_d")
Fields = Sequence[tuple[str, str]]
_PLAIN = ("business", "representative", "mail_order", "address", "phone", "email", "hosting", "safety")


def profile(form: Fields) -> tuple[Profile, dict[str, str]]:
    """The particulars, and what is wrong with hours that cannot be read."""
    said, wrong, hours = dict(form), dict[str, str](), list[Hours]()
    for day in range(7):
        begin, end = said.get(f"open.{day}", "").strip(), said.get(f"close.{day}", "").strip()
        if not begin and not end:
            continue
        from_min, until_min = minutes(begin), minutes(end)
        if from_min is None or until_min is None:
            wrong["hours"] = "hours"
        else:
            hours.append(Hours(weekday=day, from_min=from_min, until_min=until_min))
    plain = {name: " ".join(said.get(name, "").split()) for name in _PLAIN}
    digits = "".join(c for c in said.get("registration", "") if c.isdigit())
    return Profile(**plain, registration=digits, hours=tuple(hours)), wrong


def terms(form: Fields) -> tuple[Terms, dict[str, str]]:
    """The terms, and the fields that cannot be read (``number``, ``window``, ``postcode``)."""
    said, wrong = dict(form), dict[str, str]()
    numbers = {
        name: _number(said.get(name, ""), most, wrong, name)
        for name, most in (
            ("fee_krw", KRW_MAX),
            ("min_order_krw", KRW_MAX),
            ("return_fee_krw", KRW_MAX),
            ("lead_min", 10_080),
            ("days_ahead", 30),
        )
    }
    free = said.get("free_from_krw", "").strip()
    codes = tuple(code for code in said.get("delivers_to", "").replace(",", " ").split() if code)
    if any(not code.isdigit() or len(code) > 5 for code in codes):
        wrong["delivers_to"] = "postcode"
    windows = [found for i in range(WINDOWS_MAX) if (found := _window(form, said, i, wrong)) is not None]
    made: dict[str, Any] = {
        "open": said.get("open") == "yes",
        "delivers": said.get("delivers") == "yes",
        "from_shelves": said.get("from_shelves") == "yes",
        "abroad": said.get("abroad") == "yes",
        "courier": said.get("courier", "")[:100],
        "delivers_to": codes,
        "free_from_krw": _number(free, KRW_MAX, wrong, "free_from_krw") if free else None,
        "fetch_at": tuple(dict.fromkeys(value for name, value in form if name == "fetch_at")),
        "windows": tuple(windows),
    }
    return Terms(**(made | numbers)), wrong


def rules(form: Fields) -> tuple[Rules, dict[str, str]]:
    """What a shop keeps to, and the fields that are no number."""
    said, wrong = dict(form), dict[str, str]()
    figure = {name: _number(said.get(name, ""), KRW_MAX, wrong, name) for name in RULES}
    capacity, refund_limit_krw = figure.pop("capacity"), figure.pop("refund_limit_krw")
    return Rules(capacity, refund_limit_krw, Trust(**figure)), wrong


def minutes(text: str) -> int | None:
    """``09:30`` as minutes of the day; 24:00 is its end."""
    hour, _, minute = text.partition(":")
    if not (hour.isdigit() and minute.isdigit() and len(hour) <= 2 and len(minute) == 2):
        return None
    at = int(hour) * 60 + int(minute)
    return at if int(minute) < 60 and at <= 24 * 60 else None


def clock(at_min: int) -> str:
    """Minutes of the day as a field shows them."""
    return f"{at_min // 60:02}:{at_min % 60:02}"


def _window(form: Fields, said: dict[str, str], i: int, wrong: dict[str, str]) -> Window | None:
    way = said.get(f"w{i}.way", "")
    if way not in ("delivery", "pickup"):
        return None
    from_min, until_min = minutes(said.get(f"w{i}.from", "")), minutes(said.get(f"w{i}.until", ""))
    days = tuple(sorted({int(value) for name, value in form if name == f"w{i}.day" and value in "0123456"}))
    most = _number(said.get(f"w{i}.max", ""), 10_000, wrong, f"w{i}")
    if from_min is None or until_min is None or from_min >= until_min or not days:
        wrong[f"w{i}"] = "window"
        return None
    return Window(way=way, weekdays=days, from_min=from_min, until_min=until_min, orders_max=most)  # type: ignore[arg-type]


def _number(text: str, most: int, wrong: dict[str, str], name: str) -> int:
    plain = text.replace(",", "").replace("원", "").strip() or "0"
    if not (plain.isascii() and plain.isdigit()) or int(plain) > most:
        wrong[name] = "number"
        return 0
    return int(plain)
