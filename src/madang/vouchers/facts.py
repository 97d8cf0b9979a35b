"""What the journal is told about vouchers: opaque keys and won."""

from __future__ import annotations

import msgspec

from madang import journal
from madang.db import Tx
from madang.journal import Stage
from madang.kernel import Actor, derived


@journal.kind("vouchers.rule_set", version=1, stage=Stage.PLANNING)
class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """A programme's rules from an instant on."""

    programme: str
    from_us: int
    discount_bp: int
    month_cap_krw: int
    holding_cap_krw: int
    source: str


@journal.kind("vouchers.programme_opened", version=1, stage=Stage.PLANNING)
class ProgrammeOpened(msgspec.Struct, frozen=True, kw_only=True):
    """An issuer opened a programme."""

    programme: str
    issuer: str
    programme_kind: str
    from_us: int


@journal.kind("vouchers.programme_closed", version=1, stage=Stage.PLANNING)
class ProgrammeClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A programme is sold no more from an instant on; what was bought stays good."""

    programme: str
    to_us: int


@journal.kind("vouchers.issuer_kept", version=1, stage=Stage.PLANNING)
class IssuerKept(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever did it keeps an issuer's programmes alone from then on, or all who issue vouchers here do."""

    issuer: str
    alone: bool


@journal.kind("vouchers.issuer_asked", version=1, stage=Stage.PLANNING)
class IssuerAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Keeping a shared issuer alone was asked for, withdrawn, granted (who asked does from then on) or declined."""

    issuer: str
    state: str


@journal.kind("vouchers.bought", version=1, stage=Stage.SALES)
class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher was bought; the issuer paid the subsidy."""

    lot: str
    programme: str
    face_krw: int
    subsidy_krw: int


@journal.kind("vouchers.gone_back", version=1, stage=Stage.SERVICE)
class GoneBack(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase was cancelled, or a lot's rest paid back: the holder's part and the issuer's."""

    lot: str
    programme: str
    why: str
    own_krw: int
    subsidy_krw: int


@journal.kind("vouchers.expired", version=1, stage=Stage.SERVICE)
class Expired(msgspec.Struct, frozen=True, kw_only=True):
    """A lot expired with something left in it."""

    lot: str
    programme: str
    left_krw: int


@journal.kind("vouchers.merchant_changed", version=1, stage=Stage.SERVICE)
class MerchantChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A shop applied to accept a programme, or was approved, rejected or revoked."""

    application: str
    programme: str
    shop: str
    state: str
    reason: str


@journal.kind("vouchers.claimed", version=1, stage=Stage.SERVICE)
class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A month's subsidy was claimed from the issuer, or the issuer paid it."""

    programme: str
    month: str
    subsidy_krw: int
    expired_krw: int
    paid: bool


@journal.kind("vouchers.credit_line_set", version=1, stage=Stage.PLANNING)
class CreditLineSet(msgspec.Struct, frozen=True, kw_only=True):
    """How far below zero a member of a mutual credit may go was changed."""

    programme: str
    member: str
    before: int
    after: int
    reason: str


def tell(tx: Tx, by: Actor, body: msgspec.Struct, *, about: str, at_us: int, shop: str | None = None) -> None:
    """Append a fact; the same thing about the same at the same moment is one fact."""
    said = msgspec.json.encode(body).decode()
    id = derived(journal.KINDS.of(body).name, tx.neighbourhood, about, at_us, said)
    journal.append(tx, by, body, id=id, at_us=at_us, subject=about, shop=shop)
