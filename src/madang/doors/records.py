"""The table of the sensors' alarms that are going on: what a watch that starts again must know."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from madang.db import Tx, table
from madang.kernel import Actor

alarms = table(
    "doors_alarms",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("alarm", sa.Text, nullable=False),
    sa.Column("began_at_us", sa.BigInteger, nullable=False),
    key=["shop", "device", "alarm"],
)

_ON = sa.select(alarms.c.device, alarms.c.alarm, alarms.c.began_at_us).where(
    alarms.c.neighbourhood == sa.bindparam("n"), alarms.c.shop == sa.bindparam("shop")
)
_BEGIN = sa.insert(alarms)
_END = (
    sa.delete(alarms)
    .where(alarms.c.neighbourhood == sa.bindparam("n_"), alarms.c.shop == sa.bindparam("shop_"))
    .where(alarms.c.device == sa.bindparam("device_"), alarms.c.alarm == sa.bindparam("alarm_"))
)


def on(tx: Tx, by: Actor, shop: str) -> list[tuple[str, str, int]]:
    """(device, alarm, since when) of a shop, by device."""
    return sorted((str(d), str(a), int(at)) for d, a, at in tx.rows(_ON, {"n": by.neighbourhood, "shop": shop}))


def begin(tx: Tx, shop: str, rows: Sequence[tuple[str, str, int]]) -> None:
    key = {"neighbourhood": tx.neighbourhood, "shop": shop}
    tx.many(_BEGIN, [key | {"device": d, "alarm": a, "began_at_us": at} for d, a, at in rows])


def end(tx: Tx, shop: str, rows: Sequence[tuple[str, str]]) -> None:
    key = {"n_": tx.neighbourhood, "shop_": shop}
    tx.many(_END, [key | {"device_": device, "alarm_": alarm} for device, alarm in rows])
