"""The errors of settlement."""

from __future__ import annotations

from uuid import UUID

from madang.kernel import Conflict, Invalid, NotFound


def sale_changed(sale: UUID) -> Conflict:
    return Conflict(
        "settlement.sale_changed",
        ko="이 판매는 다른 내용으로 이미 확정되었습니다.",
        en="This sale is frozen already, with other content.",
        next_ko="같은 내용으로 다시 보내거나 새 번호를 쓰세요.",
        next_en="Send the same content again, or use a new id.",
        sale=str(sale),
    )


def refund_changed(refund: UUID) -> Conflict:
    return Conflict(
        "settlement.refund_changed",
        ko="이 환불은 다른 내용으로 이미 처리되었습니다.",
        en="This refund was made already, with other content.",
        next_ko="같은 내용으로 다시 보내거나 새 번호를 쓰세요.",
        next_en="Send the same content again, or use a new id.",
        refund=str(refund),
    )


def unknown_sale(sale: UUID) -> NotFound:
    return NotFound(
        "settlement.unknown_sale",
        ko="정산할 그런 판매가 없습니다.",
        en="There is no such sale to settle.",
        next_ko="판매 번호를 확인하세요.",
        next_en="Check the sale's id.",
        sale=str(sale),
    )


def unknown_party(party: str) -> NotFound:
    return NotFound(
        "settlement.unknown_party",
        ko="정산 받을 곳으로 등록되지 않았습니다.",
        en="Nobody is registered to be settled under this key.",
        next_ko="운영자에게 정산 등록을 부탁하세요.",
        next_en="Ask the operator to register them for settlement.",
        party=party,
    )


def too_much(left_krw: int) -> Invalid:
    return Invalid(
        "settlement.refund_too_much",
        ko=f"이 판매에서 돌려줄 수 있는 금액은 {left_krw:,}원까지입니다.",
        en=f"At most ₩{left_krw:,} of this sale can still be given back.",
        next_ko="남은 금액 안에서 환불하세요.",
        next_en="Refund no more than is left.",
        left_krw=left_krw,
    )


def bad_lines() -> Invalid:
    return Invalid(
        "settlement.bad_lines",
        ko="판매 줄의 번호가 겹치거나 금액이 맞지 않습니다.",
        en="Lines of the sale share a number, or an amount is not right.",
        next_ko="줄마다 다른 번호, 0원 이상의 금액과 그 안의 부가세를 주세요.",
        next_en="Give each line its own number, an amount of 0 or more, and the VAT inside it.",
    )


def bad_terms(why_ko: str, why_en: str) -> Invalid:
    return Invalid(
        "settlement.bad_terms",
        ko=f"정산 조건이 올바르지 않습니다: {why_ko}",
        en=f"These terms cannot hold: {why_en}",
        next_ko="고쳐서 다시 저장하세요.",
        next_en="Correct them and save again.",
    )


def bad_registration() -> Invalid:
    return Invalid(
        "settlement.bad_registration",
        ko="사업자등록번호가 맞지 않습니다.",
        en="This is not a business registration number.",
        next_ko="하이픈을 빼고 열 자리를 확인하세요.",
        next_en="Check its ten digits.",
    )


def not_in_state(state: str) -> Conflict:
    return Conflict(
        "settlement.not_now",
        ko=f"지금 상태({state})에서는 할 수 없습니다.",
        en=f"It cannot be done in this state ({state}).",
        next_ko="화면을 새로 고쳐 지금 상태를 확인하세요.",
        next_en="Reload the page and see how it stands.",
        state=state,
    )


def unknown(what: str) -> NotFound:
    return NotFound(
        "settlement.unknown",
        ko="찾는 정산 기록이 없습니다.",
        en="There is no such record of settlement.",
        next_ko="정산 화면의 목록에서 고르세요.",
        next_en="Choose it from the list on the settlement page.",
        what=what,
    )
