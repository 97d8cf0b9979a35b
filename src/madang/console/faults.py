"""Errors that several of the console's pages tell."""

from __future__ import annotations

from collections.abc import Sequence

from madang.kernel import Conflict, Invalid, Malformed


def no_such_file() -> Invalid:
    return Invalid(
        "console.no_such_file",
        ko="그런 파일은 내보내지 않습니다.",
        en="No such file is given out.",
        next_ko="화면에 있는 csv나 xlsx를 고르세요.",
        next_en="Choose csv or xlsx on the page.",
    )


def no_file() -> Malformed:
    return Malformed(
        "console.no_file",
        ko="파일이 없거나 비어 있습니다.",
        en="There is no file, or it is empty.",
        next_ko="CSV나 엑셀(.xlsx) 파일을 고르세요.",
        next_en="Choose a CSV or Excel (.xlsx) file.",
    )


def nothing_chosen() -> Invalid:
    return Invalid(
        "console.nothing_chosen",
        ko="고른 상품이나 값이 없습니다.",
        en="No product or no value was chosen.",
        next_ko="목록에서 상품을 고르고 바꿀 것을 적거나 고르세요.",
        next_en="Choose products in the list, and write or choose what they are to be.",
    )


def bad_bulk(ko: str, en: str) -> Invalid:
    return Invalid(
        "console.bad_bulk",
        ko=f"'{ko}'을(를) 그렇게 바꿀 수 없습니다.",
        en=f"'{en}' cannot be made that.",
        next_ko="목록에 있는 분류나 기획전을 고르고, 이 상품은 상품 페이지에서 따로 고치세요.",
        next_en="Choose a category or collection of the list, and change this product on its own page.",
    )


def bad_day(text: str) -> Invalid:
    return Invalid(
        "console.bad_day",
        ko=f"'{text[:20]}'은(는) 날짜가 아닙니다.",
        en=f"'{text[:20]}' is no day.",
        next_ko="2026-11-22처럼 적으세요.",
        next_en="Write it like 2026-11-22.",
    )


def no_such_kind() -> Invalid:
    return Invalid(
        "console.no_place_kind",
        ko="진열대와 선반은 가게 배치도가 정하고, 동네 자체는 열거나 닫지 않습니다.",
        en="Gondolas and shelves come from a shop's layout, and the neighbourhood itself is neither opened nor closed.",
        next_ko="가게, 거점, 방 같은 장소를 고르세요.",
        next_en="Choose a place such as a shop, a hub or a room.",
    )


_STOPS = {
    "goods": ("재고 {n}종", "{n} kinds of goods in stock"),
    "orders": ("끝나지 않은 주문 {n}건", "{n} open orders"),
    "inside": ("안에 있는 손님 {n}명", "{n} people inside"),
    "review": ("검토할 방문 {n}건", "{n} visits in review"),
    "online": ("켜져 있는 온라인 판매", "online sales that are on"),
    "fetched": ("여기서 찾게 하는 가게", "a shop whose orders are fetched here"),
}


def place_in_use(id: str, stops: Sequence[tuple[str, int]]) -> Conflict:
    ko = ", ".join(_STOPS[what][0].format(n=n) for what, n in stops)
    en = ", ".join(_STOPS[what][1].format(n=n) for what, n in stops)
    return Conflict(
        "console.place_in_use",
        ko=f"'{id}'을(를) 아직 닫을 수 없습니다: {ko}.",
        en=f"'{id}' cannot be closed yet: {en}.",
        next_ko="하나씩 정리한 뒤 다시 닫으세요. 아무것도 바꾸지 않았습니다.",
        next_en="Clear them one by one and close it again. Nothing was changed.",
        stops=[{"what": what, "n": n} for what, n in stops],
    )
