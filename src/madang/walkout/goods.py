"""Booking goods: from what a visit ought to hold (``holds``) to transfers, always the difference to what is booked.

A shelf cannot give what the books do not have on it. Where the engine saw a piece taken that is not there, the piece
is first found: moved from ``lost`` (which may run negative) to the shelf; when the belief is revised, it is lost again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from madang import ledger
from madang.db import Tx
from madang.kernel import derived
from madang.ledger import AccountKey, Kind, Transfer
from madang.walkout import books
from madang.walkout.holds import Shift, Spot, Wanted
from madang.walkout.visits import Held, Visit


class Booking:
    """Collects the transfers of one visit at one moment, and posts them together.

    ``found`` says which pieces the shelves gave that the books did not have there.
    """

    def __init__(self, tx: Tx, shop: str, visit: Visit, at_us: int) -> None:
        self._tx, self._shop, self._visit, self._at_us = tx, shop, visit, at_us
        self._transfers: list[Transfer] = []
        self._free: dict[AccountKey, int] = {}
        self.found: dict[Spot, int] = {}

    def post(self) -> None:
        """Do all of it."""
        if self._transfers:
            ledger.post(self._tx, self._transfers)
            self._transfers = []

    # --- a customer's hands ---------------------------------------------------------------------------------------
    def hold(self, wanted: Wanted) -> None:
        """Make the pending transfers those of ``wanted``; first what is given back, then what is taken."""
        held = self._visit.books.held
        changed = [
            spot
            for spot in sorted({*held, *wanted.held})
            if (held[spot].pieces if spot in held else 0) != wanted.held.get(spot, 0)
        ]
        for spot in changed:
            if spot in held:
                self._let_go(spot, held.pop(spot))
        self._shift(wanted.shifted)
        self._bring(wanted.brought, books.lost)
        for spot in changed:
            if pieces := wanted.held.get(spot, 0):
                held[spot] = self._pend(spot, pieces)

    def settle(self, lines: Mapping[str, int], home: Mapping[str, str]) -> None:
        """The visit carried out ``lines`` (pieces by product): post what is held of them, let the rest go, and take
        what nobody saw taken from the product's own facing."""
        left = dict(lines)
        held = self._visit.books.held
        for spot in sorted(held):
            part = min(left.get(spot.product, 0), held[spot].pieces)
            if part:
                left[spot.product] -= part
                self._post_part(spot, held[spot], part)
            else:
                self._let_go(spot, held[spot])
        held.clear()
        for product, pieces in sorted(left.items()):
            if pieces:
                spot = Spot(product, home.get(product, "?"))
                self._take(spot, pieces)
                self._single(books.shelf(self._shop, spot.facing, product), self._sold(product), pieces)

    def write_off(self, product: str, pieces: int, sold_at_us: int) -> None:
        """Pieces that were paid and given back as money: not sold, not on a shelf."""
        self._single(books.sold(self._shop, product, sold_at_us), books.lost(self._shop, product), pieces)

    def unsell(self, spot: Spot, pieces: int, sold_at_us: int) -> None:
        """Pieces that were booked as sold and had not been taken: they are on their shelf."""
        sold = books.sold(self._shop, spot.product, sold_at_us)
        self._single(sold, self._give(spot, pieces), pieces)

    def find(self, spot: Spot, pieces: int) -> None:
        """Pieces that were written off and had not been taken: they are on their shelf."""
        self._single(books.lost(self._shop, spot.product), self._give(spot, pieces), pieces)

    # --- staff, strangers -----------------------------------------------------------------------------------------
    def direct(self, wanted: Wanted) -> None:
        """Book at once what is taken and brought: to and from the stockroom for staff, the losses for strangers."""
        staff = self._visit.role == "staff"
        sink, source = (books.stockroom, books.supplier) if staff else (books.lost, books.lost)
        taken = self._visit.books.taken
        steps = {
            spot: wanted.held.get(spot, 0) - taken.get(spot, 0)
            for spot in sorted({*taken, *wanted.held})
            if wanted.held.get(spot, 0) != taken.get(spot, 0)
        }
        for spot, pieces in steps.items():
            if pieces < 0:
                self._single(sink(self._shop, spot.product), self._give(spot, -pieces), -pieces)
        self._shift(wanted.shifted)
        self._bring(wanted.brought, source)
        for spot, pieces in steps.items():
            if pieces > 0:
                self._take(spot, pieces)
                self._single(self._shelf(spot), sink(self._shop, spot.product), pieces)
            taken[spot] = wanted.held.get(spot, 0)

    # --- steps ----------------------------------------------------------------------------------------------------
    def _pend(self, spot: Spot, pieces: int) -> Held:
        found = self._take(spot, pieces)
        id = self._single(self._shelf(spot), self._sold(spot.product), pieces, Kind.PENDING)
        return Held(id, pieces, found)

    def _let_go(self, spot: Spot, held: Held) -> None:
        self._resolve(held.transfer, Kind.VOID)
        self._give(spot, held.pieces)
        self._lose(spot, held.found)

    def _post_part(self, spot: Spot, held: Held, part: int) -> None:
        self._resolve(held.transfer, Kind.POST, part)
        self._give(spot, held.pieces - part)
        self._lose(spot, min(held.found, held.pieces - part))

    def _resolve(self, transfer: UUID, kind: str, amount: int | None = None) -> None:
        self._transfers.append(
            Transfer(
                id=derived("walkout.resolve", transfer),
                kind=kind,
                pending_id=transfer,
                amount=amount,
                cause=self._visit.key,
                at_us=self._at_us,
            )
        )

    def _shift(self, wanted: Mapping[Shift, int]) -> None:
        done = self._visit.books.shifted
        for shift in sorted({*done, *wanted}):
            pieces = wanted.get(shift, 0) - done.get(shift, 0)
            source, target = Spot(shift.product, shift.source), Spot(shift.product, shift.target)
            if pieces < 0:
                source, target = target, source
            if pieces:
                self._take(source, abs(pieces))
                self._single(self._shelf(source), self._give(target, abs(pieces)), abs(pieces))
                done[shift] = wanted.get(shift, 0)

    def _bring(self, wanted: Mapping[Spot, int], source: Callable[[str, str], AccountKey]) -> None:
        done = self._visit.books.brought
        for spot in sorted({*done, *wanted}):
            pieces = wanted.get(spot, 0) - done.get(spot, 0)
            outside = source(self._shop, spot.product)
            if pieces > 0:
                self._single(outside, self._give(spot, pieces), pieces)
            elif pieces < 0:
                self._take(spot, -pieces)
                self._single(self._shelf(spot), outside, -pieces)
            done[spot] = wanted.get(spot, 0)

    def _lose(self, spot: Spot, pieces: int) -> None:
        """What was found for a belief that is gone; a shelf that no longer has it keeps it."""
        pieces = min(pieces, self._available(self._shelf(spot)))
        if pieces > 0:
            self._single(self._shelf(spot), books.lost(self._shop, spot.product), pieces)
            self._free[self._shelf(spot)] -= pieces

    def _take(self, spot: Spot, pieces: int) -> int:
        """Make sure the shelf has ``pieces`` and count them off; how many had to be found."""
        key = self._shelf(spot)
        short = max(0, pieces - self._available(key))
        if short:
            self._single(books.lost(self._shop, spot.product), key, short)
            self.found[spot] = self.found.get(spot, 0) + short
        self._free[key] += short - pieces
        return short

    def _give(self, spot: Spot, pieces: int) -> AccountKey:
        key = self._shelf(spot)
        self._free[key] = self._available(key) + pieces
        return key

    def _available(self, key: AccountKey) -> int:
        if key not in self._free:
            self._free[key] = ledger.balance(self._tx, key).available
        return self._free[key]

    def _single(self, debit: AccountKey, credit: AccountKey, pieces: int, kind: str = Kind.SINGLE) -> UUID:
        self._visit.books.n += 1
        id = derived("walkout.goods", self._visit.id, self._visit.books.n)
        self._transfers.append(
            Transfer(
                id=id,
                debit=debit,
                credit=credit,
                amount=pieces,
                kind=kind,
                cause=self._visit.key,
                at_us=self._at_us,
            )
        )
        return id

    def _shelf(self, spot: Spot) -> AccountKey:
        return books.shelf(self._shop, spot.facing, spot.product)

    def _sold(self, product: str) -> AccountKey:
        return books.sold(self._shop, product, self._at_us)
