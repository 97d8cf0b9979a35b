"""Walking out pays by the means the shopper has chosen, in one receipt, and what comes back goes along them."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK
from tests.walkout_shop import BY, MERCHANT, PERSON, SHOP, T0, N, Shop, came, left, moved, receipt, settled

from madang import ledger, vouchers
from madang.db import Database, Tx
from madang.deals import receipts
from madang.deals.links import Links
from madang.kernel import Actor, Invalid, Kind, Role, derived
from madang.payments.preferences import prefer, preferred
from madang.settlement import accounts
from madang.vouchers import MerchantState
from madang.walkout import service
from madang.walkout.desk import Desk

pytestmark = POSTGRES_IN_SOAK

BOSS = Actor(Kind.PERSON, "boss", N, frozenset({Role.OPERATOR}))
MINA = Actor(Kind.PERSON, str(PERSON), N, frozenset({Role.SHOPPER}))
MEMBER = UUID(int=7)


@pytest.fixture
def shop(db: Database) -> Shop:
    """Mina holds 5,000 won of a voucher that the shop takes, and about 15,000 in her wallet."""
    made = Shop(db)

    def act(tx: Tx) -> None:
        kind = vouchers.ProgrammeKind.VOUCHER
        vouchers.add_issuer(tx, BOSS, vouchers.Issuer(id="c", name_ko="시", name_en="City", klass="other"))
        one = vouchers.Programme(id="won", issuer="c", kind=kind, name_ko="사랑", name_en="Love", from_us=T0)
        vouchers.add_programme(tx, BOSS, one)
        rule = vouchers.Rule(programme="won", from_us=T0, discount_bp=0, month_cap_krw=0, holding_cap_krw=0)
        vouchers.set_rule(tx, BOSS, rule, at_us=T0)
        asked = vouchers.Merchant(
            id=MEMBER, programme="won", shop=SHOP, category="food", region="4111", sales_krw=1, proof="p",
            applied_us=T0, state=MerchantState.APPLIED,
        )  # fmt: skip
        vouchers.apply(tx, BOSS, asked)
        vouchers.decide(tx, BOSS, MEMBER, approve=True, at_us=T0)
        vouchers.buy(tx, MINA, id=derived("lot"), programme="won", face_krw=5_000, at_us=T0)
        prefer(tx, MINA, ["voucher"], at_us=T0)

    made.write(act)
    return made


def free(shop: Shop) -> int:
    return shop.read(lambda tx: vouchers.holding(tx, MINA, "won", at_us=T0)).free_krw


def walks_out(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2), left())
    shop.says(receipt({"A": 2}))


def test_vouchers_pay_first_and_a_refund_goes_back_to_them(shop: Shop) -> None:
    assert (free(shop), shop.wallet()) == (5_000, 15_000)
    walks_out(shop)
    assert (shop.deal().state, free(shop), shop.wallet()) == ("charged", 0, 14_000)
    links = Links([b"l" * 32])
    desk = Desk(shop.db, links, shop.clock)
    slip = shop.read(lambda tx: receipts.of_deal(tx, BY, shop.deal().id))[0]
    paid = desk.open(BY, links.token(slip.id)).paid
    assert [(one.means, one.name_ko, one.amount_krw) for one in paid] == [
        ("voucher", "사랑", 5_000),
        ("wallet", "", 1_000),
    ]
    at = shop.clock.now_us()
    shop.write(lambda tx: service.dispute(tx, MINA, shop.deal().id, 1, 1, id=derived("d"), at_us=at, reason="fewer"))
    assert (free(shop), shop.wallet()) == (2_500, 14_500)
    back = next(one for one in shop.read(lambda tx: receipts.of_deal(tx, BY, shop.deal().id)) if one.original)
    assert [x.amount_krw for x in desk.open(BY, links.token(back.id)).paid] == [-2_500, -500]


def test_a_voucher_pays_whoever_has_a_share_and_has_its_part_back(shop: Shop) -> None:
    settled(shop)
    walks_out(shop)
    pending = accounts.payable_pending(MERCHANT)
    assert shop.read(lambda tx: ledger.balance(tx, pending)).posted == 6_000 - 660
    at = shop.clock.now_us()
    shop.write(lambda tx: service.dispute(tx, MINA, shop.deal().id, 1, 1, id=derived("d"), at_us=at, reason="fewer"))
    assert (free(shop), shop.wallet()) == (2_500, 14_500)
    assert shop.read(lambda tx: ledger.balance(tx, pending)).posted == 3_000 - 330
    shop.check()


def test_where_a_voucher_is_not_taken_any_more_the_wallet_pays(shop: Shop) -> None:
    shop.write(lambda tx: vouchers.revoke(tx, BOSS, MEMBER, reason="moved", at_us=T0))
    walks_out(shop)
    assert (shop.deal().state, free(shop), shop.wallet()) == ("charged", 5_000, 9_000)


@BOTH
def test_the_order_is_a_persons_own_and_the_wallet_is_always_in_it(shop: Shop) -> None:
    assert shop.read(lambda tx: preferred(tx, MINA.key)) == ("voucher", "wallet")
    shop.write(lambda tx: prefer(tx, MINA, ["wallet", "voucher"], at_us=T0))
    walks_out(shop)
    assert (free(shop), shop.wallet()) == (5_000, 9_000)
    with pytest.raises(Invalid):
        shop.write(lambda tx: prefer(tx, MINA, ["voucher", "voucher"], at_us=T0))
