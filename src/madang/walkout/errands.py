"""Things that lie where they do not belong, or were never weighed: somebody is asked, until that is put right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from madang import catalog
from madang.db import Tx
from madang.kernel import system
from madang.walkout import tasks
from madang.walkout.holds import Move


def after(tx: Tx, shop: str, before: Move | None, now: Move | None, home: Mapping[str, str], at_us: int) -> None:
    """A move was told, or told otherwise: ``home`` gives each product's first facing."""
    if before is not None and _left(before, home) and (now is None or not _same(before, now)):
        tasks.withdraw(tx, shop, "misplaced", product=before.product, facing=before.facing, at_us=at_us)
    if now is None or now.qty == 0 or home.get(now.product) == now.facing:
        return
    if now.pick:
        tasks.withdraw(tx, shop, "misplaced", product=now.product, facing=now.facing, at_us=at_us)
    elif not _belongs(tx, shop, now):
        details = {"home": home.get(now.product, ""), "qty": now.qty}
        tasks.raise_task(tx, shop, "misplaced", product=now.product, facing=now.facing, details=details, at_us=at_us)


def to_weigh(tx: Tx, shop: str, layout: Mapping[str, Any], at_us: int) -> None:
    """Somebody weighs what stands on the shelves of a store document without a weight (g): one task a facing, gone as
    soon as the catalogue has it."""
    weightless = {str(p["id"]) for p in layout["products"] if not p.get("weight_g")}
    asked = {
        (str(product), str(facing["id"]))
        for facing in layout["planogram"]
        for product in facing["products"]
        if str(product) in weightless
    }
    for task in tasks.open_of(tx, shop, "weigh"):
        if (task.product, task.facing) not in asked:
            tasks.withdraw(tx, shop, "weigh", product=task.product, facing=task.facing, at_us=at_us)
    for product, facing in sorted(asked):
        tasks.raise_task(tx, shop, "weigh", product=product, facing=facing, details={}, at_us=at_us)


def _left(move: Move, home: Mapping[str, str]) -> bool:
    return not move.pick and move.qty > 0 and home.get(move.product) != move.facing


def _same(one: Move, other: Move) -> bool:
    return (one.pick, one.product, one.facing) == (other.pick, other.product, other.facing) and other.qty > 0


def _belongs(tx: Tx, shop: str, move: Move) -> bool:
    """True where the planogram has the product in that facing too, or nobody knows."""
    ours = system(tx.neighbourhood, f"walkout/{shop}")
    there = [facing for facing in catalog.facings(tx, ours, shop) if facing.id == move.facing]
    return not there or move.product in there[0].products
