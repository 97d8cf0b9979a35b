"""A shop goes on when its server cannot be reached, and hands over each receipt once when it can."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from tests.databases import SQLITE
from tests.edge.link import KEY, TERMS, Edge, Server, agree, every_receipt, opened, restock
from tests.walkout_shop import BY, PERSON, SHOP, T0, N, Shop

from madang import catalog, journal, members
from madang.catalog import Category, Listing, NForM, Percent, Promotion, Variant
from madang.db import Database, Tx
from madang.edge import records, selling, taking
from madang.edge.model import Batch
from madang.edge.sending import Refused, Sending, Upstream
from madang.kernel import Conflict, Forbidden, Invalid, ManualClock, derived
from madang.kernel.clock import HOUR_US
from madang.members import adults
from madang.payments.on_account import Terms
from madang.walkout import service

ROOT = Path(__file__).parents[2]


def waiting(edge: Edge) -> int:
    return edge.sending.link.receipts


def test_a_receipt_goes_up_and_its_money_moves_at_the_server(both: tuple[Edge, Server]) -> None:
    edge, server = both
    assert edge.exchange()
    edge.buys({"A": 2})
    assert edge.account() == -6_000
    assert edge.exchange()
    assert (edge.account(), server.wallet(), server.owed()) == (0, 14_000, 0)
    agree(edge, server)


def test_the_shop_sells_on_while_the_line_is_cut_and_hands_over_in_order(both: tuple[Edge, Server]) -> None:
    edge, server = both
    assert edge.exchange()
    edge.line.cut = True
    for _ in range(3):
        edge.buys({"A": 1})
        assert not edge.exchange()
    link = edge.sending.link
    assert (link.up, link.receipts, link.total_krw, link.open_krw, link.uncovered_krw) == (False, 3, 9_000, 9_000, 0)
    assert server.wallet() == 20_000
    edge.line.cut = False
    assert edge.exchange()
    assert waiting(edge) == 0
    assert edge.sending.link.up
    agree(edge, server)
    taken = server.read(lambda tx: [f.at_us for f in journal.read(tx, BY, kinds=["deals.receipt_issued"])])
    assert taken == sorted(taken)


def test_what_was_done_but_not_answered_is_done_once(both: tuple[Edge, Server]) -> None:
    edge, server = both
    assert edge.exchange()
    edge.buys({"A": 1})
    edge.line.mute = True
    assert not edge.exchange()
    assert not edge.exchange()
    assert len(every_receipt(server.db)) == 1
    assert (edge.account(), server.wallet()) == (-3_000, 17_000)
    edge.line.mute = False
    edge.buys({"B": 1})
    assert edge.exchange()
    assert server.wallet() == 15_900
    agree(edge, server)


DIES = """
import os, signal, sys
from tests.walkout_shop import BY, SHOP
from madang.db import open_database
from madang.edge.sending import Sending, Upstream
from madang.kernel import ManualClock

class Line(Upstream):
    def send(self, body):
        super().send(body)  # the server has it, and said so
        os.kill(os.getpid(), signal.SIGKILL)

url, server, key, now_us = sys.argv[1:]
clock = ManualClock(int(now_us))
Sending(open_database(url, clock=clock, migrate=False), BY, SHOP, Line(server, key), clock).exchange()
"""
"""A shop's machine that is killed between the server's commit and its own note of it."""


@SQLITE
def test_a_shops_machine_killed_between_the_servers_commit_and_its_own_note_hands_over_once(
    db_url: str, server_url: str
) -> None:
    with opened(server_url) as there:
        server = Server(there, ManualClock())
        try:
            with opened(db_url) as here:
                edge = Edge(here, server)
                assert edge.exchange()
                for n in range(3):
                    edge.buys({"A": 1 + n % 2})
            asked = [sys.executable, "-c", DIES, db_url, server.running.url, KEY, str(edge.shop.t)]
            dead = subprocess.run(asked, cwd=ROOT, check=False, capture_output=True, timeout=120)
            assert dead.returncode == -signal.SIGKILL, dead.stderr.decode()
            assert len(every_receipt(server.db)) == 3, "the server has them"
            with opened(db_url) as again:
                edge.shop.db = again
                edge.sending = Sending(again, BY, SHOP, edge.line, edge.shop.clock)
                assert edge.account() == -12_000, "the shop's machine does not know it"
                edge.buys({"B": 1})
                assert edge.exchange()
                assert (waiting(edge), edge.account(), server.wallet()) == (0, 0, 20_000 - 13_100)
                agree(edge, server)
        finally:
            server.running.stop()


def test_every_batch_sent_twice_is_taken_once(both: tuple[Edge, Server]) -> None:
    edge, server = both
    edge.line.twice = True
    for _ in range(2):
        edge.buys({"A": 1})
    assert edge.exchange()
    agree(edge, server)


def test_receipts_out_of_order_are_refused_and_nothing_of_them_is_taken(both: tuple[Edge, Server]) -> None:
    edge, server = both
    for _ in range(3):
        edge.buys({"A": 1})
    edge.sending._reader.catch_up(edge.shop.db, neighbourhood=N)
    batch = edge.shop.read(lambda tx: selling.next_batch(tx, BY, SHOP))
    later = Batch(SHOP, batch.receipts[1:])
    with pytest.raises(Refused) as refused:
        edge.line.send(msgspec.json.encode(later))
    assert (refused.value.code, refused.value.upto) == ("edge.gap", 0)
    shuffled = Batch(SHOP, (batch.receipts[0], batch.receipts[2], batch.receipts[1]))
    with pytest.raises(Refused):
        edge.line.send(msgspec.json.encode(shuffled))
    assert every_receipt(server.db) == {}
    assert edge.exchange()
    agree(edge, server)


def test_a_server_that_was_restored_from_a_backup_is_told_again(both: tuple[Edge, Server], tmp_path: Path) -> None:
    edge, server = both
    if server.db.url.startswith("postgres"):
        pytest.skip("the copy of a file stands for a backup here")
    edge.buys({"A": 1})
    assert edge.exchange()
    old = tmp_path / "old.db"
    with opened(f"sqlite:///{copied(server, old)}") as db:
        edge.buys({"B": 1})
        edge.buys({"A": 1})
        assert edge.exchange()
        server.running.stop()
        restored = Server.__new__(Server)
        restored.db, restored.clock = db, server.clock
        serve_again(restored)
        try:
            edge.line._url = restored.running.url
            edge.buys({"B": 2})
            assert edge.exchange()
            assert edge.exchange()
            agree(edge, restored)
            assert "set_back" in edge.shop.facts("edge.")
        finally:
            restored.running.stop()


def copied(server: Server, to: Path) -> Path:
    import sqlite3

    source = sqlite3.connect(server.db.url.removeprefix("sqlite:///"))
    target = sqlite3.connect(to)
    source.backup(target)
    source.close()
    target.close()
    return to


def serve_again(server: Server) -> None:
    from madang.edge import api
    from madang.web import Shopfront, create_app, start

    router = api.router(server.db, server.clock, N, {SHOP: KEY.encode()})
    server.running = start(create_app(Shopfront(neighbourhood=N, more=[router], clock=server.clock)), "127.0.0.1", 0)


def test_what_no_allowance_covers_is_owed_and_shown_as_risk(both: tuple[Edge, Server]) -> None:
    edge, server = both
    assert edge.exchange()  # the server says 20,000, the shop's own limit is 10,000
    edge.line.cut = True
    first, second = edge.buys({"A": 3}), edge.buys({"A": 2})
    assert edge.shop.deal(first).data["owed_krw"] == 0
    assert edge.shop.deal(second).data["owed_krw"] == 5_000
    stranger = edge.buys({"B": 1}, credential="never issued")
    assert edge.shop.deal(stranger).data["owed_krw"] == 1_100
    link = edge.sending.link
    assert (link.open_krw, link.uncovered_krw) == (16_100, 6_100)
    edge.line.cut = False
    assert edge.exchange()
    assert (server.wallet(), server.owed()) == (5_000, 0)
    guest = f"guest-{edge.shop.id(stranger)}"
    assert server.owed(guest) == 1_100
    agree(edge, server)


def test_a_wallet_that_holds_less_than_was_bought_owes_the_rest_at_the_server(both: tuple[Edge, Server]) -> None:
    edge, server = both
    for _ in range(4):
        edge.buys({"A": 1, "B": 1})
    edge.buys({"A": 2})
    assert edge.exchange()
    assert (server.wallet(), server.owed()) == (0, 2_400)
    agree(edge, server)


def test_what_a_dispute_gives_back_goes_up_too(both: tuple[Edge, Server]) -> None:
    edge, server = both
    visit = edge.buys({"A": 1, "B": 1})
    edge.shop.write(
        lambda tx: service.dispute(
            tx, BY, edge.shop.id(visit), 2, None, id=derived("d"), at_us=edge.shop.t, reason="not mine"
        )
    )
    edge.shop.check()
    assert edge.exchange()
    assert server.wallet() == 20_000 - 3_000
    agree(edge, server)


def test_old_news_of_a_wallet_covers_nothing(both: tuple[Edge, Server]) -> None:
    edge, _ = both
    assert edge.exchange()
    edge.line.cut = True
    edge.shop.later(TERMS.good_for_us + HOUR_US)
    assert edge.shop.deal(edge.buys({"A": 1})).data["owed_krw"] == 3_000


def test_people_and_prices_come_down_and_codes_that_closed_are_closed(both: tuple[Edge, Server]) -> None:
    edge, server = both
    other = derived("person", 2)
    server.write(lambda tx: server.join(tx, other, "c2", 4_000))
    assert edge.exchange()
    assert edge.shop.read(lambda tx: members.person_of(tx, BY, "c2")) == other
    visit = edge.buys({"A": 1}, credential="c2")
    assert edge.shop.deal(visit).subject == str(other)
    server.write(lambda tx: members.close_credential(tx, BY, other, "c2", T0 + 1))
    price = catalog.Price(product="A", price_krw=3_500, from_us=T0 + 1)
    server.clock.set(T0 + HOUR_US)
    server.write(lambda tx: catalog.set_prices(tx, BY, [price], id=derived("k2"), at_us=T0 + 1))
    edge.shop.later(2 * HOUR_US)
    assert edge.exchange()
    assert edge.shop.read(lambda tx: members.people_of(tx, BY, ["c2"])) == {}
    edge.buys({"A": 1})
    assert sum(r.total_krw for r in every_receipt(edge.shop.db).values()) == 6_500
    assert edge.exchange()
    agree(edge, server)
    assert server.wallet(other) == 1_000


@SQLITE
def test_who_was_seen_to_be_an_adult_is_known_while_the_line_is_cut_and_goods_for_adults_too(
    both: tuple[Edge, Server],
) -> None:
    edge, server = both
    soju = Listing(id="A", name_ko="소주", name_en="Soju", variants=(Variant(sku="A"),), age_min=19)
    server.write(lambda tx: catalog.set_listings(tx, BY, [soju], id=derived("soju"), at_us=T0))

    def buys_alone() -> tuple[str, str]:
        edge.shop.later(HOUR_US)  # news is asked for once a minute
        assert edge.exchange()
        edge.line.cut = True
        deal = edge.shop.deal(edge.buys({"A": 1}))
        edge.line.cut = False
        return deal.state, deal.data.get("why", "")

    assert buys_alone() == ("in_review", "age")
    server.write(lambda tx: adults.saw_card(tx, BY, PERSON, at_us=T0 + 1))
    for _ in range(2):
        assert buys_alone() == ("charged", "")
    server.write(lambda tx: adults.take_back(tx, BY, PERSON, at_us=T0 + 2))
    assert buys_alone() == ("in_review", "age")
    server.write(lambda tx: adults.saw_card(tx, BY, PERSON, at_us=T0 + 3))
    assert buys_alone()[0] == "charged"
    free = msgspec.structs.replace(soju, age_min=0)
    server.write(lambda tx: adults.take_back(tx, BY, PERSON, at_us=T0 + 4))
    server.write(lambda tx: catalog.set_listings(tx, BY, [free], id=derived("free"), at_us=T0 + 5))
    assert buys_alone()[0] == "charged"


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_the_line_does_each_receipt_arrives_once(both: tuple[Edge, Server], seed: int) -> None:
    edge, server = both
    rng = random.Random(seed)
    for _ in range(40):
        kind = rng.random()
        if kind < 0.4:
            items = {p: rng.randint(1, 2) for p in rng.sample(["A", "B"], rng.randint(0, 2))}
            edge.buys(items, credential=rng.choice(["c1", "c1", "unknown"]))
            restock(edge.shop)
        elif kind < 0.5:
            edge.line.cut, edge.line.mute, edge.line.twice = (rng.random() < 0.4 for _ in range(3))
        elif kind < 0.6:
            edge.sending = Sending(edge.shop.db, BY, SHOP, edge.line, edge.shop.clock)  # the shop's process died
        else:
            edge.exchange()
            there, here = every_receipt(server.db), every_receipt(edge.shop.db)
            assert there.items() <= here.items()
    edge.line.cut = edge.line.mute = edge.line.twice = False
    assert edge.exchange()
    assert waiting(edge) == 0
    agree(edge, server)


def test_another_receipt_under_a_number_is_a_fork(both: tuple[Edge, Server]) -> None:
    edge, _ = both
    edge.buys({"A": 1})
    assert edge.exchange()
    edge.shop.write(lambda tx: records.set_back(tx, SHOP, 0))
    batch = edge.shop.read(lambda tx: selling.next_batch(tx, BY, SHOP))
    other = msgspec.structs.replace(batch.receipts[0].receipt, id=derived("other"), number=9)
    forged = Batch(SHOP, (msgspec.structs.replace(batch.receipts[0], receipt=other),))
    with pytest.raises(Refused, match=r"edge\.forked"):
        edge.line.send(msgspec.json.encode(forged))


def test_a_key_speaks_for_its_own_shop_only(both: tuple[Edge, Server]) -> None:
    edge, server = both
    stranger = Upstream(server.running.url, "a wrong key", timeout_s=5)
    with pytest.raises(Refused, match=r"401 edge\.unknown_key"):
        stranger.send(msgspec.json.encode(Batch(SHOP, ())))
    with pytest.raises(Refused, match=r"403 actor\.other_shop"):
        edge.line.send(msgspec.json.encode(Batch("s2", ())))
    edge.buys({"A": 1})
    edge.sending._reader.catch_up(edge.shop.db, neighbourhood=N)
    batch = edge.shop.read(lambda tx: selling.next_batch(tx, BY, SHOP))
    wrong = msgspec.structs.replace(batch.receipts[0].receipt, total_krw=1)
    for receipt in (wrong, msgspec.structs.replace(wrong, shop="s2")):
        numbered = msgspec.structs.replace(batch.receipts[0], receipt=receipt)
        with pytest.raises((Invalid, Forbidden)):
            server.write(
                lambda tx, one=numbered: taking.take(tx, taking.machine(N, SHOP), Batch(SHOP, (one,)), at_us=T0)
            )
    with pytest.raises(Refused, match="400"):
        edge.line.send(b"{")


def test_a_shop_that_keeps_wallets_cannot_be_put_below_a_server(db: Database) -> None:
    shop = Shop(db, wallet_krw=5_000)
    with pytest.raises(Conflict) as fault:
        shop.write(lambda tx: selling.begin(tx, BY, SHOP, Terms(1, 1), at_us=T0))
    assert fault.value.code == "edge.own_wallets"


def test_a_shop_alone_gives_the_promotions_it_was_last_told_of_and_the_server_counts_them_once(
    both: tuple[Edge, Server],
) -> None:
    edge, server = both
    rules = [
        Promotion(
            id="one_one", name_ko="1+1", name_en="2 for 1", effect=NForM(2, 1), any_of=("category:food",),
            tags=("guild:cooks",), budget_krw=4_000,
        ),
        Promotion(id="coded", name_ko="쿠폰", name_en="Code", effect=Percent(5_000), code="HALF"),
    ]  # fmt: skip
    page = Listing(
        id="A", name_ko="A", name_en="A", variants=(Variant(sku="A"),), category="food", story_ko="긴 이야기"
    )

    def set_up(tx: Tx) -> None:
        catalog.set_categories(tx, BY, [Category(id="food", name_ko="식품", name_en="Food")], id=derived("c"), at_us=T0)
        catalog.set_listings(tx, BY, [page], id=derived("l"), at_us=T0)
        catalog.set_promotions(tx, BY, rules, id=derived("r"), at_us=T0)
        members.join(tx, BY, PERSON, "guild:cooks", at_us=T0)
        catalog.count_uses(tx, BY, {"one_one": 500}, person="another", id=derived("elsewhere"), at_us=T0)

    server.write(set_up)
    assert edge.exchange()
    edge.line.cut = True
    edge.buys({"A": 2})
    edge.buys({"A": 2})
    lines = [one.lines[0] for one in sorted(every_receipt(edge.shop.db).values(), key=lambda one: one.at_us)]
    assert [line.amount_krw for line in lines] == [3_000, 5_500], "3,500 was left of the budget"
    assert [step.rule for step in lines[0].why] == ["price", "promotion:one_one"]
    edge.line.cut, edge.line.twice = False, True
    assert edge.exchange()
    agree(edge, server)
    assert server.wallet() == 20_000 - 8_500
    had = server.read(lambda tx: catalog.used(tx, BY, ["one_one"]))["one_one"]
    assert (had.orders, had.amount_krw) == (3, 4_000)
    server.write(lambda tx: members.leave_group(tx, BY, PERSON, "guild:cooks", at_us=T0))
    edge.sending._asked_us = 0
    assert edge.exchange()
    edge.buys({"A": 2})
    assert edge.shop.deal("v3").data["charged_krw"] == 6_000
