"""The live stream: new facts to any number of pages as they are committed, resumable, with bounded queues.

One thread a neighbourhood (``Feed``) reads each new fact once and offers it to every listener's queue. A listener
first gets what it missed since its cursor from the database, then what comes. One that is too slow for its queue is
told to resume from its last fact and let go; a browser's ``EventSource`` does so by itself with ``Last-Event-ID``.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

import msgspec

from madang.db import Database, Tx
from madang.journal import records, signals
from madang.journal.model import Fact
from madang.journal.readers import LOOK_ROUND_S, log, whole
from madang.kernel import Actor, MadangError

QUEUE = 1000
PAGE = 200
BEAT_S = 15.0


@dataclass(frozen=True, slots=True)
class Beat:
    """Nothing happened for a while: keeps proxies from closing the line."""


@dataclass(frozen=True, slots=True)
class Resume:
    """The stream ends here; come back with ``after``."""

    after: int


class Listener:
    """One page's queue: filled by the feed's thread, emptied in the page's event loop."""

    def __init__(
        self, kinds: Collection[str] | None, shops: Collection[str] | None, size: int, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._kinds = None if kinds is None else frozenset(kinds)
        self._shops = None if shops is None else frozenset(shops)
        self._size, self._loop = size, loop
        self._queue: deque[Fact] = deque()
        self._news = asyncio.Event()
        self._lock = threading.Lock()
        self.ended = False

    def wants(self, fact: Fact) -> bool:
        return (self._kinds is None or fact.kind in self._kinds) and (self._shops is None or fact.shop in self._shops)

    def offer(self, facts: Collection[Fact]) -> None:
        """Queue what this listener wants; end it when it is too slow or its loop is gone."""
        wanted = [fact for fact in facts if self.wants(fact)]
        with self._lock:
            if len(self._queue) + len(wanted) > self._size:
                self._queue.clear()
                self.ended = True
            else:
                self._queue.extend(wanted)
        if wanted:
            self._wake()

    def end(self) -> None:
        self.ended = True
        self._wake()

    async def take(self, wait_s: float) -> list[Fact]:
        """What is queued; empty after ``wait_s`` without news."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), wait_s)
        self._news.clear()
        with self._lock:
            facts = list(self._queue)
            self._queue.clear()
        return facts

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:  # the page's loop is closed: nobody will ever empty this queue
            self.ended = True


class Feed:
    """A neighbourhood's new facts for the live pages of this process."""

    def __init__(self, db: Database, *, neighbourhood: str, queue: int = QUEUE) -> None:
        self._db, self._neighbourhood, self._queue = db, neighbourhood, queue
        self._listeners: set[Listener] = set()
        self._tail: int | None = None  # the last fact offered; None while nobody listens
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"madang-feed-{neighbourhood}", daemon=True)

    def start(self) -> Feed:
        self._thread.start()
        return self

    def stop(self) -> None:
        """End the thread; every listener is told to resume elsewhere."""
        self._stopping.set()
        signals.of(self._neighbourhood).notify()
        self._thread.join()
        with self._lock:
            listeners, self._listeners = self._listeners, set()
        for listener in listeners:
            listener.end()

    async def live(
        self,
        by: Actor,
        *,
        after: int | None = None,
        kinds: Collection[str] | None = None,
        shop: str | None = None,
        beat_s: float = BEAT_S,
    ) -> AsyncIterator[Fact | Beat | Resume]:
        """Facts after ``seq`` ``after`` (``None``: from now on), each once and in order, then as they come.

        Sees what ``journal.read`` would show this actor. Ends with a ``Resume`` when the listener is too slow or the
        feed stops.
        """
        shops = self._shops(by, shop)
        listener = Listener(kinds, shops, self._queue, asyncio.get_running_loop())
        head, offered_since = await asyncio.to_thread(self._join, listener)
        last = head if after is None else min(after, head)
        try:
            while last < offered_since:
                facts = await asyncio.to_thread(self._page, last)
                for fact in facts:
                    if fact.seq <= offered_since and listener.wants(fact):
                        yield fact
                last = max(last, min(offered_since, facts[-1].seq))
            while not listener.ended:
                facts = await listener.take(beat_s)
                for fact in facts:
                    if fact.seq > last:
                        last = fact.seq
                        yield fact
                if not facts and not listener.ended:
                    yield Beat()
            yield Resume(last)
        finally:
            self._leave(listener)

    def _shops(self, by: Actor, shop: str | None) -> Collection[str] | None:
        by.need_neighbourhood(self._neighbourhood)
        if shop is None:
            return by.shops or None
        by.need_shop(shop)
        return {shop}

    def _join(self, listener: Listener) -> tuple[int, int]:
        """Add a listener; gives the newest fact, and the last one that will *not* be offered."""
        head = self._db.read(_head, neighbourhood=self._neighbourhood)
        with self._lock:
            self._listeners.add(listener)
            if self._tail is None:
                self._tail = head
            listener.ended = self._stopping.is_set()
            offered_since = self._tail
        return head, offered_since

    def _leave(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.discard(listener)
            if not self._listeners:
                self._tail = None

    def _page(self, after: int) -> list[Fact]:
        rows = self._db.read(lambda tx: records.page(tx, after=after, size=PAGE), neighbourhood=self._neighbourhood)
        return [records.fact(row) for row in whole(rows, after)]

    def _run(self) -> None:
        signal, seen = signals.of(self._neighbourhood), -1
        while not self._stopping.is_set():
            seen = signal.wait(seen, LOOK_ROUND_S)
            try:
                while not self._stopping.is_set() and self._offer():
                    pass
            except MadangError as error:
                log.warning("journal.feed_waits", extra={"code": error.code})
            except Exception:
                log.exception("journal.feed_failed")

    def _offer(self) -> bool:
        """Hand the next page to the listeners; False when there is none."""
        with self._lock:
            tail = self._tail
        if tail is None:
            return False
        facts = self._page(tail)
        if not facts:
            return False
        with self._lock:
            if self._tail != tail:  # the last listener left, or left and another came, meanwhile
                return self._tail is not None
            self._tail = facts[-1].seq
            listeners = list(self._listeners)
        for listener in listeners:
            listener.offer(facts)
        with self._lock:
            self._listeners -= {listener for listener in listeners if listener.ended}
        return True


def _head(tx: Tx) -> int:
    head = records.head(tx)
    return head[0] if head else 0


def sse(item: Fact | Beat | Resume) -> bytes:
    """The item as a server-sent event (WHATWG HTML §9.2): ``id`` is the cursor, ``event`` the kind of fact."""
    if isinstance(item, Beat):
        return b": beat\n\n"
    if isinstance(item, Resume):
        return b'event: resume\ndata: {"after":%d}\n\n' % item.after
    data = {
        "seq": item.seq,
        "at_us": item.at_us,
        "stage": item.stage.value,
        "actor_kind": item.actor_kind,
        "shop": item.shop,
        "subject": item.subject,
        "body": item.body,
    }
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (item.seq, item.kind.encode(), msgspec.json.encode(data))
