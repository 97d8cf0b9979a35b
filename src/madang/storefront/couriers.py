"""Where a parcel can be followed: each courier's public page for a waybill number. Pure."""

from __future__ import annotations

import re

from madang.storefront.model import Order
from madang.storefront.world import customs

PAGES = (
    ("대한통운", "cj", "https://trace.cjlogistics.com/next/tracking.html?wblNo="),
    ("우체국", "post", "https://service.epost.go.kr/trace.RetrieveDomRigiTraceList.comm?sid1="),
    (
        "한진",
        "hanjin",
        "https://www.hanjin.com/kor/CMS/DeliveryMgr/WaybillResult.do?mCode=MN038&schLang=KR&wblnumText2=",
    ),
    ("롯데", "lotte", "https://www.lotteglogis.com/home/reservation/tracking/linkView?InvNo="),
    ("로젠", "logen", "https://www.ilogen.com/web/personal/trace/"),
)
"""(what its Korean name has in it, what its English one has, the address without the number)."""
_NUMBER = re.compile(r"[0-9]{9,14}")


def page_of(order: Order) -> str:
    """Where what was sent of an order can be followed; '' where nowhere."""
    if order.export is not None:
        return customs.tracking(order.sent_number)
    return tracking(order.sent_by, order.sent_number)


def tracking(by: str, number: str) -> str:
    """The page of a parcel within Korea; '' where the courier is none of these or the number is no waybill's."""
    plain, name = re.sub(r"[\s-]", "", number), by.replace(" ", "").lower()
    if _NUMBER.fullmatch(plain) is None:
        return ""
    return next((page + plain for ko, en, page in PAGES if ko in name or en in name), "")
