"""Payments: what a top-up, a charge and a refund move between accounts, and the VAT inside them.

Pure functions that build ledger transfers; whoever makes the sale posts them in the same transaction. Wallets now, and
sales on account (``on_account``) where wallets are kept elsewhere; gateways, vouchers and settlement come behind the
same words. The accounts:

- ``money:wallet:<person key>``: never below zero;
- ``money:funding:<date>``: where topped-up money comes from, runs negative;
- ``money:sales``, ``money:sales_exempt``, ``money:vat_payable`` of ``<shop>/<date>``: one per shop and business day.
"""

from madang.ledger import Book, Limit, declare_code
from madang.payments.vat import Split, part_of, split, vat_per_line
from madang.payments.wallets import (
    cash_out,
    charge,
    day_owner,
    funding,
    refund,
    sales,
    sales_exempt,
    top_up,
    vat_payable,
    wallet,
)

declare_code("wallet", Book.MONEY, Limit.DEBITS_WITHIN_CREDITS, ko="지갑", en="Wallet")
declare_code("funding", Book.MONEY, Limit.NONE, ko="충전 재원", en="Funding")
declare_code("sales", Book.MONEY, Limit.NONE, ko="과세 매출(공급가액)", en="Taxable sales (supply)")
declare_code("sales_exempt", Book.MONEY, Limit.NONE, ko="면세 매출", en="Exempt sales")
declare_code("vat_payable", Book.MONEY, Limit.NONE, ko="부가세 예수금", en="VAT payable")

__all__ = [
    "Split",
    "cash_out",
    "charge",
    "day_owner",
    "funding",
    "part_of",
    "refund",
    "sales",
    "sales_exempt",
    "split",
    "top_up",
    "vat_payable",
    "vat_per_line",
    "wallet",
]
