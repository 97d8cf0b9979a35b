"""Errors that several of the console's pages tell."""

from __future__ import annotations

from madang.kernel import Invalid


def no_such_file() -> Invalid:
    return Invalid(
        "console.no_such_file",
        ko="그런 파일은 내보내지 않습니다.",
        en="No such file is given out.",
        next_ko="화면에 있는 csv나 xlsx를 고르세요.",
        next_en="Choose csv or xlsx on the page.",
    )


def bad_day(text: str) -> Invalid:
    return Invalid(
        "console.bad_day",
        ko=f"'{text[:20]}'은(는) 날짜가 아닙니다.",
        en=f"'{text[:20]}' is no day.",
        next_ko="2026-11-22처럼 적으세요.",
        next_en="Write it like 2026-11-22.",
    )
