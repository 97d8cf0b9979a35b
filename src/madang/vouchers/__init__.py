"""Vouchers: a city's currency (지역사랑상품권) and merchants' mutual credit, by rules that are dated rows.

A purchase is a lot with an account of its own; the issuer's discount is a subsidy posted into it. ``voucher`` is a
means of payment that spends the lots that expire first, in shops whose membership was proved and reviewed, and gives
back to the lots it took from. ``docs/vouchers.md`` has the rules with their sources.
"""

from madang.vouchers import credit
from madang.vouchers.buying import Holding, buy, cancel, expire_due, holding, holdings, refund_rest
from madang.vouchers.checking import differences
from madang.vouchers.issuing import (
    accepted_at,
    add_issuer,
    add_programme,
    applications_of,
    apply,
    check_accepts,
    decide,
    issuers_of,
    programmes,
    revoke,
    rule_now,
    rules_of,
    set_rule,
)
from madang.vouchers.means import Vouchers, ref_of, where
from madang.vouchers.model import (
    Issuer,
    Lot,
    LotState,
    Merchant,
    MerchantState,
    Programme,
    ProgrammeKind,
    Rule,
)
from madang.vouchers.offering import Offer, offers
from madang.vouchers.opening import close_programme, open_programme
from madang.vouchers.paying import give_back, make_code, pay, pay_by_code
from madang.vouchers.slips import Slip, slip, slips_of

__all__ = [
    "Holding",
    "Issuer",
    "Lot",
    "LotState",
    "Merchant",
    "MerchantState",
    "Offer",
    "Programme",
    "ProgrammeKind",
    "Rule",
    "Slip",
    "Vouchers",
    "accepted_at",
    "add_issuer",
    "add_programme",
    "applications_of",
    "apply",
    "buy",
    "cancel",
    "check_accepts",
    "close_programme",
    "credit",
    "decide",
    "differences",
    "expire_due",
    "give_back",
    "holding",
    "holdings",
    "issuers_of",
    "make_code",
    "offers",
    "open_programme",
    "pay",
    "pay_by_code",
    "programmes",
    "ref_of",
    "refund_rest",
    "revoke",
    "rule_now",
    "rules_of",
    "set_rule",
    "slip",
    "slips_of",
    "where",
]
