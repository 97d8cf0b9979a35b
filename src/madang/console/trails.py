"""What a person calls a thing, and the subjects under which its facts were told.

Facts name their subject by a key that says what sort of thing it is (``party:merchant/hana``, ``promotions/spring``).
People know ``merchant/hana`` and ``spring``: each of them finds the same trail. Facts are never rewritten, so what was
once told under one subject for all of a sort is found by the ids it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import merge
from itertools import islice
from typing import Any

from madang import journal
from madang.db import Tx
from madang.journal import Fact
from madang.kernel import Actor

SORTS = (
    "party:", "programme:", "voucher:", "person:", "incident:", "deal/", "payment/", "receipt/", "sale:", "transfers/",
    "checkout/", "face/", "giftcard/", "cash/", "gateway/", "clearing/", "world/",
    "promotions/", "categories/", "collections/", "price_lists/", "sellers/",
)  # fmt: skip
"""How subjects begin."""
TOGETHER = ("promotions", "categories", "collections", "price_lists", "bundles", "floors", "particulars", "synonyms")
"""Subjects of facts that named many things in ``ids``."""
GROUPS = ("members.group_joined", "members.group_left", "members.group_role_set", "members.group_invited")
"""Facts about people that name a group."""
GROUP = "group/"


def about(tx: Tx, by: Actor, name: str, *, before: int | None, limit: int) -> list[Fact]:
    """The trail of what somebody calls ``name``, newest first; empty for anything at all."""
    if not name:
        return journal.trail(tx, by, before=before, limit=limit)
    told = [journal.trail(tx, by, subject=one, before=before, limit=limit) for one in subjects(name)]
    told += [list(islice(one, limit)) for one in _named(tx, by, name, before)]
    found = {fact.seq: fact for fact in merge(*told, key=lambda fact: -fact.seq)}
    return list(found.values())[:limit]


def subjects(name: str) -> list[str]:
    """The subjects that a name can stand for."""
    return [name, *(sort + name for sort in SORTS)]


def _named(tx: Tx, by: Actor, name: str, before: int | None) -> list[Iterator[Fact]]:
    """Facts that name it among others, each sort newest first."""
    what, _, id = name.partition("/")
    if name.startswith(GROUP):
        return [_every(tx, by, before, lambda body: body.group == id, kinds=GROUPS, says=id)]
    sorts, one = ((what,), id) if what in TOGETHER and id else (TOGETHER, name)
    return [_every(tx, by, before, lambda body: one in body.ids, subject=sort, says=one) for sort in sorts]


def _every(tx: Tx, by: Actor, before: int | None, fits: Callable[[Any], bool], **of: Any) -> Iterator[Fact]:
    while facts := journal.trail(tx, by, before=before, **of):
        yield from (fact for fact in facts if fits(fact.body))
        before = facts[-1].seq
