"""Settlement: who of a sale gets what, when, and how it is proved.

``sale_legs`` freezes a sale with its commission lines and names the accounts a captured payment goes to;
``refund_legs`` gives back along them. Confirmed purchases become available after their delay and are paid on the
party's day; what is held or reserved says why, until when, and how to appeal. Sellers, hubs, couriers, guilds and
programmes are parties to one sale. ``docs/settlement.md`` has the whole of it.
"""

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
from madang.settlement.sales import commission_lines, confirm, refund_legs, sale_legs, shares_of

__all__ = [
    "PLATFORM",
    "Commission",
    "Cycle",
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
    "TaxStatus",
    "Terms",
    "add_party",
    "commission_lines",
    "confirm",
    "end_reserve_rule",
    "parties_of",
    "party",
    "refund_legs",
    "sale_legs",
    "set_reserve_rule",
    "set_schedule",
    "set_status",
    "set_terms",
    "set_tier",
    "shares_of",
]
