"""Settlement: who of a sale gets what, when, and how it is proved.

``sale_legs`` freezes a sale with its commission lines and names the accounts a captured payment goes to;
``refund_legs`` gives back along them. Confirmed purchases become available after their delay and are paid on the
party's day; what is held or reserved says why, until when, and how to appeal. Sellers, hubs, couriers, guilds and
programmes are parties to one sale. ``docs/settlement.md`` has the whole of it.
"""

from madang.settlement import banks
from madang.settlement.beancount import export as beancount
from madang.settlement.checks import alerts, checked, differences, latest, resume, stopped
from madang.settlement.model import (
    PLATFORM,
    Commission,
    Cycle,
    LineKind,
    Party,
    PartyKind,
    Payout,
    PayoutState,
    Reserve,
    ReserveRule,
    SaleLine,
    Schedule,
    Share,
    ShareState,
    TaxStatus,
    Terms,
)
from madang.settlement.parties import (
    add_party,
    end_reserve_rule,
    parties_of,
    party,
    set_reserve_rule,
    set_schedule,
    set_status,
    set_terms,
    set_tier,
)
from madang.settlement.payouts import (
    cancel,
    end_holds,
    hold,
    make_due,
    mark,
    payouts_of,
    release_held,
    set_account,
    write_off_due,
)
from madang.settlement.releasing import appeal, appeals, release_due, release_reserve, release_reserves, reserves_of
from madang.settlement.rounds import settle_due
from madang.settlement.sales import commission_lines, confirm, refund_legs, sale_legs, shares_of
from madang.settlement.statements import Buckets, Statement, as_csv, buckets, months, statement
from madang.settlement.taxes import Document, cash_receipt, documents_of, make_invoices

__all__ = [
    "PLATFORM",
    "Buckets",
    "Commission",
    "Cycle",
    "Document",
    "LineKind",
    "Party",
    "PartyKind",
    "Payout",
    "PayoutState",
    "Reserve",
    "ReserveRule",
    "SaleLine",
    "Schedule",
    "Share",
    "ShareState",
    "Statement",
    "TaxStatus",
    "Terms",
    "add_party",
    "alerts",
    "appeal",
    "appeals",
    "as_csv",
    "banks",
    "beancount",
    "buckets",
    "cancel",
    "cash_receipt",
    "checked",
    "commission_lines",
    "confirm",
    "differences",
    "documents_of",
    "end_holds",
    "end_reserve_rule",
    "hold",
    "latest",
    "make_due",
    "make_invoices",
    "mark",
    "months",
    "parties_of",
    "party",
    "payouts_of",
    "refund_legs",
    "release_due",
    "release_held",
    "release_reserve",
    "release_reserves",
    "reserves_of",
    "resume",
    "sale_legs",
    "set_account",
    "set_reserve_rule",
    "set_schedule",
    "set_status",
    "set_terms",
    "set_tier",
    "settle_due",
    "shares_of",
    "statement",
    "stopped",
    "write_off_due",
]
