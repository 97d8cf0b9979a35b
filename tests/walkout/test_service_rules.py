"""Whatever the engine says, in whatever order, and whatever people answer: the books agree after every step."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.lending import Lending
from tests.walkout_shop import BY, PERSON, SHOP, STAFF, T0, N, Shop

from madang import ledger, payments
from madang.db import Database, open_database
from madang.db.private import PrivatePostgres
from madang.deals import Taken
from madang.kernel import Actor, Conflict, Invalid, Kind, NotFound, Role, derived
from madang.kernel.clock import HOUR_US
from madang.ledger import AccountKey, Transfer
from madang.walkout import books, conservation, service
from madang.walkout.model import Alternative, Entered, Lasting, Left, Line, Moved, Receipt

VISITS = ("v1", "v2", "x", "s")
CREDENTIALS = {"v1": "c1", "v2": "c2", "x": None, "s": "card"}
PRODUCTS = ("A", "B", "W", "C")
FACINGS = tuple(f"F{p}" for p in PRODUCTS)
SHOPPER = Actor(Kind.PERSON, str(PERSON), N, frozenset({Role.SHOPPER}))
_names = itertools.count()

lines = st.dictionaries(st.sampled_from(PRODUCTS), st.integers(1, 3), max_size=3)


def _lines(items: dict[str, int]) -> tuple[Line, ...]:
    return tuple(Line(p, n, 100.0 * n, 0.9) for p, n in items.items())


@st.composite
def updates(draw: st.DrawFn) -> Lasting:
    """One thing an engine might say; moves are few, so that revisions meet earlier ones."""
    visit = draw(st.sampled_from(VISITS))
    kind = draw(st.sampled_from(("entered", "left", "moved", "moved", "moved", "moved", "receipt")))
    if kind == "entered":
        return Entered(1.0, visit, CREDENTIALS[visit], "staff" if visit == "s" else "customer", None)
    if kind == "left":
        return Left(1.0, visit, CREDENTIALS[visit])
    if kind == "moved":
        return Moved(
            draw(st.floats(0, 9)),
            f"m{draw(st.integers(0, 5))}",
            draw(st.sampled_from(("pick", "pick", "put_back", "touch"))),
            draw(st.sampled_from((*PRODUCTS, None))),
            draw(st.integers(1, 7)),
            draw(st.sampled_from((*FACINGS, None))),
            "1-1-1",
            draw(st.sampled_from((*VISITS, None))),
            None,
            None,
            draw(st.sampled_from((0.2, 0.6, 0.95))),
            draw(st.integers(0, 3)),
            draw(st.booleans()) and draw(st.booleans()),
        )
    alternatives = tuple(Alternative(0.2, _lines(items)) for items in draw(st.lists(lines, max_size=2)))
    decision: Any = draw(st.sampled_from(("charge", "review")))
    return Receipt(1.0, visit, CREDENTIALS[visit] or "?", _lines(draw(lines)), 0.9, decision, alternatives)


@st.composite
def deeds(draw: st.DrawFn) -> tuple[Any, ...]:
    """One thing people or time might do."""
    visit = draw(st.sampled_from(("v1", "v2")))
    what = draw(st.sampled_from(("answer", "answer", "dispute", "dispute", "refund", "decline", "wait", "run")))
    return what, visit, draw(lines), draw(st.integers(1, 3)), draw(st.sampled_from((1, 4, 50, 400)))


def do(shop: Shop, deed: tuple[Any, ...], number: int) -> None:
    """Do it; what the state does not allow is refused and changes nothing."""
    what, visit, items, line, hours = deed
    id_, at_us, move = shop.id(visit, shop.run), shop.t, derived("deed", number)
    taken = [Taken(product=p, qty=n, grams=100 * n) for p, n in items.items()]
    steps = {
        "answer": lambda tx: service.answer(tx, STAFF, id_, taken, id=move, at_us=at_us, took_s=3),
        "dispute": lambda tx: service.dispute(tx, SHOPPER, id_, line, None, id=move, at_us=at_us),
        "refund": lambda tx: service.refund(tx, STAFF, id_, id=move, at_us=at_us),
        "decline": lambda tx: service.decline(tx, STAFF, id_, id=move, at_us=at_us),
    }
    if what == "wait":
        shop.later(hours * HOUR_US)
    elif what == "run":
        shop.new_run()
    elif shop.knows(visit):
        try:
            shop.write(steps[what])
        except (Conflict, Invalid, NotFound):  # NotFound: a deal of somebody else
            return
    shop.check()


def play(db: Database, script: list[Any]) -> None:
    shop = Shop(db, wallet_krw=4_000)
    for number, step in enumerate(script):
        if isinstance(step, tuple):
            do(shop, step, number)
        else:
            shop.says(step)


@st.composite
def scripts(draw: st.DrawFn) -> list[Any]:
    """Some come in first, so that much of what follows meets somebody."""
    first = [
        Entered(1.0, v, CREDENTIALS[v], "customer", None) for v in sorted(draw(st.sets(st.sampled_from(VISITS[:3]))))
    ]
    return first + draw(st.lists(st.one_of(updates(), updates(), updates(), deeds()), min_size=3, max_size=25))


slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


@pytest.mark.parametrize("examples", [15, pytest.param(60, marks=pytest.mark.soak)])
def test_the_books_agree_after_every_step_on_sqlite(
    _sqlite_template: Path,  # noqa: PT019
    tmp_path: Path,
    examples: int,
) -> None:
    settings(max_examples=examples, suppress_health_check=slow)(given(script=scripts())(_on_sqlite))(
        _sqlite_template, tmp_path
    )


def _on_sqlite(_sqlite_template: Path, tmp_path: Path, script: list[Any]) -> None:
    path = tmp_path / f"{next(_names)}.db"
    path.write_bytes(_sqlite_template.read_bytes())
    with open_database(f"sqlite:///{path}", durable=False) as db:
        play(db, script)


@pytest.mark.postgres
@pytest.mark.parametrize("examples", [6, pytest.param(30, marks=pytest.mark.soak)])
def test_the_books_agree_after_every_step_on_postgresql(
    postgres_server: PrivatePostgres,
    _lending: Lending,  # noqa: PT019
    examples: int,
) -> None:
    settings(max_examples=examples, suppress_health_check=slow)(given(script=scripts())(_on_postgres))(
        postgres_server, _lending
    )


def _on_postgres(postgres_server: PrivatePostgres, _lending: Lending, script: list[Any]) -> None:
    name = _lending.lend()
    with open_database(postgres_server.url(name), durable=False) as db:
        play(db, script)
    _lending.take_back(name)


def test_what_is_booked_past_the_deals_is_found(db: Database) -> None:
    shop = Shop(db)
    for number, (debit, credit, what) in enumerate(PLANTED):
        stray = Transfer(id=derived("stray", number), debit=debit, credit=credit, amount=1, at_us=shop.t)
        shop.write(lambda tx, stray=stray: ledger.post(tx, [stray]))
        found = shop.read(lambda tx: conservation.differences(tx, BY, SHOP))
        assert [text.split(":")[0] for text in found] == what
        back = Transfer(id=derived("back", number), debit=credit, credit=debit, amount=1, at_us=shop.t)
        shop.write(lambda tx, back=back: ledger.post(tx, [back]))
        shop.check()


def test_a_hold_that_nobody_has_is_found(db: Database) -> None:
    shop = Shop(db)
    debit, credit = books.shelf(SHOP, "FA", "A"), books.sold(SHOP, "A", shop.t)
    stray = Transfer(id=derived("stray"), debit=debit, credit=credit, amount=1, kind="pending", at_us=shop.t)
    shop.write(lambda tx: ledger.post(tx, [stray]))
    assert len(shop.read(lambda tx: conservation.differences(tx, BY, SHOP))) == 1


PLANTED = (
    (payments.wallet(str(PERSON)), payments.sales(SHOP, T0), ["money"]),
    (books.shelf(SHOP, "FA", "A"), AccountKey("goods", "sold", "elsewhere", "A:ea"), ["goods"]),
    (books.capacity("free", SHOP), AccountKey("capacity", "inside", "elsewhere", "place"), ["capacity"]),
)


def test_the_shop_of_these_tests_is_the_one_the_service_knows(db: Database) -> None:
    shop = Shop(db)
    assert shop.read(lambda tx: service.stock(tx, STAFF, SHOP))["FA"] == {"A": 5}
