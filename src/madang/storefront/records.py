"""Tables of carts, checkouts, shops' terms and entry codes, and the queries on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import NOTHING, Tx, table
from madang.kernel import Actor, Kind
from madang.storefront.model import CartLine, Checkout, Group, WithdrawalBasis

cart = table(
    "storefront_cart",
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("added_at_us", sa.BigInteger, nullable=False),
    key=["owner", "shop", "sku"],
)
checkouts = table(
    "storefront_checkout",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("begun_at_us", sa.BigInteger, nullable=False),
    sa.Column("held_until_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("storefront_checkout_owner", "neighbourhood", "owner", "state", "begun_at_us"),
    key=["id"],
)
terms = table(
    "storefront_terms",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    key=["shop"],
    seldom=True,
)
bases = table(
    "storefront_basis",
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    key=["sku"],
    seldom=True,
)
codes = table(
    "storefront_entry_code",
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("made_at_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("used_at_us", sa.BigInteger),
    sa.Column("gate", sa.Text),
    sa.Index("storefront_entry_code_person", "neighbourhood", "person", "made_at_us"),
    key=["digest"],
)
views = table(
    "storefront_neighbours",
    sa.Column("listing", sa.Text, nullable=False),
    sa.Column("bought", sa.BigInteger, nullable=False),
    sa.Column("again", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    key=["listing"],
    seldom=True,
)

setting = table(
    "storefront_setting",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("by_key", sa.Text, nullable=False),
    key=["shop", "what", "from_us"],
    seldom=True,
)

_CARTS = (cart.name,)  # what is remembered: carts by owner
_CHECKOUTS, _OPEN = (checkouts.name,), "open"  # what is remembered: checkouts by id, the open one by owner
_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_OWNER: sa.BindParameter[str] = sa.bindparam("owner", type_=sa.Text())
_CART = (
    sa.select(cart.c.shop, cart.c.sku, cart.c.amount, cart.c.added_at_us)
    .where(cart.c.neighbourhood == _N, cart.c.owner == _OWNER)
    .order_by(cart.c.shop, cart.c.added_at_us, cart.c.sku)
)
_PUT_TERMS, _PUT_BASIS, _PUT_CODE = map(sa.insert, (terms, bases, codes))
_EMPTY = sa.delete(cart).where(cart.c.neighbourhood == sa.bindparam("n_"), cart.c.owner == sa.bindparam("owner_"))
_COLUMNS = [checkouts.c[name] for name in ("id", "owner", "state", "begun_at_us", "held_until_us", "body")]
_CHECKOUT = sa.select(*_COLUMNS).where(checkouts.c.neighbourhood == _N, checkouts.c.id == sa.bindparam("id"))
_OPEN_CHECKOUT = (
    sa.select(*_COLUMNS)
    .where(checkouts.c.neighbourhood == _N, checkouts.c.owner == _OWNER, checkouts.c.state == "held")
    .order_by(checkouts.c.begun_at_us.desc())
    .limit(1)
)
_SETTINGS = (
    sa.select(setting.c.from_us, setting.c.body, setting.c.by_key)
    .where(
        setting.c.neighbourhood == _N, setting.c.shop == sa.bindparam("shop"), setting.c.what == sa.bindparam("what")
    )
    .order_by(setting.c.from_us.desc())
    .limit(sa.bindparam("most"))
)
_ALL_TERMS = sa.select(terms.c.shop, terms.c.body).where(terms.c.neighbourhood == _N).order_by(terms.c.shop)
_FORGET_TERMS = sa.delete(terms).where(
    terms.c.neighbourhood == sa.bindparam("n_"), terms.c.shop == sa.bindparam("shop_")
)
_FORGET_BASIS = sa.delete(bases).where(bases.c.neighbourhood == sa.bindparam("n_"), bases.c.sku == sa.bindparam("sku_"))
_CODE = sa.select(codes.c.person, codes.c.made_at_us, codes.c.until_us, codes.c.used_at_us, codes.c.gate).where(
    codes.c.neighbourhood == _N, codes.c.digest == sa.bindparam("digest")
)
_USE = (
    sa.update(codes)
    .where(codes.c.neighbourhood == sa.bindparam("n_"), codes.c.digest == sa.bindparam("digest_"))
    .values(used_at_us=sa.bindparam("used_at_us_"), gate=sa.bindparam("gate_"))
)
_FORGET_CODES = sa.delete(codes).where(
    codes.c.neighbourhood == sa.bindparam("n_"), codes.c.until_us < sa.bindparam("before_us_")
)
_LAST_USED = (
    sa.select(codes.c.used_at_us, codes.c.gate)
    .where(codes.c.neighbourhood == _N, codes.c.person == sa.bindparam("person"), codes.c.used_at_us.is_not(None))
    .order_by(codes.c.made_at_us.desc())
    .limit(1)
)


class _Body(msgspec.Struct, frozen=True):
    groups: tuple[Group, ...]
    codes: tuple[str, ...] = ()


_encode = msgspec.json.Encoder().encode
_body = msgspec.json.Decoder(_Body).decode


def cart_of(tx: Tx, by: Actor) -> list[CartLine]:
    """The caller's own cart."""
    mine = by.neighbourhood == tx.neighbourhood
    known: tuple[CartLine, ...] = tx.recall(_CARTS, by.key) if mine else NOTHING
    if known is not NOTHING:
        return list(known)
    rows = tx.rows(_CART, {"n": by.neighbourhood, "owner": by.key}, looks=(cart, {"owner": by.key}))
    found = [CartLine(shop=shop, sku=sku, amount=int(n), added_at_us=at) for shop, sku, n, at in rows]
    if mine:
        tx.remember(_CARTS, by.key, tuple(found))
    return found


def put(tx: Tx, owner: str, lines: Sequence[CartLine]) -> None:
    """Each line replaces what is there of its SKU."""
    there = {(line.shop, line.sku): line for line in _of(tx, owner)}
    for line in lines:
        key = (line.shop, line.sku)
        if key not in there:
            tx.add(cart, {"owner": owner, **msgspec.structs.asdict(line)}, learn=False)
        else:
            tx.change(cart, (owner, *key), {"amount": line.amount, "added_at_us": line.added_at_us})
        there[key] = line
    _keep(tx, owner, there.values())


def _of(tx: Tx, owner: str) -> list[CartLine]:
    return cart_of(tx, Actor(Kind.PERSON, owner, tx.neighbourhood))


def take_out(tx: Tx, owner: str, lines: Sequence[CartLine]) -> None:
    there = {(line.shop, line.sku): line for line in _of(tx, owner)}
    for line in lines:
        if there.pop((line.shop, line.sku), None) is not None:
            tx.remove(cart, (owner, line.shop, line.sku))
    _keep(tx, owner, there.values())


def empty(tx: Tx, owner: str) -> None:
    tx.many(_EMPTY, [{"n_": tx.neighbourhood, "owner_": owner}])


def _keep(tx: Tx, owner: str, lines: Iterable[CartLine]) -> None:
    tx.remember(_CARTS, owner, tuple(sorted(lines, key=lambda line: (line.shop, line.added_at_us, line.sku))))


def add_checkout(tx: Tx, new: Checkout) -> None:
    row = {name: getattr(new, name) for name in ("id", "owner", "state", "begun_at_us", "held_until_us")}
    body = _encode(_Body(new.groups, new.codes)).decode()
    tx.add(checkouts, row | {"body": body}, learn=False)
    tx.remember(_CHECKOUTS, new.id, new)
    tx.remember(_CHECKOUTS, (new.owner, _OPEN), new.id)


def checkout(tx: Tx, by: Actor, id: UUID, *, fresh: bool = False) -> Checkout | None:
    """``fresh``: it is new unless somebody asks twice, and its caller adds it where it is."""
    mine = by.neighbourhood == tx.neighbourhood
    known: Checkout | None = tx.recall(_CHECKOUTS, id) if mine else NOTHING
    if known is not NOTHING:
        return known
    if fresh and not tx.careful:
        tx.guessed = True
        return None
    found = tx.rows(_CHECKOUT, {"n": by.neighbourhood, "id": id}, looks=(checkouts, {"id": id}))
    made = _checkout(found[0]) if found else None
    if mine:
        tx.remember(_CHECKOUTS, id, made)
    return made


def open_checkout(tx: Tx, by: Actor) -> Checkout | None:
    """The caller's that is neither placed nor dropped: a new one drops it, so there is one at most."""
    mine = by.neighbourhood == tx.neighbourhood
    known: UUID | None = tx.recall(_CHECKOUTS, (by.key, _OPEN)) if mine else NOTHING
    if known is not NOTHING:
        return None if known is None else checkout(tx, by, known)
    found = tx.rows(_OPEN_CHECKOUT, {"n": by.neighbourhood, "owner": by.key}, looks=(checkouts, {"owner": by.key}))
    made = _checkout(found[0]) if found else None
    if mine:
        tx.remember(_CHECKOUTS, (by.key, _OPEN), None if made is None else made.id)
    return made


def set_checkout(tx: Tx, of: Checkout, state: str) -> None:
    tx.change(checkouts, (of.id,), {"state": state})
    tx.remember(_CHECKOUTS, of.id, msgspec.structs.replace(of, state=state))
    tx.remember(_CHECKOUTS, (of.owner, _OPEN), None)


def terms_of(tx: Tx, shop: str) -> str | None:
    row = tx.get(terms, (shop,))
    return None if row is None else str(row["body"])


def all_terms(tx: Tx) -> list[tuple[str, str]]:
    return [(shop, body) for shop, body in tx.rows(_ALL_TERMS, {"n": tx.neighbourhood})]


def set_terms(tx: Tx, shop: str, body: str, at_us: int) -> None:
    tx.many(_FORGET_TERMS, [{"n_": tx.neighbourhood, "shop_": shop}])
    tx.many(_PUT_TERMS, [{"neighbourhood": tx.neighbourhood, "shop": shop, "body": body, "set_at_us": at_us}])


def settings(tx: Tx, shop: str, what: str, *, limit: int) -> list[tuple[int, str, str]]:
    """(from, body, who) of a shop's setting, the newest first."""
    params = {"n": tx.neighbourhood, "shop": shop, "what": str(what), "most": limit}
    found: list[Any] = tx.kept(_SETTINGS, params, tx.neighbourhood)
    return found


def add_setting(tx: Tx, shop: str, what: str, from_us: int, body: str, by_key: str) -> None:
    """A row from an instant on; in the place of one of the same instant."""
    at = sa.and_(
        setting.c.neighbourhood == tx.neighbourhood, setting.c.shop == shop, setting.c.what == str(what),
        setting.c.from_us == from_us,
    )  # fmt: skip
    tx.execute(sa.delete(setting).where(at))
    row = {"shop": shop, "what": str(what), "from_us": from_us, "body": body, "by_key": by_key}
    tx.many(sa.insert(setting), [row | {"neighbourhood": tx.neighbourhood}])


def bases_of(tx: Tx, skus: Sequence[str]) -> dict[str, WithdrawalBasis]:
    """What shops have said of goods; most have nothing. (One look for each: faster than a list for a cart's few.)"""
    found = {sku: tx.get(bases, (sku,)) for sku in dict.fromkeys(skus)}
    return {sku: WithdrawalBasis(row["basis"]) for sku, row in found.items() if row is not None}


def set_basis(tx: Tx, sku: str, basis: WithdrawalBasis | None, at_us: int) -> None:
    tx.many(_FORGET_BASIS, [{"n_": tx.neighbourhood, "sku_": sku}])
    if basis is not None:
        row = {"neighbourhood": tx.neighbourhood, "sku": sku, "basis": basis.value, "set_at_us": at_us}
        tx.many(_PUT_BASIS, [row])


def add_code(tx: Tx, digest: str, person: UUID, made_at_us: int, until_us: int) -> None:
    row = {"digest": digest, "person": person, "made_at_us": made_at_us, "until_us": until_us}
    tx.many(_PUT_CODE, [row | {"neighbourhood": tx.neighbourhood, "used_at_us": None, "gate": None}])


def code(tx: Tx, digest: str) -> tuple[UUID, int, int, int | None, str | None] | None:
    """(person, made, until, used, gate) of a code."""
    found: list[Any] = tx.rows(_CODE, {"n": tx.neighbourhood, "digest": digest})
    return found[0] if found else None


def use_code(tx: Tx, digest: str, at_us: int, gate: str) -> None:
    tx.many(_USE, [{"n_": tx.neighbourhood, "digest_": digest, "used_at_us_": at_us, "gate_": gate}])


def last_used(tx: Tx, person: UUID) -> tuple[int, str] | None:
    """When and at which gate a person's latest code was used."""
    found: list[Any] = tx.rows(_LAST_USED, {"n": tx.neighbourhood, "person": person})
    return (int(found[0][0]), str(found[0][1])) if found else None


def forget_codes(tx: Tx, before_us: int) -> None:
    """Codes that were over before an instant are forgotten."""
    tx.many(_FORGET_CODES, [{"n_": tx.neighbourhood, "before_us_": before_us}])


def _checkout(row: Sequence[Any]) -> Checkout:
    id, owner, state, begun, held, body = row
    kept = _body(body)
    return Checkout(
        id=id, owner=owner, state=state, begun_at_us=begun, held_until_us=held, groups=kept.groups, codes=kept.codes
    )
