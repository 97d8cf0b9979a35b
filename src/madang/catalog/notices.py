"""What the law wants told of goods by their sort, before they are bought (상품정보 제공고시). Pure.

전자상거래 등에서의 상품 등의 정보제공에 관한 고시 (공정거래위원회), 별표 1: the names of the fields of the sorts that
a neighbourhood's shops sell most; a sort that is not here is ``other`` (기타 재화). The texts are the shop's own words.
"""

from __future__ import annotations

from typing import NamedTuple


class Sort(NamedTuple):
    """A sort of goods: its name, and the fields to be filled in."""

    ko: str
    en: str
    fields: tuple[str, ...]


_CARE = "소비자상담 관련 전화번호"
_QUALITY = "품질보증기준"
SORTS: dict[str, Sort] = {
    "produce": Sort(
        "식품(농·축·수산물)",
        "Fresh food",
        (
            "품목 또는 명칭",
            "포장단위별 내용물의 용량(중량), 수량, 크기",
            "생산자, 수입자",
            "원산지",
            "제조연월일(포장일 또는 생산연도)",
            "소비기한",
            "관련법상 표시사항",
            "상품구성",
            "보관방법 또는 취급방법",
            "소비자안전을 위한 주의사항",
            _CARE,
        ),
    ),
    "processed": Sort(
        "가공식품",
        "Processed food",
        (
            "제품명",
            "식품의 유형",
            "생산자 및 소재지",
            "제조연월일, 소비기한",
            "포장단위별 내용물의 용량(중량), 수량",
            "원재료명 및 함량",
            "영양성분",
            "유전자변형식품 여부",
            "소비자안전을 위한 주의사항",
            "수입식품 여부",
            _CARE,
        ),
    ),
    "clothing": Sort(
        "의류",
        "Clothing",
        (
            "제품 소재",
            "색상",
            "치수",
            "제조자(수입자)",
            "제조국",
            "세탁방법 및 취급시 주의사항",
            "제조연월",
            _QUALITY,
            "A/S 책임자와 전화번호",
        ),
    ),
    "bags": Sort(
        "가방",
        "Bags",
        (
            "종류",
            "소재",
            "색상",
            "크기",
            "제조자(수입자)",
            "제조국",
            "취급시 주의사항",
            _QUALITY,
            "A/S 책임자와 전화번호",
        ),
    ),
    "cosmetics": Sort(
        "화장품",
        "Cosmetics",
        (
            "내용물의 용량 또는 중량",
            "제품 주요 사양",
            "사용기한 또는 개봉 후 사용기간",
            "사용방법",
            "화장품제조업자, 책임판매업자",
            "제조국",
            "전성분",
            "기능성 화장품 심사 여부",
            "사용할 때의 주의사항",
            _QUALITY,
            _CARE,
        ),
    ),
    "kitchen": Sort(
        "주방용품",
        "Kitchenware",
        (
            "품명 및 모델명",
            "재질",
            "구성품",
            "크기",
            "동일모델의 출시년월",
            "제조자(수입자)",
            "제조국",
            "수입식품 신고 여부",
            _QUALITY,
            "A/S 책임자와 전화번호",
        ),
    ),
    "furniture": Sort(
        "가구",
        "Furniture",
        (
            "품명",
            "KC 인증정보",
            "색상",
            "구성품",
            "주요 소재",
            "제조자(수입자)",
            "제조국",
            "크기",
            "배송·설치비용",
            _QUALITY,
            "A/S 책임자와 전화번호",
        ),
    ),
    "books": Sort(
        "서적", "Books", ("도서명", "저자, 출판사", "크기", "쪽수", "제품 구성", "출간일", "목차 또는 책소개")
    ),
    "other": Sort(
        "기타 재화",
        "Other goods",
        ("품명 및 모델명", "인증·허가 사항", "제조국 또는 원산지", "제조자(수입자)", "A/S 책임자와 전화번호"),
    ),
}


def read(text: str) -> tuple[tuple[str, str], ...]:
    """``name: text`` of each line; a name without a text is left out, one said twice counts as said last."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() and value.strip():
            found[" ".join(name.split())] = " ".join(value.split())
    return tuple(found.items())


def written(notice: tuple[tuple[str, str], ...], sort: str = "") -> str:
    """A notice as lines to be edited, with the fields of a sort that are not filled in yet."""
    known = dict(notice)
    wanted = SORTS[sort].fields if sort in SORTS else ()
    return "\n".join(
        [*(f"{name}: {text}" for name, text in known.items()), *(f"{n}: " for n in wanted if n not in known)]
    )
