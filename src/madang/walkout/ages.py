"""Goods for adults in a shop without a till: nobody is charged for them who was not seen to be an adult.

A visit that carries any goes to a person, with an alarm (``walkout.age_unseen``). Where nobody answers in time the rest
is charged and these are not: they are written off and told, since silence sells nothing to the young (청소년 보호법
§28).
"""

from __future__ import annotations

from collections.abc import Iterable

from madang.catalog import adults as goods
from madang.db import Tx
from madang.deals.model import Deal
from madang.kernel import Actor
from madang.members import adults

WHY = "age"
"""Why a visit is reviewed."""


def unseen(tx: Tx, by: Actor, deal: Deal, products: Iterable[str]) -> tuple[str, ...]:
    """What of some products its payer may not be sold as far as anybody knows; nothing where they were seen to be an
    adult."""
    found = goods.restricted(tx, by, products)
    return () if not found or adults.is_adult(tx, deal.subject) else tuple(sorted(found))
