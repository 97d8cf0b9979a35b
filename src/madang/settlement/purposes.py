"""What fees are called in English: the operator names a purpose in Korean in the terms, and once more for who reads
English. A purpose has one English name wherever it stands; without one its own stands there."""

from __future__ import annotations

from madang.db import Tx
from madang.kernel import Actor, Role
from madang.settlement import records

NAME_MAX = 60


def name(tx: Tx, by: Actor, purpose: str, name_en: str) -> None:
    """Give a purpose its English name; an empty one leaves the one it has."""
    by.need(Role.OPERATOR)
    by.need_neighbourhood(tx.neighbourhood)
    said = " ".join(name_en.split())[:NAME_MAX]
    if said and names(tx).get(purpose) != said:
        of = records.purposes.c.purpose == purpose
        if not records.change(tx, records.purposes, of, name_en=said):
            records.add(tx, records.purposes, [{"purpose": purpose, "name_en": said}])


def names(tx: Tx) -> dict[str, str]:
    """The English names by purpose."""
    return {row["purpose"]: row["name_en"] for row in records.find(tx, records.purposes)}
