"""The words of vouchers: issuers, programmes, dated rules, lots, merchants."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from madang.kernel import KRW
from madang.ledger import AccountKey, Book, Limit, declare_code

WITHIN, NONE = Limit.DEBITS_WITHIN_CREDITS, Limit.NONE
declare_code("voucher", Book.MONEY, WITHIN, ko="상품권 (한 장씩)", en="Voucher, by lot")
declare_code(
    "voucher_subsidy", Book.MONEY, NONE, ko="발행자 지원금 (음수: 청구)", en="Issuer's subsidy (negative: due)"
)
declare_code("voucher_expired", Book.MONEY, NONE, ko="기한 지난 상품권", en="Expired vouchers")


class ProgrammeKind(StrEnum):
    """What a programme is."""

    VOUCHER = "voucher"
    """지역사랑상품권: bought with won, spent in member shops."""
    CREDIT = "credit"
    """Mutual credit between merchants: never won, never paid out."""


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands for a programme (지방자치단체). ``klass`` is the class its discount goes by; ``officer`` the opaque
    key of the person who keeps its rules."""

    id: str
    name_ko: str
    name_en: str
    klass: str
    officer: str | None = None


class Programme(msgspec.Struct, frozen=True, kw_only=True):
    """One currency of an issuer, open from an instant until it is closed."""

    id: str
    issuer: str
    kind: ProgrammeKind
    name_ko: str
    name_en: str
    from_us: int
    to_us: int | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What holds in a programme from an instant until another rule does: a row, so that new figures are data.

    ``discount_bp`` of the face is paid by the issuer. Caps of 0 are none. ``regions`` are beginnings of a merchant's
    district code (법정동 코드: 2 digits 시·도, 5 시·군·구, 8 읍·면·동), none means everywhere; ``excluded`` are
    categories that may not accept. ``refund_used_bp`` of a lot's face must be used before its rest is paid back.
    ``returned_d``: how long a lot that had expired can be spent when a sale is given back to it. ``source`` is the
    law or notice the figures are from.
    """

    programme: str
    from_us: int
    discount_bp: int
    month_cap_krw: int
    holding_cap_krw: int
    budget_krw: int = 0
    step_krw: int = 1_000
    valid_months: int = 60
    refund_used_bp: int = 6_000
    cancel_d: int = 7
    sales_max_krw: int = 3_000_000_000
    returned_d: int = 90
    regions: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    source: str = ""


class LotState(StrEnum):
    ORDERED = "ordered"
    OPEN = "open"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    EXPIRED = "expired"
    FAILED = "failed"


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase: ``face_krw`` of which the buyer paid ``paid_krw`` and the issuer ``subsidy_krw``.

    ``left_krw`` is what its account holds, ``held_krw`` of it is promised to payments, ``returned_krw`` left it other
    than by being spent (cancelled, paid back, expired). The figures of its rule that bind it are its own.
    """

    id: UUID
    programme: str
    holder: str
    face_krw: int
    paid_krw: int
    subsidy_krw: int
    left_krw: int
    held_krw: int = 0
    returned_krw: int = 0
    state: LotState
    bought_us: int
    month: str
    expires_us: int
    cancel_until_us: int
    refund_used_bp: int
    touched: bool = False
    """Whether any of it was ever spent."""

    @property
    def free_krw(self) -> int:
        return self.left_krw - self.held_krw

    @property
    def account(self) -> AccountKey:
        return voucher(self.id)


class MerchantState(StrEnum):
    APPLIED = "applied"
    APPROVED = "approved"
    REJECTED = "rejected"
    REVOKED = "revoked"


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's application to accept a programme: annual sales with their proof, the review, from when until when.

    ``proof`` is the id of a kept file (부가가치세 과세표준증명 or the like). ``region`` is its district code.
    """

    id: UUID
    programme: str
    shop: str
    category: str
    region: str
    sales_krw: int
    proof: str
    applied_us: int
    state: MerchantState
    decided_us: int | None = None
    decided_by: str = ""
    reason: str = ""
    from_us: int | None = None
    until_us: int | None = None
    revoked_us: int | None = None


def voucher(lot: UUID) -> AccountKey:
    """One lot's won: an account of its own, so that nobody can spend what another lot holds."""
    return AccountKey(Book.MONEY, "voucher", str(lot), KRW)


def subsidy(programme: str, month: str) -> AccountKey:
    """What the issuer owes for a month's discounts (negative until it has paid)."""
    return AccountKey(Book.MONEY, "voucher_subsidy", f"{programme}/{month}", KRW)


def expired(programme: str, month: str) -> AccountKey:
    """The buyers' own part of what expired in a month; it is the issuer's."""
    return AccountKey(Book.MONEY, "voucher_expired", f"{programme}/{month}", KRW)


def plain(of: Any) -> dict[str, Any]:
    """A struct as a row."""
    row = msgspec.structs.asdict(of)
    return {name: value.value if isinstance(value, StrEnum) else value for name, value in row.items()}
