"""Tables of receipts and their lines, and the queries on them. Both are append-only: a correction is a refund."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.catalog.model import SoldBy, Vat
from madang.catalog.quote import Step
from madang.db import NOTHING, Page, Tx, keyset, table
from madang.deals.lines import Line, Receipt
from madang.kernel import Actor
from madang.kernel.clock import HOUR_US
from madang.payments.vat import Split

receipts = table(
    "deals_receipt",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("deal", sa.Uuid, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("total_krw", sa.BigInteger, nullable=False),
    sa.Column("supply_krw", sa.BigInteger, nullable=False),
    sa.Column("vat_krw", sa.BigInteger, nullable=False),
    sa.Column("exempt_krw", sa.BigInteger, nullable=False),
    sa.Column("confidence", sa.Double),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("original", sa.Uuid),
    sa.Column("reason", sa.Text, nullable=False),
    sa.UniqueConstraint("neighbourhood", "shop", "day", "number", name="uq_deals_receipt_number"),
    sa.Index("deals_receipt_deal", "neighbourhood", "deal"),
    sa.Index("deals_receipt_original", "neighbourhood", "original"),
    sa.Index("deals_receipt_shop", "neighbourhood", "shop", "at_us", "id"),
    sa.Index("deals_receipt_person", "neighbourhood", "person", "at_us", "id"),
    key=["id"],
)
lines = table(
    "deals_receipt_line",
    sa.Column("receipt", sa.Uuid, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("name_ko", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("vat", sa.Text, nullable=False),
    sa.Column("sold_by", sa.Text, nullable=False),
    sa.Column("qty", sa.BigInteger, nullable=False),
    sa.Column("grams", sa.BigInteger),
    sa.Column("unit_price_krw", sa.BigInteger, nullable=False),
    sa.Column("amount_krw", sa.BigInteger, nullable=False),
    sa.Column("vat_krw", sa.BigInteger, nullable=False),
    sa.Column("probability", sa.Double),
    sa.Column("original_line", sa.BigInteger),
    sa.Column("why", sa.Text),  # steps of the price as JSON, where there are more than one
    key=["receipt", "number"],
)

_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_RECEIPTS = (receipts.name, lines.name)  # what is remembered: receipts by id, last numbers by shop and day
_COLUMNS = [c for c in receipts.c if c.name != "neighbourhood"]
_SELECT = sa.select(*_COLUMNS).where(receipts.c.neighbourhood == _N)
_BY_ID = _SELECT.where(receipts.c.id == sa.bindparam("id"))
_BY_DEAL = _SELECT.where(receipts.c.deal == sa.bindparam("deal")).order_by(receipts.c.at_us, receipts.c.number)
_REFUNDS = _SELECT.where(receipts.c.original == sa.bindparam("original")).order_by(receipts.c.at_us, receipts.c.number)
_LINES = (
    sa.select(*lines.c[1:])
    .where(lines.c.neighbourhood == _N, lines.c.receipt == sa.bindparam("receipt"))
    .order_by(lines.c.number)
)
_LAST_NUMBER = sa.select(sa.func.coalesce(sa.func.max(receipts.c.number), 0)).where(
    receipts.c.neighbourhood == _N, receipts.c.shop == sa.bindparam("shop"), receipts.c.day == sa.bindparam("day")
)
_DAY = sa.select(
    sa.func.count(),
    sa.func.count(receipts.c.original),
    *[
        sa.cast(sa.func.coalesce(sa.func.sum(receipts.c[name]), 0), sa.BigInteger)
        for name in ("supply_krw", "vat_krw", "exempt_krw")
    ],
).where(receipts.c.neighbourhood == _N, receipts.c.shop == sa.bindparam("shop"), receipts.c.day == sa.bindparam("day"))
_DAYS = (
    sa.select(receipts.c.day)
    .where(receipts.c.neighbourhood == _N, receipts.c.shop == sa.bindparam("shop"))
    .distinct()
    .order_by(receipts.c.day)
)
_REFUNDED = sa.select(sa.cast(sa.func.coalesce(sa.func.sum(-receipts.c.total_krw), 0), sa.BigInteger)).where(
    receipts.c.neighbourhood == _N,
    receipts.c.person == sa.bindparam("person"),
    receipts.c.original.is_not(None),
    receipts.c.at_us >= sa.bindparam("since_us"),
)
_REFUNDED_BUT = _REFUNDED.where(receipts.c.reason != sa.bindparam("but_for"))


def add(tx: Tx, receipt: Receipt) -> None:
    n, split, id = tx.neighbourhood, receipt.split, receipt.id
    tx.append(
        receipts,
        (
            n, id, receipt.shop, receipt.day, receipt.number, receipt.deal, receipt.person, receipt.at_us,
            receipt.total_krw, split.supply_krw, split.vat_krw, split.exempt_krw, receipt.confidence, receipt.decision,
            receipt.original, receipt.reason,
        ),
    )  # fmt: skip
    for line in receipt.lines:
        tx.append(lines, (n, id, *_line_values(line), _encode(line.why).decode() if line.why else None))
    tx.remember(_RECEIPTS, receipt.id, receipt)
    day = (receipt.shop, receipt.day)
    last = tx.recall(_RECEIPTS, day)
    if last is not NOTHING:
        tx.remember(_RECEIPTS, day, max(last, receipt.number))


def next_number(tx: Tx, shop: str, day: str) -> int:
    """The number after the day's last; there is one writer, so none is skipped and none is given twice."""
    last = tx.recall(_RECEIPTS, (shop, day))
    if last is NOTHING:
        last = int(tx.rows(_LAST_NUMBER, {"n": tx.neighbourhood, "shop": shop, "day": day})[0][0])
        tx.remember(_RECEIPTS, (shop, day), last)
    return int(last) + 1


def get(tx: Tx, by: Actor, id: UUID, *, fresh: bool = False) -> Receipt | None:
    """``fresh``: it is new unless somebody asks twice, and its caller adds it where it is."""
    mine = by.neighbourhood == tx.neighbourhood
    known: Receipt | None = tx.recall(_RECEIPTS, id) if mine else NOTHING
    if known is not NOTHING:
        return known
    if fresh and not tx.careful:
        tx.guessed = True
        return None
    found = _full(tx, by, tx.rows(_BY_ID, {"n": by.neighbourhood, "id": id}))
    made = found[0] if found else None
    if mine:
        tx.remember(_RECEIPTS, id, made)
    return made


def of_deal(tx: Tx, by: Actor, deal: UUID) -> list[Receipt]:
    return _full(tx, by, tx.rows(_BY_DEAL, {"n": by.neighbourhood, "deal": deal}))


def refunds(tx: Tx, by: Actor, original: UUID) -> list[Receipt]:
    return _full(tx, by, tx.rows(_REFUNDS, {"n": by.neighbourhood, "original": original}))


def find(
    tx: Tx,
    by: Actor,
    *,
    shop: str | None,
    day: str | None,
    person: str | None,
    number: int | None,
    cursor: str | None,
    limit: int,
) -> Page[Receipt]:
    """Receipts the caller may see, newest first."""
    wanted = sa.select(*_COLUMNS).where(receipts.c.neighbourhood == by.neighbourhood)
    for column, value in (("shop", shop), ("day", day), ("person", person), ("number", number)):
        if value is not None:
            wanted = wanted.where(receipts.c[column] == value)
    if by.shops:
        wanted = wanted.where(receipts.c.shop.in_(sorted(by.shops)))
    order = [receipts.c.at_us, receipts.c.id]
    page = keyset(tx, wanted, order=order, cursor=cursor, limit=limit, descending=True)
    return Page(_full(tx, by, page.rows), page.next)


def day_sums(tx: Tx, by: Actor, shop: str, day: str) -> tuple[int, int, Split]:
    """How many receipts, how many of them refunds, and what they add up to."""
    count, refunds_, supply, vat, exempt = tx.rows(_DAY, {"n": by.neighbourhood, "shop": shop, "day": day})[0]
    return int(count), int(refunds_), Split(supply_krw=int(supply), vat_krw=int(vat), exempt_krw=int(exempt))


def walked(tx: Tx, by: Actor, shop: str, shared: sa.Select[tuple[Any]]) -> list[tuple[str, bool, int]]:
    """By business day and by whether their sale is among ``shared``: what receipts of walk-out visits come to, less
    what was refunded of them."""
    first = receipts.alias("first")
    sold_as = sa.func.coalesce(first.c.decision, receipts.c.decision)
    mine = sa.and_(first.c.neighbourhood == receipts.c.neighbourhood, first.c.id == receipts.c.original)
    among = sa.case((sa.func.coalesce(receipts.c.original, receipts.c.id).in_(shared), 1), else_=0).label("among")
    each = (
        sa.select(receipts.c.day, among, receipts.c.total_krw)
        .select_from(receipts.outerjoin(first, mine))
        .where(receipts.c.neighbourhood == by.neighbourhood, receipts.c.shop == shop, sold_as != "order")
        .subquery()
    )
    asked = sa.select(each.c.day, each.c.among, sa.cast(sa.func.sum(each.c.total_krw), sa.BigInteger))
    rows = tx.rows(asked.group_by(each.c.day, each.c.among))
    return [(str(day), bool(shared_), int(won)) for day, shared_, won in rows]


def walk_outs(by: Actor, shop: str) -> sa.Select[tuple[Any]]:
    """The ids of receipts of walk-out visits."""
    r = receipts.c
    return sa.select(r.id).where(
        r.neighbourhood == by.neighbourhood, r.shop == shop, r.original.is_(None), r.decision != "order"
    )


def visits(by: Actor, shop: str) -> sa.Select[tuple[Any]]:
    """The ids of visits that receipts were issued for. Orders have receipts that are none of a sale too: what was given
    back of them, what a way back cost."""
    r = receipts.c
    return sa.select(r.deal).where(
        r.neighbourhood == by.neighbourhood, r.shop == shop, r.original.is_(None),
        r.decision.not_in(["order", "return_fee"]),
    )  # fmt: skip


def days(tx: Tx, by: Actor, shop: str) -> list[str]:
    return [row[0] for row in tx.rows(_DAYS, {"n": by.neighbourhood, "shop": shop})]


def takings(tx: Tx, by: Actor, shops: Collection[str], first: str, last: str) -> list[tuple[Any, ...]]:
    """Per business day: sales, refunds, won of each, walk-out sales, and supply, VAT and exempt less refunds."""
    sold, walked = receipts.c.original.is_(None), receipts.c.decision != "order"
    sums = (
        sa.func.sum(sa.case((sold, 1), else_=0)),
        sa.func.sum(sa.case((sold, 0), else_=1)),
        sa.func.sum(sa.case((sold, receipts.c.total_krw), else_=0)),
        sa.func.sum(sa.case((sold, 0), else_=-receipts.c.total_krw)),
        sa.func.sum(sa.case((sa.and_(sold, walked), receipts.c.total_krw), else_=0)),
        *[sa.func.sum(receipts.c[name]) for name in ("supply_krw", "vat_krw", "exempt_krw")],
    )
    wanted = sa.select(receipts.c.day, *[sa.cast(one, sa.BigInteger) for one in sums]).where(
        receipts.c.neighbourhood == by.neighbourhood,
        receipts.c.shop.in_(sorted(shops)),
        receipts.c.day.between(first, last),
    )
    return tx.rows(wanted.group_by(receipts.c.day).order_by(receipts.c.day))


def hours(tx: Tx, by: Actor, shops: Collection[str], first: str, last: str) -> list[tuple[int, int]]:
    """Hours of the day (Seoul, which has no summer time) in which receipts of sales were issued, and won of them."""
    hour = ((receipts.c.at_us + 9 * HOUR_US) // HOUR_US % 24).label("hour")
    sold = sa.cast(sa.func.sum(receipts.c.total_krw), sa.BigInteger)
    wanted = sa.select(hour, sold).where(
        receipts.c.neighbourhood == by.neighbourhood,
        receipts.c.shop.in_(sorted(shops)),
        receipts.c.day.between(first, last),
        receipts.c.original.is_(None),
    )
    return [(int(at), int(krw)) for at, krw in tx.rows(wanted.group_by(hour).order_by(hour))]


def refunded_krw(tx: Tx, by: Actor, person: str, since_us: int, but_for: str | None) -> int:
    """What a person has been given back since an instant, but for one reason."""
    asked = {"n": by.neighbourhood, "person": person, "since_us": since_us}
    found = tx.rows(_REFUNDED, asked) if but_for is None else tx.rows(_REFUNDED_BUT, asked | {"but_for": but_for})
    return int(found[0][0])


def _full(tx: Tx, by: Actor, rows: Sequence[tuple[Any, ...]]) -> list[Receipt]:
    by_receipt = _lines_of(tx, by, [row[0] for row in rows])
    return [_receipt(row, by_receipt.get(row[0], [])) for row in rows]


def _lines_of(tx: Tx, by: Actor, ids: Sequence[UUID]) -> dict[UUID, list[Line]]:
    if len(ids) == 1:
        found = tx.rows(_LINES, {"n": by.neighbourhood, "receipt": ids[0]})
    elif ids:
        every = sa.select(*lines.c[1:]).where(lines.c.neighbourhood == by.neighbourhood, lines.c.receipt.in_(ids))
        found = tx.rows(every.order_by(lines.c.receipt, lines.c.number))
    else:
        found = []
    out: dict[UUID, list[Line]] = {}
    for receipt, *fields, why in found:
        line = dict(zip(_LINE_FIELDS, fields, strict=True))
        line |= {"vat": Vat(line["vat"]), "sold_by": SoldBy(line["sold_by"]), "why": _decode(why) if why else ()}
        out.setdefault(receipt, []).append(Line(**line))
    return out


def _receipt(row: tuple[Any, ...], of_it: list[Line]) -> Receipt:
    fields = dict(zip(_NAMES, row, strict=True))
    split = Split(**{name: fields.pop(name) for name in ("supply_krw", "vat_krw", "exempt_krw")})
    return Receipt(**fields, split=split, lines=tuple(of_it))


_NAMES = [c.name for c in _COLUMNS]
_LINE_FIELDS = [c.name for c in lines.c if c.name not in ("neighbourhood", "receipt", "why")]
_line_values = attrgetter(*_LINE_FIELDS)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Step, ...]).decode
