"""The live stream: resumable, in order, bounded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from tests.journal.sample_facts import counted

from madang import journal
from madang.db import Database
from madang.journal import Beat, Fact, Feed, Resume, signals, sse
from madang.kernel import Actor, Forbidden, Kind, system

BY = system("n1")


@pytest.fixture
def feed(db: Database) -> Iterator[Feed]:
    feed = Feed(db, neighbourhood="n1", queue=50).start()
    yield feed
    feed.stop()


def write(db: Database, *numbers: int, **given: Any) -> None:
    news = [counted(n, **given) for n in numbers]
    db.write(lambda tx: journal.append_many(tx, BY, news), neighbourhood="n1")


async def take(stream: AsyncIterator[Any], count: int) -> list[int]:
    """The next ``count`` facts' numbers."""
    seen: list[int] = []
    async with asyncio.timeout(10):
        while len(seen) < count:
            item = await anext(stream)
            assert isinstance(item, (Fact, Beat)), item
            if isinstance(item, Fact):
                seen.append(item.seq)
    return seen


def test_a_page_gets_what_it_missed_and_then_what_comes_each_once(db: Database, feed: Feed) -> None:
    async def page() -> list[int]:
        stream = feed.live(BY, after=3)
        seen = await take(stream, 2)
        await asyncio.to_thread(write, db, *range(6, 9))
        seen += await take(stream, 3)
        await stream.aclose()  # type: ignore[attr-defined]
        return seen

    write(db, *range(1, 6))
    assert asyncio.run(page()) == [4, 5, 6, 7, 8]


def test_a_page_that_comes_back_with_its_last_id_misses_nothing(db: Database, feed: Feed) -> None:
    async def visits() -> list[int]:
        seen = list[int]()
        for start in range(1, 31, 3):
            stream = feed.live(BY, after=seen[-1] if seen else 0)
            await asyncio.to_thread(write, db, *range(start, start + 3))
            seen += await take(stream, 2)  # and the line breaks before the third
            await stream.aclose()  # type: ignore[attr-defined]
        return seen

    assert asyncio.run(visits()) == list(range(1, 21))


def test_without_a_cursor_a_page_starts_with_the_next_fact(db: Database, feed: Feed) -> None:
    async def page() -> list[int]:
        stream = feed.live(BY, beat_s=0.05)
        assert isinstance(await anext(stream), Beat)
        await asyncio.to_thread(write, db, 3)
        return await take(stream, 1)

    write(db, 1, 2)
    assert asyncio.run(page()) == [3]


def test_every_page_sees_every_fact_while_threads_write(db: Database, feed: Feed) -> None:
    async def pages() -> list[list[int]]:
        streams = [feed.live(BY, after=0) for _ in range(5)]
        writers = [threading.Thread(target=write, args=(db, n)) for n in range(1, 41)]
        for writer in writers:
            writer.start()
        seen = await asyncio.gather(*(take(stream, 40) for stream in streams))
        for writer in writers:
            writer.join()
        return list(seen)

    assert asyncio.run(pages()) == [list(range(1, 41))] * 5


def test_a_page_that_is_too_slow_is_told_to_resume_and_loses_nothing(db: Database, feed: Feed) -> None:
    async def slow() -> tuple[list[int], Resume, list[int]]:
        stream = feed.live(BY, after=0)
        first = await take(stream, 1)
        for start in range(2, 102, 10):
            await asyncio.to_thread(write, db, *range(start, start + 10))
        seen, last = first, None
        async with asyncio.timeout(10):
            async for item in stream:
                if isinstance(item, Fact):
                    seen.append(item.seq)
                last = item
        assert isinstance(last, Resume)
        rest = await take(feed.live(BY, after=last.after), 101 - len(seen))
        return seen, last, rest

    write(db, 1)
    seen, last, rest = asyncio.run(slow())
    assert last.after == seen[-1] < 101
    assert seen + rest == list(range(1, 102))


def test_a_page_sees_only_what_its_actor_may(db: Database, feed: Feed) -> None:
    clerk = Actor(Kind.PERSON, "p1", "n1", shops=frozenset({"s2"}))

    async def page() -> list[int]:
        return await take(feed.live(clerk, after=0), 2)

    async def elsewhere() -> None:
        with pytest.raises(Forbidden):
            await anext(feed.live(system("n2")))
        with pytest.raises(Forbidden):
            await anext(feed.live(clerk, shop="s1"))

    write(db, 1, shop="s1")
    write(db, 2, 3, shop="s2")
    assert asyncio.run(page()) == [2, 3]
    asyncio.run(elsewhere())


def test_a_page_sees_only_the_kinds_it_asked_for(db: Database, feed: Feed) -> None:
    async def page() -> list[int]:
        stream = feed.live(BY, after=0, kinds=["sample.counted"])
        none = feed.live(BY, after=0, kinds=["sample.spoiled"], beat_s=0.05)
        assert isinstance(await anext(none), Beat)
        return await take(stream, 1)

    write(db, 1)
    assert asyncio.run(page()) == [1]


def test_a_feed_that_stops_tells_its_pages_to_resume(db: Database) -> None:
    feed = Feed(db, neighbourhood="n1").start()

    async def page() -> Resume | Fact | Beat:
        stream = feed.live(BY, after=0)
        assert await take(stream, 1) == [1]
        await asyncio.to_thread(feed.stop)
        async with asyncio.timeout(10):
            return await anext(stream)

    write(db, 1)
    assert asyncio.run(page()) == Resume(1)


def test_facts_committed_by_another_process_are_found_without_its_bell(
    db: Database, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def page() -> list[int]:
        stream = feed.live(BY, after=0)
        first = await take(stream, 1)
        with monkeypatch.context() as patch:
            patch.setattr(signals, "of", lambda _name: signals.Signal())  # a bell in the other process
            await asyncio.to_thread(write, db, 2)
        return first + await take(stream, 1)

    write(db, 1)
    assert asyncio.run(page()) == [1, 2]


def test_a_fact_reads_as_a_server_sent_event(db: Database) -> None:
    write(db, 1, shop="s1")
    [fact] = db.read(lambda tx: journal.read(tx, BY), neighbourhood="n1")
    lines = sse(fact).decode().split("\n")
    assert lines[:2] == ["id: 1", "event: sample.counted"]
    assert '"body":{"product":"A001","pieces":1,"sure":true}' in lines[2]
    assert lines[3:] == ["", ""]
    assert sse(Resume(7)) == b'event: resume\ndata: {"after":7}\n\n'
    assert sse(Beat()).startswith(b":")
