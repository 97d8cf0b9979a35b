"""What a shopper says at the server of a receipt of a shop with its own machine: posted there once, answered here."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.asking import Client
from tests.databases import SQLITE
from tests.edge.link import KEY, Edge, Server, agree, every_receipt, opened, restock
from tests.walkout_shop import BY, PERSON, SHOP, STAFF, T0, N
from tests.walkout_shop import receipt as shop_receipt

from madang import deals
from madang.db import Tx, metadata
from madang.deals.lines import Receipt
from madang.deals.links import Links
from madang.deals.pages import Objection, Said, Shown, State
from madang.edge import taking, wish_records, wishing
from madang.edge.model import Batch, Standing, Wish, Word
from madang.edge.sending import Sending
from madang.edge.wish_records import Kept
from madang.journal.readers import Reader
from madang.kernel import Actor, Conflict, Kind, ManualClock, derived
from madang.kernel.clock import DAY_US, HOUR_US
from madang.serve import unheard
from madang.storefront import cash_receipts
from madang.walkout import process, service
from madang.walkout.desk import Desk
from madang.web import Shopfront, create_app

ROOT = Path(__file__).parents[2]
LINKS = Links([b"x" * 32])
MINA = Actor(Kind.PERSON, str(PERSON), N)


def desk(server: Server) -> Desk:
    return Desk(server.db, LINKS, server.clock, there=wishing.Wishes({SHOP}))


def sale(server: Server) -> Receipt:
    """The last one."""
    found = every_receipt(server.db).values()
    return max((one for one in found if one.original is None), key=lambda one: (one.at_us, one.number))


def says(
    server: Server, receipt: UUID, line: int, *, qty: int | None = None, key: str = "k1", appeal: bool = False
) -> None:
    """One tap on the server's page."""
    word = Said(line=line, qty=qty, reason="wrong", key=f"{key}-{receipt}-{line}", request=f"{line}".encode())
    (desk(server).appeal if appeal else desk(server).object)(MINA, LINKS.token(receipt), word)


def page(server: Server, receipt: UUID) -> Shown:
    return desk(server).open(MINA, LINKS.token(receipt))


def outcomes(server: Server, receipt: UUID) -> dict[int, tuple[str, int]]:
    return {one.line: (one.outcome, one.refunded_krw) for one in page(server, receipt).objections}


def bought(edge: Edge, items: dict[str, int]) -> tuple[str, UUID]:
    """A visit, and its receipt at the server."""
    assert edge.exchange()
    visit = edge.buys(items)
    assert edge.exchange()
    return visit, UUID(edge.shop.deal(visit).data["receipt"])


def kept(server: Server, receipt: UUID) -> list[Kept]:
    return list(server.read(lambda tx: wish_records.of_receipt(tx, SHOP, receipt)))


def visits(edge: Edge) -> list[str]:
    return [f"v{n + 1}" for n in range(edge.visits)]


def everything(tx: Tx) -> list[object]:
    """What is kept of deals, their steps, and of what the shop said."""
    tables = (metadata.tables[name] for name in ("deals_deal", "deals_move", "edge_standing"))
    return [tuple(row) for table in tables for row in tx.rows(sa.select(table))]


def decides(edge: Edge, visit: str, what: str, **more: str) -> None:
    """A person at the shop's review desk."""
    deal = edge.shop.deal(visit)
    do = getattr(service, what)
    id = derived(what, visit, deal.moves)
    edge.shop.write(lambda tx: do(tx, STAFF, deal.id, id=id, at_us=edge.shop.t, **more))
    edge.shop.check()


def together(edge: Edge, server: Server) -> None:
    """Time passes for both, and the line is heard."""
    edge.shop.later(5_000_000)
    server.clock.set(edge.shop.t)
    assert edge.exchange()


def test_one_tap_at_the_server_is_posted_in_the_shop_and_paid_back_at_both(both: tuple[Edge, Server]) -> None:
    edge, server = both
    visit, receipt = bought(edge, {"A": 1, "B": 1})
    assert page(server, receipt).may_object
    says(server, receipt, 2)
    assert outcomes(server, receipt) == {2: ("sent", 0)}
    together(edge, server)
    assert outcomes(server, receipt) == {2: ("refunded", 1_100)}
    assert edge.shop.deal(visit).data["objected"] == [2]
    assert server.wallet() == 20_000 - 3_000
    edge.shop.check()
    agree(edge, server)


@SQLITE
def test_the_same_word_twice_is_kept_once_and_another_on_the_same_line_is_refused(both: tuple[Edge, Server]) -> None:
    edge, server = both
    visit, receipt = bought(edge, {"A": 1, "B": 1})
    says(server, receipt, 2)
    says(server, receipt, 2)
    with pytest.raises(Conflict, match=r"deals\.already_said"):
        says(server, receipt, 2, key="another")
    assert len(kept(server, receipt)) == 1
    together(edge, server)
    with pytest.raises(Conflict, match=r"deals\.already_said"):
        says(server, receipt, 2, key="a third")
    says(server, receipt, 1, qty=1)
    together(edge, server)
    assert outcomes(server, receipt) == {1: ("refunded", 3_000), 2: ("refunded", 1_100)}
    assert page(server, receipt).state == "refunded"
    assert edge.shop.deal(visit).data["refunded_krw"] == 4_100
    agree(edge, server)


def test_what_was_said_while_the_line_was_cut_is_posted_once_when_it_is_back(both: tuple[Edge, Server]) -> None:
    edge, server = both
    _, receipt = bought(edge, {"A": 1, "B": 1})
    edge.line.cut = True
    says(server, receipt, 2)
    edge.shop.later(HOUR_US)
    assert not edge.exchange()
    assert outcomes(server, receipt) == {2: ("sent", 0)}
    assert server.read(lambda tx: taking.progress(tx, SHOP))["wishes"] == 1
    edge.line.cut, edge.line.mute, edge.line.twice = False, True, True
    edge.shop.later(HOUR_US)
    for _ in range(3):
        edge.sending._upstream.forget()
        edge.sending._asked_us = 0  # the same news once more
        assert not edge.exchange()
    edge.line.mute = False
    edge.sending = Sending(edge.shop.db, BY, SHOP, edge.line, edge.shop.clock)
    assert edge.exchange()
    assert edge.shop.facts().count("disputed") == 1
    assert outcomes(server, receipt) == {2: ("refunded", 1_100)}
    assert server.read(lambda tx: taking.progress(tx, SHOP))["wishes"] == 0
    assert [one.refused for one in kept(server, receipt)] == [""], "posted, not found there already"
    agree(edge, server)


DIES = """
import os, signal, sys
from tests.walkout_shop import BY, SHOP
from madang.db import open_database
from madang.edge.sending import Sending, Upstream
from madang.kernel import ManualClock

class Line(Upstream):
    def send(self, body):
        if b'"answer":{' in body:
            os.kill(os.getpid(), signal.SIGKILL)  # it is posted, and nobody was told
        return super().send(body)

url, server, key, now_us = sys.argv[1:]
clock = ManualClock(int(now_us))
sending = Sending(open_database(url, clock=clock, migrate=False), BY, SHOP, Line(server, key), clock)
while sending.exchange():
    pass
"""


@SQLITE
def test_a_shops_machine_killed_after_posting_and_before_answering_posts_once(db_url: str, server_url: str) -> None:
    with opened(server_url) as there:
        server = Server(there, ManualClock())
        try:
            with opened(db_url) as here:
                edge = Edge(here, server)
                visit, receipt = bought(edge, {"A": 1, "B": 1})
            says(server, receipt, 2)
            asked = [sys.executable, "-c", DIES, db_url, server.running.url, KEY, str(edge.shop.t)]
            dead = subprocess.run(asked, cwd=ROOT, check=False, capture_output=True, timeout=120)
            assert dead.returncode == -signal.SIGKILL, dead.stderr.decode()
            assert outcomes(server, receipt) == {2: ("sent", 0)}
            with opened(db_url) as again:
                edge.shop.db = again
                edge.sending = Sending(again, BY, SHOP, edge.line, edge.shop.clock)
                assert edge.shop.deal(visit).data["refunded_krw"] == 1_100, "posted before it died"
                together(edge, server)
                assert edge.shop.facts().count("disputed") == 1
                assert outcomes(server, receipt) == {2: ("refunded", 1_100)}
                assert [one.refused for one in kept(server, receipt)] == [""], "posted, not found there already"
                agree(edge, server)
        finally:
            server.running.stop()


@SQLITE
def test_what_is_above_the_limit_is_looked_at_and_its_refusal_is_read_and_appealed_at_the_server(
    both: tuple[Edge, Server],
) -> None:
    edge, server = both
    visit, receipt = bought(edge, {"A": 2, "B": 1})
    says(server, receipt, 1)
    together(edge, server)
    shown = page(server, receipt)
    assert (shown.state, outcomes(server, receipt)) == ("disputed", {1: ("review", 0)})
    decides(edge, visit, "decline", reason="두 개를 들고 나가셨어요.")
    together(edge, server)
    [said] = page(server, receipt).objections
    assert (said.outcome, said.may_appeal, said.may_object) == ("declined", True, False)
    assert (said.why_ko, said.why_en) == ("두 개를 들고 나가셨어요.", "두 개를 들고 나가셨어요.")
    for tx in (edge.shop, server):
        raw = str(tx.read(everything)).encode().decode("unicode_escape", "ignore")
        assert "두 개를 들고" not in raw
        assert "sealed:" in raw, "it is kept"
    says(server, receipt, 1, appeal=True, key="a")
    assert outcomes(server, receipt) == {1: ("sent", 0)}
    with pytest.raises(Conflict, match=r"walkout\.no_appeal"):
        says(server, receipt, 1, appeal=True, key="b")
    together(edge, server)
    assert outcomes(server, receipt) == {1: ("review", 0)}
    decides(edge, visit, "refund")
    together(edge, server)
    assert outcomes(server, receipt) == {1: ("refunded", 6_000)}
    assert server.wallet() == 20_000 - 1_100
    agree(edge, server)


@pytest.mark.parametrize(("refused", "read"), [("deals.already_said", "봤어요"), ("edge.wish_too_late", "늦음")])
def test_a_tap_on_a_line_that_was_called_wrong_in_the_shop_hides_no_reason_written_there(
    refused: str, read: str
) -> None:
    there = Objection(line=1, outcome="declined", why_ko="봤어요", why_en="seen")
    wish = Wish(id=UUID(int=1), receipt=UUID(int=2), line=1, qty=1, reason="not_taken", appeal=False, at_us=T0)
    kept = Kept(wish, T0, refused, "늦음", "late")
    assert wishing._outcome(1, {}, there, [kept], 1_000).why_ko == read


@SQLITE
def test_a_second_line_goes_to_the_shop_while_the_first_waits_for_a_person(both: tuple[Edge, Server]) -> None:
    edge, server = both
    visit, receipt = bought(edge, {"A": 2, "B": 1})
    says(server, receipt, 1)
    server.clock.advance(us=1)
    says(server, receipt, 2)
    together(edge, server)
    assert outcomes(server, receipt) == {1: ("review", 0), 2: ("refunded", 1_100)}
    decides(edge, visit, "decline")
    together(edge, server)
    assert outcomes(server, receipt) == {1: ("declined", 0), 2: ("refunded", 1_100)}
    agree(edge, server)


@SQLITE
def test_a_word_that_comes_while_time_is_about_to_decide_another_waits_and_is_not_turned_down(
    both: tuple[Edge, Server],
) -> None:
    edge, server = both
    visit, receipt = bought(edge, {"A": 2, "B": 1})
    says(server, receipt, 1)
    together(edge, server)
    edge.shop.t += process.DISPUTE_US  # the shop's machine was off; it hears the server before it has done its timers
    server.clock.set(edge.shop.t)
    says(server, receipt, 2)
    assert edge.exchange()
    assert outcomes(server, receipt) == {1: ("review", 0), 2: ("sent", 0)}
    together(edge, server)
    together(edge, server)
    assert outcomes(server, receipt) == {1: ("refunded", 6_000), 2: ("refunded", 1_100)}
    assert edge.shop.deal(visit).data["refunded_krw"] == 7_100
    agree(edge, server)


@SQLITE
def test_a_second_line_of_a_visit_of_before_waits_until_the_first_is_decided(
    both: tuple[Edge, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    edge, server = both
    with monkeypatch.context() as old:
        old.setattr(deals.declared, "newest", lambda _name: process.WALKOUT_2)
        visit, receipt = bought(edge, {"A": 2, "B": 1})
    says(server, receipt, 1)
    server.clock.advance(us=1)
    says(server, receipt, 2)
    together(edge, server)
    assert outcomes(server, receipt) == {1: ("review", 0), 2: ("sent", 0)}
    decides(edge, visit, "decline")
    together(edge, server)
    assert outcomes(server, receipt) == {1: ("declined", 0), 2: ("refunded", 1_100)}
    agree(edge, server)


@SQLITE
def test_whoever_was_declined_again_and_again_reads_the_lowered_limit_at_the_server(both: tuple[Edge, Server]) -> None:
    edge, server = both
    for _ in range(2):
        visit, receipt = bought(edge, {"A": 2})
        says(server, receipt, 1)
        together(edge, server)
        assert page(server, receipt).bound is None
        decides(edge, visit, "decline")
        together(edge, server)
    _, third = bought(edge, {"A": 1})
    bound = page(server, third).bound
    assert bound is not None
    assert (bound.now_krw, bound.usual_krw, bound.declined) == (2_500, 5_000, 2)
    says(server, third, 1)
    together(edge, server)
    assert outcomes(server, third) == {1: ("review", 0)}, "3,000 won were believed before"
    server.clock.set(bound.rises_at_us + 1)
    assert page(server, third).bound is None
    agree(edge, server)


@SQLITE
def test_a_word_that_reaches_the_shop_too_late_is_turned_down_with_the_reason(both: tuple[Edge, Server]) -> None:
    edge, server = both
    _, receipt = bought(edge, {"A": 1, "B": 1})
    edge.line.cut = True
    server.clock.set(edge.shop.t + 13 * DAY_US)
    says(server, receipt, 2)
    edge.shop.later(15 * DAY_US)
    edge.line.cut = False
    assert edge.exchange()
    [said] = page(server, receipt).objections
    assert (said.outcome, said.may_appeal, said.may_object) == ("declined", False, False)
    assert "기간이 끝나" in said.why_ko
    assert "over" in said.why_en
    assert kept(server, receipt)[0].refused == "edge.wish_too_late"
    client = Client(create_app(Shopfront(neighbourhood=N, desk=desk(server), clock=server.clock)))
    shown = client.get(f"/r/{LINKS.token(receipt)}?done=2", headers={"Accept": "text/html"}).text
    assert "기간이 끝나" in shown.partition("</p>")[0], "nobody has looked at it, and the page does not say so"
    server.clock.set(edge.shop.t)
    assert not page(server, receipt).may_object
    with pytest.raises(Conflict, match=r"deals\.already_said"):
        says(server, receipt, 1)
    agree(edge, server)


@SQLITE
def test_what_the_shop_has_given_back_already_is_not_given_back_again(both: tuple[Edge, Server]) -> None:
    edge, server = both
    _, receipt = bought(edge, {"A": 1, "B": 1})
    edge.line.cut = True
    says(server, receipt, 2)
    at_the_shop = Desk(edge.shop.db, LINKS, edge.shop.clock)
    word = Said(line=2, qty=None, reason="wrong", key="there", request=b"there")
    at_the_shop.object(MINA, LINKS.token(receipt), word)
    edge.line.cut = False
    together(edge, server)
    assert outcomes(server, receipt) == {2: ("refunded", 1_100)}
    assert kept(server, receipt)[0].refused == "deals.already_said"
    assert server.wallet() == 17_000
    agree(edge, server)


@SQLITE
def test_a_receipt_or_line_the_shop_does_not_know_is_turned_down(both: tuple[Edge, Server]) -> None:
    edge, server = both
    _, receipt = bought(edge, {"A": 1, "B": 1})
    strange = [Wish(id=derived(one, n), receipt=one, line=n, qty=None, reason="wrong", appeal=False, at_us=edge.shop.t)
               for one, n in ((receipt, 9), (derived("nobody's"), 1))]  # fmt: skip
    for wish in strange:
        server.write(lambda tx, one=wish: wish_records.add_wish(tx, wish_records.wishes, SHOP, one))
    together(edge, server)
    refused = [kept(server, wish.receipt)[0].refused for wish in strange]
    assert refused == ["deals.no_line", "deals.receipt_unknown"]
    agree(edge, server)


@SQLITE
def test_what_is_said_in_the_shop_is_read_at_the_server_also_after_it_was_restored(both: tuple[Edge, Server]) -> None:
    edge, server = both
    _, receipt = bought(edge, {"A": 2, "B": 1})
    Desk(edge.shop.db, LINKS, edge.shop.clock).object(
        MINA, LINKS.token(receipt), Said(line=1, qty=None, reason="wrong", key="there", request=b"there")
    )
    together(edge, server)
    assert outcomes(server, receipt) == {1: ("review", 0)}

    def forget(tx: Tx) -> None:
        tx.execute(sa.delete(wish_records.heard))
        tx.execute(sa.delete(wish_records.standing))

    server.write(forget)
    assert outcomes(server, receipt) == {}
    together(edge, server)
    assert outcomes(server, receipt) == {1: ("review", 0)}


@SQLITE
def test_words_behind_a_gap_are_not_taken_and_old_ones_are_passed_over(both: tuple[Edge, Server]) -> None:
    edge, server = both
    _, receipt = bought(edge, {"A": 1})
    machine = taking.machine(N, SHOP)

    def hears(*words: Word) -> int:
        return int(server.write(lambda tx: taking.take(tx, machine, Batch(SHOP, (), words), at_us=edge.shop.t)).words)

    def word(n: int, state: State) -> Word:
        return Word(n=n, standing=Standing(receipt=receipt, state=state, objections=()))

    assert hears(word(2, "disputed")) == 0
    assert page(server, receipt).state == "charged"
    assert hears(word(1, "review"), word(2, "disputed")) == 2
    assert hears(word(1, "review")) == 2
    assert page(server, receipt).state == "disputed"


@SQLITE
def test_a_word_on_a_receipt_that_never_came_up_holds_up_nothing(both: tuple[Edge, Server]) -> None:
    edge, server = both
    _, receipt = bought(edge, {"A": 2})
    unknown = Word(n=1, standing=Standing(receipt=derived("of before"), state="disputed", objections=()))
    machine = taking.machine(N, SHOP)
    assert server.write(lambda tx: taking.take(tx, machine, Batch(SHOP, (), (unknown,)), at_us=edge.shop.t)).words == 1
    says(server, receipt, 1)
    together(edge, server)
    assert outcomes(server, receipt) == {1: ("review", 0)}


@SQLITE
def test_a_wish_that_cannot_be_posted_for_a_fault_holds_up_no_receipt_and_is_tried_again(
    both: tuple[Edge, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    edge, server = both
    _, receipt = bought(edge, {"A": 1, "B": 1})

    def fault(*_args: object, **_more: object) -> None:
        raise RuntimeError("a fault of ours")

    says(server, receipt, 2)
    with monkeypatch.context() as broken:
        broken.setattr("madang.edge.hearing.post", fault)
        edge.buys({"A": 1})
        together(edge, server)
    assert outcomes(server, receipt) == {2: ("sent", 0)}
    assert len(every_receipt(server.db)) == 2, "the next sale has come"
    edge.shop.later(HOUR_US)
    together(edge, server)
    assert outcomes(server, receipt) == {2: ("refunded", 1_100)}
    agree(edge, server)


@SQLITE
def test_the_cash_receipt_follows_what_was_given_back(both: tuple[Edge, Server]) -> None:
    edge, server = both
    reader = Reader("cash", cash_receipts.HANDLERS)
    _, receipt = bought(edge, {"A": 1, "B": 1})
    desk(server).ask_cash(MINA, LINKS.token(receipt), "010-1234-5678", business=False, always=False)
    says(server, receipt, 1)
    together(edge, server)
    reader.catch_up(server.db, neighbourhood=N)
    wish = server.read(lambda tx: cash_receipts.wish_of(tx, sale(server).deal))
    assert wish is not None
    assert wish.krw == 1_100


@SQLITE
def test_of_a_shop_without_a_key_here_nothing_can_be_said(both: tuple[Edge, Server]) -> None:
    edge, server = both
    _, receipt = bought(edge, {"A": 1})
    others = Desk(server.db, LINKS, server.clock, there=wishing.Wishes({"s2"}))
    shown = others.open(MINA, LINKS.token(receipt))
    assert (shown.may_object, shown.elsewhere) == (False, "")
    with pytest.raises(Conflict, match=r"deals\.already_said"):
        others.object(MINA, LINKS.token(receipt), Said(line=1, qty=None, reason="wrong", key="k", request=b"k"))


@SQLITE
def test_the_page_says_what_became_of_a_tap(both: tuple[Edge, Server]) -> None:
    edge, server = both
    _, receipt = bought(edge, {"A": 2, "B": 1})
    client = Client(create_app(Shopfront(neighbourhood=N, desk=desk(server), clock=server.clock)))
    at = f"/r/{LINKS.token(receipt)}"

    def text(language: str = "ko", more: str = "") -> str:
        return str(client.get(at + more, headers={"Accept": "text/html", "Accept-Language": language}).text)

    assert text().count("맞지 않아요") == 2
    answer = client.post(
        f"{at}/wrong/2", data={"reason": "wrong"}, headers={"Idempotency-Key": "k", "Accept": "text/html"}
    )
    assert answer.status_code == 303
    assert "가게에 전함" in text()
    assert "가게에 전했어요" in text(more="?done=2")
    assert "Sent to the shop" in text("en")
    together(edge, server)
    assert "환불됨 1,100원" in text()


@SQLITE
@pytest.mark.parametrize("seed", [1])
def test_whatever_the_line_does_each_word_is_posted_once_and_both_pages_agree(
    both: tuple[Edge, Server], seed: int
) -> None:
    edge, server = both
    rng = random.Random(seed)
    for n in range(40):
        kind = rng.random()
        if kind < 0.2:
            edge.buys(rng.choice([{"A": 1, "B": 1}, {"A": 2}, {"B": 2}]))
            restock(edge.shop)
        elif kind < 0.45 and (there := [one for one in every_receipt(server.db).values() if one.original is None]):
            at = rng.choice(sorted(there, key=lambda one: one.number))
            with contextlib.suppress(Conflict):
                says(server, at.id, rng.choice(at.lines).number, appeal=rng.random() < 0.3, key=f"k{n}")
        elif kind < 0.6 and (asked := [v for v in visits(edge) if edge.shop.deal(v).state == "disputed"]):
            decides(edge, rng.choice(asked), rng.choice(["decline", "refund"]))
        elif kind < 0.7:
            edge.line.cut, edge.line.mute, edge.line.twice = (rng.random() < 0.4 for _ in range(3))
        elif kind < 0.75:
            edge.sending = Sending(edge.shop.db, BY, SHOP, edge.line, edge.shop.clock)  # the shop's process died
        else:
            edge.shop.later(4_000_000)
            server.clock.set(edge.shop.t)
            edge.exchange()
    edge.line.cut = edge.line.mute = edge.line.twice = False
    for _ in range(20):
        together(edge, server)
        if not (asked := [v for v in visits(edge) if edge.shop.deal(v).state == "disputed"]):
            break
        decides(edge, asked[0], "decline")
    assert server.read(lambda tx: taking.progress(tx, SHOP))["wishes"] == 0
    here = Desk(edge.shop.db, LINKS, edge.shop.clock)
    spoken = 0
    for receipt in every_receipt(server.db):
        said = here.open(MINA, LINKS.token(receipt)).objections
        assert page(server, receipt).objections == said
        spoken += len(said)
    assert spoken >= 4
    agree(edge, server)


@SQLITE
def test_the_rest_of_a_line_that_was_adjusted_down_can_be_called_wrong_at_the_server(both: tuple[Edge, Server]) -> None:
    edge, server = both
    visit, receipt = bought(edge, {"A": 2, "B": 1})
    edge.shop.says(shop_receipt({"A": 1, "B": 1}, visit=visit, revision=1))
    assert edge.exchange()
    [adjusted] = page(server, receipt).objections
    assert (adjusted.line, adjusted.refunded_krw, adjusted.may_object) == (1, 3_000, True)
    says(server, receipt, 1)
    together(edge, server)
    assert outcomes(server, receipt) == {1: ("refunded", 6_000)}
    assert not page(server, receipt).objections[0].may_object
    agree(edge, server)


@SQLITE
def test_what_was_called_wrong_before_the_shop_told_of_such_is_told_and_can_be_appealed(
    both: tuple[Edge, Server],
) -> None:
    edge, server = both
    visit, receipt = bought(edge, {"A": 2, "B": 1})
    at_the_shop = Desk(edge.shop.db, LINKS, edge.shop.clock)
    at_the_shop.object(MINA, LINKS.token(receipt), Said(line=1, qty=None, reason="wrong", key="k", request=b"k"))
    decides(edge, visit, "decline")
    edge.exchange()

    def of_before(tx: Tx) -> None:
        for name in ("edge_words", "edge_heard", "edge_standing"):
            tx.execute(sa.delete(metadata.tables[name]))

    edge.shop.write(of_before)
    server.write(of_before)
    assert outcomes(server, receipt) == {}
    edge.sending = Sending(edge.shop.db, BY, SHOP, edge.line, edge.shop.clock)  # another program
    together(edge, server)
    edge.exchange()
    [said] = page(server, receipt).objections
    assert (said.outcome, said.may_appeal) == ("declined", True)
    words = edge.shop.read(lambda tx: wish_records.last_word(tx, SHOP))
    edge.sending = Sending(edge.shop.db, BY, SHOP, edge.line, edge.shop.clock)  # another program
    edge.exchange()
    edge.exchange()
    assert edge.shop.read(lambda tx: wish_records.last_word(tx, SHOP)) == words, "it is told once"


@SQLITE
def test_a_shop_that_was_restored_says_anew_how_its_receipts_stand(both: tuple[Edge, Server]) -> None:
    edge, server = both
    visit, receipt = bought(edge, {"A": 2, "B": 1})
    at_the_shop = Desk(edge.shop.db, LINKS, edge.shop.clock)
    at_the_shop.object(MINA, LINKS.token(receipt), Said(line=1, qty=None, reason="wrong", key="k", request=b"k"))
    together(edge, server)
    last = edge.shop.read(lambda tx: wish_records.last_word(tx, SHOP))
    told = Standing(receipt=receipt, state="charged", objections=(Objection(line=1, outcome="declined"),))
    server.write(  # what the shop said after its backup was made
        lambda tx: wishing.hear(tx, BY, SHOP, [Word(n=last + 1, standing=told)], at_us=edge.shop.t)
    )
    assert outcomes(server, receipt) == {1: ("declined", 0)}
    edge.shop.later(5_000_000)
    edge.shop.clock.set(edge.shop.t)
    edge.sending.exchange()  # it hears that the server knows more, and dies
    edge.sending = Sending(edge.shop.db, BY, SHOP, edge.line, edge.shop.clock)
    for _ in range(2):
        edge.shop.later(5_000_000)
        edge.exchange()
    assert outcomes(server, receipt) == {1: ("review", 0)}
    assert edge.shop.deal(visit).state == "disputed"


def test_the_operator_of_the_server_sees_what_a_shop_has_not_answered_for_a_day(both: tuple[Edge, Server]) -> None:
    edge, server = both
    _, receipt = bought(edge, {"A": 2, "B": 1})
    edge.line.cut = True
    says(server, receipt, 1)
    says(server, receipt, 2)

    def seen(after_us: int) -> list[tuple[int, str]]:
        at_us = server.clock.now_us() + after_us
        return [(one.n, one.where) for one in server.read(lambda tx: unheard.waits(tx, BY, at_us))]

    assert seen(DAY_US - 1) == []
    assert seen(DAY_US) == [(2, f"/console/trail?about=receipt/{receipt}")]
    edge.line.cut = False
    together(edge, server)
    assert seen(2 * DAY_US) == []
