"""What can go wrong with a payment, in both languages, each with its way out."""

from __future__ import annotations

from uuid import UUID

from madang.kernel import Conflict, Invalid, NotFound


def unknown() -> NotFound:
    return NotFound(
        "payments.unknown",
        ko="결제를 찾을 수 없습니다.",
        en="There is no such payment.",
        next_ko="결제 번호를 확인하세요.",
        next_en="Check the payment's id.",
    )


def id_taken(id: UUID) -> Conflict:
    return Conflict(
        "payments.id_taken",
        ko="같은 번호의 다른 결제나 환불이 이미 있습니다.",
        en="Another payment or refund has this id.",
        next_ko="새 번호로 다시 하세요.",
        next_en="Do it again under a new id.",
        id=str(id),
    )


def bad_amount(amount_krw: int) -> Invalid:
    return Invalid(
        "payments.amount_not_positive",
        ko="금액은 0원보다 커야 합니다.",
        en="The amount must be above zero won.",
        next_ko="금액을 확인하세요. 돌려주는 일은 환불로 하세요.",
        next_en="Check the amount; to give money back, make a refund.",
        amount_krw=amount_krw,
    )


def too_large(amount_krw: int, most_krw: int) -> Invalid:
    return Invalid(
        "payments.amount_too_large",
        ko=f"한 번에 결제할 수 있는 금액은 {most_krw:,}원까지입니다.",
        en=f"One payment is at most {most_krw:,} won.",
        next_ko="금액을 확인하거나 나누어 결제하세요.",
        next_en="Check the amount, or pay in several payments.",
        amount_krw=amount_krw,
        most_krw=most_krw,
    )


def bad_sum(total_krw: int, parts_krw: int) -> Invalid:
    return Invalid(
        "payments.parts_differ",
        ko=f"결제 수단별 금액의 합 {parts_krw:,}원이 결제할 금액 {total_krw:,}원과 다릅니다.",
        en=f"The means pay {parts_krw:,} won together, but {total_krw:,} won are due.",
        next_ko="나눈 금액을 다시 맞추세요.",
        next_en="Divide the amount so that it adds up.",
        total_krw=total_krw,
        parts_krw=parts_krw,
    )


def bad_tax_free(total_krw: int, tax_free_krw: int) -> Invalid:
    return Invalid(
        "payments.tax_free_out_of_range",
        ko="면세 금액은 0원부터 결제할 금액까지여야 합니다.",
        en="The tax-free amount lies between zero and the total.",
        next_ko="면세 금액을 확인하세요.",
        next_en="Check the tax-free amount.",
        total_krw=total_krw,
        tax_free_krw=tax_free_krw,
    )


def bad_parts(count: int, most: int) -> Invalid:
    return Invalid(
        "payments.parts_out_of_range",
        ko=f"결제 수단은 1개부터 {most}개까지 고를 수 있습니다.",
        en=f"A payment has 1 to {most} means.",
        next_ko="결제 수단을 다시 고르세요.",
        next_en="Choose the means again.",
        count=count,
        most=most,
    )


def means_unknown(name: str) -> Invalid:
    return Invalid(
        "payments.means_unknown",
        ko=f"'{name}' 결제 수단은 여기에서 쓸 수 없습니다.",
        en=f"'{name}' is no means of payment here.",
        next_ko="다른 결제 수단을 고르세요.",
        next_en="Choose another means.",
        means=name,
    )


def means_not_paid(name: str) -> Invalid:
    return Invalid(
        "payments.means_did_not_pay",
        ko=f"이 결제에는 '{name}'(으)로 낸 금액이 없습니다.",
        en=f"Nothing of this payment was paid by '{name}'.",
        next_ko="결제에 쓰인 수단 중에서 고르세요.",
        next_en="Choose among the means it was paid by.",
        means=name,
    )


def not_enough(means: str, needed_krw: int, available_krw: int) -> Conflict:
    return Conflict(
        "payments.not_enough",
        ko=f"잔액이 모자랍니다: {needed_krw:,}원이 필요한데 {available_krw:,}원이 있습니다.",
        en=f"There is not enough: {needed_krw:,} won are needed and {available_krw:,} won are there.",
        next_ko="금액을 나누거나 다른 결제 수단을 고르세요.",
        next_en="Divide the amount, or choose another means.",
        means=means,
        needed_krw=needed_krw,
        available_krw=available_krw,
    )


def expires_too_early() -> Invalid:
    return Invalid(
        "payments.expires_too_early",
        ko="결제 기한이 시작 시각보다 뒤여야 합니다.",
        en="A payment must expire after it began.",
        next_ko="결제 기한을 뒤로 정하세요.",
        next_en="Give it a later time-out.",
    )


def expired() -> Conflict:
    return Conflict(
        "payments.expired",
        ko="결제 기한이 지났습니다.",
        en="The time to pay is over.",
        next_ko="처음부터 다시 결제하세요. 빠져나간 금액은 저절로 돌아옵니다.",
        next_en="Begin a new payment; what was charged comes back by itself.",
    )


def not_now(act: str, state: str) -> Conflict:
    """``act`` is ``capture``, ``void``, ``refund`` or ``pay``."""
    acts = {"capture": "매입", "void": "취소", "refund": "환불", "pay": "결제"}
    states = {
        "pending": "결제 대기",
        "authorised": "승인됨",
        "captured": "매입됨",
        "refunded": "환불됨",
        "voided": "취소됨",
        "failed": "실패",
    }
    return Conflict(
        "payments.not_now",
        ko=f"'{states[state]}' 상태의 결제에는 {acts[act]}을(를) 할 수 없습니다.",
        en=f"A payment that is {state} cannot take a {act}.",
        next_ko="결제의 상태를 확인하세요.",
        next_en="Look at the state of the payment.",
        act=act,
        state=state,
    )


def already_captured(captured_krw: int) -> Conflict:
    return Conflict(
        "payments.already_captured",
        ko=f"이 결제는 이미 {captured_krw:,}원이 다른 내용으로 매입되었습니다.",
        en=f"This payment was captured already with other content, for {captured_krw:,} won.",
        next_ko="덜 받았다면 새로 결제하고, 더 받았다면 환불하세요.",
        next_en="Begin a new payment for what is missing; refund what was too much.",
        captured_krw=captured_krw,
    )


def too_much(amount_krw: int, left_krw: int) -> Conflict:
    return Conflict(
        "payments.too_much",
        ko=f"{amount_krw:,}원은 남은 {left_krw:,}원보다 많습니다.",
        en=f"{amount_krw:,} won is more than the {left_krw:,} won that are left.",
        next_ko="남은 금액까지만 정하세요.",
        next_en="Ask for no more than is left.",
        amount_krw=amount_krw,
        left_krw=left_krw,
    )


def bad_legs(amount_krw: int, legs_krw: int) -> Invalid:
    return Invalid(
        "payments.legs_differ",
        ko=f"계정별 금액의 합 {legs_krw:,}원이 {amount_krw:,}원과 다릅니다.",
        en=f"The accounts' amounts add up to {legs_krw:,} won, not to {amount_krw:,}.",
        next_ko="계정별 금액을 다시 맞추세요. 모두 0원보다 커야 합니다.",
        next_en="Make them add up; each must be above zero.",
        amount_krw=amount_krw,
        legs_krw=legs_krw,
    )


def wrong_amount(due_krw: int, brought_krw: int) -> Invalid:
    return Invalid(
        "payments.wrong_amount",
        ko=f"결제할 금액은 {due_krw:,}원인데 결제창은 {brought_krw:,}원을 알려 왔습니다. 결제하지 않았습니다.",
        en=f"{due_krw:,} won are due, but the payment page came back with {brought_krw:,}. Nothing was charged.",
        next_ko="처음부터 다시 결제하세요.",
        next_en="Begin a new payment.",
        due_krw=due_krw,
        brought_krw=brought_krw,
    )


def other_order(order: str) -> Conflict:
    return Conflict(
        "payments.other_order",
        ko="결제사가 다른 주문의 결제를 알려 왔습니다.",
        en="The payment company answered about another order.",
        next_ko="운영자에게 알려 주세요.",
        next_en="Tell the operator.",
        order=order,
    )


def return_not_now(state: str) -> Conflict:
    return Conflict(
        "payments.return_not_now",
        ko="결제사가 거절한 환불에만 할 수 있는 일입니다.",
        en="This can only be done to a refund that the payment company refused.",
        next_ko="환불의 상태를 확인하세요.",
        next_en="Look at the state of the refund.",
        state=state,
    )


def nobodys_wallet() -> Conflict:
    return Conflict(
        "payments.nobodys_wallet",
        ko="손님이 회원이 아니어서 지갑을 열 수 없습니다.",
        en="The customer is no member and could not open a wallet.",
        next_ko="계좌 이체나 현금으로 돌려준 뒤 '직접 돌려줌'으로 적으세요.",
        next_en="Pay it back by bank transfer or in cash, then note it as given back by hand.",
    )


def refund_where_bought() -> Conflict:
    return Conflict(
        "payments.refund_where_bought",
        ko="이 결제는 산 것을 취소해야 환불됩니다.",
        en="This payment is refunded by giving back what was bought.",
        next_ko="주문이나 기프트카드·상품권을 취소·반품하세요. 이미 돌려준 금액은 저절로 맞춰집니다.",
        next_en="Cancel or return the order or voucher; what was given back already is taken into account.",
    )
