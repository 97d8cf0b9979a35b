"""The deal of an order, declared as data.

Placed, paid, packed, then shipped and delivered or made ready and fetched; seven days later it is confirmed by itself
(구매 확정), and ninety days after that it is closed. What was received can come back: for a change of mind within
seven days, for a defect within three months (``withdrawal`` has the rules), whole or in part, for money or for the
same thing again. An order that nobody pays runs out; one that nobody fetches is cancelled and paid back.

A version stays as it is once deals have begun under it.
"""

from __future__ import annotations

import msgspec

from madang.deals.model import Process, StateTimer, Transition
from madang.deals.registry import declared
from madang.kernel import Role
from madang.kernel.clock import DAY_US
from madang.storefront.model import PAY_US

NAME = "order"
CONFIRM_US = 7 * DAY_US
FETCH_US = 7 * DAY_US
CLOSE_US = 90 * DAY_US
LOOK_US = DAY_US
"""How long after an order came into a state its time limit is first looked at; then when the limit is over."""
ARRIVED_D = 7
"""What was sent counts as delivered so long after (to other countries later), unless somebody says so before. Our
choice: couriers of this country bring a parcel in one to three days."""

_DESK = (Role.OPERATOR, Role.STAFF)
_BUYER = (Role.SHOPPER, *_DESK)
_BEFORE_SENT = ("paid", "packed", "ready")
_RECEIVED = ("delivered", "picked_up", "returned", "declined", "confirmed")

ORDER_1 = declared.declare(
    Process(
        name=NAME,
        version=1,
        initial="placed",
        states=(
            "placed",
            "paid",
            "packed",
            "shipped",
            "ready",
            "delivered",
            "picked_up",
            "returning",
            "returned",
            "declined",
            "confirmed",
            "closed",
            "cancelled",
            "expired",
        ),
        transitions=(
            Transition("pay", ("placed",), "paid", (), ("order.pay",)),
            Transition("expire", ("placed",), "expired", (), ("order.let_go",)),
            Transition("drop", ("placed",), "cancelled", _BUYER, ("order.let_go",)),
            Transition("cancel", _BEFORE_SENT, "cancelled", _BUYER, ("order.cancel",)),
            Transition("short", ("paid",), "paid", _DESK, ("order.short",)),
            Transition("pack", ("paid",), "packed", _DESK),
            Transition("ship", ("packed",), "shipped", _DESK, ("order.ship",)),
            Transition("make_ready", ("packed",), "ready", _DESK, ("order.make_ready",)),
            Transition("deliver", ("shipped",), "delivered", _DESK, ("order.hand_over",)),
            Transition("hand_over", ("ready",), "picked_up", _DESK, ("order.hand_over",)),
            Transition("not_fetched", ("ready",), "cancelled", (), ("order.cancel",)),
            Transition("ask_back", _RECEIVED, "returning", _BUYER, ("order.ask_back",)),
            Transition("take_back", ("returning",), "returned", _DESK, ("order.take_back",)),
            Transition("exchange", ("returning",), "packed", _DESK, ("order.exchange",)),
            Transition("decline", ("returning",), "declined", _DESK, ("order.decline",)),
            Transition("withdraw_claim", ("returning",), "declined", (Role.SHOPPER,), ("order.decline",)),
            Transition("confirm", _RECEIVED[:4], "confirmed", _BUYER, ("order.confirmed",)),
            Transition("close", ("confirmed",), "closed"),
        ),
        timers=(
            StateTimer("placed", PAY_US, "expire"),
            StateTimer("ready", FETCH_US, "not_fetched"),
            *(StateTimer(state, CONFIRM_US, "confirm") for state in _RECEIVED[:4]),
            StateTimer("confirmed", CLOSE_US, "close"),
        ),
        titles={
            "placed": ("결제 대기", "waiting for payment"),
            "paid": ("결제 완료", "paid"),
            "packed": ("포장 완료", "packed"),
            "shipped": ("배송 중", "on its way"),
            "ready": ("찾으러 오세요", "ready to fetch"),
            "delivered": ("배송 완료", "delivered"),
            "picked_up": ("수령 완료", "picked up"),
            "returning": ("반품·교환 접수", "return asked for"),
            "returned": ("반품 처리됨", "return settled"),
            "declined": ("반품 종료", "return closed"),
            "confirmed": ("구매 확정", "confirmed"),
            "closed": ("마감", "closed"),
            "cancelled": ("취소됨", "cancelled"),
            "expired": ("결제 시간 지남", "not paid in time"),
            "pay": ("결제", "pay"),
            "expire": ("시간 지남", "time is up"),
            "drop": ("주문 취소", "cancel"),
            "cancel": ("주문 취소·환불", "cancel and refund"),
            "short": ("일부 환불", "refund in part"),
            "pack": ("포장 완료", "packed"),
            "ship": ("보내기", "send"),
            "make_ready": ("찾을 준비 완료", "ready to fetch"),
            "deliver": ("배송 완료", "delivered"),
            "hand_over": ("건네주기", "hand over"),
            "not_fetched": ("찾아가지 않음", "not fetched"),
            "ask_back": ("반품·교환 신청", "ask to return or exchange"),
            "take_back": ("돌려받고 환불", "take back and refund"),
            "exchange": ("교환해 주기", "exchange"),
            "decline": ("거절", "decline"),
            "withdraw_claim": ("신청 철회", "withdraw the request"),
            "confirm": ("구매 확정", "confirm"),
            "close": ("마감", "close"),
        },
    )
)

ORDER_2 = declared.declare(
    msgspec.structs.replace(
        ORDER_1,
        version=2,
        transitions=(
            *ORDER_1.transitions,
            Transition("short_packed", ("packed",), "packed", _DESK, ("order.short",)),
            Transition("short_ready", ("ready",), "ready", _DESK, ("order.short",)),
            Transition("attend", _BEFORE_SENT, "picked_up", _DESK, ("order.hand_over",)),
        ),
        titles=ORDER_1.titles
        | {
            "short_packed": ("일부 환불", "refund in part"),
            "short_ready": ("일부 환불", "refund in part"),
            "attend": ("체험 참석", "came to the session"),
        },
    )
)
"""With a refund in part until an order is handed over, and with sessions, which are received by coming."""
ORDER_3 = declared.declare(
    msgspec.structs.replace(
        ORDER_2,
        version=3,
        transitions=(
            *ORDER_2.transitions,
            Transition("look_paid", ("paid",), "paid", (), ("order.look",)),
            Transition("look_packed", ("packed",), "packed", (), ("order.look",)),
            Transition("look_shipped", ("shipped",), "shipped", (), ("order.look_shipped",)),
            Transition("look_returning", ("returning",), "returning", (), ("order.look_returning",)),
            Transition("arrived", ("shipped",), "delivered", (), ("order.arrived",)),
            Transition("got_back", ("returning",), "returning", _DESK, ("order.got_back",)),
        ),
        timers=(
            *ORDER_2.timers,
            StateTimer("paid", LOOK_US, "look_paid"),
            StateTimer("packed", LOOK_US, "look_packed"),
            StateTimer("shipped", ARRIVED_D * DAY_US, "look_shipped"),
            StateTimer("returning", LOOK_US, "look_returning"),
        ),
        titles=ORDER_2.titles
        | {
            "look_paid": ("기한 확인", "look whether it is late"),
            "look_packed": ("기한 확인", "look whether it is late"),
            "look_shipped": ("도착 확인", "look whether it arrived"),
            "look_returning": ("기한 확인", "look whether it is late"),
            "arrived": ("배송 완료로 봄", "counts as delivered"),
            "got_back": ("물건 도착 확인", "the goods are here again"),
        },
    )
)
"""With the law's time limits: ``late`` looks at each, and what was sent counts as delivered in the end."""
ORDER_4 = declared.declare(
    msgspec.structs.replace(
        ORDER_3,
        version=4,
        transitions=(
            *(step for step in ORDER_3.transitions if step.name != "exchange"),
            Transition("exchange", ("returning",), "returned", _DESK, ("order.swap",)),
            Transition("replace", ("placed",), "paid", (), ("order.replace",)),
        ),
        titles=ORDER_3.titles | {"replace": ("교환 주문", "goods in exchange")},
    )
)
"""What goes out in exchange is an order of its own: the other lines keep their days."""
_LAST = {
    "take_back": ("order.of_one", "order.take_back"),
    "exchange": ("order.of_one", "order.swap"),
    "decline": ("order.of_one", "order.decline"),
    "withdraw_claim": ("order.of_one", "order.decline"),
}
_DECLINE_ONE = ("order.of_several", "order.decline")
ORDER_5 = declared.declare(
    msgspec.structs.replace(
        ORDER_4,
        version=5,
        transitions=(
            *(
                Transition("ask_back", (*_RECEIVED, "returning"), "returning", _BUYER, ("order.ask_back",))
                if step.name == "ask_back"
                else msgspec.structs.replace(step, actions=_LAST.get(step.name, step.actions))
                for step in ORDER_4.transitions
            ),
            Transition("take_back_one", ("returning",), "returning", _DESK, ("order.of_several", "order.take_back")),
            Transition("exchange_one", ("returning",), "returning", _DESK, ("order.of_several", "order.swap")),
            Transition("decline_one", ("returning",), "returning", _DESK, _DECLINE_ONE),
            Transition("pay_again", ("returning",), "returning", (Role.SHOPPER,), ("order.pay_again",)),
            Transition("withdraw_claim_one", ("returning",), "returning", (Role.SHOPPER,), _DECLINE_ONE),
        ),
        titles=ORDER_4.titles
        | {
            "take_back_one": ("신청 하나를 돌려받고 환불", "one taken back and refunded"),
            "exchange_one": ("신청 하나를 교환", "one exchanged"),
            "decline_one": ("신청 하나를 거절", "one declined"),
            "pay_again": ("교환 금액 다시 내기", "pay for the exchange again"),
            "withdraw_claim_one": ("신청 하나를 철회", "one request withdrawn"),
        },
    )
)
"""With several claims at once: what settles one while others are open stays where it is (``open_claims``)."""
LOOKS = ("look_paid", "look_packed", "look_shipped", "look_returning")
"""Steps that only look: nothing of theirs is news to a buyer."""
ORDER = ORDER_5
"""The newest: what pages take their words from."""
