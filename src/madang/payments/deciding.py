"""What becomes of money a company gave back though nobody here asked it to: an operator decides, once for each.

- ``refund``: it was right. What was bought is given back as far as it is still there, and takes the money. Rooms say
  how for the payments they began (``returns_by``); an order's lines are chosen on the order's own page (``chosen_at``),
  and its refund takes this money first.
- ``claim``: it was wrong, and the payer owes it again: on their tab, which the next filling of the wallet pays.
- ``paid_back``: it was wrong, and the payer has paid it by other means.
- ``unasked.write_off``: it is our loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from madang import members
from madang.db import Tx
from madang.kernel import Actor, Conflict, Role, derived
from madang.ledger import AccountKey, Transfer
from madang.payments import charge_records, faults, service, unasked
from madang.payments.model import Payment, payment_key
from madang.payments.unasked import Unasked, UnaskedState
from madang.payments.wallets import funding, tab

Back = Callable[[Tx, Actor, Payment, int, int, UUID, int], None]
"""(tx, by, payment, number of the part, won, id, at_us): what was bought for a payment goes back, and with it up to so
many won of the part, or more where it can only go back whole. Raises ``Conflict`` where nothing can."""
Places = Callable[[Tx, Actor, Payment], Sequence[str]]

_ways: dict[str, Back] = {}
_places: dict[str, Places] = {}


def returns_by(kind: str, back: Back) -> None:
    """Payments whose cause is ``<kind>/…`` are given back like this."""
    _ways[kind] = back


def chosen_at(kind: str, places: Places) -> None:
    """What of payments whose cause is ``<kind>/…`` comes back is chosen on these pages of the console."""
    _places[kind] = places


def has_way(payment: Payment) -> bool:
    """Whether ``refund`` can be asked for."""
    return _kind(payment) in _ways


def places(tx: Tx, by: Actor, payment: Payment) -> list[str]:
    """Addresses of the pages on which lines are chosen."""
    found = _places.get(_kind(payment))
    return list(found(tx, by, payment)) if found else []


def refund(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> Unasked:
    """It was a refund. What cannot be taken back of what was bought stays to be decided.

    Raises ``Forbidden`` for who is not the operator, ``Conflict`` ``payments.refund_where_bought`` where lines have to
    be chosen, and what the room of the purchase raises where nothing is left to give back.
    """
    found, payment = _open(tx, by, id)
    back = _ways.get(_kind(payment))
    if back is None:
        raise faults.refund_where_bought()
    if found.open_krw:
        charge = charge_records.charge(tx, by, found.order_id)
        assert charge is not None
        refund_id = derived("payments.unasked_refund", id, payment.left_krw)  # asked for again, it is the rest of it
        back(tx, by, payment, charge.number, found.open_krw, refund_id, at_us)
    return unasked.get(tx, by, id)


def claim(tx: Tx, by: Actor, id: UUID, *, why: str, at_us: int) -> Unasked:
    """The payer owes it again. Raises ``Forbidden``, ``Conflict`` ``payments.nobodys_tab`` for a guest's, and what
    ``unasked.settle`` raises."""
    found, payment = _open(tx, by, id)
    if found.state != UnaskedState.CLAIMED and not members.is_member(tx, by, payment.payer):
        raise nobodys_tab()
    return unasked.settle(
        tx, by, found, _moved(found, tab(payment.payer), "claimed", at_us), UnaskedState.CLAIMED, why, at_us
    )


def paid_back(tx: Tx, by: Actor, id: UUID, *, how: str, at_us: int) -> Unasked:
    """The payer has paid it again, by other means; ``how`` finds it again, without an account's number. Raises
    ``Forbidden``, and what ``unasked.settle`` raises."""
    found, _ = _open(tx, by, id)
    return unasked.settle(
        tx, by, found, _moved(found, funding(at_us), "paid_back", at_us), UnaskedState.PAID_BACK, how, at_us
    )


def _open(tx: Tx, by: Actor, id: UUID) -> tuple[Unasked, Payment]:
    by.need(Role.OPERATOR)
    found = unasked.get(tx, by, id)
    return found, service.get(tx, by, found.payment)


def _moved(one: Unasked, to: AccountKey, step: str, at_us: int) -> list[Transfer]:
    if not one.open_krw:
        return []
    return [
        Transfer(
            id=derived(f"payments.unasked_{step}", one.id), debit=to, credit=unasked.account(one.payment),
            amount=one.open_krw, cause=payment_key(one.payment), at_us=at_us,
        )
    ]  # fmt: skip


def _kind(payment: Payment) -> str:
    return payment.cause.partition("/")[0]


def nothing_left() -> Conflict:
    return Conflict(
        "payments.nothing_left",
        ko="산 것을 이미 써서 되돌릴 것이 없습니다.",
        en="What was bought is used up: there is nothing to take back.",
        next_ko="손님에게 청구하거나 손실로 정하세요.",
        next_en="Claim it from the payer, or call it a loss.",
    )


def nobodys_tab() -> Conflict:
    return Conflict(
        "payments.nobodys_tab",
        ko="회원이 아니어서 외상으로 달아 둘 수 없습니다.",
        en="The payer is no member and has no tab.",
        next_ko="직접 받은 뒤 받은 방법을 적거나, 손실로 정하세요.",
        next_en="Have it paid and write down how, or call it a loss.",
    )
