"""A shop that is served in this process, on both databases, with the sensors' time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
from tests.serve.serve_shop import (
    FIRST,
    LAYOUT,
    PERSON,
    SECOND,
    SHOP,
    Caller,
    batches,
    done,
    left_us,
    made,
    price_of,
    visit,
)

from madang import jobs, journal, ledger
from madang.db import Tx
from madang.kernel import Conflict, Forbidden, MadangError, ManualClock, derived
from madang.kernel.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from madang.kernel.settings import Settings
from madang.serve import checkin, keys
from madang.serve.serving import Asked, Serving
from madang.walkout import books, conservation, records, service
from madang.walkout.records import Rules

KEYS = {f"{device}": b"a key of sixteen" for device in ("gondola-1", "cameras", "gate", "hands")}


@pytest.fixture
def both_url(db_url: str, tmp_path: Path) -> str:
    """A database with the shop, on SQLite and on PostgreSQL."""
    made(tmp_path, db_url)
    return db_url


@pytest.fixture
def made_url(sqlite_url: str, tmp_path: Path) -> str:
    """A SQLite database with the shop."""
    made(tmp_path, sqlite_url)
    return sqlite_url


def settings(url: str, tmp_path: Path) -> Settings:
    return Settings(home=str(tmp_path / "data"), database=url, port=0)


def asked(**more: Any) -> Asked:
    return Asked(shop=SHOP, rules=Rules(5, 5_000), stock_as_planned=True, **more)


@contextlib.contextmanager
def served(url: str, tmp_path: Path, clock: ManualClock, **more: Any) -> Iterator[tuple[Serving, Caller]]:
    with Serving(settings(url, tmp_path), asked(**more), clock=clock) as serving:
        serving.start()
        caller = Caller(serving.url, keys.operator_key(tmp_path / "data"))
        with contextlib.closing(caller):
            yield serving, caller


class Open(NamedTuple):
    """A shop that stays open for several tests."""

    serving: Serving
    caller: Caller
    clock: ManualClock


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    folder, clock = tmp_path_factory.mktemp("open"), ManualClock()
    url = f"sqlite:///{folder / 'madang.db'}"
    made(folder, url)
    with served(url, folder, clock) as (serving, caller):
        yield Open(serving, caller, clock)


def play(serving: Serving, caller: Caller, clock: ManualClock, sent: list[tuple[int, bytes]], **headers: str) -> None:
    for at_us, batch in batches(sent):
        clock.set(max(at_us, clock.now_us()))
        assert caller.sense(batch, **headers)["malformed"] == 0
    for _ in range(10):
        clock.advance(s=2)
        serving.gateway.tick()
    assert serving.live.settle(serving.gateway.end, timeout_s=20)


def until(true: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 10
    while not (found := true()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found


def test_a_shopper_walks_out_over_a_restart_and_the_receipt_opens(
    both_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    sent, truth = visit(clock.now_us())
    assert truth == {FIRST: 1, SECOND: 2}
    middle = len(sent) // 3
    with served(both_url, tmp_path, clock) as (serving, caller):
        assert caller.check_in(credential="c1", person=str(PERSON), top_up_krw=20_000).json()["wallet_krw"] == 20_000
        for at_us, batch in batches(sent[:middle]):
            clock.set(max(at_us, clock.now_us()))
            caller.sense(batch)
        assert caller.status()["ok"]
        first = run_of(serving)
    with served(both_url, tmp_path, clock) as (serving, caller):
        assert run_of(serving) == first
        play(serving, caller, clock, sent)  # a sensor sends again what it got no answer for
        (receipt,) = caller.snapshot()["receipts"]
        assert (receipt["state"], receipt["items"]) == ("charged", 3)
        assert receipt["total_krw"] == price_of(FIRST) + 2 * price_of(SECOND)
        page = caller.get(receipt["url"])
        assert page.status_code == 200
        assert "불고기" in page.text
        assert serving.books.check(), serving.books.faults
        status = caller.status()
        assert (status["shop"], status["faults"]) == (SHOP, [])
        assert not status["ok"], "the sensors have been silent for long"
        assert sum(device["batches"] for device in status["devices"]) == len(sent)
        assert sum(device["duplicate"] for device in status["devices"]) == middle
        assert balance(serving, wallet()) == 20_000 - receipt["total_krw"]
        shelf = serving.db.read(shelf_of_first, neighbourhood="n1")
        assert balance(serving, shelf) == LAYOUT["planogram"][0]["count"][FIRST] - 1, "stocked once, one was sold"


def run_of(serving: Serving) -> int:
    found = serving.db.read(lambda tx: records.last_run(tx, SHOP), neighbourhood="n1")
    assert found is not None
    return found.number


def balance(serving: Serving, key: ledger.AccountKey) -> int:
    return serving.db.read(lambda tx: ledger.balance(tx, key).posted, neighbourhood="n1")


def wallet() -> ledger.AccountKey:
    return ledger.AccountKey(ledger.Book.MONEY, "wallet", str(PERSON), "KRW")


def shelf_of_first(tx: Tx) -> ledger.AccountKey:
    (key,) = (k for k in ledger.balances(tx, code="shelf", owner_prefix=SHOP) if k.unit == books.piece(FIRST))
    return key


def test_another_planogram_begins_another_run(made_url: str, tmp_path: Path, clock: ManualClock) -> None:
    with served(made_url, tmp_path, clock) as (serving, _):
        first = run_of(serving)
    sheet = tmp_path / "planogram.csv"
    rows = sheet.read_text(encoding="utf-8").splitlines()
    sheet.write_text("\n".join(rows[:-1]), encoding="utf-8")
    done("import", "planogram", str(sheet), "--shop", SHOP, "--whole", "--database", made_url)
    with served(made_url, tmp_path, clock) as (serving, _):
        assert run_of(serving) == first + 1
        assert len(serving.live.layout["planogram"]) == len(rows) - 2


def test_timers_go_off_without_a_sensor(open_shop: Open) -> None:
    serving, _, clock = open_shop
    rung: list[str] = []

    def ring(_: Tx, job: jobs.Job) -> None:
        rung.append(job.payload["word"])

    jobs.handler("test.serve.bell")(ring)
    due_us = clock.now_us() + 5 * SECOND_US

    def set_it(tx: Tx) -> None:
        jobs.set_timer(tx, id=PERSON, due_us=due_us, kind="test.serve.bell", payload={"word": "now"})

    serving.db.write(set_it, neighbourhood="n1")
    clock.set(due_us)
    until(lambda: rung == ["now"], "the timer did not go off")


def test_what_time_decides_is_on_the_live_page_at_once(made_url: str, tmp_path: Path, clock: ManualClock) -> None:
    sent, _ = visit(clock.now_us())
    with served(made_url, tmp_path, clock) as (serving, caller):
        caller.check_in(credential="c1", top_up_krw=20_000)
        for at_us, batch in batches([one for one in sent if one[0] < left_us(sent) - 500_000]):
            clock.set(max(at_us, clock.now_us()))
            caller.sense(batch)  # nobody is seen to leave, and no sensor speaks again
        assert serving.live.settle(serving.gateway.end, timeout_s=20)
        clock.advance(us=4 * HOUR_US)
        until(lambda: [r["state"] for r in caller.snapshot()["receipts"]] == ["review"], "the review was not shown")
        clock.advance(us=3 * DAY_US)
        until(lambda: [r["state"] for r in caller.snapshot()["receipts"]] == ["charged"], "its lapse was not shown")


def test_the_review_desk_is_behind_the_operators_key(open_shop: Open) -> None:
    serving, caller, clock = open_shop
    desk = caller.get(f"/desk/{SHOP}")
    assert (desk.status_code, desk.headers["location"]) == (303, f"/sign-in?next=%2Fdesk%2F{SHOP}")
    key = keys.operator_key(serving.home)
    clock.advance(s=60)
    assert caller.sign_in("guess").status_code == 401
    assert caller.sign_in(key).status_code == 303
    assert caller.get(f"/desk/{SHOP}").status_code == 200


def test_the_logs_of_past_disputes_are_swept_and_the_day_is_tidied(
    open_shop: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, _, clock = open_shop
    asked_for: list[int] = []
    monkeypatch.setattr(serving.gateway, "destroy_before", lambda _, before_us, _tell: asked_for.append(before_us))
    serving.sweep()
    assert asked_for == [clock.now_us() - 14 * DAY_US]
    serving.books.tidy()
    assert serving.books.faults == ()


def test_books_that_differ_are_logged_and_shown(
    open_shop: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    serving, caller, _ = open_shop
    until(lambda: serving.books.checked_us, "the first check was not made")
    wrong = ["goods: F1: 3 are accounted for, 4 were received"]
    monkeypatch.setattr(conservation, "differences", lambda *_: wrong)
    assert not serving.books.check()
    assert caller.status()["ok"] is False
    assert caller.status()["faults"] == wrong
    assert any(record.getMessage() == "serve.books_differ" for record in caplog.records)
    monkeypatch.undo()
    assert serving.books.check()


def test_an_entry_code_is_the_operators_to_give_and_given_once(open_shop: Open) -> None:
    serving, caller, _ = open_shop
    with contextlib.closing(Caller(serving.url, "guessed")) as stranger:
        assert stranger.check_in(credential="c1").json()["code"] == "serve.operator_key"
    first = caller.check_in("k1", credential="c1", top_up_krw=1000).json()
    assert caller.check_in("k1", credential="c1", top_up_krw=1000).json() == first
    assert caller.check_in("k1", credential="c2").json()["code"] == "guard.key_reused"
    assert caller.check_in("", credential="c2").json()["code"] == "guard.bad_key"
    assert caller.check_in("k2", credential="c1").json()["code"] == "members.credential_taken"
    assert caller.check_in("k3", credential="c3", person=first["person"]).json()["wallet_krw"] == 1000


def test_a_doubtful_visit_waits_for_the_operator_and_is_answered_once(
    made_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    sent, _ = visit(clock.now_us())
    with served(made_url, tmp_path, clock) as (serving, caller):
        caller.check_in(credential="c1", top_up_krw=20_000)
        for at_us, batch in batches([one for one in sent if one[0] < left_us(sent) - 500_000]):
            clock.set(max(at_us, clock.now_us()))
            caller.sense(batch)  # nobody is seen to leave
        assert serving.live.settle(serving.gateway.end, timeout_s=20)
        clock.advance(us=4 * HOUR_US)
        (waits,) = until(lambda: caller.visits("in_review"), "the visit did not go to review")
        assert waits["why"] == "timed_out"
        wrong = caller.decide(waits["id"], "k1", decision="answer")
        assert (wrong.status_code, wrong.json()["code"]) == (400, "web.unreadable")
        taken = [{"product": FIRST, "qty": 2}]
        done = caller.decide(waits["id"], "k2", decision="answer", taken=taken).json()
        assert done["state"] == "charged"
        assert caller.decide(waits["id"], "k2", decision="answer", taken=taken).json() == done
        assert caller.decide(waits["id"], "k3", decision="answer", offer=0).status_code == 409
        assert caller.visits("in_review") == []
        (known,) = caller.visits("charged")
        assert (known["id"], known["carried"], known["refunded_krw"]) == (waits["id"], {FIRST: 2}, 0)
        whole = caller.visit(waits["id"]).json()
        assert (whole["visit"], [one["total_krw"] for one in whole["receipts"]]) == (known, [2 * price_of(FIRST)])
        assert known["charged_krw"] == 2 * price_of(FIRST)
        assert (missing := caller.visit(str(UUID(int=7)))).status_code == 404
        assert missing.json()["code"] == "deals.unknown"
        (receipt,) = caller.snapshot()["receipts"]
        assert receipt["state"] == "charged"
        page = caller.get(receipt["url"])
        assert f"{2 * price_of(FIRST):,}" in page.text
        assert serving.books.check(), serving.books.faults


def test_devices_with_keys_are_told_from_those_without(made_url: str, tmp_path: Path, clock: ManualClock) -> None:
    sent, _ = visit(clock.now_us())
    _, batch = next(batches(sent))
    with served(made_url, tmp_path, clock, devices=KEYS) as (_, caller):
        assert caller.sense(batch)["taken"] == 0
        assert caller.sense(batch, Authorization="Bearer a key of sixteen")["refused"] == 0


def test_nobody_serves_the_network_without_keys_for_the_sensors(tmp_path: Path) -> None:
    known = Settings(home=str(tmp_path), host="0.0.0.0")
    with pytest.raises(Forbidden, match=r"serve.devices_needed.*--devices"):
        Serving(known, asked())


def test_a_shop_is_served_once(postgres_url: str, tmp_path: Path, clock: ManualClock) -> None:
    made(tmp_path, postgres_url)
    with served(postgres_url, tmp_path, clock), pytest.raises(MadangError, match=r"db.in_use"):
        Serving(settings(postgres_url, tmp_path), asked(), clock=clock).start()


@pytest.mark.parametrize(
    ("without", "code", "way_out"),
    [
        ("planogram", "serve.no_planogram", "madang import planogram FILE --shop corner"),
        ("prices", "serve.no_prices", "madang import prices FILE --shop corner"),
        ("stock", "serve.no_stock", "madang serve --shop corner --stock-as-planned"),
    ],
)
def test_what_is_missing_is_said_with_the_command_that_brings_it(
    sqlite_url: str, tmp_path: Path, clock: ManualClock, without: str, code: str, way_out: str
) -> None:
    made(tmp_path, sqlite_url, without=without)
    wanted = Asked(shop=SHOP, rules=Rules(5, 5_000), stock_as_planned=without != "stock")
    with pytest.raises(Conflict) as raised:
        Serving(settings(sqlite_url, tmp_path), wanted, clock=clock).start()
    assert raised.value.code == code
    assert way_out in raised.value.text("ko")
    assert way_out in raised.value.text("en")


def test_what_is_destroyed_is_on_record_and_what_a_dispute_needs_is_not_destroyed(
    made_url: str, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("madang.serve.serving.DAY_US", MINUTE_US)  # the log is kept for a minute
    sent, _ = visit(clock.now_us())
    known = msgspec.structs.replace(settings(made_url, tmp_path), sensor_log_d=1)
    wanted = Asked(shop=SHOP, rules=Rules(5, 0), stock_as_planned=True)
    with Serving(known, wanted, clock=clock) as serving:
        serving.start()
        log = serving.gateway._log
        log._segment_bytes = 20_000
        with contextlib.closing(Caller(serving.url, keys.operator_key(tmp_path / "data"))) as caller:
            caller.check_in(credential="c1", top_up_krw=20_000)
            play(serving, caller, clock, sent)
            (receipt,) = caller.snapshot()["receipts"]
            dispute(serving, UUID(receipt["id"]), clock.now_us())
            later(serving, clock)
            assert [one["id"] for one in caller.visits("disputed")] == [receipt["id"]]
            assert log.first == 0, "the disputed visit's part of the log was destroyed"
            assert caller.decide(receipt["id"], "k1", decision="decline", reason="traces").status_code == 200
            serving.sweep()
            assert log.first == 0, "it was settled just now"
            assert destroyed(serving) == []
        later(serving, clock)
        (fact,) = destroyed(serving)
        assert (fact.body.first, fact.body.end, fact.body.why) == (0, log.first, "retention")
        assert fact.body.end > 0
        assert fact.body.bytes > fact.body.end
        assert fact.body.from_us <= sent[0][0] < fact.body.to_us
        serving.sweep()
        assert len(destroyed(serving)) == 1
        assert not list((tmp_path / "data").rglob("destroying.json"))


def dispute(serving: Serving, deal: UUID, at_us: int) -> None:
    by = checkin.operator("n1", SHOP)
    id = derived("test.dispute", deal)
    serving.db.write(lambda tx: service.dispute(tx, by, deal, 1, 1, id=id, at_us=at_us), neighbourhood="n1")


def later(serving: Serving, clock: ManualClock) -> None:
    """Four minutes go on in the empty shop; snapshots follow, so that no restart needs what was before; it is swept."""
    for _ in range(120):
        clock.advance(s=2)
        serving.gateway.tick()
    assert serving.live.settle(serving.gateway.end, timeout_s=60)
    serving.sweep()


def destroyed(serving: Serving) -> list[Any]:
    def read(tx: Tx) -> list[Any]:
        return journal.read(tx, serving.by, kinds=["walkout.log_destroyed"])

    return list(serving.db.read(read, neighbourhood="n1"))


def test_a_silent_sensor_is_a_fact_an_alarm_on_the_page_and_in_the_status(
    made_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    sent, _ = visit(clock.now_us())
    with served(made_url, tmp_path, clock) as (serving, caller):
        for at_us, batch in batches(sent[:200]):
            clock.set(max(at_us, clock.now_us()))
            caller.sense(batch)
            serving.watching.look()
        assert caller.status()["ok"]
        for _ in range(8):
            clock.advance(s=1)
            serving.gateway.tick()
            serving.watching.look()
        status = caller.status()
        silent = {one["id"] for one in status["devices"] if "silent" in one["alarms"]}
        assert "gondola-1" in silent
        assert "gate" not in silent
        assert not status["ok"]
        assert next(one for one in status["devices"] if one["id"] == "gondola-1")["ok"] is False

        def read(tx: Tx) -> list[Any]:
            return [fact.body for fact in journal.read(tx, serving.by, kinds=["sensors.alarm_began"])]

        assert {body.device for body in serving.db.read(read, neighbourhood="n1")} == silent
    with served(made_url, tmp_path, clock) as (serving, caller):
        assert "silent" in serving.watching.on("gondola-1"), "it is known over a restart"
