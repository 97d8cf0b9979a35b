"""What the forms of terms say: shares, won, days; read into numbers, or refused with a way out."""

from __future__ import annotations

from datetime import date

from madang.kernel import Invalid, business_date, start_of_day_us
from madang.settlement import errors


def share_of(text: str) -> int:
    """Percent as hundredths of a percent: 12.5 is 1,250."""
    try:
        bp = round(float(text.replace("%", "").strip() or "0") * 100)
    except ValueError:
        raise errors.bad_terms(f"'{text[:20]}'은(는) 비율이 아닙니다.", f"'{text[:20]}' is no rate.") from None
    return bp


def number_of(text: str) -> int:
    plain = text.replace(",", "").strip() or "0"
    if not (plain.isascii() and plain.isdigit()):
        raise errors.bad_terms(f"'{text[:20]}'은(는) 금액이 아닙니다.", f"'{text[:20]}' is no amount.")
    return int(plain)


def day_of(text: str, at_us: int) -> int:
    """The first moment of a day; today is now, for nothing may begin in the past."""
    try:
        first = start_of_day_us(date.fromisoformat(text))
    except ValueError:
        raise Invalid(
            "settlement.bad_day",
            ko=f"'{text[:20]}'은(는) 날짜가 아닙니다.",
            en=f"'{text[:20]}' is no day.",
            next_ko="2026-11-22처럼 적으세요.",
            next_en="Write it like 2026-11-22.",
        ) from None
    return at_us if text == str(business_date(at_us)) else first
