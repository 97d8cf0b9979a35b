"""A kind of fact with a past, for the journal's own tests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from madang import journal
from madang.db import Tx
from madang.journal import Fact, New, Stage
from madang.kernel import derived, system


@journal.kind("sample.counted", version=3, stage=Stage.LOGISTICS)
class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody counted pieces of a product."""

    product: str
    pieces: int
    sure: bool = True


@journal.upcast("sample.counted", since=1)
def _named_pieces(body: dict[str, Any]) -> dict[str, Any]:
    return {"product": body["product"], "pieces": body["count"]}


@journal.upcast("sample.counted", since=2)
def _says_how_sure(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"sure": True}


@journal.kind("sample.spoiled", version=1, stage=Stage.SALES)
class Spoiled(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces went bad."""

    product: str
    grams: float = 0.0


def counted(n: int, *, product: str = "A001", **given: Any) -> New:
    """The ``n``-th sample fact; the same ``n`` gives the same id."""
    given = {"id": derived("sample", n), "at_us": 1_000_000 * n, "subject": f"lot:{n}"} | given
    return New(body=Counted(product=product, pieces=n), **given)


def repeat(tx: Tx, fact: Fact) -> None:
    """A handler whose effect can be counted: for every count, one spoiled fact."""
    by = system(tx.neighbourhood)
    body = Spoiled(product=fact.body.product)
    journal.append(tx, by, body, id=derived("spoiled", fact.id), at_us=fact.at_us, subject=fact.subject)


def sample_id(n: int) -> UUID:
    return derived("sample", n)
