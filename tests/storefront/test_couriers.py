"""Parcels within Korea can be followed on their courier's own page."""

from __future__ import annotations

import pytest

from madang.storefront.couriers import tracking


@pytest.mark.parametrize(
    ("by", "number", "page"),
    [
        ("CJ대한통운", "6012-3456-7890", "https://trace.cjlogistics.com/next/tracking.html?wblNo=601234567890"),
        ("CJ Logistics", "601234567890", "https://trace.cjlogistics.com/next/tracking.html?wblNo=601234567890"),
        ("우체국 택배", "68 9012 3456 789", "https://service.epost.go.kr/trace.RetrieveDomRigiTraceList.comm?sid1=6890123456789"),
        ("로젠택배", "91234567890", "https://www.ilogen.com/web/personal/trace/91234567890"),
    ],
)  # fmt: skip
def test_a_waybill_leads_to_its_couriers_page(by: str, number: str, page: str) -> None:
    assert tracking(by, number) == page


@pytest.mark.parametrize(
    ("by", "number"),
    [
        ("동네 자전거", "601234567890"), ("CJ대한통운", "문 앞"), ("한진택배", "javascript:alert(1)"),
        ("", "601234567890"), ("롯데", ""),
    ],
)  # fmt: skip
def test_what_is_no_waybill_of_a_known_courier_leads_nowhere(by: str, number: str) -> None:
    assert tracking(by, number) == ""
