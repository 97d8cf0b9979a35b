"""Tables of learning: weighings of settled receipts, sightings of what does not fit, hours of plates' noise and what
answers contradict of them, and what was learned, dated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Tx, table

What = Literal["weight", "spread", "lies", "noise"]

weighings = table(
    "walkout_weighings",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("deal", sa.Uuid, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("qty", sa.BigInteger, nullable=False),
    sa.Column("unit_g", sa.Double, nullable=False),
    sa.Index("walkout_weighings_at", "neighbourhood", "shop", "at_us"),
    key=["shop", "deal", "product"],
)
sightings = table(
    "walkout_sightings",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("ref", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("facing", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("unit_g", sa.Double, nullable=False),
    sa.Index("walkout_sightings_at", "neighbourhood", "shop", "what", "facing", "product", "at_us"),
    key=["shop", "ref"],
)
noises = table(
    "walkout_plate_noise",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("grams", sa.Text, nullable=False),
    key=["shop", "at_us"],
)
contradicted = table(
    "walkout_contradicted",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("deal", sa.Uuid, nullable=False),
    sa.Column("facing", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Index("walkout_contradicted_at", "neighbourhood", "shop", "at_us"),
    key=["shop", "deal", "facing", "at_us"],
)
learned = table(
    "walkout_learned",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("facing", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("before", sa.Double),
    sa.Column("base", sa.Double, nullable=False),
    sa.Column("evidence", sa.BigInteger, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("by_key", sa.Text, nullable=False),
    sa.Index("walkout_learned_thing", "neighbourhood", "shop", "what", "facing", "product", "number"),
    key=["shop", "number"],
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A learned value from a moment on. ``value`` None: what the catalogue or planogram says holds again. ``before``
    is what held until then, ``base`` what the catalogue said when it was learned, ``evidence`` from how many looks;
    ``why``: settled, sighted, task, undone. Of a ``noise`` ``facing`` names the plate."""

    number: int
    what: What
    facing: str
    product: str
    from_us: int
    value: float | None
    before: float | None
    base: float
    evidence: int
    why: str
    by_key: str

    @property
    def thing(self) -> tuple[str, str, str]:
        return self.what, self.facing, self.product


_N: sa.BindParameter[str] = sa.bindparam("n")
_SHOP: sa.BindParameter[str] = sa.bindparam("shop")
_SINCE: sa.BindParameter[int] = sa.bindparam("since_us")
_L = learned.c
_ROW = sa.select(*(_L[name] for name in Row.__struct_fields__)).where(_L.neighbourhood == _N, _L.shop == _SHOP)
_BY_NUMBER = _ROW.where(_L.number == sa.bindparam("number"))
_LATEST = _ROW.where(
    _L.what == sa.bindparam("what"), _L.facing == sa.bindparam("facing"), _L.product == sa.bindparam("product")
)
_LATEST = _LATEST.order_by(_L.number.desc()).limit(1)
_newest = (
    sa.select(sa.func.max(_L.number))
    .where(_L.neighbourhood == _N, _L.shop == _SHOP)
    .group_by(_L.what, _L.facing, _L.product)
)
_VALUES = _ROW.where(_L.number.in_(_newest)).order_by(_L.what, _L.facing, _L.product)
_HISTORY = _ROW.where(_L.number < sa.bindparam("before_number")).order_by(_L.number.desc()).limit(sa.bindparam("limit"))
_LAST = sa.select(sa.func.max(_L.number)).where(_L.neighbourhood == _N, _L.shop == _SHOP)
_SINCE_DAY = sa.select(sa.func.count()).where(
    _L.neighbourhood == _N,
    _L.shop == _SHOP,
    _L.what == sa.bindparam("what"),
    _L.from_us > _SINCE,
    _L.value.is_not(None),
)
_W = weighings.c
_KNOWN = sa.select(_W.product).where(_W.neighbourhood == _N, _W.shop == _SHOP, _W.deal == sa.bindparam("deal"))
_WEIGHED = (
    sa.select(_W.product, _W.at_us, _W.unit_g)
    .where(_W.neighbourhood == _N, _W.shop == _SHOP, _W.at_us > _SINCE)
    .order_by(_W.at_us, _W.deal)
)
_S = sightings.c
_SIGHTED = (
    sa.select(_S.unit_g)
    .where(_S.neighbourhood == _N, _S.shop == _SHOP, _S.what == sa.bindparam("what"))
    .where(_S.facing == sa.bindparam("facing"), _S.product == sa.bindparam("product"), _S.at_us > _SINCE)
    .order_by(_S.at_us, _S.ref)
)
_SEEN = sa.select(_S.ref).where(_S.neighbourhood == _N, _S.shop == _SHOP, _S.ref == sa.bindparam("ref"))
_NOISES, _CONTRADICTED = (
    sa.select(*columns)
    .where(one.c.neighbourhood == _N, one.c.shop == _SHOP, one.c.at_us > _SINCE)
    .order_by(*one.primary_key.columns)
    for one, columns in (
        (noises, (noises.c.at_us, noises.c.grams)),
        (contradicted, (contradicted.c.facing, contradicted.c.at_us)),
    )
)
_FORGET = tuple(
    sa.delete(one).where(
        one.c.neighbourhood == sa.bindparam("n_"),
        one.c.shop == sa.bindparam("shop_"),
        one.c.at_us < sa.bindparam("us_"),
    )
    for one in (weighings, sightings, noises, contradicted)
)

_DROP_WEIGHED = sa.delete(weighings).where(
    _W.neighbourhood == sa.bindparam("n_"), _W.shop == sa.bindparam("shop_"), _W.deal == sa.bindparam("deal_")
)
_DROP_CONTRADICTED = sa.delete(contradicted).where(
    contradicted.c.neighbourhood == sa.bindparam("n_"),
    contradicted.c.shop == sa.bindparam("shop_"),
    contradicted.c.deal == sa.bindparam("deal_"),
)
_DROP_SEEN = sa.delete(sightings).where(
    _S.neighbourhood == sa.bindparam("n_"), _S.shop == sa.bindparam("shop_"), _S.ref == sa.bindparam("ref_")
)


def _key(tx: Tx, shop: str) -> dict[str, Any]:
    return {"n": tx.neighbourhood, "shop": shop}


def add_weighings(tx: Tx, shop: str, deal: UUID, units: Iterable[tuple[str, int, float]], at_us: int) -> None:
    """(product, pieces, grams of one) of a settled receipt; what of a deal is there already stays."""
    known = {str(row[0]) for row in tx.rows(_KNOWN, _key(tx, shop) | {"deal": deal})}
    rows = [
        {"neighbourhood": tx.neighbourhood, "shop": shop, "deal": deal, "product": product, "at_us": at_us}
        | {"qty": qty, "unit_g": unit_g}
        for product, qty, unit_g in units
        if product not in known
    ]
    if rows:
        tx.many(sa.insert(weighings), rows)


def drop(tx: Tx, shop: str, deal: UUID) -> None:
    """Forget what a deal taught."""
    tx.execute(_DROP_WEIGHED, {"n_": tx.neighbourhood, "shop_": shop, "deal_": deal})
    tx.execute(_DROP_CONTRADICTED, {"n_": tx.neighbourhood, "shop_": shop, "deal_": deal})
    tx.execute(_DROP_SEEN, {"n_": tx.neighbourhood, "shop_": shop, "ref_": str(deal)})


def weighed(tx: Tx, shop: str, since_us: int) -> dict[str, list[tuple[int, float]]]:
    """(when, grams of one) by product, oldest first."""
    found: dict[str, list[tuple[int, float]]] = {}
    for product, at_us, unit_g in tx.rows(_WEIGHED, _key(tx, shop) | {"since_us": since_us}):
        found.setdefault(str(product), []).append((int(at_us), float(unit_g)))
    return found


def add_sighting(
    tx: Tx, shop: str, what: str, facing: str, product: str, *, ref: str, unit_g: float, at_us: int
) -> bool:
    """False where it is there already."""
    if tx.rows(_SEEN, _key(tx, shop) | {"ref": ref}):
        return False
    row = {"neighbourhood": tx.neighbourhood, "shop": shop, "ref": ref, "what": what, "facing": facing}
    tx.many(sa.insert(sightings), [row | {"product": product, "at_us": at_us, "unit_g": unit_g}])
    return True


def sighted(tx: Tx, shop: str, what: str, facing: str, product: str, since_us: int) -> list[float]:
    """Grams of one in each sighting since, oldest first."""
    thing = {"what": what, "facing": facing, "product": product, "since_us": since_us}
    return [float(row[0]) for row in tx.rows(_SIGHTED, _key(tx, shop) | thing)]


def add_noise(tx: Tx, shop: str, grams: dict[str, float], at_us: int) -> None:
    """Grams by plate, of the hour that ended then; an hour that is there already stays."""
    if not noise(tx, shop, at_us - 1, at_us):
        row = {"neighbourhood": tx.neighbourhood, "shop": shop, "at_us": at_us}
        tx.many(sa.insert(noises), [row | {"grams": msgspec.json.encode(grams, order="deterministic").decode()}])


def noise(tx: Tx, shop: str, since_us: int, until_us: int = 1 << 62) -> list[tuple[int, dict[str, float]]]:
    """(when an hour ended, grams by plate), oldest first."""
    rows = tx.rows(_NOISES, _key(tx, shop) | {"since_us": since_us})
    return [(int(at_us), msgspec.json.decode(grams)) for at_us, grams in rows if at_us <= until_us]


def add_contradicted(tx: Tx, shop: str, deal: UUID, where: Iterable[tuple[str, int]]) -> None:
    """(facing, when) of moves that the last answer of a deal says were none."""
    tx.execute(_DROP_CONTRADICTED, {"n_": tx.neighbourhood, "shop_": shop, "deal_": deal})
    rows = [
        {"neighbourhood": tx.neighbourhood, "shop": shop, "deal": deal, "facing": facing, "at_us": at_us}
        for facing, at_us in sorted(set(where))
    ]
    if rows:
        tx.many(sa.insert(contradicted), rows)


def contradictions(tx: Tx, shop: str, since_us: int) -> list[tuple[str, int]]:
    """(facing, when) of moves that answers say were none."""
    rows = tx.rows(_CONTRADICTED, _key(tx, shop) | {"since_us": since_us})
    return [(str(facing), int(at_us)) for facing, at_us in rows]


def forget(tx: Tx, shop: str, before_us: int) -> None:
    """Drop evidence that no lesson looks at any more."""
    for statement in _FORGET:
        tx.execute(statement, {"n_": tx.neighbourhood, "shop_": shop, "us_": before_us})


def latest(tx: Tx, shop: str, what: str, facing: str, product: str) -> Row | None:
    found = tx.rows(_LATEST, _key(tx, shop) | {"what": what, "facing": facing, "product": product})
    return _row(found[0]) if found else None


def numbered(tx: Tx, shop: str, number: int) -> Row | None:
    found = tx.rows(_BY_NUMBER, _key(tx, shop) | {"number": number})
    return _row(found[0]) if found else None


def values(tx: Tx, shop: str) -> list[Row]:
    """The latest row of everything that was ever learned."""
    return [_row(row) for row in tx.rows(_VALUES, _key(tx, shop))]


def history(tx: Tx, shop: str, *, before: int | None, limit: int) -> list[Row]:
    """Newest first."""
    key = _key(tx, shop) | {"before_number": before or 1 << 62, "limit": limit}
    return [_row(row) for row in tx.rows(_HISTORY, key)]


def learned_since(tx: Tx, shop: str, what: str, since_us: int) -> int:
    """How many values of a kind were learned since."""
    return int(tx.rows(_SINCE_DAY, _key(tx, shop) | {"what": what, "since_us": since_us})[0][0])


def add(tx: Tx, shop: str, new: Row) -> Row:
    """Number and keep a row."""
    number = int(tx.rows(_LAST, _key(tx, shop))[0][0] or 0) + 1
    new = msgspec.structs.replace(new, number=number)
    tx.many(sa.insert(learned), [{"neighbourhood": tx.neighbourhood, "shop": shop} | msgspec.structs.asdict(new)])
    return new


def _row(row: tuple[Any, ...]) -> Row:
    return Row(**dict(zip(Row.__struct_fields__, row, strict=True)))
