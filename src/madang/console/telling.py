"""What a fact says, in one short line: the goods, the money, the step, the reason.

A kind's words (`ui/texts/*/fact.toml`) say what sort of thing happened; this says which. It goes by the fields that
bodies share, so that a new kind tells itself, and shows no key of a person: those stay in the folded rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from madang import deals
from madang.catalog import Product
from madang.journal import Fact
from madang.ui import formats

GOODS = ("product", "sku")
PIECES = ("qty", "pieces", "quantity")
MONEY = ("total_krw", "amount_krw", "price_krw", "limit_krw")
PLAIN = ("label",)


def goods_in(facts: Iterable[Fact]) -> set[str]:
    """The product ids that the facts speak of."""
    return {id for fact in facts for id in _goods(fact)}


def line(fact: Fact, goods: Mapping[str, Product], language: str) -> str:
    """Such as ``진라면 매운맛 × 2`` or ``결제 → 결제됨 · 12,300원``; empty where the kind says it all."""
    parts = [_named(id, goods, language) for id in _goods(fact)]
    if parts and (pieces := _first(fact, PIECES)) is not None:
        parts[-1] += f" × {pieces:,}"
    if step := _step(fact, language):
        parts.append(step)
    if (amount := _first(fact, MONEY)) is not None:
        parts.append(formats.won(amount, language))
    parts += [str(value) for name in PLAIN if isinstance(value := getattr(fact.body, name, None), str) and value]
    return " · ".join(parts)


def _goods(fact: Fact) -> list[str]:
    named = [value for name in GOODS if isinstance(value := getattr(fact.body, name, None), str) and value]
    if not named and fact.kind.startswith("catalog.product"):
        named = [fact.subject]
    return named[:1]


def _named(id: str, goods: Mapping[str, Product], language: str) -> str:
    product = goods.get(id)
    if product is None:
        return id
    return product.name_ko if language == "ko" else product.name_en or product.name_ko


def _first(fact: Fact, names: Iterable[str]) -> int | None:
    for name in names:
        value: Any = getattr(fact.body, name, None)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _step(fact: Fact, language: str) -> str:
    if fact.kind != "deals.moved":
        return ""
    process = deals.declared.get(fact.body.process, fact.body.version)
    states = (fact.body.source, fact.body.target)
    return " → ".join(states if process is None else (process.title(state, language) for state in states))
