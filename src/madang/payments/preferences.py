"""In which order somebody's means pay by themselves: where nobody asks at a till, and what a checkout begins with."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from madang.db import Tx, table
from madang.kernel import Actor, Invalid

MEANS = ("voucher", "gift_card", "wallet")
"""What can pay by itself, in the order that is proposed. The wallet always pays what is left."""

preferences = table(
    "payments_preference",
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("means", sa.Text, nullable=False),
    sa.Column("set_us", sa.BigInteger, nullable=False),
    key=["person"],
)
_OF = sa.select(preferences.c.means).where(
    preferences.c.neighbourhood == sa.bindparam("n", type_=sa.Text()),
    preferences.c.person == sa.bindparam("person", type_=sa.Text()),
)
_FORGET = sa.delete(preferences).where(
    preferences.c.neighbourhood == sa.bindparam("n_"), preferences.c.person == sa.bindparam("person_")
)


def prefer(tx: Tx, by: Actor, means: Sequence[str], *, at_us: int) -> None:
    """From now on the caller's means pay in this order; what is not named pays only when they say so. The wallet is
    put last where it is missing. Raises ``Invalid`` ``payments.bad_order``."""
    by.need_neighbourhood(tx.neighbourhood)
    if set(means) - set(MEANS) or len(set(means)) != len(means):
        raise Invalid(
            "payments.bad_order",
            ko="같은 순서를 두 번 고를 수 없습니다.",
            en="No two means can come at the same place.",
            next_ko="순서를 다시 골라 주세요.",
            next_en="Choose the order again.",
        )
    kept = [*means, *({"wallet"} - set(means))]
    tx.many(_FORGET, [{"n_": tx.neighbourhood, "person_": by.key}])
    row = {"neighbourhood": tx.neighbourhood, "person": by.key, "means": " ".join(kept), "set_us": at_us}
    tx.many(sa.insert(preferences), [row])


def preferred(tx: Tx, person: str) -> tuple[str, ...] | None:
    """The order somebody has chosen; None: they have not."""
    found = tx.rows(_OF, {"n": tx.neighbourhood, "person": person})
    return tuple(found[0][0].split()) if found else None
