"""What a programme's rules say of a purchase, a lot and a merchant. Pure: figures in, decisions out."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, timedelta

from madang.kernel import business_date, start_of_day_us
from madang.kernel.clock import DAY_US
from madang.vouchers import errors
from madang.vouchers.model import Lot, LotState, Merchant, MerchantState, Rule

BP = 10_000


def at(rules: Sequence[Rule], at_us: int) -> Rule | None:
    """The rule that holds at an instant: the one that began last."""
    begun = [rule for rule in rules if rule.from_us <= at_us]
    return max(begun, key=lambda rule: rule.from_us) if begun else None


def subsidy_of(rule: Rule, face_krw: int) -> int:
    """The issuer's part of a face value, never above the rate."""
    return face_krw * rule.discount_bp // BP


def month_of(at_us: int) -> str:
    """2026-11: the calendar month in Asia/Seoul that caps and claims count by."""
    return str(business_date(at_us))[:7]


def may_buy(rule: Rule, face_krw: int, *, bought_krw: int, holding_krw: int, subsidies_krw: int) -> None:
    """Refuse a purchase beyond the month's cap, the holding limit or the issuer's budget.

    ``bought_krw`` is the face bought this month, ``holding_krw`` what is held, ``subsidies_krw`` what the rule has
    cost.
    """
    if face_krw <= 0 or face_krw % rule.step_krw:
        raise errors.bad_face(rule.step_krw)
    if rule.month_cap_krw and bought_krw + face_krw > rule.month_cap_krw:
        raise errors.over_month(max(0, rule.month_cap_krw - bought_krw), rule.month_cap_krw)
    if rule.holding_cap_krw and holding_krw + face_krw > rule.holding_cap_krw:
        raise errors.over_holding(max(0, rule.holding_cap_krw - holding_krw), rule.holding_cap_krw)
    if rule.budget_krw and subsidies_krw + subsidy_of(rule, face_krw) > rule.budget_krw:
        raise errors.no_budget()


def may_buy_at_most(rule: Rule, *, bought_krw: int, holding_krw: int) -> int:
    """The largest purchase the caps allow now; 0 where they allow none."""
    rooms = [rule.month_cap_krw - bought_krw] if rule.month_cap_krw else []
    rooms += [rule.holding_cap_krw - holding_krw] if rule.holding_cap_krw else []
    most = max(0, min(rooms)) if rooms else 10_000_000
    return most - most % rule.step_krw


def expiry_us(rule: Rule, bought_us: int) -> int:
    """The end of the day ``valid_months`` calendar months later, in Asia/Seoul."""
    day = business_date(bought_us)
    months = day.month - 1 + rule.valid_months
    year, month = day.year + months // 12, months % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return start_of_day_us(date(year, month, min(day.day, last)) + timedelta(days=1))


def cancel_until_us(rule: Rule, bought_us: int) -> int:
    """Until when an unused purchase is paid back whole (전자상거래법 §17: 7 days)."""
    return bought_us + rule.cancel_d * DAY_US


def may_cancel(lot: Lot, at_us: int) -> bool:
    """Unused, whole, and within its days."""
    whole = lot.left_krw == lot.face_krw and not lot.held_krw and not lot.touched
    return lot.state is LotState.OPEN and whole and at_us < lot.cancel_until_us


def may_refund_rest(lot: Lot, at_us: int) -> bool:
    """Enough of it is used and something is left; what a sale gave back to a lot that was paid out before, always."""
    used = lot.face_krw - lot.left_krw
    enough = used * BP >= lot.face_krw * lot.refund_used_bp or lot.returned_krw > 0
    return lot.state is LotState.OPEN and lot.left_krw > 0 and not lot.held_krw and enough and at_us < lot.expires_us


def leaving(lot: Lot, krw: int) -> tuple[int, int]:
    """(the holder's own part, the subsidy) of won that leave a lot otherwise than by being spent.

    The subsidy of all that ever leaves is rounded down together, so that parts add up to the whole.
    """
    assert 0 <= krw <= lot.left_krw
    before, after = (n * lot.subsidy_krw // lot.face_krw for n in (lot.returned_krw, lot.returned_krw + krw))
    return krw - (after - before), after - before


def spend(lots: Sequence[Lot], amount_krw: int, at_us: int) -> list[tuple[Lot, int]]:
    """Which lots pay: those that expire first, then those bought first. Raises ``Conflict`` ``vouchers.not_enough``."""
    good = [lot for lot in lots if lot.state is LotState.OPEN and at_us < lot.expires_us and lot.free_krw > 0]
    taken: list[tuple[Lot, int]] = []
    left = amount_krw
    for lot in sorted(good, key=lambda lot: (lot.expires_us, lot.bought_us, lot.id.int)):
        part = min(left, lot.free_krw)
        if part:
            taken.append((lot, part))
        left -= part
    if left:
        raise errors.not_enough(amount_krw - left)
    return taken


def accepts(rule: Rule, merchant: Merchant, at_us: int) -> None:
    """Refuse a shop where it may not be spent. Raises ``Conflict`` ``vouchers.not_accepted`` with the reason."""
    if merchant.state is not MerchantState.APPROVED or merchant.from_us is None or at_us < merchant.from_us:
        raise errors.not_accepted("not_approved")
    if merchant.revoked_us is not None and merchant.revoked_us <= at_us:
        raise errors.not_accepted("not_approved")
    if merchant.until_us is not None and merchant.until_us <= at_us:
        raise errors.not_accepted("approval_over")
    if merchant.sales_krw > rule.sales_max_krw:
        raise errors.not_accepted("too_large")
    if merchant.category in rule.excluded:
        raise errors.not_accepted("category")
    if rule.regions and not merchant.region.startswith(rule.regions):
        raise errors.not_accepted("region")
