"""The demo has a local currency that its shop takes."""

from __future__ import annotations

from tests.places.small_layout import small_layout

from madang import places, vouchers
from madang.db import Database, Tx
from madang.demo import currency, visitors
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.kernel import Actor, Kind, ManualClock, Role


def test_the_shop_takes_the_citys_voucher_and_the_officer_keeps_its_rules(db: Database, clock: ManualClock) -> None:
    at_us = clock.now_us()

    def begin(tx: Tx) -> None:
        places.add_shop(tx, visitors.BY, SHOP, "가게", "Shop", small_layout(), at_us)

    db.write(begin, neighbourhood=NEIGHBOURHOOD)
    for _ in range(2):  # a demo that is opened again finds it as it was
        currency.issue(db, at_us)
    officer = next(one for one in visitors.PERSONAS if one.name == "officer")
    by = Actor(Kind.PERSON, str(officer.key), NEIGHBOURHOOD, frozenset({Role.VOUCHER_ISSUER}))

    def look(tx: Tx) -> tuple[list[str], list[str]]:
        taken = [one.id for one in vouchers.accepted_at(tx, by, SHOP, at_us)]
        return taken, [one.id for one in vouchers.issuers_of(tx, by)]

    assert db.read(look, neighbourhood=NEIGHBOURHOOD) == ([currency.WON], [currency.CITY])
