"""A rule as an officer's form says it, and what it would change. Pure."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import msgspec

from madang.kernel import Invalid, start_of_day_us
from madang.ui.desk import Form
from madang.vouchers import errors
from madang.vouchers.model import Rule

BLANK = Rule(programme="", from_us=0, discount_bp=1_000, month_cap_krw=700_000, holding_cap_krw=1_500_000)
KRW = ("month_cap_krw", "holding_cap_krw", "budget_krw", "step_krw", "sales_max_krw")
COUNTS = ("valid_months", "cancel_d", "returned_d")
SHARES = ("discount_bp", "refund_used_bp")
LISTS = ("regions", "excluded")
FIELDS = (*SHARES, *KRW, *COUNTS, *LISTS, "source")


def rule_of(programme: str, form: Form, last: Rule | None, at_us: int) -> Rule:
    """The rule a form asks for, from the start of a day that is to come (today: from now); what it has no field for
    stays as it was. Shares are in percent with one decimal."""
    said: dict[str, Any] = {name: whole(form, name) for name in (*KRW, *COUNTS) if name in form}
    said |= {name: tenths(form, name) * 10 for name in SHARES if name in form}
    said |= {name: tuple(dict.fromkeys(re.findall(r"[^\s,;]+", form[name]))) for name in LISTS if name in form}
    said |= {"source": form["source"].strip()[:300]} if "source" in form else {}
    if any(not region.isdigit() or not 2 <= len(region) <= 10 for region in said.get("regions", ())):
        raise errors.bad_rule("지역은 법정동 코드의 앞자리(숫자 2~10)입니다.", "a region has 2 to 10 digits.")
    base = last or BLANK
    return msgspec.structs.replace(base, **said, programme=programme, from_us=from_us(form.get("from", ""), at_us))


def changes(before: Rule | None, after: Rule) -> list[tuple[str, Any, Any]]:
    """(field, until now, from then on) of what a rule changes."""
    was = {name: None if before is None else getattr(before, name) for name in FIELDS}
    return [(name, was[name], getattr(after, name)) for name in FIELDS if was[name] != getattr(after, name)]


def from_us(day: str, at_us: int) -> int:
    """The start of a day, at the earliest now."""
    try:
        return max(start_of_day_us(date.fromisoformat(day)), at_us) if day else at_us
    except ValueError:
        raise errors.bad_rule("날을 고르세요.", "choose a day.") from None


def whole(form: Form, name: str) -> int:
    """Won or a count as people write it; empty is 0."""
    text = re.sub(r"[,원\s]", "", form.get(name, "")) or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 13:
        raise _no_number(name)
    return int(text)


def tenths(form: Form, name: str) -> int:
    """A share in percent with at most one decimal, in tenths of a percent: ``12.5`` is 125."""
    found = re.fullmatch(r"(\d{1,3})(?:[.,](\d))?\s*%?", form.get(name, "").strip())
    if found is None:
        raise _no_number(name)
    return int(found[1]) * 10 + int(found[2] or 0)


def _no_number(field: str) -> Invalid:
    return Invalid(
        "vouchers.no_figure",
        ko=f"{field} 칸의 숫자를 읽을 수 없습니다.",
        en=f"The figure in {field} cannot be read.",
        next_ko="금액과 기간은 정수로, 비율은 12.5처럼 소수 한 자리까지 적으세요.",
        next_en="Write amounts and times as whole numbers, shares with at most one decimal like 12.5.",
        field=field,
    )
