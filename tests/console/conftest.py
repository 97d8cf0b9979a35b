from __future__ import annotations

import pytest
from tests.asking import Client
from tests.catalog.shop_of_goods import Goods, N
from tests.console.people import PEOPLE

from madang.console.arranging_pages import ArrangingDesk
from madang.console.desk import ConsoleDesk
from madang.console.money_desk import MoneyDesk
from madang.console.order_desk import OrderDesk
from madang.console.pages import router
from madang.console.promotion_desk import PromotionDesk
from madang.console.stock_sheets import StockSheets
from madang.console.stockroom import Stockroom
from madang.db import Database
from madang.kernel import ManualClock, Uuid7
from madang.ui import Asking, Identity, Pages
from madang.web import Shopfront, create_app


@pytest.fixture
def goods(db: Database, clock: ManualClock, ids: Uuid7) -> Goods:
    """A shop with five products and prices, on SQLite and on PostgreSQL."""
    return Goods(db, clock, ids).open()


@pytest.fixture
def desk(goods: Goods) -> ConsoleDesk:
    return ConsoleDesk(goods.db, N, goods.clock, goods.ids)


@pytest.fixture
def stockroom(goods: Goods) -> Stockroom:
    return Stockroom(goods.db, N, goods.clock, goods.ids)


@pytest.fixture
def client(desk: ConsoleDesk, stockroom: Stockroom, clock: ManualClock) -> Client:
    """A browser; its session cookie says whose."""

    def known(asking: Asking) -> Identity | None:
        by = PEOPLE.get(asking.cookies.get("madang_session", ""))
        return None if by is None else Identity(by, lambda _shop: by, bound=by.key)

    orders, money = OrderDesk(desk._db, N, clock, desk.ids), MoneyDesk(desk._db, N, clock)
    made_of = (desk._db, N, clock, desk.ids)
    arranging, promotions = ArrangingDesk(*made_of), PromotionDesk(*made_of)
    sheets = StockSheets(*made_of)
    more = [router(desk, stockroom, orders, money, Pages(), promotions=promotions, arranging=arranging, sheets=sheets)]
    browser = Client(create_app(Shopfront(neighbourhood=N, clock=clock, more=more, identify=known)))
    browser.keeps("madang_session", "mina")
    return browser
