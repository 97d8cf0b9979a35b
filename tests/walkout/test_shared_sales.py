"""What is sold by walking out is shared like any other sale: frozen, given back along its legs, paid out once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests.databases import BOTH, SQLITE
from tests.walkout_shop import BY, MERCHANT, PERSON, SHOP, T0, WEIGHED, N, Shop, came, left, moved, receipt, settled

from madang import catalog, ledger, settlement
from madang.catalog import PriceList, sellers
from madang.db import Database, Tx
from madang.deals import receipts
from madang.edge import taking
from madang.edge.model import Batch, Numbered
from madang.kernel import Actor, Kind, Role, derived
from madang.kernel.clock import DAY_US
from madang.settlement import PayoutState, Schedule
from madang.walkout import conservation, service
from madang.walkout.process import CLOSE_US

pytestmark = SQLITE

MINA = Actor(Kind.PERSON, str(PERSON), N, frozenset({Role.SHOPPER}))


@pytest.fixture
def shop(db: Database) -> Shop:
    return settled(Shop(db))


def posted(shop: Shop, code: str, owner: str) -> int:
    found = shop.read(lambda tx: ledger.balances(tx, book=ledger.Book.MONEY, code=code, owner_prefix=owner))
    return sum(balance.posted for balance in found.values())


def walks_out(shop: Shop, **pieces: int) -> None:
    picks = [moved("pick", product, qty, id=f"m{product}") for product, qty in pieces.items()]
    shop.says(came(), *picks, left())
    shop.says(receipt(pieces))


def disputes(shop: Shop, line: int = 1, qty: int = 1) -> None:
    id, at = derived("d"), shop.t
    shop.write(lambda tx: service.dispute(tx, MINA, shop.deal().id, line, qty, id=id, at_us=at, reason="fewer"))
    clean(shop)


def settle(shop: Shop, days: float = 0.0) -> None:
    shop.t += int(days * DAY_US)
    while shop.write(lambda tx: settlement.settle_due(tx, BY, now_us=shop.t)):
        pass
    clean(shop)


def payouts(shop: Shop) -> list[settlement.Payout]:
    found: list[settlement.Payout] = shop.read(lambda tx: settlement.payouts_of(tx, BY, MERCHANT))
    return found


def clean(shop: Shop) -> None:
    shop.check()
    assert shop.read(settlement.differences) == []


def test_a_visit_to_a_settled_shop_ends_in_its_payout(shop: Shop) -> None:
    walks_out(shop, A=2, B=1)
    assert shop.wallet() == 20_000 - 7_100
    assert posted(shop, "payable_pending", MERCHANT) == 7_100 - 710 - 71
    assert posted(shop, "commission", "platform") == 710
    assert posted(shop, "sales", f"{SHOP}/") == posted(shop, "vat_payable", f"{SHOP}/") == 0
    settle(shop, 10)
    shop.later(CLOSE_US)
    assert shop.deal().state == "closed"
    settle(shop, 19.9)
    assert payouts(shop) == []
    settle(shop, 0.2)
    (one,) = payouts(shop)
    assert (one.amount_krw, one.state) == (6_319, PayoutState.SENT)
    month = shop.read(lambda tx: settlement.statement(tx, BY, MERCHANT, "2026-09"))
    assert month.sold_krw == 7_100


def test_what_is_disputed_comes_from_whoever_had_it(shop: Shop) -> None:
    walks_out(shop, A=2)
    disputes(shop)
    assert (shop.deal().state, shop.wallet()) == ("refunded", 17_000)
    assert posted(shop, "payable_pending", MERCHANT) == 3_000 - 330
    shares = shop.read(lambda tx: settlement.shares_of(tx, BY, slip(shop).id))
    assert [(share.amount_krw, share.left_krw) for share in shares] == [(5_340, 2_670)]


def slip(shop: Shop) -> Any:
    return shop.read(lambda tx: receipts.of_deal(tx, BY, shop.deal().id))[0]


def test_a_receipt_that_was_wrong_is_made_right_in_everybodys_shares(shop: Shop) -> None:
    walks_out(shop, A=2)
    shop.says(receipt({"A": 1, "B": 1}, revision=1))
    clean(shop)
    assert shop.wallet() == 20_000 - 4_100
    assert posted(shop, "payable_pending", MERCHANT) == 4_100 - 410 - 41
    shop.later(CLOSE_US)
    settle(shop, 21)
    assert [one.amount_krw for one in payouts(shop)] == [3_649]


def test_a_visit_that_the_wallet_cannot_pay_is_owed_by_the_shopper_not_by_the_shop(db: Database) -> None:
    shop = settled(Shop(db, wallet_krw=1_000))
    walks_out(shop, A=2)
    assert shop.deal().data["owed_krw"] == 5_000
    assert posted(shop, "tab", str(PERSON)) == -5_000
    assert posted(shop, "payable_pending", MERCHANT) == 5_340
    clean(shop)


def test_a_shop_that_is_not_settled_books_its_own_income_and_freezes_nothing(db: Database) -> None:
    shop = Shop(db)
    walks_out(shop, A=2)
    disputes(shop)
    assert posted(shop, "sales", f"{SHOP}/") + posted(shop, "vat_payable", f"{SHOP}/") == 3_000
    assert shop.read(lambda tx: tx.rows(settlement.frozen(tx))) == []


def test_what_was_sold_before_the_shop_was_settled_is_given_back_as_it_was_sold(db: Database) -> None:
    shop = Shop(db)
    walks_out(shop, A=2)
    settled(shop)
    disputes(shop)
    assert posted(shop, "payable_pending", MERCHANT) == 0
    assert posted(shop, "sales", f"{SHOP}/") + posted(shop, "vat_payable", f"{SHOP}/") == 3_000


def test_what_comes_back_after_the_payout_is_owed_exactly_once(db: Database) -> None:
    """A shop's own machine was away for weeks: its refund comes when the sale has long been paid out."""
    away, centre = Shop(db), "n2"
    walks_out(away, A=2)
    away.write(lambda tx: service.dispute(tx, MINA, away.deal().id, 1, 1, id=derived("d"), at_us=away.t, reason="x"))
    sold, back = away.read(lambda tx: receipts.of_deal(tx, BY, away.deal().id))
    by = Actor(BY.kind, BY.key, centre, BY.roles)

    def do(act: Any, *args: Any, **given: Any) -> Any:
        return db.write(lambda tx: act(tx, by, *args, **given), neighbourhood=centre)

    do(settlement.add_party, MERCHANT, name_ko="가게", name_en="Shop", shop=SHOP, at_us=T0)
    do(settlement.set_schedule, MERCHANT, Schedule(goods_d=0), from_us=T0)
    do(settlement.set_account, MERCHANT, "payee-1", id=derived("p"), at_us=T0)
    machine = taking.machine(centre, SHOP)

    def takes(*numbered: Numbered, at_us: int) -> None:
        batch = Batch(SHOP, numbered)
        db.write(lambda tx: taking.take(tx, machine, batch, at_us=at_us), neighbourhood=centre)
        assert db.read(lambda tx: taking.differences(tx, by, [SHOP]), neighbourhood=centre) == []
        assert db.read(settlement.differences, neighbourhood=centre) == []

    def goes_on(us: int) -> None:
        while do(settlement.settle_due, now_us=T0 + us):
            pass

    def owed() -> list[int]:
        found = db.read(
            lambda tx: ledger.balances(tx, book=ledger.Book.MONEY, owner_prefix=MERCHANT), neighbourhood=centre
        )
        return [found[key].posted for key in sorted(found)]

    takes(Numbered(1, sold), at_us=T0)
    goes_on(CLOSE_US - DAY_US)
    assert do(settlement.payouts_of, MERCHANT) == []
    goes_on(CLOSE_US + DAY_US)
    (one,) = do(settlement.payouts_of, MERCHANT)
    assert one.amount_krw == 6_000
    takes(Numbered(2, back), at_us=T0 + CLOSE_US + 2 * DAY_US)
    takes(Numbered(2, back), at_us=T0 + CLOSE_US + 2 * DAY_US)
    assert owed() == [-3_000, 0]
    again = receipts.Receipt(**{f: getattr(sold, f) for f in sold.__struct_fields__} | {"id": UUID(int=5), "number": 9})
    takes(Numbered(3, again), at_us=T0 + CLOSE_US + 2 * DAY_US)
    goes_on(CLOSE_US + 3 * DAY_US)
    assert [one.amount_krw for one in do(settlement.payouts_of, MERCHANT)] == [3_000, 6_000]


@BOTH
def test_the_check_sees_a_share_that_is_not_what_the_receipts_say(shop: Shop) -> None:
    walks_out(shop, A=2)
    shop.write(lambda tx: settlement.refund_legs(tx, BY, sale=slip(shop).id, refund=UUID(int=3), at_us=shop.t))
    assert shop.read(lambda tx: conservation.differences(tx, BY, SHOP)) == [
        "shared: 2026-09-21: 0 won frozen, 6000 won on receipts"
    ]


def test_goods_of_a_maker_are_the_makers_sale_in_a_shop_that_is_not_settled_itself(db: Database) -> None:
    shop = Shop(db)

    def act(tx: Tx) -> None:
        settlement.add_party(tx, BY, "maker/kim", name_ko="김", name_en="Kim", at_us=T0)
        sellers.set_sellers(tx, BY, {"B": "maker/kim"}, id=derived("s"), at_us=T0)

    shop.write(act)
    walks_out(shop, A=1, B=2)
    assert posted(shop, "payable_pending", "maker/kim") == 2_200
    assert posted(shop, "sales", f"{SHOP}/") + posted(shop, "vat_payable", f"{SHOP}/") == 3_000
    disputes(shop, line=2, qty=1)
    assert posted(shop, "payable_pending", "maker/kim") == 1_100


def test_a_member_pays_the_members_price_in_the_walk_out_shop_too(db: Database) -> None:
    shop = Shop(db)
    tags = {"name_ko": "회원가", "name_en": "Members", "tags": ("member",)}
    one = PriceList(id="member", prices={"A": 2_500, WEIGHED: 800}, **tags)  # type: ignore[arg-type]
    other = PriceList(id="maker", name_ko="도매", name_en="Makers", prices={"A": 100}, tags=("maker",), priority=1)
    for each in (one, other):
        shop.write(lambda tx, each=each: catalog.set_price_list(tx, BY, each, id=derived(each.id), at_us=T0))
    walks_out(shop, A=2, B=1)
    assert shop.wallet() == 20_000 - 2 * 2_500 - 1_100
    assert [line.unit_price_krw for line in slip(shop).lines] == [2_500, 1_100]
    shop.says(receipt({"A": 1, "B": 1}, revision=1))
    assert shop.wallet() == 20_000 - 2_500 - 1_100
    shop.check()
