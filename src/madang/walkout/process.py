"""The deal of a walk-out visit, declared as data.

Somebody enters, takes things, leaves; what they carried is priced; a sure receipt is charged, a doubtful one asked.
A receipt can be disputed until its deal closes. Time acts in the shopper's favour: an unanswered review charges the
cheapest likely receipt, an unanswered dispute is refunded.

A version stays as it is once deals have begun under it. Version 2 asks again: a receipt that is revised after it was
charged and is in doubt goes (back) to review, an answer can be undone, and a declined dispute appealed. What was
charged stays charged meanwhile, and the next answer charges or gives back the difference. Version 3 lets a line be
called wrong while others wait (``claims``).
"""

from __future__ import annotations

import msgspec

from madang.deals.model import Process, StateTimer, Transition
from madang.deals.registry import declared
from madang.kernel import Role
from madang.kernel.clock import DAY_US, HOUR_US, MINUTE_US

NAME = "walkout"
MISSING_EXIT_US = 3 * HOUR_US
NO_RECEIPT_US = 10 * MINUTE_US
REVIEW_US = 2 * DAY_US
DISPUTE_US = 3 * DAY_US
CLOSE_US = 14 * DAY_US
"""How long a receipt can be disputed, and so how long the raw sensor log behind it is kept."""

PAID = ("charged", "refunded")
"""States of a visit that was charged and of which nothing waits."""

_DESK = (Role.OPERATOR, Role.STAFF)
_SHOPPER = (Role.SHOPPER, *_DESK)
_SHOP = (Role.DEVICE,)

WALKOUT_1 = declared.declare(
    Process(
        name=NAME,
        version=1,
        initial="entered",
        states=(
            "entered",
            "shopping",
            "left",
            "priced",
            "charged",
            "in_review",
            "disputed",
            "refunded",
            "closed",
        ),
        transitions=(
            Transition("begin", ("entered",), "shopping", _SHOP),
            Transition("leave", ("entered", "shopping"), "left", _SHOP),
            Transition("price", ("left",), "priced", _SHOP, ("walkout.price",)),
            Transition("charge", ("priced",), "charged", _SHOP, ("walkout.charge",)),
            Transition("ask", ("priced",), "in_review", _SHOP, ("walkout.ask",)),
            Transition("time_out", ("entered", "shopping", "left"), "in_review", _DESK, ("walkout.time_out",)),
            Transition("propose", ("in_review",), "in_review", _SHOP, ("walkout.propose",)),
            Transition("answer", ("in_review",), "charged", _DESK, ("walkout.answer", "walkout.charge")),
            Transition("lapse", ("in_review",), "charged", (), ("walkout.lapse", "walkout.charge")),
            Transition("adjust", PAID, "charged", _SHOP, ("walkout.adjust",)),
            Transition("add", ("disputed",), "disputed", _SHOP, ("walkout.adjust",)),
            Transition("dispute", PAID, "disputed", _SHOPPER, ("deals.dispute", "walkout.disputed")),
            Transition("refund", ("disputed",), "refunded", _DESK, ("deals.refund", "walkout.refunded")),
            Transition("decline", ("disputed",), "charged", _DESK, ("deals.drop_claim", "walkout.declined")),
            Transition("close", PAID, "closed", (), ("walkout.close",)),
        ),
        timers=(
            StateTimer("entered", MISSING_EXIT_US, "time_out"),
            StateTimer("shopping", MISSING_EXIT_US, "time_out"),
            StateTimer("left", NO_RECEIPT_US, "time_out"),
            StateTimer("in_review", REVIEW_US, "lapse"),
            StateTimer("disputed", DISPUTE_US, "refund"),
            StateTimer("charged", CLOSE_US, "close"),
            StateTimer("refunded", CLOSE_US, "close"),
        ),
        titles={
            "entered": ("입장", "entered"),
            "shopping": ("쇼핑 중", "shopping"),
            "left": ("퇴장", "left"),
            "priced": ("금액 확정", "priced"),
            "charged": ("결제 완료", "charged"),
            "in_review": ("확인 중", "in review"),
            "disputed": ("이의 접수", "disputed"),
            "refunded": ("환불됨", "refunded"),
            "closed": ("종료", "closed"),
            "begin": ("상품 집기", "begin"),
            "leave": ("퇴장하기", "leave"),
            "price": ("금액 매기기", "price"),
            "charge": ("결제", "charge"),
            "ask": ("직원에게 묻기", "ask"),
            "time_out": ("시간 초과", "time out"),
            "propose": ("새 제안", "propose anew"),
            "answer": ("확인 결과", "answer"),
            "lapse": ("기한 지남", "lapse"),
            "adjust": ("다시 계산", "adjust"),
            "add": ("더 담은 것 계산", "add"),
            "dispute": ("이의 제기", "dispute"),
            "refund": ("환불", "refund"),
            "decline": ("이의 기각", "decline"),
            "close": ("닫기", "close"),
        },
    )
)

_AGAIN = {
    "answer": Transition("answer", ("in_review",), "charged", _DESK, ("walkout.answer", "walkout.settle")),
    "lapse": Transition("lapse", ("in_review",), "charged", (), ("walkout.lapse", "walkout.settle")),
}
WALKOUT_2 = declared.declare(
    msgspec.structs.replace(
        WALKOUT_1,
        version=2,
        transitions=(
            *(_AGAIN.get(step.name, step) for step in WALKOUT_1.transitions),
            Transition("reconsider", (*PAID, "disputed"), "in_review", _SHOP, ("walkout.reconsider",)),
            Transition("reopen", ("charged",), "in_review", _DESK, ("walkout.reopen",)),
            Transition("appeal", PAID, "disputed", _SHOPPER, ("walkout.appeal",)),
        ),
        titles=WALKOUT_1.titles
        | {
            "reconsider": ("다시 묻기", "ask again"),
            "reopen": ("답 되돌리기", "undo the answer"),
            "appeal": ("재심 청구", "appeal"),
        },
    )
)

_LAST = {
    "refund": Transition(
        "refund", ("disputed",), "refunded", _DESK, ("walkout.of_one", "deals.refund", "walkout.refunded")
    ),
    "decline": Transition(
        "decline", ("disputed",), "charged", _DESK, ("walkout.of_one", "deals.drop_claim", "walkout.declined")
    ),
}
_HERE = ("disputed",)
WALKOUT = declared.declare(
    msgspec.structs.replace(
        WALKOUT_2,
        version=3,
        transitions=(
            *(_LAST.get(step.name, step) for step in WALKOUT_2.transitions),
            Transition("dispute_more", _HERE, "disputed", _SHOPPER, ("walkout.dispute_more",)),
            Transition("appeal_more", _HERE, "disputed", _SHOPPER, ("walkout.appeal",)),
            Transition(
                "refund_new", _HERE, "disputed", _DESK,
                ("walkout.newest_first", "deals.refund", "walkout.refunded", "walkout.next_claim"),
            ),
            Transition(
                "refund_one", _HERE, "disputed", _DESK,
                ("walkout.of_several", "deals.refund", "walkout.refunded", "walkout.next_claim"),
            ),
            Transition(
                "decline_one", _HERE, "disputed", _DESK,
                ("walkout.of_several", "deals.drop_claim", "walkout.declined", "walkout.next_claim"),
            ),
            Transition("look_disputed", _HERE, "disputed", (), ("walkout.look_disputed",)),
        ),
        timers=tuple(
            StateTimer("disputed", DISPUTE_US, "look_disputed") if timer.state == "disputed" else timer
            for timer in WALKOUT_2.timers
        ),
        titles=WALKOUT_2.titles
        | {
            "dispute_more": ("다른 상품 이의", "another dispute"),
            "appeal_more": ("다른 상품 재심 청구", "another appeal"),
            "refund_new": ("바로 환불", "refund at once"),
            "refund_one": ("하나 환불", "refund one"),
            "decline_one": ("하나 기각", "decline one"),
            "look_disputed": ("기한 보기", "look at the time"),
        },
    )
)  # fmt: skip
