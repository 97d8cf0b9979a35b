"""What a demo came to: the engine's own receipts beside the twin's truth, and what stands in the books."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from madang import catalog, journal, ledger
from madang.db import Database, Tx
from madang.deals import Deal
from madang.deals import service as deals
from madang.demo.opening import BY
from madang.demo.sender import Truth
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.members.credentials import digest_of
from madang.walkout import conservation


class Outcome(msgspec.Struct, kw_only=True):
    """The figures of a run.

    ``receipts_exact``, ``over_krw`` and ``under_krw`` judge the engine's own receipts, also those it was not sure of;
    ``reviewed`` of them were asked, and answered by a simulated reviewer who knows the truth, so ``sales_krw`` (what
    was charged, less refunds) holds the engine's receipts where it was sure and the reviewer's where it was not.
    ``auto_*`` are the receipts that were charged without asking.
    """

    simulated: bool = True
    baskets: int = 0
    receipts: int = 0
    receipts_exact: int = 0
    items: int = 0
    sales_krw: int = 0
    over_krw: int = 0
    under_krw: int = 0
    true_krw: int = 0
    reviewed: int = 0
    unanswered: int = 0
    auto_receipts: int = 0
    auto_exact: int = 0
    auto_over_krw: int = 0
    auto_under_krw: int = 0
    owed_krw: int = 0
    facts: int = 0
    facts_ok: bool = False
    ledger_ok: bool = False
    conserved: bool = False
    speed_x: float = 0.0
    shop_s: float = 0.0
    wall_s: float = 0.0
    engine_busy_s: float = 0.0


def all_deals(tx: Tx) -> list[Deal]:
    """Every visit's deal."""
    found: list[Deal] = []
    cursor: str | None = None
    while True:
        page = deals.find(tx, BY, process="walkout", shop=SHOP, cursor=cursor, limit=200)
        found += page.rows
        cursor = page.next
        if cursor is None:
            return found


def outcome(db: Database, truth: Mapping[str, Truth]) -> Outcome:
    """Judge a run whose plan is played, and check its books and facts."""

    def read(tx: Tx) -> tuple[list[Deal], dict[str, int], bool, bool, Any]:
        products = [p for facing in catalog.facings(tx, BY, SHOP) for p in facing.products]
        known = catalog.products(tx, BY, products)
        prices = catalog.price_at(tx, BY, products, db.clock.now_us(), shop=SHOP)
        each = {p: _piece_krw(known[p], prices[p]) for p in prices}
        conserved = not conservation.differences(tx, BY, SHOP)
        return all_deals(tx), each, ledger.check(tx).ok, conserved, journal.verify(tx, BY)

    found, each_krw, ledger_ok, conserved, chain = db.read(read, neighbourhood=NEIGHBOURHOOD)
    out = Outcome(baskets=len(truth), ledger_ok=ledger_ok, conserved=conserved, facts=chain.facts, facts_ok=chain.ok)
    by_entry = {deal.data["entry"]: deal for deal in found}
    for credential, true in truth.items():
        _judge(out, by_entry.get(digest_of(NEIGHBOURHOOD, credential)), true.items, each_krw)
    return out


def _piece_krw(product: catalog.Product, price_krw: int) -> int:
    """A piece's price; that of a weighed one by its catalogue weight."""
    if product.sold_by is catalog.SoldBy.WEIGHT:
        return round(price_krw * (product.unit_weight_g or 0) / 100)
    return price_krw


def _judge(out: Outcome, deal: Deal | None, true: Mapping[str, int], each_krw: Mapping[str, int]) -> None:
    said: dict[str, int] = {} if deal is None else deal.data.get("said", {})
    over = sum(max(0, n - true.get(p, 0)) * each_krw.get(p, 0) for p, n in said.items())
    under = sum(max(0, n - said.get(p, 0)) * each_krw.get(p, 0) for p, n in true.items())
    out.over_krw += over
    out.under_krw += under
    out.true_krw += sum(n * each_krw.get(p, 0) for p, n in true.items())
    if deal is None or "proposal" not in deal.data:
        return
    exact = {p: n for p, n in said.items() if n} == dict(true)
    out.receipts += 1
    out.receipts_exact += exact
    out.items += sum(deal.data.get("carried", said).values())
    out.sales_krw += int(deal.data.get("charged_krw", 0)) - int(deal.data.get("refunded_krw", 0))
    out.owed_krw += int(deal.data.get("owed_krw", 0))
    if "asked_at_us" in deal.data:
        out.reviewed += 1
        out.unanswered += deal.state == "in_review"
    else:
        out.auto_receipts += 1
        out.auto_exact += exact
        out.auto_over_krw += over
        out.auto_under_krw += under
