"""The shop's side of the link: receipts up, news down, over HTTP, again and again until it works.

One thread; the rows of ``edge_sent`` are its outbox, and the one process that owns the shop's folder its only worker.
What was sent without an answer is sent again: the server tells it from what it has.
"""

from __future__ import annotations

import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from madang.db import Database, Tx
from madang.edge import hearing, records, selling, wish_records
from madang.edge.model import NEWS, RECEIPTS, Batch, News, Upto
from madang.journal import signals
from madang.kernel import Actor, Clock, Conflict, Forbidden, Invalid, MadangError, NotFound
from madang.kernel.clock import SECOND_US
from madang.payments import on_account

TIMEOUT_S = 10.0
NEWS_EVERY_US = 60 * SECOND_US
KNOCK_EVERY_US = 3 * SECOND_US
"""How often a shop that has nothing to send asks whether a shopper said something: one small request."""
SAY_TOGETHER = 50
"""Words of one transaction."""
AGAIN_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Waits after one, two, … failures in a row; the last goes on."""

log = logging.getLogger("madang.edge")


class Link(NamedTuple):
    """How the link does. ``since_us``: when it last changed between up and down; ``fault``: why it is down."""

    up: bool
    since_us: int
    receipts: int
    total_krw: int
    oldest_us: int | None
    open_krw: int
    uncovered_krw: int
    news_us: int
    fault: str = ""


class Refused(Exception):
    """The server answered, but did not take it: ``code`` says why, ``upto`` how far it is where it said so."""

    def __init__(self, status: int, code: str, upto: int | None = None, wait_s: float | None = None) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code, self.upto, self.wait_s = status, code, upto, wait_s


class Upstream:
    """The server's door, as HTTP."""

    def __init__(self, url: str, key: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url, self._key, self._timeout_s = url.rstrip("/"), key, timeout_s
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
        self._tag = ""

    def send(self, body: bytes) -> Upto:
        """How far the server is now. Raises ``OSError`` without an answer, ``Refused`` with a bad one."""
        _, said = self._ask("POST", RECEIPTS, body)
        return msgspec.json.decode(said, type=Upto)

    def news(self) -> News | None:
        """None while there is none."""
        headers, said = self._ask("GET", NEWS, None, {"If-None-Match": self._tag} if self._tag else {})
        if not said:
            return None
        found = msgspec.json.decode(said, type=News)
        self._tag = headers.get("ETag", "")
        return found

    def forget(self) -> None:
        """The last news could not be kept: ask for all of it again."""
        self._tag = ""

    def _ask(self, method: str, path: str, body: bytes | None, more: dict[str, str] | None = None) -> tuple[Any, bytes]:
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"} | (more or {})
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self._url + path, body, headers, method=method)  # noqa: S310
        try:
            with self._open(request, timeout=self._timeout_s) as answer:
                return answer.headers, answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                if refusal.code == 304:
                    return refusal.headers, b""
                raise _refused(refusal.code, refusal.read()) from None


def _refused(status: int, body: bytes) -> Refused:
    try:
        said = msgspec.json.decode(body)
        details = said.get("details", {})
        return Refused(status, str(said.get("code", "")), details.get("upto"), details.get("retry_after_s"))
    except (msgspec.MsgspecError, AttributeError):
        return Refused(status, "")


class Sending:
    """Keeps one shop and its server together. ``changed`` is told how the link does, whenever that changes; ``posted``
    of every visit of which something said at the server was posted here."""

    def __init__(
        self,
        db: Database,
        by: Actor,
        shop: str,
        upstream: Upstream,
        clock: Clock,
        *,
        changed: Callable[[Link], None] = lambda _link: None,
        posted: Callable[[UUID], None] = lambda _visit: None,
    ) -> None:
        self._db, self._by, self._shop, self._upstream, self._clock = db, by, shop, upstream, clock
        self._reader, self._changed, self._posted = selling.reader(shop), changed, posted
        self._speaks, self._wished, self._knocked_us = False, False, 0
        self._to_say = True
        """Whether what was called wrong before this shop told of such is yet to be told."""
        self._stuck = set[UUID]()
        self._up, self._since_us, self._fault, self._news_us, self._asked_us = False, clock.now_us(), "", 0, 0
        self._said: Link | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"edge-{shop}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the request in hand and end."""
        self._stopping.set()
        signals.of(self._by.neighbourhood).notify()
        if self._thread.ident is not None:
            self._thread.join(TIMEOUT_S * 2)

    @property
    def link(self) -> Link:
        """How the link does now."""

        def read(tx: Tx) -> tuple[records.Backlog, on_account.Risk]:
            terms = on_account.terms_of(tx, self._shop)
            assert terms is not None
            return records.backlog(tx, self._shop), on_account.risk(tx, terms, self._clock.now_us())

        backlog, risk = self._db.read(read, neighbourhood=self._by.neighbourhood)
        return Link(self._up, self._since_us, *backlog, risk.open_krw, risk.uncovered_krw, self._news_us, self._fault)

    def _run(self) -> None:
        signal, failures = signals.of(self._by.neighbourhood), 0
        while not self._stopping.is_set():
            seen = signal.count
            try:
                more = self.exchange()
                failures = 0
            except (OSError, Refused, msgspec.MsgspecError) as fault:
                failures += 1
                more = False
                self._down(fault)
            except Exception:  # the database's own trouble: said, and tried again
                failures += 1
                more = False
                log.exception("edge.failed", extra={"shop": self._shop})
            self._tell()
            if failures:
                self._stopping.wait(AGAIN_S[min(failures, len(AGAIN_S)) - 1])
            elif not more:
                signal.wait(seen, 1.0)

    def exchange(self) -> bool:
        """Send the next receipts and ask for news when it is time; True when more is waiting.

        Raises ``OSError`` where the server cannot be heard, ``Refused`` where it does not take what is sent.
        """
        n, by, shop = self._by.neighbourhood, self._by, self._shop
        self._hear()
        self._reader.catch_up(self._db, neighbourhood=n)
        self._say()
        now_us = self._clock.now_us()
        batch = self._db.read(
            lambda tx: selling.next_batch(tx, by, shop, at_us=now_us, speaks=self._speaks), neighbourhood=n
        )
        got, news_us = False, self._asked_us + NEWS_EVERY_US
        if batch.receipts or batch.words or (self._speaks and now_us - self._knocked_us >= KNOCK_EVERY_US):
            got = self._hand_over(batch)
        more = bool(self._db.read(lambda tx: records.waiting(tx, shop, 1), neighbourhood=n))
        if not more and (not self._up or not self._asked_us or now_us >= news_us or self._wished):
            got = self._ask_news() or got
        return more or got

    def _hear(self) -> None:
        """Post what shoppers said at the server, but for what must wait."""
        n, by, shop = self._by.neighbourhood, self._by, self._shop
        for wish in self._db.read(lambda tx: hearing.ready(tx, by, shop), neighbourhood=n):
            if wish.id in self._stuck:
                continue
            at_us = self._clock.now_us()
            try:
                posted = partial(hearing.post, by=by, shop=shop, wish=wish, at_us=at_us)
                visit = self._db.write(posted, neighbourhood=n)
            except (Conflict, Invalid, NotFound, Forbidden) as fault:
                refused = partial(hearing.refuse, by=by, shop=shop, wish=wish, fault=fault, at_us=at_us)
                self._db.write(refused, neighbourhood=n)
            except Exception:  # it must not hold up receipts: tried again with the next news
                self._stuck.add(wish.id)
                log.exception("edge.wish_failed", extra={"shop": shop, "wish": str(wish.id)})
            else:
                if visit is not None:
                    self._posted(visit)

    def _say(self) -> None:
        """Tell of what stands on receipts and the server was never told."""
        if not self._speaks or not self._to_say:
            return
        n, by, shop = self._by.neighbourhood, self._by, self._shop
        about = self._db.read(lambda tx: hearing.unsaid(tx, by, shop, again=False), neighbourhood=n)
        for first in range(0, len(about), SAY_TOGETHER):
            some = about[first : first + SAY_TOGETHER]
            self._db.write(partial(hearing.say, shop=shop, about=some), neighbourhood=n)
        self._to_say = False

    def _words_taken(self, said: Upto, at_us: int) -> bool:
        """Note what the server has heard; True when that is not what it was thought to have."""
        n, shop = self._by.neighbourhood, self._shop
        if not self._speaks:
            return False

        def here(tx: Tx) -> tuple[int, int, int]:
            open_ = wish_records.count_open(tx, wish_records.asked, shop)[0]
            return open_, wish_records.taken_upto(tx, shop), wish_records.last_word(tx, shop)

        open_, before, last = self._db.read(here, neighbourhood=n)
        self._wished = said.wishes > open_

        def note(tx: Tx) -> None:
            wish_records.set_words_taken(tx, shop, said.words, at_us)
            if said.words > last:  # this shop was restored: what the server heard since may be so no more
                hearing.say(tx, shop, hearing.unsaid(tx, self._by, shop, again=True))

        if said.words != before:
            self._db.write(note, neighbourhood=n)
        return said.words != before

    def _hand_over(self, batch: Batch) -> bool:
        """True when the server has taken words that it had not, or has lost some."""
        n, by, shop, got = self._by.neighbourhood, self._by, self._shop, False
        try:
            said = self._upstream.send(msgspec.json.encode(batch))
        except Refused as refused:
            back, at_us = refused.upto, self._clock.now_us()
            if refused.code != "edge.gap" or back is None:
                raise
            self._db.write(lambda tx: selling.set_back(tx, by, shop, back, at_us=at_us), neighbourhood=n)
        else:
            at_us = self._knocked_us = self._clock.now_us()
            if batch.receipts:
                self._db.write(lambda tx: selling.handed_over(tx, by, shop, said.upto, at_us=at_us), neighbourhood=n)
            got = self._words_taken(said, at_us)
        self._heard()
        return got

    def _ask_news(self) -> bool:
        """True when they brought something that can be done or said at once."""
        asked_us, spoke, self._wished = self._clock.now_us(), self._speaks, False
        stuck, self._stuck = self._stuck, set[UUID]()
        news, new = self._upstream.news(), False
        if news is not None:
            try:
                new = self._learn(news, asked_us)
            except BaseException:
                self._upstream.forget()
                raise
        else:
            self._db.write(
                lambda tx: on_account.still_good(tx, self._by, as_of_us=asked_us), neighbourhood=self._by.neighbourhood
            )
        self._asked_us = self._news_us = asked_us
        self._heard()
        return new or bool(stuck) or self._speaks != spoke

    def _learn(self, news: News, asked_us: int) -> bool:
        """True when shoppers said something that is new here."""
        n, by, shop = self._by.neighbourhood, self._by, self._shop
        total = selling.Learnt()
        for part in self._db.read(lambda tx: selling.steps(tx, by, news), neighbourhood=n):
            learn = partial(selling.learn, by=by, shop=shop, part=part, at_us=self._clock.now_us())
            got = self._db.write(learn, neighbourhood=n)
            total = selling.Learnt(*(getattr(total, f) + getattr(got, f) for f in total.__struct_fields__))
        at_us = self._clock.now_us()
        self._db.write(
            lambda tx: selling.settle_news(tx, by, shop, news, total, as_of_us=asked_us, at_us=at_us), neighbourhood=n
        )
        self._speaks = news.wishes is not None
        return bool(news.wishes) and self._db.write(
            lambda tx: hearing.keep(tx, shop, news.wishes or ()), neighbourhood=n
        )

    def _heard(self) -> None:
        if not self._up:
            self._up, self._since_us, self._fault = True, self._clock.now_us(), ""
            log.info("edge.link_up", extra={"shop": self._shop})

    def _down(self, fault: Exception) -> None:
        code = fault.code if isinstance(fault, Refused | MadangError) else type(fault).__name__
        if self._up or self._fault != code:
            log.warning("edge.link_down", extra={"shop": self._shop, "fault": code, "told": str(fault)})
        if self._up:
            self._since_us = self._clock.now_us()
        self._up, self._fault = False, code

    def _tell(self) -> None:
        link = self.link
        if link != self._said:
            self._said = link
            self._changed(link)
