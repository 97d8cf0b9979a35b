"""The make-believe gateway's own books: payments, what was charged, what was given back."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from madang.kernel import Clock, derived, seoul

Answer = tuple[int, dict[str, object] | list[dict[str, object]]]


@dataclass(slots=True)
class Cancel:
    key: str
    amount: int
    tax_free: int
    note: str
    at: str


@dataclass(slots=True)
class Account:
    """One payment at the gateway. ``state``: ready, agreed, paid, refused, gone."""

    key: str
    order: str
    user: str
    title: str
    amount: int
    tax_free: int
    back: str
    gone: str
    made_at: str
    state: str = "ready"
    token: str = ""
    paid_at: str | None = None
    failure: tuple[str, str] | None = None
    cancels: list[Cancel] = field(default_factory=list)

    @property
    def left(self) -> int:
        return self.amount - sum(cancel.amount for cancel in self.cancels) if self.state == "paid" else 0


class Desk:
    """All payments of one make-believe company; ``lock`` keeps requests apart as a database would."""

    def __init__(self, clock: Clock, name: str) -> None:
        self._clock, self._name = clock, name
        self.lock = threading.RLock()
        self.by_key: dict[str, Account] = {}
        self.by_order: dict[str, Account] = {}

    def now(self) -> str:
        return seoul(self._clock.now_us()).isoformat(timespec="seconds")

    def key(self, *parts: str | int) -> str:
        return derived("sandbox", self._name, *parts).hex

    def add(self, account: Account) -> Account:
        self.by_key[account.key] = self.by_order[account.order] = account
        return account

    def agree(self, key: str) -> Account:
        """The payer says yes on the gateway's page."""
        with self.lock:
            account = self.by_key[key]
            if account.state == "ready":
                account.state, account.token = "agreed", self.key("token", key)
            return account

    def quit(self, key: str) -> Account:
        """The payer closes the gateway's page."""
        with self.lock:
            account = self.by_key[key]
            if account.state in ("ready", "agreed"):
                account.state = "gone"
            return account

    def charge(self, account: Account) -> None:
        account.state, account.paid_at = "paid", self.now()

    def give_back(self, account: Account, amount: int, tax_free: int, note: str) -> Cancel:
        assert 0 < amount <= account.left
        key = self.key("back", account.key, len(account.cancels))
        cancel = Cancel(key, amount, tax_free, note, self.now())
        account.cancels.append(cancel)
        return cancel

    @property
    def charged_krw(self) -> int:
        """What payers have paid and not got back."""
        return sum(account.left for account in self.by_key.values())
