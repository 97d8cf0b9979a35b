"""Receipts of a shop with its own machine, on the neighbourhood's server: their pages, and their cash receipts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from tests.edge.link import Edge, Server, every_receipt
from tests.walkout_shop import BY, PERSON, N

from madang import settlement
from madang.db import open_database
from madang.deals import receipts
from madang.deals.lines import Receipt
from madang.deals.links import Links
from madang.deals.pages import Shown
from madang.journal.readers import Reader
from madang.kernel import Actor, Conflict, Kind, ManualClock, NotFound, derived
from madang.storefront import cash_receipts
from madang.walkout import service
from madang.walkout.desk import Desk

LINKS = Links([b"x" * 32])
PHONE = "010-1234-5678"
MINA = Actor(Kind.PERSON, str(PERSON), N)


@pytest.fixture
def both(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Edge, Server]]:
    """A shop's machine and its server, over real HTTP."""
    there_url = f"sqlite:///{tmp_path}/there.db"
    with open_database(sqlite_url, clock=ManualClock()) as here, open_database(there_url, clock=ManualClock()) as there:
        server = Server(there, ManualClock())
        try:
            yield Edge(here, server), server
        finally:
            server.running.stop()


def sale(server: Server) -> Receipt:
    found = every_receipt(server.db).values()
    return max((one for one in found if one.original is None), key=lambda one: one.number)


def opened(server: Server, receipt: UUID) -> Shown:
    return Desk(server.db, LINKS, server.clock).open(MINA, LINKS.token(receipt))


def told(server: Server) -> list[tuple[int, int]]:
    months = ("2026-09", "2026-10", "2026-11")
    found = server.read(lambda tx: [one for month in months for one in settlement.documents_in(tx, BY, month)])
    return [(one.supply_krw, one.vat_krw) for one in found if one.kind == "cash_receipt"]


def test_a_shopper_opens_their_receipt_at_the_server_and_sees_what_the_shop_gave_back(
    both: tuple[Edge, Server],
) -> None:
    edge, server = both
    assert edge.exchange()
    visit = edge.buys({"A": 1, "B": 1})
    assert edge.exchange()
    there = sale(server)
    shown = opened(server, there.id)
    assert (shown.state, shown.refunded_krw, shown.may_object, shown.elsewhere) == ("charged", 0, False, "")
    edge.shop.write(
        lambda tx: service.dispute(
            tx, BY, edge.shop.id(visit), 2, None, id=derived("d"), at_us=edge.shop.t, reason="not mine"
        )
    )
    assert edge.exchange()
    shown = opened(server, there.id)
    assert [(one.line, one.outcome, one.refunded_krw) for one in shown.objections] == [(2, "refunded", 1_100)]
    assert (shown.state, shown.refunded_krw) == ("charged", 1_100)
    [refund] = shown.beside
    assert opened(server, LINKS.receipt(refund.token)).receipt.total_krw == -1_100


def test_a_visit_there_has_a_cash_receipt_that_follows_it_and_the_next_one_by_itself(both: tuple[Edge, Server]) -> None:
    edge, server = both
    reader = Reader("cash", cash_receipts.HANDLERS)
    assert edge.exchange()
    visit = edge.buys({"A": 1, "B": 1})
    assert edge.exchange()
    deal, token = sale(server).deal, LINKS.token(sale(server).id)
    desk = Desk(server.db, LINKS, server.clock)
    desk.ask_cash(MINA, token, PHONE, business=False, always=True)
    assert told(server) == [(3_827, 273)], "3,000 with VAT inside and 1,100 without"
    edge.shop.write(
        lambda tx: service.dispute(
            tx, BY, edge.shop.id(visit), 1, None, id=derived("d"), at_us=edge.shop.t, reason="not mine"
        )
    )
    edge.buys({"A": 1})
    assert edge.exchange()
    reader.catch_up(server.db, neighbourhood=N)
    reader.catch_up(server.db, neighbourhood=N)
    assert sorted(told(server)) == sorted([(3_827, 273), (-2_727, -273), (2_727, 273)])
    wish = server.read(lambda tx: cash_receipts.wish_of(tx, deal))
    assert wish is not None
    assert wish.krw == 1_100
    assert opened(server, sale(server).id).cash is not None


def test_one_sale_has_no_second_cash_receipt_by_the_shops_own_machine(both: tuple[Edge, Server]) -> None:
    edge, server = both
    assert edge.exchange()
    edge.buys({"A": 1, "B": 1})
    assert edge.exchange()
    token = LINKS.token(sale(server).id)
    here = Desk(edge.shop.db, LINKS, edge.shop.clock)
    assert here.open(MINA, token).cash is None
    with pytest.raises(Conflict, match="cash_at_server"):
        here.ask_cash(MINA, token, PHONE, business=False, always=False)
    assert opened(server, sale(server).id).cash is not None


def test_nobody_elses_visit_there_can_be_asked_about(both: tuple[Edge, Server]) -> None:
    edge, server = both
    assert edge.exchange()
    edge.buys({"A": 1})
    assert edge.exchange()
    deal = sale(server).deal
    stranger = Actor(Kind.PERSON, str(UUID(int=random.Random(3).getrandbits(128))), N)
    with pytest.raises(NotFound):
        server.write(lambda tx: cash_receipts.ask(tx, stranger, deal, PHONE, at_us=server.clock.now_us()))
    assert server.read(lambda tx: receipts.of_deal(tx, stranger, deal)) == []
