"""The demo's local currency: a city that issues it with a tenth off, and the demo's shop that takes it. Made up."""

from __future__ import annotations

from madang import vouchers
from madang.db import Database, Tx
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.demo.visitors import PERSONAS
from madang.kernel import Actor, derived, system
from madang.vouchers import Issuer, Merchant, MerchantState, Programme, ProgrammeKind, Rule

BY: Actor = system(NEIGHBOURHOOD, "demo/currency")
CITY, WON = "madang-city", "madang-won"


def issue(db: Database, at_us: int) -> None:
    """Open the programme and let the shop take it; one that is open is left as it is."""
    if any(one.id == WON for one in db.read(lambda tx: vouchers.programmes(tx, BY), neighbourhood=NEIGHBOURHOOD)):
        return
    officer = next(one for one in PERSONAS if one.name == "officer")
    issuer = Issuer(id=CITY, name_ko="가람시", name_en="Garam City", klass="other", officer=str(officer.key))
    programme = Programme(
        id=WON, issuer=CITY, kind=ProgrammeKind.VOUCHER, name_ko="가람사랑상품권", name_en="Garam voucher",
        from_us=at_us,
    )  # fmt: skip
    rule = Rule(
        programme=WON, from_us=at_us, discount_bp=1_000, month_cap_krw=700_000, holding_cap_krw=1_500_000,
        budget_krw=100_000_000, source="시연용 규정 (가상)",
    )  # fmt: skip
    asked = Merchant(
        id=derived("demo.currency", SHOP), programme=WON, shop=SHOP, category="식료품점", region="1144",
        sales_krw=480_000_000, proof="2025년 매출 증빙 (가상)", applied_us=at_us, state=MerchantState.APPLIED,
    )  # fmt: skip

    def open_it(tx: Tx) -> None:
        vouchers.add_issuer(tx, BY, issuer)
        vouchers.add_programme(tx, BY, programme)
        vouchers.set_rule(tx, BY, rule, at_us=at_us)
        if vouchers.apply(tx, BY, asked).state is MerchantState.APPLIED:
            vouchers.decide(tx, BY, asked.id, approve=True, at_us=at_us)

    db.write(open_it, neighbourhood=NEIGHBOURHOOD)
