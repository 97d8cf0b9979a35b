"""What has to be settled before somebody can be forgotten: everything they own here, and everything they owe.

Each is looked at in the room that keeps it; the error says what is left and on which page something is done about it.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from madang import deals, ledger, members, payments, settlement, vouchers
from madang.db import Tx
from madang.kernel import Actor, Conflict, Kind, MadangError, Role, system
from madang.ledger import Book
from madang.members import groups, records, standing
from madang.payments import charge_records, gift_cards, payment_records
from madang.payments.charges_model import ReturnState
from madang.payments.model import State
from madang.serve.owned import keys_of
from madang.storefront import board
from madang.storefront.process import NAME as ORDER
from madang.vouchers import records as voucher_records
from madang.vouchers.model import LotState
from madang.walkout.process import NAME as WALKOUT

VISITING = ("entered", "shopping", "left", "priced", "in_review", "disputed")
"""States of a visit that are still somebody's to decide, or theirs to pay."""


def _wallet_is_empty(tx: Tx, person: UUID) -> MadangError | None:
    """Money of theirs that we hold is theirs: it goes back before they are forgotten."""
    left = ledger.balance(tx, payments.wallet(str(person)))
    if left.posted == 0:
        return None
    return Conflict(
        "serve.wallet_not_empty",
        ko=f"지갑에 {left.posted:,}원이 남아 있습니다.",
        en=f"There are ₩{left.posted:,} in the wallet.",
        next_ko="지갑에서 돌려받거나 쓰세요.",
        next_en="Have it sent back on the wallet's page, or spend it first.",
    )


def _nothing_is_owed(tx: Tx, person: UUID) -> MadangError | None:
    owed = payments.owed_krw(tx, str(person))
    if owed == 0:
        return None
    return Conflict(
        "serve.tab_not_paid",
        ko=f"외상 {owed:,}원이 남아 있습니다.",
        en=f"₩{owed:,} are owed on the tab.",
        next_ko="지갑을 충전하면 먼저 갚아집니다.",
        next_en="Fill the wallet: the tab is paid first.",
    )


def _no_vouchers(tx: Tx, person: UUID) -> MadangError | None:
    c = voucher_records.lots.c
    open_ = (LotState.OPEN.value, LotState.ORDERED.value)
    left = sum(lot.left_krw for lot in voucher_records.some_lots(tx, c.holder == str(person), c.state.in_(open_)))
    if left == 0:
        return None
    return Conflict(
        "serve.vouchers_left",
        ko=f"지역상품권 {left:,}원이 남아 있습니다.",
        en=f"There are ₩{left:,} of local vouchers.",
        next_ko="상품권 화면에서 취소하거나, 60% 넘게 쓴 뒤 남은 돈을 돌려받거나, 다 쓰세요.",
        next_en="Cancel them, have the rest refunded once 60% are used, or spend them, on the vouchers' page.",
    )


def _no_gift_cards(tx: Tx, person: UUID) -> MadangError | None:
    left = sum(krw for _, krw in gift_cards.mine(tx, _as(tx, person)))
    if left == 0:
        return None
    return Conflict(
        "serve.gift_cards_left",
        ko=f"상품권 카드에 {left:,}원이 남아 있습니다.",
        en=f"There are ₩{left:,} on gift cards.",
        next_ko="다 쓰거나, 지갑으로 옮겨 돌려받으세요.",
        next_en="Spend them, or move the rest to the wallet and have it sent back.",
    )


def _no_money_on_its_way(tx: Tx, person: UUID) -> MadangError | None:
    """A payment that is not decided, or won that a gateway has still to give back to them."""
    paid = payment_records.payments.c
    mine = sa.select(paid.id).where(paid.neighbourhood == tx.neighbourhood, paid.payer == str(person))
    open_ = mine.where(paid.state.in_([State.PENDING.value, State.AUTHORISED.value]))
    back = charge_records.returns.c
    coming = sa.select(back.id).where(
        back.neighbourhood == tx.neighbourhood, back.payment.in_(mine),
        back.state.in_([ReturnState.DUE.value, ReturnState.REFUSED.value]),
    )  # fmt: skip
    if not tx.rows(open_.limit(1)) and not tx.rows(coming.limit(1)):
        return None
    return Conflict(
        "serve.money_on_its_way",
        ko="아직 끝나지 않은 결제나 돌려받을 돈이 있습니다.",
        en="A payment is not finished, or money is still on its way back.",
        next_ko="결제를 마치거나 취소하고, 환불이 끝나기를 기다리세요. 막혀 있으면 운영자에게 알리세요.",
        next_en="Finish or cancel it, and wait for the refund; tell the operator if it is stuck.",
    )


def _no_open_deals(tx: Tx, person: UUID) -> MadangError | None:
    """Orders that are on their way (or coming back), and visits somebody has still to decide."""
    orders = _deals(tx, person, ORDER, board.OPEN)
    if not orders and not _deals(tx, person, WALKOUT, VISITING):
        return None
    return Conflict(
        "serve.deals_open",
        ko="아직 끝나지 않은 주문, 반품이나 방문이 있습니다.",
        en="An order, a return or a visit is not finished.",
        next_ko="주문 내역에서 받거나, 취소하거나, 반품이 끝난 뒤 다시 하세요.",
        next_en="Receive or cancel it, or wait until the return is settled: see your orders.",
    )


def _no_party_is_owed(tx: Tx, person: UUID) -> MadangError | None:
    left = sum(abs(one.total_krw) for one in _buckets(tx, person))
    if left == 0:
        return None
    return Conflict(
        "serve.settlement_left",
        ko="정산받을 돈이나 갚을 돈이 남아 있습니다.",
        en="Money of your settlement is still to be paid, to you or by you.",
        next_ko="정산 화면에서 지급이 끝나기를 기다리거나 운영자와 정리하세요.",
        next_en="Wait for the payout on the settlement's page, or settle it with the operator.",
    )


def _owes_no_neighbour(tx: Tx, person: UUID) -> MadangError | None:
    """Mutual credit is the shop's; whoever runs the shop alone answers for what it owes."""
    for held in standing.roles_held(tx, person):
        if held.role is not Role.MERCHANT or held.shop is None or _others(tx, person, Role.MERCHANT, held.shop):
            continue
        for owner, balance in ledger.balances(tx, book=Book.MONEY, code="credit_free").items():
            programme, _, member = owner.owner.partition("/")
            if member == held.shop and balance.posted < vouchers.credit.line_of(tx, programme, member):
                return Conflict(
                    "serve.credit_below_zero",
                    ko="가게의 상호신용이 0보다 아래에 있습니다.",
                    en="Your shop owes its neighbours mutual credit.",
                    next_ko="이웃 가게에 팔아 갚거나, 가게를 다른 사람에게 넘기세요.",
                    next_en="Earn it back, or hand the shop over to somebody else.",
                )
    return None


def _is_not_the_last(tx: Tx, person: UUID) -> MadangError | None:
    """Somebody must be able to give roles, to answer for an issuer, to keep a group."""
    held = standing.roles_held(tx, person)
    operates = any(one.role is Role.OPERATOR and one.shop is None for one in held)
    if operates and not _others(tx, person, Role.OPERATOR, standing.NEIGHBOURHOOD):
        return _hand_over("마지막 운영자", "the neighbourhood's last operator")
    officers = [row["id"] for row in voucher_records.find(tx, voucher_records.issuers) if row["officer"] == str(person)]
    if officers:
        return _hand_over("상품권 발행처의 담당자", "the officer of a voucher issuer")
    g = groups.groups.c
    kept = sa.select(g.name).where(records.mine(tx, groups.groups, person=person), g.closed_at_us.is_(None))
    for (name,) in tx.rows(kept.where(g.role == "steward")):
        others = sa.select(g.role).where(
            records.mine(tx, groups.groups, name=name), g.closed_at_us.is_(None), g.person != person
        )
        roles = [role for (role,) in tx.rows(others)]
        if roles and "steward" not in roles:
            return _hand_over(f"모임 {name}의 하나뿐인 지기", f"the only steward of {name}")
    return None


def _hand_over(ko: str, en: str) -> Conflict:
    return Conflict(
        "serve.hand_over_first",
        ko=f"{ko}입니다.",
        en=f"You are {en}.",
        next_ko="다른 사람에게 먼저 맡기세요.",
        next_en="Give it to somebody else first.",
    )


def _others(tx: Tx, person: UUID, role: Role, shop: str) -> bool:
    r = records.roles.c
    mine = records.mine(tx, records.roles, role=role.value, shop=shop)
    return bool(tx.rows(sa.select(r.person).where(mine, r.closed_at_us.is_(None), r.person != person).limit(1)))


def _deals(tx: Tx, person: UUID, process: str, states: Collection[str]) -> bool:
    ours = system(tx.neighbourhood, "serve/leaving")
    return any(
        deals.find(tx, ours, process=process, subject=key, states=states, limit=1).rows for key in keys_of(tx, person)
    )


def _buckets(tx: Tx, person: UUID) -> list[settlement.Buckets]:
    me = _as(tx, person)
    return [settlement.buckets(tx, me, one.key) for one in settlement.parties_of(tx, me) if one.person == str(person)]


def _as(tx: Tx, person: UUID) -> Actor:
    return Actor(Kind.PERSON, str(person), tx.neighbourhood)


for _name, _obstacle in (
    ("wallet", _wallet_is_empty),
    ("tab", _nothing_is_owed),
    ("vouchers", _no_vouchers),
    ("gift_cards", _no_gift_cards),
    ("deals", _no_open_deals),
    ("money_on_its_way", _no_money_on_its_way),
    ("settlement", _no_party_is_owed),
    ("credit", _owes_no_neighbour),
    ("standing", _is_not_the_last),
):
    members.declare_obstacle(_name, _obstacle)
