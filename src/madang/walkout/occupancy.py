"""Who is inside, in the capacity book: a person's place is a pending transfer from ``free`` to ``inside``."""

from __future__ import annotations

from madang import ledger
from madang.db import Tx
from madang.kernel import derived
from madang.ledger import Kind, Transfer
from madang.walkout import books
from madang.walkout.visits import Visit


def take(tx: Tx, shop: str, visit: Visit, at_us: int) -> bool:
    """One more person of a visit is inside; True when the shop was full, and the place is one too many."""
    visit.books.came += 1
    visit.books.people += 1
    over = ledger.balance(tx, books.capacity("free", shop)).available < 1
    place = derived("walkout.place", visit.id, visit.books.came)
    source, inside = books.capacity("overflow" if over else "free", shop), books.capacity("inside", shop)
    ledger.post(tx, [Transfer(id=place, debit=source, credit=inside, amount=1, kind=Kind.PENDING, at_us=at_us)])
    visit.books.places.append(place)
    return over


def give_back(tx: Tx, visit: Visit, at_us: int) -> None:
    """One person of a visit is out."""
    assert visit.books.people == len(visit.books.places) > 0
    visit.books.people -= 1
    place = visit.books.places.pop()
    ledger.post(tx, [Transfer(id=derived("walkout.left", place), kind=Kind.VOID, pending_id=place, at_us=at_us)])


def clear(tx: Tx, visit: Visit, at_us: int) -> None:
    """Everybody of a visit is out, as far as anybody knows."""
    while visit.books.people:
        give_back(tx, visit, at_us)
