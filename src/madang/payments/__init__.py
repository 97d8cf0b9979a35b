"""Payments: money from whoever pays to whatever was sold, by one or several means, and back again.

``begin`` holds what each means pays, ``capture`` gives it to the sale's accounts, ``void`` lets it go, ``refund`` gives
it back (docs/payments.md). A room that can pay registers a ``Means``; one that sells listens (``listen``) for what
becomes of its payments. Walk-out sales build their transfers directly (``charge``, ``refund_wallet``), on account where
wallets are kept elsewhere (``on_account``). The accounts:

- ``money:tender:<payment>``: where the means of a payment meet; empty before and after every step;
- ``money:wallet:<person key>``: never below zero;
- ``money:tab:<person key>``: what a visit cost above what the wallet held, negative; the next top-up pays it;
- ``money:funding:<date>``: where topped-up money comes from, runs negative;
- ``money:sales``, ``money:sales_exempt``, ``money:vat_payable`` of ``<shop>/<date>``: one per shop and business day.
"""

from madang.ledger import Book, Limit, declare_code
from madang.payments import gift_cards, reconciling
from madang.payments.charges_model import Charge, ChargeState, Return, ReturnState
from madang.payments.connected import connect, connected
from madang.payments.crossing import Crossing
from madang.payments.listeners import listen
from madang.payments.means import Means, register
from madang.payments.model import Leg, Part, Payment, Refund, State, Tender, payment_key, tender
from madang.payments.service import begin, capture, fail, find, get, legs_of, part_confirmed, refund, refunds_of, void
from madang.payments.sharing import where_it_went
from madang.payments.tabs import owed_krw
from madang.payments.vat import Split, part_of, split, vat_per_line
from madang.payments.wallets import (
    cash_out,
    charge,
    day_owner,
    funding,
    refund_wallet,
    sales,
    sales_exempt,
    tab,
    top_up,
    vat_payable,
    wallet,
)

declare_code("gateway", Book.MONEY, Limit.NONE, ko="결제사 정산 대기", en="Owed by a gateway (negative)")
declare_code(
    "returning", Book.MONEY, Limit.DEBITS_WITHIN_CREDITS, ko="돌려줄 결제", en="On its way back through a gateway"
)
declare_code("tender", Book.MONEY, Limit.DEBITS_WITHIN_CREDITS, ko="결제 중", en="Being paid", once=True)
declare_code("wallet", Book.MONEY, Limit.DEBITS_WITHIN_CREDITS, ko="지갑", en="Wallet")
declare_code("tab", Book.MONEY, Limit.NONE, ko="외상", en="Tab (negative: owed)")
declare_code("funding", Book.MONEY, Limit.NONE, ko="충전 재원", en="Funding")
declare_code("sales", Book.MONEY, Limit.NONE, ko="과세 매출(공급가액)", en="Taxable sales (supply)")
declare_code("sales_exempt", Book.MONEY, Limit.NONE, ko="면세 매출", en="Exempt sales")
declare_code("vat_payable", Book.MONEY, Limit.NONE, ko="부가세 예수금", en="VAT payable")

__all__ = [
    "Charge",
    "ChargeState",
    "Crossing",
    "Leg",
    "Means",
    "Part",
    "Payment",
    "Refund",
    "Return",
    "ReturnState",
    "Split",
    "State",
    "Tender",
    "begin",
    "capture",
    "cash_out",
    "charge",
    "connect",
    "connected",
    "day_owner",
    "fail",
    "find",
    "funding",
    "get",
    "gift_cards",
    "legs_of",
    "listen",
    "owed_krw",
    "part_confirmed",
    "part_of",
    "payment_key",
    "reconciling",
    "refund",
    "refund_wallet",
    "refunds_of",
    "register",
    "sales",
    "sales_exempt",
    "split",
    "tab",
    "tender",
    "top_up",
    "vat_payable",
    "vat_per_line",
    "void",
    "wallet",
    "where_it_went",
]
