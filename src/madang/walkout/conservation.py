"""What must hold between the books and the deals, beyond each book's own check.

- goods: for each product, shelves + stock + sold + lost + waste + stockroom = received
  (what is in hands is pending, still on a shelf);
- in hands: what is pending off the shelves is what the open visits hold;
- money: the shop's income and tax, less what frozen sales brought, = its walk-out receipts less refunds, but for
  those that are shared with others: what of them was frozen, less what went back, = those;
- capacity: free + inside + overflow = given, and what is pending is who is inside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from madang import ledger, settlement
from madang.db import Tx
from madang.deals import receipts
from madang.kernel import Actor
from madang.ledger import Book
from madang.walkout import books, records

SHOP_MONEY = ("sales", "sales_exempt", "vat_payable")
GOODS = ("shelf", "stock", "sold", "lost", "waste", "stockroom")


def differences(tx: Tx, by: Actor, shop: str) -> list[str]:
    """Everything that does not agree; empty when all is well."""
    return [*_goods(tx, shop), *_hands(tx, shop), *_money(tx, by, shop), *_capacity(tx, shop)]


def _mine(owner: str, shop: str) -> bool:
    return owner == shop or owner.startswith(f"{shop}/")


def _goods(tx: Tx, shop: str) -> list[str]:
    have: Counter[str] = Counter()
    received: Counter[str] = Counter()
    for key, balance in ledger.balances(tx, book=Book.GOODS, owner_prefix=shop).items():
        if not _mine(key.owner, shop):
            continue
        if key.code in GOODS:
            have[key.unit] += balance.posted
        elif key.code == "supplier":
            received[key.unit] -= balance.posted
    wrong = sorted(unit for unit in {*have, *received} if have[unit] != received[unit])
    return [f"goods: {unit}: {have[unit]} are accounted for, {received[unit]} were received" for unit in wrong]


def _hands(tx: Tx, shop: str) -> list[str]:
    pending: Counter[tuple[str, str]] = Counter()
    for key, balance in ledger.balances(tx, book=Book.GOODS, code="shelf", owner_prefix=f"{shop}/").items():
        if balance.pending_out:
            pending[key.owner, key.unit] = balance.pending_out
    held: Counter[tuple[str, str]] = Counter()
    for visit in records.open_visits(tx, shop):
        for spot, hold in visit.books.held.items():
            held[f"{shop}/{spot.facing}", books.piece(spot.product)] += hold.pieces
    wrong = sorted(place for place in {*pending, *held} if pending[place] != held[place])
    return [f"in hands: {place}: {pending[place]} pending, {held[place]} held" for place in wrong]


def _money(tx: Tx, by: Actor, shop: str) -> list[str]:
    booked: Counter[str] = Counter()
    for code in SHOP_MONEY:
        for key, balance in ledger.balances(tx, book=Book.MONEY, code=code, owner_prefix=f"{shop}/").items():
            booked[key.owner.removeprefix(f"{shop}/")] += balance.posted
    booked.subtract(settlement.own_income(tx, shop))  # what is frozen: orders, vouchers, and what is shared
    issued = receipts.walked(tx, by, shop, settlement.frozen(tx))
    shared = settlement.turnover(tx, shop, receipts.walk_outs(by, shop))
    return [
        *_by_day("money", booked, "booked", issued.own),
        *_by_day("shared", shared, "frozen", issued.shared),
    ]


def _by_day(what: str, booked: Mapping[str, int], how: str, issued: Mapping[str, int]) -> list[str]:
    return [
        f"{what}: {day}: {booked.get(day, 0)} won {how}, {issued.get(day, 0)} won on receipts"
        for day in sorted({*booked, *issued})  # a day without any booking counts too
        if issued.get(day, 0) != booked.get(day, 0)
    ]


def _capacity(tx: Tx, shop: str) -> list[str]:
    found = {code: ledger.balance(tx, books.capacity(code, shop)) for code in ("free", "inside", "overflow", "room")}
    given = found["free"].posted + found["inside"].posted + found["overflow"].posted
    inside = sum(len(visit.books.places) for visit in records.open_visits(tx, shop))
    wrong = []
    if given != -found["room"].posted:
        wrong.append(f"capacity: {given} places are accounted for, {-found['room'].posted} were given")
    if found["inside"].pending_in != inside:
        wrong.append(f"capacity: {found['inside'].pending_in} places are taken, {inside} people are inside")
    return wrong
