"""What we ask of a gateway and what it can answer, in words of our own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import msgspec

from madang.kernel import Malformed, Unavailable, vat_included
from madang.payments.settlement_files import Settled


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be paid. ``id`` is ours, made once for each try to pay, and opaque; ``title`` is shown to the payer.

    ``back`` is the address the payer's browser returns to; ``gone`` where it returns to without having paid.
    """

    id: str
    amount_krw: int
    tax_free_krw: int
    title: str
    back: str = ""
    gone: str = ""

    @property
    def vat_krw(self) -> int:
        return vat_included(self.amount_krw - self.tax_free_krw)[1]


class Opened(msgspec.Struct, frozen=True):
    """The gateway expects the payer at ``address`` (on a phone at ``mobile``); ``key`` is its name for the payment."""

    key: str
    address: str
    mobile: str


class Status(StrEnum):
    OPEN = "open"
    """Nothing is charged yet; it may still be."""
    PAID = "paid"
    """Charged; some or all of it may have been given back since."""
    REFUSED = "refused"
    """Not charged, and under this key never will be."""


class BackSeen(msgspec.Struct, frozen=True):
    """Money the gateway gave back. ``id`` is that of our ``Back``, or empty where somebody else asked for it."""

    id: str
    key: str
    amount_krw: int


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as the gateway has it. ``total_krw`` was charged, or would be."""

    key: str
    order: str
    status: Status
    total_krw: int
    method: str = ""
    backs: tuple[BackSeen, ...] = ()
    code: str = ""
    message: str = ""

    @property
    def left_krw(self) -> int:
        """What can still be given back."""
        return self.total_krw - sum(back.amount_krw for back in self.backs)


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """Money to be given back of a payment; ``id`` is ours, for this one return alone. ``number`` is another each time
    it is asked anew behind an answer: a company that knows requests by a key answers the same key with the same no."""

    id: str
    amount_krw: int
    tax_free_krw: int
    reason: str
    number: int = 0

    @property
    def vat_krw(self) -> int:
        return vat_included(self.amount_krw - self.tax_free_krw)[1]


class Hint(msgspec.Struct, frozen=True):
    """What a notification is about: never believed, only a reason to look. Empty where it says nothing we can use."""

    key: str = ""
    order: str = ""


class Refused(Exception):
    """The gateway said no and nothing was done. ``code`` and ``message`` are its own; ``answer`` for the record."""

    def __init__(self, code: str, message: str, answer: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.answer = code, message, dict(answer or {})


class Unclear(Unavailable):
    """Nobody knows whether it was done: no answer, half an answer, or an answer that says so. Look, then decide.

    ``answered``: it was an answer, which the company would give to the same request again.
    """

    def __init__(self, why: str, *, answered: bool = False) -> None:
        self.answered = answered
        super().__init__(
            "payments.gateway_unclear",
            ko="결제사의 답을 받지 못했습니다.",
            en="The payment company has not given a clear answer.",
            next_ko="다시 결제하지 말고 기다려 주세요. 저절로 확인합니다.",
            next_en="Don't pay again; it is being checked by itself.",
            why=why,
        )


class Bad(Malformed):
    """A notification that the gateway did not send, or that nobody can read."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "payments.bad_notification",
            ko="결제사의 알림으로 확인되지 않습니다.",
            en="This is no notification of the payment company.",
            next_ko="알림 주소와 보안 키 설정을 확인하세요.",
            next_en="Check the notification address and its key in the settings.",
            why=why,
        )


@runtime_checkable
class Settling(Protocol):
    """A company that can be asked what it paid out on a day (Kakao Pay's public documents have no such call)."""

    def paid_out(self, day: date) -> list[Settled]:
        """Every line paid out on ``day``, in the company's order. Raises ``Unclear``, and ``Malformed`` for lines that
        cannot be read."""


class Gateway(Protocol):
    """One payment company. Every call may take seconds; none is made inside a transaction.

    Raises ``Refused`` where nothing was done and never will be, ``Unclear`` where nobody knows.
    """

    @property
    def name(self) -> str: ...

    def open(self, order: Order) -> Opened:
        """Announce a payment, so that the payer can be sent to it. Charges nothing."""

    def confirm(self, order: Order, key: str, proof: str) -> Seen:
        """Charge what the payer agreed to; ``proof`` is what their browser brought back. Again: the same, once."""

    def look(self, order: str, key: str) -> Seen | None:
        """How it stands; None where the gateway knows no such payment."""

    def give_back(self, key: str, back: Back) -> Seen:
        """Give money back; again under the same ``back.id`` it is given back once."""

    def close(self) -> None:
        """Let go of connections; no call follows."""

    def hint(self, headers: Mapping[str, str], body: bytes) -> Hint:
        """What a notification is about (header names in lower case). Raises ``Bad``."""
