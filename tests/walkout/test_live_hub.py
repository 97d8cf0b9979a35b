"""The hub: what a page is told when it comes, follows, falls behind and comes back."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests import small_shop

from madang.kernel import ManualClock, TooMany
from madang.walkout import live, live_log
from madang.walkout.live import Hub, Hubs
from madang.walkout.live_model import CartLine, Dot


@pytest.fixture
def hub(clock: ManualClock) -> Hub:
    return small_shop.hub(clock)


def kinds(events: list[live_log.Event]) -> list[str]:
    return [event.name for event in events]


def test_a_new_page_gets_everything_at_once(hub: Hub) -> None:
    cursor, events = hub.take(-1)
    assert kinds(events) == ["snapshot"]
    snapshot = events[0].data
    assert {"plan", "items", "shop", "clock", "people", "stock", "books", "health", "totals"} <= snapshot.keys()
    assert [len(snapshot[part]) for part in ("carts", "gates", "moves", "receipts")] == [1, 2, 1, 2]
    assert hub.take(cursor) == (cursor, [])


def test_a_page_that_follows_gets_what_happens_in_order(hub: Hub) -> None:
    cursor, _ = hub.take(-1)
    hub.gate(id="g3", t_us=1, event="left", visit="v1")
    hub.clock(2, 4.0)
    hub.gate(id="g4", t_us=3, event="entered", visit="v2")
    _, events = hub.take(cursor)
    assert kinds(events) == ["gate", "clock", "gate"]
    assert [event.seq for event in events] == sorted(event.seq for event in events)


def test_people_frames_that_were_not_fetched_are_put_together(hub: Hub) -> None:
    cursor, _ = hub.take(-1)
    for x in range(100):
        hub.people([Dot(id="t1", x=x, y=0)], t_us=x)
    _, events = hub.take(cursor)
    assert kinds(events) == ["people"]
    assert events[0].data["people"][0]["x"] == 99


def test_only_the_latest_cart_of_a_visit_is_sent(hub: Hub) -> None:
    cursor, _ = hub.take(-1)
    for n in (1, 2, 3):
        hub.cart(visit="v1", t_us=n, lines=[CartLine(product="A1", qty=n, probability=1.0)], confidence=1.0)
        hub.cart(visit="v2", t_us=n, lines=[], confidence=1.0)
    _, events = hub.take(cursor)
    assert [(event.data["visit"], len(event.data["lines"])) for event in events] == [("v1", 1), ("v2", 0)]
    assert events[0].data["lines"][0]["qty"] == 3


def test_a_page_that_fell_behind_the_ring_gets_a_snapshot(hub: Hub) -> None:
    cursor, _ = hub.take(-1)
    for n in range(live_log.RING + 5):
        hub.gate(id=f"x{n}", t_us=n, event="entered", visit=f"v{n}")
    _, events = hub.take(cursor)
    assert kinds(events) == ["snapshot"]


def test_the_log_stays_bounded_however_much_happens(hub: Hub) -> None:
    for n in range(live_log.RING * 2):
        hub.gate(id=f"x{n}", t_us=n, event="entered", visit=f"v{n}")
        hub.cart(visit=f"v{n}", t_us=n, lines=[], confidence=1.0, closed=True)
    assert len(hub._log.ring) <= live_log.RING
    snapshot = hub.snapshot()
    assert len(snapshot["gates"]) == live.KEPT["gate"]
    assert sum(cart["closed"] for cart in snapshot["carts"]) == live.KEPT_CLOSED_CARTS


def test_a_returning_page_gets_only_what_it_missed(hub: Hub) -> None:
    cursor, _ = hub.take(-1)
    hub.gate(id="g3", t_us=1, event="left", visit="v1")
    last_event_id = f"{hub._epoch}-{cursor}"
    assert kinds(hub.take(hub.cursor_of(last_event_id))[1]) == ["gate"]


@pytest.mark.parametrize("last_event_id", [None, "", "nonsense", "0-5", "zz-1", "-", "a-²"])
def test_a_page_of_an_earlier_run_or_with_nonsense_gets_a_snapshot(hub: Hub, last_event_id: str | None) -> None:
    assert kinds(hub.take(hub.cursor_of(last_event_id))[1]) == ["snapshot"]


def test_a_cursor_from_the_future_gets_a_snapshot(hub: Hub) -> None:
    assert kinds(hub.take(10**9)[1]) == ["snapshot"]


def test_groups_keep_the_number_they_first_got(hub: Hub) -> None:
    hub.gate(id="g3", t_us=1, event="entered", visit="v5")
    hub.cart(visit="v1", t_us=2, lines=[], confidence=1.0)
    numbers = {cart["visit"]: cart["n"] for cart in hub.snapshot()["carts"]}
    assert numbers["v1"] == 1
    assert [gate["n"] for gate in hub.snapshot()["gates"]] == [1, None, 4]


def test_cart_lines_get_names_prices_and_amounts_from_the_catalogue(hub: Hub) -> None:
    tea, apples = hub.snapshot()["carts"][0]["lines"]
    assert (tea["name_ko"], tea["name_en"], tea["amount_krw"]) == (
        "한울 녹차",
        "Hanul green tea, unsweetened, 500 ml bottle",
        3000,
    )
    assert apples["amount_krw"] == 690 * 430 // 100


def test_a_product_nobody_knows_is_shown_by_its_id(hub: Hub) -> None:
    hub.cart(visit="v1", t_us=1, lines=[CartLine(product="Z9", qty=1, probability=0.5)], confidence=0.5)
    (line,) = hub.snapshot()["carts"][0]["lines"]
    assert (line["name_ko"], line["amount_krw"]) == ("Z9", 0)


def test_a_move_said_again_takes_the_place_of_the_first(hub: Hub) -> None:
    again: dict[str, Any] = {"id": "m1", "t_us": 1, "kind": "pick", "product": "A1", "qty": 1, "facing": "s10"}
    hub.move(**again, visit="v1", probability=0.2, retracted=True)
    (move,) = hub.snapshot()["moves"]
    assert (move["qty"], move["retracted"]) == (1, True)


def test_what_staff_do_is_said_to_be_staffs(hub: Hub) -> None:
    hub.gate(id="g5", t_us=1, event="entered", visit="v7", role="staff")
    hub.move(id="m7", t_us=2, kind="put_back", product="A1", qty=1, facing="s10", visit="v7")
    assert [move["role"] for move in hub.snapshot()["moves"]] == ["customer", "staff"]


def test_stock_is_told_in_parts_and_kept_whole(hub: Hub) -> None:
    hub.stock({"n10": {"A1": 1}})
    stock = hub.snapshot()["stock"]["stock"]
    assert stock["n10"] == {"A1": 1}
    assert stock["s11"] == {"A2": 0}


def test_what_was_sent_does_not_change_afterwards(hub: Hub) -> None:
    stock = {"n10": {"A1": 7}}
    hub.stock(stock)
    stock["n10"]["A1"] = 0
    assert hub.snapshot()["stock"]["stock"]["n10"] == {"A1": 7}


def test_names_with_markup_or_line_breaks_stay_one_event(hub: Hub) -> None:
    cursor, _ = hub.take(-1)
    hub.receipt(
        id="r2",
        visit="v2",
        t_us=1,
        total_krw=0,
        items=0,
        confidence=1,
        decision="charge",
        state="charged",
        label="a\n\ndata: <b>",
    )
    frame = hub.take(cursor)[1][0].frame("e")
    assert frame.count(b"\n") == 4
    assert json.loads(frame.split(b"data: ", 1)[1].decode())["label"] == "a\n\ndata: <b>"


# --- the stream ----------------------------------------------------------------------------------------------------
async def heard(stream: AsyncIterator[bytes], n: int) -> list[bytes]:
    return [await anext(stream) for _ in range(n)]


def names(chunks: list[bytes]) -> list[str]:
    return [line[7:].decode() for chunk in chunks for line in chunk.splitlines() if line.startswith(b"event: ")]


def test_a_stream_starts_with_the_snapshot_and_goes_on_with_events(hub: Hub) -> None:
    async def scenario() -> list[bytes]:
        stream = hub.stream(pace_s=0)
        first = await heard(stream, 2)
        hub.gate(id="g3", t_us=1, event="left", visit="v1")
        return first + await heard(stream, 1)

    assert names(asyncio.run(scenario())) == ["snapshot", "gate"]


def test_a_sleeping_stream_is_woken_from_another_thread(hub: Hub) -> None:
    async def scenario() -> list[bytes]:
        stream = hub.stream(pace_s=0, heartbeat_s=60)
        await heard(stream, 2)
        next_one = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        threading.Thread(target=lambda: hub.clock(5, 1.0)).start()
        return [await asyncio.wait_for(next_one, 20)]

    assert names(asyncio.run(scenario())) == ["clock"]


def test_a_quiet_shop_still_says_that_it_is_there(hub: Hub) -> None:
    async def scenario() -> list[bytes]:
        stream = hub.stream(pace_s=0, heartbeat_s=0.001)
        return await heard(stream, 3)

    assert names(asyncio.run(scenario())) == ["snapshot", "beat"]


def test_every_stream_ends_when_the_shop_closes(hub: Hub) -> None:
    async def scenario() -> int:
        stream = hub.stream(pace_s=0, heartbeat_s=60)
        await heard(stream, 2)
        rest = asyncio.ensure_future(anext(stream, b"end"))
        await asyncio.sleep(0)
        Hubs([hub]).close()
        assert await asyncio.wait_for(rest, 20) == b"end"
        return hub.pages

    assert asyncio.run(scenario()) == 0


def test_a_page_that_goes_away_is_forgotten(hub: Hub) -> None:
    async def scenario() -> None:
        stream = hub.stream(pace_s=0)
        await heard(stream, 2)
        assert hub.pages == 1
        await stream.aclose()  # type: ignore[attr-defined]
        assert hub.pages == 0

    asyncio.run(scenario())


def test_pages_of_a_loop_that_died_do_not_hold_the_shop_up(hub: Hub) -> None:
    loop = asyncio.new_event_loop()
    stream = hub.stream(pace_s=0)
    loop.run_until_complete(heard(stream, 2))
    assert hub.pages == 1
    loop.close()
    hub.clock(9, 1.0)
    assert hub.pages == 0


def test_more_pages_than_the_shop_can_serve_are_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PAGES_MAX", 0)
    with pytest.raises(TooMany):
        hub.check_room()


def test_many_threads_may_speak_at_once_and_no_event_is_lost(hub: Hub) -> None:
    cursor, _ = hub.take(-1)

    def speak(name: str) -> None:
        for n in range(100):
            hub.gate(id=f"{name}{n}", t_us=n, event="entered", visit=name)

    threads = [threading.Thread(target=speak, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _, events = hub.take(cursor)
    assert len({event.data["id"] for event in events}) == 400
    assert [event.seq for event in events] == list(range(cursor + 1, cursor + 401))
