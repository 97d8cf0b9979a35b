"""The errors of vouchers."""

from __future__ import annotations

from madang.kernel import Conflict, Forbidden, Invalid, NotFound

WHY = {
    "not_approved": ("이 상품권의 가맹점이 아닙니다.", "it is not a member shop of this voucher"),
    "approval_over": ("가맹점 기간이 끝났습니다.", "its membership is over"),
    "too_large": ("연 매출이 상한을 넘습니다.", "its annual sales are above the limit"),
    "category": ("상품권을 쓸 수 없는 업종입니다.", "its trade is excluded"),
    "region": ("상품권을 쓸 수 있는 지역이 아닙니다.", "it lies outside the voucher's district"),
}


def bad_face(step_krw: int) -> Invalid:
    return Invalid(
        "vouchers.bad_face",
        ko=f"{step_krw:,}원 단위로 살 수 있습니다.",
        en=f"It is sold in steps of ₩{step_krw:,}.",
        next_ko="금액을 고쳐 주세요.",
        next_en="Change the amount.",
        step_krw=step_krw,
    )


def over_month(left_krw: int, cap_krw: int) -> Conflict:
    return Conflict(
        "vouchers.over_month",
        ko=f"이번 달에는 {left_krw:,}원까지 더 살 수 있습니다 (한 달 {cap_krw:,}원).",
        en=f"This month you can still buy ₩{left_krw:,} (₩{cap_krw:,} a month).",
        next_ko="금액을 줄이거나 다음 달에 사세요.",
        next_en="Buy less, or next month.",
        left_krw=left_krw,
        cap_krw=cap_krw,
    )


def over_holding(left_krw: int, cap_krw: int) -> Conflict:
    return Conflict(
        "vouchers.over_holding",
        ko=f"가질 수 있는 한도가 {cap_krw:,}원이라 {left_krw:,}원까지 더 살 수 있습니다.",
        en=f"You can hold ₩{cap_krw:,}, so ₩{left_krw:,} more.",
        next_ko="가진 상품권을 먼저 쓰세요.",
        next_en="Spend some of what you have first.",
        left_krw=left_krw,
        cap_krw=cap_krw,
    )


def no_budget() -> Conflict:
    return Conflict(
        "vouchers.no_budget",
        ko="이번 지원 예산이 모두 쓰였습니다.",
        en="The issuer's budget for this discount is used up.",
        next_ko="다음 예산이 열릴 때 다시 해 주세요.",
        next_en="Try again when the next budget opens.",
    )


def not_enough(free_krw: int) -> Conflict:
    return Conflict(
        "vouchers.not_enough",
        ko=f"쓸 수 있는 상품권은 {free_krw:,}원입니다.",
        en=f"You can spend ₩{free_krw:,} of vouchers.",
        next_ko="금액을 나누거나 상품권을 더 사세요.",
        next_en="Pay part of it otherwise, or buy more.",
        free_krw=free_krw,
    )


def not_accepted(why: str) -> Conflict:
    ko, en = WHY[why]
    return Conflict(
        "vouchers.not_accepted",
        ko=f"이 가게에서는 쓸 수 없습니다: {ko}",
        en=f"It cannot be spent in this shop: {en}.",
        next_ko="다른 결제 수단을 고르거나 가맹점을 찾아보세요.",
        next_en="Pay otherwise, or look for a member shop.",
        why=why,
    )


def closed() -> Conflict:
    return Conflict(
        "vouchers.closed",
        ko="지금은 열려 있지 않은 상품권입니다.",
        en="This programme is not open now.",
        next_ko="다른 상품권을 고르세요.",
        next_en="Choose another one.",
    )


def no_means() -> Invalid:
    return Invalid(
        "vouchers.no_means",
        ko="그 결제 수단으로는 살 수 없습니다.",
        en="It cannot be bought by that means.",
        next_ko="지갑이나 목록의 결제 수단을 고르세요.",
        next_en="Choose the wallet, or a means of the list.",
    )


def not_now(what_ko: str, what_en: str) -> Conflict:
    return Conflict(
        "vouchers.not_now",
        ko=f"지금은 할 수 없습니다: {what_ko}",
        en=f"It cannot be done now: {what_en}",
        next_ko="상품권의 상태와 기한을 확인하세요.",
        next_en="See the voucher's state and dates.",
    )


def bad_code() -> NotFound:
    return NotFound(
        "vouchers.bad_code",
        ko="쓸 수 없는 결제 코드입니다.",
        en="This payment code cannot be used.",
        next_ko="손님 화면에서 새 코드를 보여 달라고 하세요.",
        next_en="Ask the customer to show a fresh code.",
    )


def unknown(what: str) -> NotFound:
    return NotFound(
        "vouchers.unknown",
        ko="그런 상품권이나 발행 정보가 없습니다.",
        en="There is no such voucher, issuer or programme.",
        next_ko="목록에서 다시 고르세요.",
        next_en="Choose it from the list.",
        what=what,
    )


def price_changed(now_krw: int) -> Conflict:
    return Conflict(
        "vouchers.price_changed",
        ko=f"그사이 할인율이 바뀌어 이제 {now_krw:,}원입니다.",
        en=f"The discount has changed meanwhile: it costs ₩{now_krw:,} now.",
        next_ko="상품권 화면에서 다시 금액을 넣고 확인해 주세요. 아직 돈은 나가지 않았습니다.",
        next_en="Enter the amount again on the vouchers' page and confirm it. Nothing was paid.",
        now_krw=now_krw,
    )


def not_yours() -> Forbidden:
    return Forbidden(
        "vouchers.not_yours",
        ko="다른 발행자의 일입니다.",
        en="That belongs to another issuer.",
        next_ko="내 발행 화면에서 하세요.",
        next_en="Do it on your own issuer's page.",
    )


def bad_rule(why_ko: str, why_en: str) -> Invalid:
    return Invalid(
        "vouchers.bad_rule",
        ko=f"규칙이 올바르지 않습니다: {why_ko}",
        en=f"This rule cannot hold: {why_en}",
        next_ko="고쳐서 다시 저장하세요.",
        next_en="Correct it and save again.",
    )


def id_taken() -> Conflict:
    return Conflict(
        "vouchers.id_taken",
        ko="같은 번호로 다른 내용이 이미 있습니다.",
        en="This id is taken by something else.",
        next_ko="새 번호를 쓰거나 같은 내용으로 다시 보내세요.",
        next_en="Use a new id, or send the same content again.",
    )
