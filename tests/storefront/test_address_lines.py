"""Korean addresses: a pasted line fills the form; street or lot; postcode and dong are checked offline."""

from __future__ import annotations

import pytest

from madang.members import regions
from madang.storefront import address_lines, forms
from madang.storefront.address_lines import Read
from madang.storefront.addresses import Address, faults


@pytest.mark.parametrize(
    ("line", "postcode", "road", "detail", "dong"),
    [
        ("(03999) 서울 마포구 성미산로 12, 101동 202호 (성산동, 마당빌딩)", "03999", "서울 마포구 성미산로 12 (성산동)",
         "101동 202호 마당빌딩", "성산동"),
        ("서울특별시 마포구 월드컵북로 396 누리꿈스퀘어 5층 03925", "03925", "서울특별시 마포구 월드컵북로 396",
         "누리꿈스퀘어 5층", ""),
        ("서울 마포구 성미산로1길 5-3", "", "서울 마포구 성미산로1길 5-3", "", ""),
        ("부산 해운대구 해운대로383번길 5, 3층", "", "부산 해운대구 해운대로383번길 5", "3층", ""),
        ("경기도 성남시 분당구 판교역로 235\n에이치스퀘어 N동\n13494", "13494", "경기도 성남시 분당구 판교역로 235",
         "에이치스퀘어 N동", ""),
        ("서울 마포구 성산동 123-4 2층", "", "서울 마포구 성산동 123-4", "2층", "성산동"),
        ("제주특별자치도 제주시 애월읍 산 12-1", "", "제주특별자치도 제주시 애월읍 산 12-1", "", "애월읍"),
        ("대한민국 서울 종로구 세종대로 175 [03172]", "03172", "서울 종로구 세종대로 175", "", ""),
        ("우리 집", "", "우리 집", "", ""), ("", "", "", "", ""),
    ],
)  # fmt: skip
def test_a_line_is_taken_apart(line: str, postcode: str, road: str, detail: str, dong: str) -> None:
    assert address_lines.read(line) == Read(postcode=postcode, road=road, detail=detail, dong=dong)


def test_a_pasted_line_fills_the_form_and_leaves_what_it_does_not_say() -> None:
    form = {"paste": "서울 마포구 성미산로 12", "postcode": "03999", "detail": "101호", "way.s1": "delivery"}
    filled = forms.filled(form)
    assert (filled["road"], filled["postcode"], filled["detail"], filled["paste"]) == (
        "서울 마포구 성미산로 12", "03999", "101호", "",
    )  # fmt: skip
    assert forms.filled({"road": "x"}) == {"road": "x"}


@pytest.mark.parametrize(
    ("road", "postcode", "wrong"),
    [
        ("서울 마포구 성미산로 12 (성산동)", "03999", {}), ("서울 마포구 성산동 123-4", "03999", {}),
        ("경기 광주시 경안로 10", "12752", {}), ("광주 동구 금남로 1", "61475", {}), ("성미산로 12", "03999", {}),
        ("강원도 춘천시 중앙로 1", "24265", {}), ("전북 전주시 완산구 풍남동3가 33-1", "55041", {}),
        ("서울 마포구 성미산로 12", "48094", {"postcode": "elsewhere"}),
        ("서울 마포구 성미산로 12 (없는동)", "03999", {"road": "dong"}),
        ("부산 해운대구 성산동 12-1", "48094", {"road": "dong"}),
        ("마당빌딩 3층", "03999", {"road": "road"}), ("서울 마포구", "03999", {"road": "road"}),
    ],
)  # fmt: skip
def test_street_or_lot_postcode_and_dong_have_to_fit(road: str, postcode: str, wrong: dict[str, str]) -> None:
    assert faults(Address(name="김", phone="01012345678", postcode=postcode, road=road)) == wrong


def test_every_postcode_has_its_province_and_nobody_knows_a_dong_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert [regions.province_of(code) for code in ("01000", "30100", "63000", "00000", "64000")] == [
        "서울특별시", "세종특별자치시", "제주특별자치도", "", "",
    ]  # fmt: skip
    assert {regions.province_of(f"{n:02}000") for n in range(1, 64)} == {name for _, _, name in regions.POSTCODES}
    monkeypatch.setattr(regions, "dongs", lambda: None)
    assert regions.is_there("서울특별시", "성산동") is None
    assert not address_lines.no_such_dong("서울 마포구 없는동 1", "03999")


@pytest.mark.parametrize(
    ("typed", "said"),
    [("01012345678", "010-1234-5678"), ("0212345678", "02-1234-5678"), ("021234567", "02-123-4567"),
     ("0311234567", "031-123-4567"), ("050712345678", "0507-1234-5678"), ("", "")],
)  # fmt: skip
def test_a_number_is_shown_as_koreans_write_it(typed: str, said: str) -> None:
    where = Address(name="김미나", phone=typed, postcode="03993", road="성미산로 12")
    assert where.phone_said == said
