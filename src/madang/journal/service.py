"""Writing and reading facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from madang.db import Tx
from madang.journal import chain, records, signals
from madang.journal.kinds import KINDS
from madang.journal.model import ChainReport, Fact, New, Stage
from madang.kernel import Actor, Conflict

LIMIT_MAX = 200
BATCH_MAX = 256
VERIFY_PAGE = 1000

_encode = msgspec.json.Encoder().encode


def append(
    tx: Tx,
    by: Actor,
    body: msgspec.Struct,
    *,
    id: UUID,
    at_us: int,
    subject: str,
    shop: str | None = None,
    place: str | None = None,
    cause: str | None = None,
    took_us: int | None = None,
    stage: Stage | None = None,
) -> Fact:
    """Write one fact in the transaction of the change it describes (fields: ``model.New``).

    The same id with the same content gives the fact that is there; with other content it raises ``Conflict``.
    """
    new = New(body, id, at_us, subject, shop, place, cause, took_us, stage)
    if tx.careful:
        return append_many(tx, by, [new])[0]
    tx.guessed = True  # that the id is new: the database says otherwise when it is written
    by.need_neighbourhood(tx.neighbourhood)
    if shop is not None:
        by.need_shop(shop)
    tx.after_commit(signals.of(tx.neighbourhood).notify)
    return _follow(tx, by, new)


def append_many(tx: Tx, by: Actor, news: Sequence[New]) -> list[Fact]:
    """Write facts in their order with one read and one ``executemany`` for every 256 of them; see ``append``."""
    _may_write(tx, by, news)
    facts: list[Fact] = []
    for start in range(0, len(news), BATCH_MAX):
        facts += _append_batch(tx, by, news[start : start + BATCH_MAX])
    return facts


def read(
    tx: Tx,
    by: Actor,
    *,
    after: int = 0,
    kinds: Collection[str] | None = None,
    shop: str | None = None,
    subject: str | None = None,
    limit: int = LIMIT_MAX,
) -> list[Fact]:
    """Facts after ``seq`` ``after``, oldest first, at most ``limit`` (no more than 200).

    An actor who is limited to shops sees the facts of those shops only.
    """
    by.need_neighbourhood(tx.neighbourhood)
    if shop is not None:
        by.need_shop(shop)
    shops = {shop} if shop is not None else by.shops or None
    return records.find(tx, after=after, kinds=kinds, shops=shops, subject=subject, limit=max(0, min(limit, LIMIT_MAX)))


def trail(
    tx: Tx,
    by: Actor,
    *,
    subject: str | None = None,
    actor: str | None = None,
    kinds: Collection[str] | None = None,
    says: str | None = None,
    before: int | None = None,
    limit: int = LIMIT_MAX,
) -> list[Fact]:
    """Facts about a subject (None: about anything), done by an actor's key (None: by anybody), of some kinds (None: of
    any), whose body holds the string ``says`` (None: anything), that came before ``seq`` ``before``, newest first; as
    ``read``."""
    by.need_neighbourhood(tx.neighbourhood)
    most = max(0, min(limit, LIMIT_MAX))
    shops = by.shops or None
    return records.newest(
        tx, before=before, shops=shops, subject=subject, actor=actor, kinds=kinds, says=says, limit=most
    )  # fmt: skip


def head(tx: Tx, by: Actor) -> tuple[int, bytes]:
    """``(seq, hash)`` of the newest fact: keep it elsewhere to verify against later. ``(0, 32 zeros)`` when empty."""
    by.need_neighbourhood(tx.neighbourhood)
    return records.head(tx) or (0, chain.GENESIS)


def verify(tx: Tx, by: Actor, *, known: Iterable[tuple[int, bytes]] = ()) -> ChainReport:
    """Recompute the hash chain of the whole neighbourhood.

    ``known`` are heads kept elsewhere: without one, whoever can rewrite the table can rewrite the chain with it.
    """
    by.need_neighbourhood(tx.neighbourhood)
    anchors = dict(known)
    seq, previous = 0, chain.GENESIS
    while rows := records.page(tx, after=seq, size=VERIFY_PAGE):
        links = [(_texts(records.link(row)), bytes(row[records.HASH])) for row in rows]
        seq, previous, why = chain.check(links, seq=seq, previous=previous)
        if why:
            return ChainReport(seq, previous, seq + 1, why)
        for row_link, stored in links:
            if anchors.pop(row_link[1], stored) != stored:
                return ChainReport(seq, previous, row_link[1], f"fact {row_link[1]} is not the one that was known")
    if anchors:
        missing = min(anchors)
        return ChainReport(seq, previous, missing, f"fact {missing} was known and is gone")
    return ChainReport(seq, previous)


def _may_write(tx: Tx, by: Actor, news: Sequence[New]) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    for shop in {new.shop for new in news if new.shop is not None}:
        by.need_shop(shop)
    if news:
        tx.after_commit(signals.of(tx.neighbourhood).notify)


def _append_batch(tx: Tx, by: Actor, news: Sequence[New]) -> list[Fact]:
    newest, known = records.head_and_known(tx, [new.id for new in news])
    records.remember_head(tx, newest or (0, chain.GENESIS))
    facts = {fact.id: fact for fact in records.find(tx, after=0, limit=len(known), ids=known)} if known else {}
    for new in news:
        there = facts.get(new.id)
        if there:
            asked = _new_link(tx, by, there.seq, new)
            asked[records.ID] = new.id
            _must_be_the_same(there, _fact(asked, new, there.hash))
            continue
        facts[new.id] = _follow(tx, by, new)
    return [facts[new.id] for new in news]


def _follow(tx: Tx, by: Actor, new: New) -> Fact:
    """Write a new fact behind the newest one."""
    seq, previous = records.known_head(tx) or (0, chain.GENESIS)
    link = _new_link(tx, by, seq + 1, new)
    hashed = chain.follow(previous, link)
    link[records.ID] = new.id
    records.add(tx, link, hashed)
    return _fact(link, new, hashed)


def _new_link(tx: Tx, by: Actor, seq: int, new: New) -> list[Any]:
    """What the chain covers; ids in it are their canonical text, however the database returns them."""
    kind = KINDS.of(new.body)
    return [
        tx.neighbourhood, seq, str(new.id), kind.name, kind.version, (new.stage or kind.stage)._value_, new.at_us,
        by.kind._value_, by.key, by.mandate, new.shop, new.place, new.subject, new.cause, new.took_us,
        _encode(new.body).decode(),
    ]  # fmt: skip


def _fact(link: Sequence[Any], new: New, hashed: bytes) -> Fact:
    stage = new.stage or KINDS.of(new.body).stage
    values = (*link[: records.STAGE], stage, *link[records.STAGE + 1 : records.BODY], new.body, hashed)
    return Fact(*values)


def _texts(link: Sequence[Any]) -> list[Any]:
    """A stored link as the chain has it."""
    return [*link[: records.ID], str(link[records.ID]), *link[records.ID + 1 :]]


def _must_be_the_same(there: Fact, asked: Fact) -> None:
    """What was written under an older version of its kind is the same when it reads the same today."""
    if replace(asked, version=there.version, body=None) == replace(there, body=None) and (
        _encode(asked.body) == _encode(there.body)
    ):
        return
    raise Conflict(
        "journal.id_taken",
        ko="같은 번호의 다른 사실이 이미 있습니다.",
        en="Another fact with this id exists.",
        next_ko="새 번호로 다시 쓰세요.",
        next_en="Write it under an id of its own.",
        id=str(asked.id),
    )
