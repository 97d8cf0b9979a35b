"""A shopper gets an entry code. Accounts come later; until then the operator says which code is whose."""

from __future__ import annotations

from uuid import UUID

import msgspec

from madang import ledger, members, payments
from madang.db import Tx
from madang.kernel import Actor, Conflict, Kind, Role, derived
from madang.payments import on_account
from madang.storefront import entry


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
    if on_account.sells(tx):
        raise Conflict(
            "serve.codes_upstream",
            ko="이 가게의 입장 코드와 지갑은 동네 서버에서 만듭니다.",
            en="Entry codes and wallets of this shop are made at the neighbourhood's server.",
            next_ko="서버에서 발급하세요. 1분 안에 가게로 내려옵니다.",
            next_en="Issue it there; it comes down to the shop within a minute.",
        )
    key = person or derived("serve.person", tx.neighbourhood, id)
    members.add_person(tx, by, key=key, fields={}, at_us=at_us)
    members.issue_credential(tx, by, key, credential, at_us)
    if top_up_krw:
        top_up = derived("serve.top_up", tx.neighbourhood, id)
        paid = payments.top_up(id=top_up, person=str(key), amount_krw=top_up_krw, at_us=at_us, cause="check-in")
        ledger.post(tx, paid)
    return CheckedIn(key, ledger.balance(tx, payments.wallet(str(key))).posted)


def come_in(tx: Tx, by: Actor, code: str, *, gate: str, at_us: int) -> UUID:
    """Whose code it is, once: asked by the gate before it opens. A code of a phone is used up by it, a replay refused
    (``Conflict`` ``storefront.code_over``); a lasting one (a card) opens again."""
    by.need(Role.OPERATOR, Role.DEVICE)
    return entry.check(tx, by, code, gate=gate, at_us=at_us)
