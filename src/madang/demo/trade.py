"""What was traded before the demo's day: seven weeks of web orders (``patrons``) with a maker, a brand from outside, a
hub, a courier and a guild in them, settled by the software's own services as time went by; and shops that pay each
other in mutual credit.

All of it is made up: parties, registration numbers (no office gives out ``000``), sums. What is left to see is a
merchant with sales settled, a payout that waits for the 24 hours of a changed bank account, a reserve with an
appeal against it, a statement and tax documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

import msgspec

from madang import members, places, settlement, vouchers
from madang.catalog.sellers import set_sellers
from madang.db import Database, Tx
from madang.demo import patrons
from madang.demo.currency import CITY, WON
from madang.demo.patrons import Act, Goods
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.demo.visitors import PERSONAS
from madang.kernel import Actor, Kind, business_date, derived, seoul, system
from madang.kernel.clock import DAY_US, HOUR_US, MINUTE_US
from madang.members.bank import BankAccount
from madang.places import PlaceKind
from madang.settlement import Cycle, ReserveRule, Schedule, TaxStatus, Terms, purposes
from madang.storefront.slots import Window
from madang.vouchers import Programme, ProgrammeKind, Rule, credit, credit_requests, reporting

BY: Actor = system(NEIGHBOURHOOD, "demo/trade")
OURS = "0000600002"
CLAIMED_ON = 3
"""The day of a month on which the city pays for the month before."""
FIRST_D = 50
"""The shop sells online since so many days before the demo's."""
WEEK = Schedule(cycle=Cycle.WEEKLY, goods_d=7, booking_d=3)
MERCHANT, MAKER, HUB, COURIER, GUILD, BRAND = (
    f"merchant/{SHOP}", "maker/huingeuneul", "hub/seongmi", "courier/bike", "guild/potters", "brand/haeoreum",
)  # fmt: skip
CUP, SALT, HUB_PLACE = "white-cup", "sea-salt", "seongmi"
"""What the shop sells for the maker and for a brand from outside, and where orders can be fetched beside the shop."""
CREDIT = "madang-credit"
SHOPS = (("noeul", "노을 도예공방", "Noeul Pottery"), ("seongmi-mill", "성미 방앗간", "Seongmi Mill"))


class Taking(msgspec.Struct, frozen=True):
    """Somebody who takes part: key, both names, registration number, tax status."""

    key: str
    ko: str
    en: str
    registration: str = ""
    status: TaxStatus = TaxStatus.GENERAL


PARTIES = (
    Taking(MERCHANT, "마당 1호점", "Madang No. 1", "0000100007"),
    Taking(MAKER, "흰그늘 공방", "Huingeuneul Studio", "0000200004", TaxStatus.SIMPLIFIED),
    Taking(HUB, "성미 거점", "Seongmi Hub", "0000300001"),
    Taking(COURIER, "동네 자전거 배송", "Neighbourhood Bikes", "0000400008"),
    Taking(GUILD, "동네 도예 길드", "Potters’ Guild"),
    Taking(BRAND, "해오름 염전", "Haeoreum Salt", "0000500005"),
)
FEES = (
    (MERCHANT, "판매 수수료", "platform", 600, 0),
    (MERCHANT, "거점 보관", "hub", 150, 0),
    (MERCHANT, "배송", "courier", 0, 2_500),
    (MAKER, "판매 수수료", "platform", 800, 0),
    (MAKER, "길드 기금", "guild", 200, 0),
    (BRAND, "판매 수수료", "platform", 1_200, 0),
)
"""(who gives, for what, to whom, hundredths of a percent, won a sale)."""
FEES_EN = {
    "판매 수수료": "Sales commission", "거점 보관": "Hub storage", "배송": "Delivery", "길드 기금": "Guild fund",
}  # fmt: skip


def begins_us(epoch_us: int) -> int:
    """When the demo's shop began to sell online."""
    return epoch_us - (FIRST_D + 1) * DAY_US


def happen(db: Database, goods: Sequence[Goods], windows: tuple[Window, ...], epoch_us: int) -> None:
    """Let it all have happened, before anything else is booked (books do not go back in time): all of it or, where a
    demo has it, nothing."""

    def all_of_it(tx: Tx) -> None:
        if not settlement.parties_of(tx, BY):
            _agree(tx, begins_us(epoch_us), epoch_us)
            for _, act in sorted(_acts(goods, windows, epoch_us), key=lambda one: one[0]):
                act(tx)
            _papers(tx, epoch_us)

    db.write(all_of_it, neighbourhood=NEIGHBOURHOOD)


def _acts(goods: Sequence[Goods], windows: tuple[Window, ...], epoch_us: int) -> Iterator[Act]:
    """What patrons did, and each day's settling and the bank's answer, until the demo's day begins."""
    last_us = epoch_us - 3 * HOUR_US
    first_us = begins_us(epoch_us) + DAY_US
    drawn = patrons.drawn(goods, windows, hub=HUB_PLACE, from_us=first_us, until_us=last_us)
    for one in drawn:
        yield from (act for act in patrons.acts(one) if act[0] < last_us)
    called_us = epoch_us - HOUR_US // 2
    yield called_us, partial(patrons.call_rider, one=drawn[-patrons.WAITING], at_us=called_us)
    yield last_us, partial(_change_account, at_us=last_us)
    for day in range(FIRST_D, -1, -1):
        at_us = epoch_us - day * DAY_US - (not day) * HOUR_US
        yield at_us, partial(_settle, at_us=at_us)
        if day:
            yield at_us + MINUTE_US, partial(_bank_pays, at_us=at_us + MINUTE_US)
        if seoul(at_us).day == CLAIMED_ON:
            yield at_us + HOUR_US, partial(_claim, at_us=at_us + HOUR_US)


def lend(db: Database, at_us: int) -> None:
    """Open the programme of mutual credit; one that is open is left as it is."""
    if not db.read(lambda tx: credit.line_of(tx, CREDIT, SHOP), neighbourhood=NEIGHBOURHOOD):
        db.write(lambda tx: _lend(tx, at_us), neighbourhood=NEIGHBOURHOOD)


def _agree(tx: Tx, at_us: int, epoch_us: int) -> None:
    """Parties, terms, days of pay; since ten days ago a part of each release is kept back."""
    merchant, brand = (next(one for one in PERSONAS if one.name == name) for name in ("merchant", "brand"))
    for person in (merchant, brand):
        members.add_person(tx, BY, key=person.key, fields={}, at_us=at_us)
    acts_for = {MERCHANT: {"shop": SHOP, "person": str(merchant.key)}, BRAND: {"person": str(brand.key)}}
    for one in PARTIES:
        who = acts_for.get(one.key, {})
        settlement.add_party(
            tx, BY, one.key, name_ko=one.ko, name_en=one.en, registration=one.registration, status=one.status,
            at_us=at_us, **who,
        )  # fmt: skip
        monday = business_date(epoch_us - HOUR_US).weekday()
        settlement.set_schedule(tx, BY, one.key, msgspec.structs.replace(WEEK, day=monday), from_us=at_us)
        account = f"demo-bank/{one.key.replace('/', '-')}"
        settlement.set_account(tx, BY, one.key, account, id=derived("demo.account", one.key), at_us=at_us)
    for holder, purpose, receiver, bp, fixed_krw in FEES:
        id = derived("demo.terms", holder, purpose)
        made = Terms(
            id=id, holder=holder, purpose=purpose, receiver=receiver, bp=bp, fixed_krw=fixed_krw, from_us=at_us
        )  # fmt: skip
        settlement.set_terms(tx, BY, made, at_us=at_us)
        purposes.name(tx, BY, purpose, FEES_EN[purpose])
    set_sellers(tx, BY, {CUP: MAKER, SALT: BRAND}, id=derived("demo.sellers"), at_us=at_us)
    patrons.moved_in(tx, at_us)
    rule = ReserveRule(
        id=derived("demo.reserve"), party=MERCHANT, bp=500, days=30, from_us=epoch_us - 10 * DAY_US,
        reason_ko="연말 행사로 반품이 늘 수 있어 30일 동안 보관합니다",
        reason_en="Returns may rise with the year-end sale",
    )  # fmt: skip
    settlement.set_reserve_rule(tx, BY, rule)


def _settle(tx: Tx, at_us: int) -> None:
    while settlement.settle_due(tx, BY, now_us=at_us):
        pass


def _bank_pays(tx: Tx, at_us: int) -> None:
    """The bank has paid what was sent to it."""
    for one in settlement.parties_of(tx, BY):
        for payout in settlement.payouts_of(tx, BY, one.key, limit=2):
            if payout.state is settlement.PayoutState.SENT:
                settlement.mark(tx, BY, payout.id, paid=True, reference="demo", at_us=at_us)


def _claim(tx: Tx, at_us: int) -> None:
    """The city pays what it gave to last month's vouchers."""
    month = (seoul(at_us).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    if reporting.report(tx, BY, WON, month).sold_krw:
        reporting.make_claim(tx, BY, WON, month, at_us=at_us)
        reporting.claim_paid(tx, BY, WON, month, at_us=at_us + MINUTE_US)


def _change_account(tx: Tx, at_us: int) -> None:
    """The merchant has another bank account since: what is paid next waits for a day."""
    merchant = next(one for one in PERSONAS if one.name == "merchant")
    by = Actor(Kind.PERSON, str(merchant.key), NEIGHBOURHOOD, proved_us=at_us)
    members.set_bank_account(tx, by, merchant.key, BankAccount("090", "3333000000000", "마당 1호점"), at_us=at_us)


def _papers(tx: Tx, epoch_us: int) -> None:
    """Last month's tax documents, a cash receipt, and the merchant's word against a reserve."""
    day = seoul(epoch_us)
    month = f"{day.year - (day.month == 1)}-{day.month - 1 or 12:02}"
    settlement.make_invoices(tx, BY, month, registration=OURS, at_us=epoch_us)
    settlement.cash_receipt(
        tx, BY, id=derived("demo.cash"), supplier=MERCHANT, registration=settlement.registration_of(tx, MERCHANT),
        recipient="010******00", business=False, supply_krw=10_000, vat_krw=1_000, at_us=epoch_us,
    )  # fmt: skip
    kept = settlement.reserves_of(tx, BY, MERCHANT)
    if kept:
        settlement.appeal(
            tx, BY, kept[0][0].id, "지난달 반품은 한 건뿐이었습니다. 보관 비율을 낮춰 주세요.", at_us=epoch_us
        )


def _lend(tx: Tx, at_us: int) -> None:
    """A programme of mutual credit: the demo's shop, a pottery and a mill, and what they traded."""
    for id, ko, en in SHOPS:
        places.add_place(tx, BY, id, PlaceKind.SHOP, ko, en, at_us=at_us)
    programme = Programme(
        id=CREDIT, issuer=CITY, kind=ProgrammeKind.CREDIT, name_ko="마당 상호신용", name_en="Madang mutual credit",
        from_us=at_us,
    )  # fmt: skip
    rule = Rule(
        programme=CREDIT, from_us=at_us, discount_bp=0, month_cap_krw=1_000_000, holding_cap_krw=2_000_000,
        source="시연용 규정 (made up for this demo)",
    )  # fmt: skip
    vouchers.add_programme(tx, BY, programme)
    vouchers.set_rule(tx, BY, rule, at_us=at_us)
    shops = (SHOP, *(id for id, _, _ in SHOPS))
    for shop in shops:
        credit.set_line(
            tx, BY, CREDIT, shop, 500_000, id=derived("demo.line", shop), reason="시연용 한도 (demo)", at_us=at_us
        )  # fmt: skip
    trades = ((0, 1, 120_000), (1, 2, 84_000), (2, 0, 45_000), (0, 2, 66_000), (1, 0, 30_000))
    for n, (payer, payee, amount) in enumerate(trades):
        credit.pay(
            tx, BY, CREDIT, id=derived("demo.credit", n), payer=shops[payer], payee=shops[payee], amount=amount,
            at_us=at_us + n * MINUTE_US,
        )  # fmt: skip
    credit_requests.ask(
        tx, BY, CREDIT, id=derived("demo.credit.ask"), payee=shops[1], payer=SHOP, amount=38_000,
        what="그릇 12점 (12 bowls)", at_us=at_us + len(trades) * MINUTE_US,
    )  # fmt: skip
