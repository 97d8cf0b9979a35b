"""Keeping, finding and destroying files.

A file's bytes go to disk before the use case that records them (no file is touched inside a transaction), so a crash
between the two leaves bytes nobody knows, never a record without bytes.
"""

from __future__ import annotations

from functools import partial
from uuid import UUID

from madang.db import Database, Tx
from madang.files import records
from madang.files.model import Kept, Retention, destroy_after_us
from madang.files.store import Store
from madang.kernel import Actor, Conflict, NotFound, Role

DESTROY_LIMIT = 100


def keep(
    tx: Tx, by: Actor, *, id: UUID, sha256: str, size: int, media_type: str, retention: Retention, at_us: int
) -> Kept:
    """Record a content already ``put`` in the store, for as long as its retention class says.

    The same id with the same content once; with other content ``Conflict``.
    """
    by.need_neighbourhood(tx.neighbourhood)
    file = Kept(id, sha256, size, media_type, retention, at_us, destroy_after_us(retention, at_us))
    known = records.get(tx, id)
    if known is None:
        records.add(tx, file)
        return file
    if (known.sha256, known.retention) != (sha256, retention):
        raise Conflict(
            "files.id_taken",
            ko="같은 번호의 다른 파일이 이미 있습니다.",
            en="Another file has this id.",
            next_ko="새 번호로 보관하세요.",
            next_en="Keep it under an id of its own.",
            id=str(id),
        )
    return known


def find(tx: Tx, by: Actor, id: UUID) -> Kept:
    """The record of a file; ``NotFound`` when there is none or its retention is over."""
    by.need_neighbourhood(tx.neighbourhood)
    known = records.get(tx, id)
    if known is None or known.closed_at_us is not None:
        raise NotFound(
            "files.missing",
            ko="그런 파일이 없습니다.",
            en="There is no such file.",
            next_ko="보관 기간이 끝났는지 확인하세요.",
            next_en="See whether its retention is over.",
            id=str(id),
        )
    return known


def close(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> None:
    """End a keeping before its time; ``destroy_due`` takes the bytes away when nothing else needs them."""
    by.need(Role.OPERATOR)
    find(tx, by, id)
    records.close(tx, id, at_us)


def destroy_due(db: Database, store: Store, by: Actor, *, now_us: int) -> int:
    """End the keepings whose time is over and destroy the bytes nobody keeps any more; gives how many contents went.

    Not inside a use case; at most 100 contents a call. Going down in the middle costs nothing: the next call goes on.
    """

    def end(tx: Tx) -> list[Kept]:
        by.need_neighbourhood(tx.neighbourhood)
        by.need(Role.OPERATOR)
        records.close_due(tx, now_us)
        return records.to_destroy(tx, DESTROY_LIMIT)

    ended = db.write(end, neighbourhood=by.neighbourhood)
    destroyed = 0
    for sha256 in sorted({file.sha256 for file in ended}):
        wanted = db.read(partial(records.wanted, sha256=sha256), neighbourhood=by.neighbourhood)
        if not wanted and not store.destroy(by.neighbourhood, sha256):
            continue  # put again a moment ago: somebody may be about to keep it
        destroyed += not wanted
        ids = [file.id for file in ended if file.sha256 == sha256]
        db.write(partial(records.mark_destroyed, ids=ids, at_us=now_us), neighbourhood=by.neighbourhood)
    return destroyed
