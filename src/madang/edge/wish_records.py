"""Tables of what shoppers say at the server of a shop's receipts. ``edge_asked`` and ``edge_words`` are filled in a
shop, the others at the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Tx, table
from madang.deals.pages import Bound
from madang.edge.model import Answer, Limited, Standing, Wish


def _wish_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("receipt", sa.Uuid, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("qty", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("appeal", sa.Boolean, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("answered_at_us", sa.BigInteger),
        sa.Column("refused", sa.Text),
        sa.Column("why_ko", sa.Text),
        sa.Column("why_en", sa.Text),
    ]


wishes = table(
    "edge_wishes",
    *_wish_columns(),
    sa.Index("edge_wishes_open", "neighbourhood", "shop", "answered_at_us", "at_us"),
    sa.Index("edge_wishes_receipt", "neighbourhood", "receipt"),
    key=["shop", "id"],
)
asked = table(
    "edge_asked",
    *_wish_columns(),
    sa.Index("edge_asked_open", "neighbourhood", "shop", "answered_at_us", "at_us"),
    key=["shop", "id"],
)
words = table(
    "edge_words",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("n", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("taken_at_us", sa.BigInteger),
    sa.Index("edge_words_waiting", "neighbourhood", "shop", "taken_at_us", "n"),
    sa.Index("edge_words_about", "neighbourhood", "shop", "key"),
    key=["shop", "n"],
)
heard = table(
    "edge_heard",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("n", sa.BigInteger, nullable=False),
    key=["shop"],
)
standing = table(
    "edge_standing",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("receipt", sa.Uuid, nullable=False),
    sa.Column("said", sa.Text, nullable=False),
    key=["shop", "receipt"],
)
limited = table(
    "edge_limited",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("said", sa.Text, nullable=False),
    key=["shop", "person"],
)

_standing = msgspec.json.Decoder(Standing).decode
_limited = msgspec.json.Decoder(Limited).decode


class Kept(NamedTuple):
    """A wish, and what the shop answered, if it has."""

    wish: Wish
    answered_at_us: int | None
    refused: str
    why_ko: str
    why_en: str


class WordRow(NamedTuple):
    """That there is something to tell of: a ``wish``, a ``receipt``, a ``person``, by its key."""

    n: int
    about: str
    key: str


# --- wishes, at the server and as they came to the shop ---------------------------------------------------------------
def add_wish(tx: Tx, to: sa.Table, shop: str, wish: Wish) -> bool:
    """False where it is there already."""
    if one(tx, to, shop, wish.id) is not None:
        return False
    open_ = {"answered_at_us": None, "refused": None, "why_ko": None, "why_en": None}
    tx.many(sa.insert(to), [_row(tx, shop) | msgspec.structs.asdict(wish) | open_])
    return True


def one(tx: Tx, of: sa.Table, shop: str, id: UUID) -> Kept | None:
    found = tx.rows(_kept(of).where(of.c.id == sa.bindparam("id_")), _of(tx, shop) | {"id_": id})
    return _read(found[0]) if found else None


def of_receipt(tx: Tx, shop: str, receipt: UUID) -> list[Kept]:
    """What was said at the server of a receipt's lines, oldest first."""
    mine = _kept(wishes).where(wishes.c.receipt == sa.bindparam("receipt_")).order_by(wishes.c.at_us, wishes.c.id)
    return [_read(row) for row in tx.rows(mine, _of(tx, shop) | {"receipt_": receipt})]


def open_wishes(tx: Tx, of: sa.Table, shop: str, limit: int) -> list[Wish]:
    """The oldest without an answer."""
    waits = _kept(of).where(of.c.answered_at_us.is_(None)).order_by(of.c.at_us, of.c.id).limit(limit)
    return [_read(row).wish for row in tx.rows(waits, _of(tx, shop))]


def count_open(tx: Tx, of: sa.Table, shop: str) -> tuple[int, int | None]:
    """How many wait, and since when."""
    columns = sa.select(sa.func.count(), sa.func.min(of.c.at_us))
    mine = columns.where(of.c.neighbourhood == sa.bindparam("n_"), of.c.shop == sa.bindparam("shop_"))
    count, oldest = tx.rows(mine.where(of.c.answered_at_us.is_(None)), _of(tx, shop))[0]
    return int(count), None if oldest is None else int(oldest)


def unheard(tx: Tx, before_us: int) -> list[tuple[str, int, int, UUID]]:
    """Shops that have not answered what was said before an instant: how many wait there, since when, and the receipt of
    the oldest."""
    of, n = wishes.c, {"n_": tx.neighbourhood, "before_": before_us}
    mine, early = of.neighbourhood == sa.bindparam("n_"), of.at_us <= sa.bindparam("before_")
    open_ = sa.and_(mine, of.answered_at_us.is_(None), early)
    counted = sa.select(of.shop, sa.func.count(), sa.func.min(of.at_us)).where(open_)
    counted = counted.group_by(of.shop).order_by(of.shop)
    found = []
    for shop, count, oldest in tx.rows(counted, n):
        first = sa.select(of.receipt).where(open_, of.shop == sa.bindparam("shop_")).order_by(of.at_us, of.id).limit(1)
        found.append((str(shop), int(count), int(oldest), tx.rows(first, n | {"shop_": shop})[0][0]))
    return found


def set_answered(tx: Tx, to: sa.Table, shop: str, said: Answer, at_us: int) -> None:
    values = {"answered_at_us": at_us, "refused": said.refused, "why_ko": said.why_ko, "why_en": said.why_en}
    tx.execute(
        sa.update(to).where(to.c.neighbourhood == tx.neighbourhood, to.c.shop == shop, to.c.id == said.wish)
        .values(**values)
    )  # fmt: skip


# --- words on their way up --------------------------------------------------------------------------------------------
def add_word(tx: Tx, shop: str, about: str, key: str) -> None:
    """Every change has a number of its own: what is said under a number is said as it is when it is sent."""
    row = {"n": last_word(tx, shop) + 1, "about": about, "key": key, "taken_at_us": None}
    tx.many(sa.insert(words), [_row(tx, shop) | row])


def waiting_words(tx: Tx, shop: str, limit: int) -> list[WordRow]:
    columns = sa.select(words.c.n, words.c.about, words.c.key)
    waits = columns.where(_mine(words), words.c.taken_at_us.is_(None)).order_by(words.c.n).limit(limit)
    return [WordRow(*row) for row in tx.rows(waits, _of(tx, shop))]


def was_told(tx: Tx, shop: str, key: str) -> bool:
    """Whether anything was ever said of it."""
    found = sa.select(words.c.n).where(_mine(words), words.c.key == sa.bindparam("key_")).limit(1)
    return bool(tx.rows(found, _of(tx, shop) | {"key_": key}))


def told_people(tx: Tx, shop: str) -> list[str]:
    """Whose limits were ever spoken of."""
    people = sa.select(words.c.key).where(_mine(words), words.c.about == "person").distinct().order_by(words.c.key)
    return [str(key) for (key,) in tx.rows(people, _of(tx, shop))]


def taken_upto(tx: Tx, shop: str) -> int:
    """The last word that the server is known to have."""
    last = sa.select(sa.func.coalesce(sa.func.max(words.c.n), 0)).where(_mine(words), words.c.taken_at_us.is_not(None))
    return int(tx.rows(last, _of(tx, shop))[0][0])


def set_words_taken(tx: Tx, shop: str, upto: int, at_us: int) -> None:
    """The server has the words up to this one and no later ones: what it lost (it was restored) waits again, and where
    it has more than there ever were (the shop was), numbers go on behind them."""
    mine = sa.and_(words.c.neighbourhood == tx.neighbourhood, words.c.shop == shop)
    tx.execute(sa.update(words).where(mine, words.c.n <= upto, words.c.taken_at_us.is_(None)).values(taken_at_us=at_us))
    tx.execute(
        sa.update(words).where(mine, words.c.n > upto, words.c.taken_at_us.is_not(None)).values(taken_at_us=None)
    )
    known = last_word(tx, shop)
    beyond = {"about": "", "key": "", "taken_at_us": at_us}
    tx.many(sa.insert(words), [_row(tx, shop) | beyond | {"n": n} for n in range(known + 1, upto + 1)])


def last_word(tx: Tx, shop: str) -> int:
    """The number of the latest."""
    last = sa.select(sa.func.coalesce(sa.func.max(words.c.n), 0)).where(_mine(words))
    return int(tx.rows(last, _of(tx, shop))[0][0])


# --- what the server has heard ----------------------------------------------------------------------------------------
def heard_upto(tx: Tx, shop: str) -> int:
    found = tx.rows(sa.select(heard.c.n).where(_mine(heard)), _of(tx, shop))
    return int(found[0][0]) if found else 0


def set_heard(tx: Tx, shop: str, n: int) -> None:
    _put(tx, heard, _row(tx, shop), {"n": n})


def standing_of(tx: Tx, shop: str, receipt: UUID) -> Standing | None:
    mine = sa.select(standing.c.said).where(_mine(standing), standing.c.receipt == sa.bindparam("receipt_"))
    found = tx.rows(mine, _of(tx, shop) | {"receipt_": receipt})
    return _standing(found[0][0]) if found else None


def set_standing(tx: Tx, shop: str, said: Standing) -> None:
    _put(tx, standing, _row(tx, shop) | {"receipt": said.receipt}, {"said": msgspec.json.encode(said).decode()})


def bound_of(tx: Tx, shop: str, person: str) -> Bound | None:
    mine = sa.select(limited.c.said).where(_mine(limited), limited.c.person == sa.bindparam("person_"))
    found = tx.rows(mine, _of(tx, shop) | {"person_": person})
    return _limited(found[0][0]).bound if found else None


def set_limited(tx: Tx, shop: str, said: Limited) -> None:
    _put(tx, limited, _row(tx, shop) | {"person": said.person}, {"said": msgspec.json.encode(said).decode()})


def _put(tx: Tx, to: sa.Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    """In the place of what is there."""
    tx.execute(sa.delete(to).where(*(to.c[name] == value for name, value in key.items())))
    tx.many(sa.insert(to), [key | values])


def _kept(of: sa.Table) -> sa.Select[Any]:
    names = (*Wish.__struct_fields__, "answered_at_us", "refused", "why_ko", "why_en")
    return sa.select(*(of.c[name] for name in names)).where(_mine(of))


def _read(row: Sequence[Any]) -> Kept:
    count = len(Wish.__struct_fields__)
    wish = Wish(**dict(zip(Wish.__struct_fields__, row[:count], strict=True)))
    answered, refused, ko, en = row[count:]
    return Kept(wish, answered, refused or "", ko or "", en or "")


def _mine(of: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(of.c.neighbourhood == sa.bindparam("n_"), of.c.shop == sa.bindparam("shop_"))


def _of(tx: Tx, shop: str) -> dict[str, object]:
    return {"n_": tx.neighbourhood, "shop_": shop}


def _row(tx: Tx, shop: str) -> dict[str, Any]:
    return {"neighbourhood": tx.neighbourhood, "shop": shop}
