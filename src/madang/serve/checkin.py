"""A shopper gets an entry code. Accounts come later; until then the operator says which code is whose."""

from __future__ import annotations

from uuid import UUID

import msgspec

from madang import ledger, members, payments
from madang.db import Tx
from madang.kernel import Actor, Kind, Role, derived


class CheckedIn(msgspec.Struct, frozen=True):
    """Whose code it is (an opaque key), and what the wallet holds."""

    person: UUID
    wallet_krw: int


def operator(neighbourhood: str, *shops: str) -> Actor:
    """Whoever holds the operator's key."""
    return Actor(Kind.PERSON, "operator", neighbourhood, frozenset({Role.OPERATOR}), frozenset(shops))


def check_in(
    tx: Tx, by: Actor, credential: str, *, id: UUID, at_us: int, person: UUID | None = None, top_up_krw: int = 0
) -> CheckedIn:
    """Let ``credential`` open the gate for a person and add money to the wallet; the same ``id`` does it once.

    Raises ``Conflict`` where the code is or was somebody else's, or the person has left.
    """
    by.need(Role.OPERATOR)
    key = person or derived("serve.person", tx.neighbourhood, id)
    members.add_person(tx, by, key=key, fields={}, at_us=at_us)
    members.issue_credential(tx, by, key, credential, at_us)
    if top_up_krw:
        top_up = derived("serve.top_up", tx.neighbourhood, id)
        paid = payments.top_up(id=top_up, person=str(key), amount_krw=top_up_krw, at_us=at_us, cause="check-in")
        ledger.post(tx, paid)
    return CheckedIn(key, ledger.balance(tx, payments.wallet(str(key))).posted)
