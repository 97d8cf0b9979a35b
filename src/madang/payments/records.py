"""Tables of selling on account."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from madang.db import Tx, table

terms = table(
    "payments_terms",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("limit_krw", sa.BigInteger, nullable=False),
    sa.Column("good_for_us", sa.BigInteger, nullable=False),
    key=["shop"],
    seldom=True,
)
credit = table(
    "payments_credit",
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("allowance_krw", sa.BigInteger, nullable=False),
    sa.Column("as_of_us", sa.BigInteger, nullable=False),
    key=["person"],
)

_N: sa.BindParameter[str] = sa.bindparam("n")
_TERMS = sa.select(terms.c.limit_krw, terms.c.good_for_us).where(
    terms.c.neighbourhood == _N, terms.c.shop == sa.bindparam("shop")
)
_CREDIT = sa.select(credit.c.allowance_krw, credit.c.as_of_us).where(
    credit.c.neighbourhood == _N, credit.c.person == sa.bindparam("person")
)
_EVERY = sa.select(credit.c.person, credit.c.allowance_krw, credit.c.as_of_us).where(credit.c.neighbourhood == _N)
_FORGET_TERMS = sa.delete(terms).where(
    terms.c.neighbourhood == sa.bindparam("n_"), terms.c.shop == sa.bindparam("shop_")
)
_FORGET_CREDIT = sa.delete(credit).where(
    credit.c.neighbourhood == sa.bindparam("n_"), credit.c.person == sa.bindparam("person_")
)
_INSERT_TERMS, _INSERT_CREDIT = sa.insert(terms), sa.insert(credit)


def terms_of(tx: Tx, shop: str) -> tuple[int, int] | None:
    """(limit, how long an allowance is good for) of a shop that sells on account."""
    found = tx.rows(_TERMS, {"n": tx.neighbourhood, "shop": shop})
    return (int(found[0][0]), int(found[0][1])) if found else None


def any_terms(tx: Tx) -> bool:
    return bool(tx.rows(sa.select(terms.c.shop).where(terms.c.neighbourhood == _N).limit(1), {"n": tx.neighbourhood}))


def set_terms(tx: Tx, shop: str, limit_krw: int, good_for_us: int) -> None:
    tx.many(_FORGET_TERMS, [{"n_": tx.neighbourhood, "shop_": shop}])
    row = {"neighbourhood": tx.neighbourhood, "shop": shop, "limit_krw": limit_krw, "good_for_us": good_for_us}
    tx.many(_INSERT_TERMS, [row])


def credit_of(tx: Tx, person: str) -> tuple[int, int] | None:
    """(allowance, as of when)."""
    found = tx.rows(_CREDIT, {"n": tx.neighbourhood, "person": person})
    return (int(found[0][0]), int(found[0][1])) if found else None


def every_credit(tx: Tx) -> dict[str, tuple[int, int]]:
    """By person."""
    return {person: (int(krw), int(at)) for person, krw, at in tx.rows(_EVERY, {"n": tx.neighbourhood})}


def set_credit(tx: Tx, allowances: Mapping[str, int], as_of_us: int) -> None:
    """Replace what these people may spend."""
    tx.many(_FORGET_CREDIT, [{"n_": tx.neighbourhood, "person_": person} for person in allowances])
    rows = [
        {"neighbourhood": tx.neighbourhood, "person": person, "allowance_krw": krw, "as_of_us": as_of_us}
        for person, krw in allowances.items()
    ]
    tx.many(_INSERT_CREDIT, rows)


def renew_credit(tx: Tx, as_of_us: int) -> None:
    """What is known of everybody is known as of now."""
    tx.execute(sa.update(credit).where(credit.c.neighbourhood == tx.neighbourhood).values(as_of_us=as_of_us))
