"""What can go wrong on the way to an order, and the way out of it."""

from __future__ import annotations

from madang.kernel import Conflict, Invalid, NotFound
from madang.storefront.model import Line


def no_checkout() -> NotFound:
    return NotFound(
        "storefront.no_checkout",
        ko="주문서를 찾을 수 없습니다.",
        en="There is no such checkout.",
        next_ko="장바구니에서 다시 시작하세요.",
        next_en="Begin again from the cart.",
    )


def which_claim(numbers: list[int]) -> Invalid:
    return Invalid(
        "storefront.which_claim",
        ko="어느 반품·교환 신청인지 정해 주세요.",
        en="Say which of the order's requests to return or exchange is meant.",
        next_ko="주문에 접수되어 있는 신청의 번호를 함께 보내세요.",
        next_en="Send the number of one that is open on the order.",
        claims=numbers,
    )


def nothing_to_pay() -> Conflict:
    return Conflict(
        "storefront.nothing_to_pay",
        ko="이 교환에는 지금 다시 낼 돈이 없습니다.",
        en="Nothing has to be paid once more for this exchange.",
        next_ko="주문 화면에서 결제가 끝났는지, 진행 중인지 확인하세요.",
        next_en="See on the order's page whether it is paid, or still being paid.",
    )


def too_many_claims(most: int) -> Conflict:
    return Conflict(
        "storefront.too_many_claims",
        ko=f"한 주문에 접수해 둘 수 있는 반품·교환 신청은 {most}건까지입니다.",
        en=f"An order can have {most} open requests to return or exchange.",
        next_ko="접수된 신청이 처리된 뒤에 다시 신청하거나, 하나를 철회하고 합쳐서 신청하세요.",
        next_en="Wait until one is settled, or withdraw some and ask for all in one.",
        most=most,
    )


def claims_differ() -> Conflict:
    return Conflict(
        "storefront.claims_differ",
        ko="그 사이에 이 주문의 반품·교환 신청이 달라졌습니다.",
        en="The order's requests to return or exchange have changed meanwhile.",
        next_ko="주문을 다시 열어 남은 신청을 확인하세요.",
        next_en="Open the order again and look at those that are left.",
    )


def no_order() -> NotFound:
    return NotFound(
        "storefront.no_order",
        ko="주문을 찾을 수 없습니다.",
        en="There is no such order.",
        next_ko="주문 내역에서 골라 주세요.",
        next_en="Choose it from your orders.",
    )


def empty_cart() -> Conflict:
    return Conflict(
        "storefront.empty_cart",
        ko="장바구니가 비어 있습니다.",
        en="The cart is empty.",
        next_ko="먼저 상품을 담아 주세요.",
        next_en="Put something into it first.",
    )


def hold_over() -> Conflict:
    return Conflict(
        "storefront.hold_over",
        ko="잡아 둔 시간이 지났습니다.",
        en="The time your goods were kept is over.",
        next_ko="장바구니에서 다시 주문하기를 누르면 그때의 재고와 가격으로 다시 잡아 드립니다.",
        next_en="Choose checkout in the cart again; they are then held anew, at the prices of that moment.",
    )


def choose_way(shop: str) -> Invalid:
    return Invalid(
        "storefront.choose_way",
        ko="어떻게 받을지 골라 주세요.",
        en="Choose how you want to get it.",
        next_ko="배송, 또는 찾아갈 곳을 고르세요.",
        next_en="Choose delivery, or a place to fetch it from.",
        shop=shop,
    )


def not_there(shop: str) -> Invalid:
    return Invalid(
        "storefront.not_there",
        ko="이 가게는 그 주소로 배송하지 않습니다.",
        en="This shop does not deliver to that address.",
        next_ko="찾아가기를 고르거나 다른 주소를 적어 주세요.",
        next_en="Choose to fetch it, or give another address.",
        shop=shop,
    )


def not_abroad(shop: str) -> Invalid:
    return Invalid(
        "storefront.sends_nothing_abroad",
        ko="이 가게는 해외로 보내지 않습니다.",
        en="This shop does not send anything abroad.",
        next_ko="여기에서 찾아가거나 다른 방법을 고르세요.",
        next_en="Fetch it here, or choose another way.",
        shop=shop,
    )


def too_small(least_krw: int) -> Invalid:
    return Invalid(
        "storefront.too_small",
        ko=f"배송은 {least_krw:,}원부터 됩니다.",
        en=f"Delivery starts at ₩{least_krw:,}.",
        next_ko="더 담거나 찾아가기를 고르세요.",
        next_en="Add something, or choose to fetch it.",
        least_krw=least_krw,
    )


def consent_needed(line: Line) -> Invalid:
    return Invalid(
        "storefront.consent_needed",
        ko=f"'{line.name_ko}'은(는) 주문 제작이라 단순 변심으로 돌려받지 않습니다. 동의가 필요합니다.",
        en=f"'{line.name_en}' is made for you and cannot come back for a change of mind; you need to agree to that.",
        next_ko="안내를 읽고 동의하거나, 장바구니에서 빼 주세요.",
        next_en="Read the notice and agree, or take it out of the cart.",
        sku=line.sku,
    )


def too_young(*, said: bool) -> Invalid:
    return Invalid(
        "storefront.adults_only",
        ko="19세 미만에게는 팔 수 없는 상품이 있습니다."
        if said
        else "태어난 해를 적어 주세요. 19세 이상만 살 수 있습니다.",
        en="Some of it may not be sold to anybody under 19." if said else "Give your year of birth: 19 and older only.",
        next_ko="그 상품을 빼거나, 받을 때 신분증을 보여 줄 수 있는 어른이 주문해 주세요.",
        next_en="Take it out, or let an adult order who can show an identity card when it is handed over.",
    )


def not_by_mail(line: Line, why: str) -> Invalid:
    ko, en, next_ko, next_en = {
        "alcohol": (
            "술은 배송할 수 없습니다(전통주만 됩니다).", "Alcohol cannot be delivered, but for traditional liquor.",
            "가게에서 찾기를 고르고, 찾을 때 신분증을 보여 주세요.", "Fetch it at the shop and show a card there.",
        ),
        "tobacco": (
            "담배는 온라인으로 팔 수 없습니다.", "Tobacco cannot be sold online.",
            "장바구니에서 빼 주세요.", "Take it out of the cart.",
        ),
    }[why]  # fmt: skip
    return Invalid(
        "storefront.not_by_mail",
        ko=f"'{line.name_ko}': {ko}",
        en=f"'{line.name_en}': {en}",
        next_ko=next_ko,
        next_en=next_en,
        sku=line.sku,
        why=why,
    )


def age_check_needed() -> Invalid:
    return Invalid(
        "storefront.check_age",
        ko="19세 이상 상품이 들어 있습니다. 받는 사람의 신분증을 확인해야 건네줄 수 있습니다.",
        en="There is something for adults in it: see the receiver's identity card before you hand it over.",
        next_ko="확인했다면 '신분증 확인함'을 표시하고 다시 누르세요. 확인할 수 없으면 건네주지 마세요.",
        next_en="If you have, tick 'identity card seen' and do it again. If you cannot, do not hand it over.",
    )


def wrong_way() -> Conflict:
    return Conflict(
        "storefront.wrong_way",
        ko="이 주문은 그렇게 받기로 하지 않았습니다.",
        en="That is not how this order is to be handed over.",
        next_ko="주문의 받는 방법을 확인하세요.",
        next_en="Look at how the buyer wants it.",
    )


def cannot_come_back(line: Line, verdict: str) -> Conflict:
    ko, en = {
        "too_late": ("돌려줄 수 있는 기한이 지났습니다", "the time to give it back is over"),
        "excepted": ("단순 변심으로는 돌려줄 수 없다고 안내한 상품입니다", "it cannot come back for a change of mind"),
        "not_received": ("아직 받지 않은 상품입니다", "it has not been received yet"),
    }[verdict]
    return Conflict(
        "storefront.cannot_come_back",
        ko=f"'{line.name_ko}': {ko}.",
        en=f"'{line.name_en}': {en}.",
        next_ko="상품에 문제가 있다면 '불량·다른 상품'을 골라 주세요. 받은 날부터 3개월, 안 날부터 30일까지 됩니다.",
        next_en="If something is wrong with it choose that reason: three months from receipt, 30 days from knowing.",
        line=line.number,
        verdict=verdict,
    )


def bad_wish() -> Invalid:
    return Invalid(
        "storefront.bad_wish",
        ko="돌려줄 상품과 수량을 다시 골라 주세요.",
        en="Choose again what is to come back, and how much of it.",
        next_ko="주문에 남아 있는 수량 안에서 고르세요.",
        next_en="No more than the order still has.",
    )


def cannot_exchange(line: Line) -> Invalid:
    return Invalid(
        "storefront.cannot_exchange",
        ko=f"'{line.name_ko}'은(는) 고른 것으로 바꿀 수 없습니다.",
        en=f"'{line.name_en}' cannot be exchanged for that.",
        next_ko="같은 상품의 다른 옵션을 고르거나, 돈으로 돌려받고 새로 주문하세요.",
        next_en="Choose another variant of the same product, or have the money back and order anew.",
        line=line.number,
    )


def buyer_pays() -> Conflict:
    return Conflict(
        "storefront.buyer_pays",
        ko="교환에 더 낼 돈이 있어 산 사람만 신청할 수 있습니다.",
        en="This exchange costs more, so only the buyer can ask for it.",
        next_ko="산 사람에게 주문 화면에서 신청해 달라고 하세요.",
        next_en="Have the buyer ask for it on the order's page.",
    )


def exchange_unpaid(due_krw: int) -> Conflict:
    return Conflict(
        "storefront.exchange_unpaid",
        ko=f"산 사람이 더 낼 {due_krw:,}원을 아직 내지 않았습니다.",
        en=f"The buyer has not paid the ₩{due_krw:,} that this exchange costs more.",
        next_ko="주문 화면의 결제 단추로 내면 교환할 수 있습니다. 돌려받고 환불할 수도 있습니다.",
        next_en="They pay it with the button on the order's page. It can be taken back and refunded instead.",
        due_krw=due_krw,
    )


def known_wrong() -> Invalid:
    return Invalid(
        "storefront.known_wrong",
        ko="문제를 안 날은 받은 날과 오늘 사이여야 합니다.",
        en="The day you found out lies between the day it came and today.",
        next_ko="날짜를 다시 고르세요.",
        next_en="Choose the day again.",
    )


def bad_code() -> Conflict:
    return Conflict(
        "storefront.code_over",
        ko="이미 썼거나 시간이 지난 입장 코드입니다.",
        en="This entry code has been used, or its time is over.",
        next_ko="휴대폰 화면의 새 코드를 보여 주세요.",
        next_en="Show the fresh code on your phone.",
    )


def too_many_vouchers(most_krw: int) -> Invalid:
    return Invalid(
        "storefront.too_many_vouchers",
        ko=f"이 가게의 상품에는 상품권을 {most_krw:,}원까지 쓸 수 있습니다.",
        en=f"Vouchers can pay up to ₩{most_krw:,} of this shop's goods.",
        next_ko="상품권 금액을 줄여 주세요.",
        next_en="Use less of the voucher.",
        most_krw=most_krw,
    )


def not_covered(missing_krw: int) -> Invalid:
    return Invalid(
        "storefront.not_covered",
        ko=f"아직 {missing_krw:,}원이 남습니다.",
        en=f"₩{missing_krw:,} are not paid yet.",
        next_ko="금액을 늘리거나, 남은 금액을 낼 결제 수단을 고르세요.",
        next_en="Use more of something, or choose what pays the rest.",
        missing_krw=missing_krw,
    )


def session_off() -> Conflict:
    return Conflict(
        "storefront.session_off",
        ko="취소된 체험입니다.",
        en="This session was cancelled.",
        next_ko="다른 시간을 고르세요. 이미 결제했다면 전액 돌려드립니다.",
        next_en="Choose another time. Whatever was paid is given back in full.",
    )


def session_over() -> Conflict:
    return Conflict(
        "storefront.session_over",
        ko="이미 시작한 체험입니다.",
        en="This session has begun.",
        next_ko="다른 시간을 고르거나 가게에 문의하세요.",
        next_en="Choose another time, or ask the shop.",
    )
