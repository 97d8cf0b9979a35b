"""Where somebody's money is paid out to, and why payouts wait a day after that changes.

Whoever takes over an account wants the money to go elsewhere first of all. So setting the bank account needs a fresh
passkey, and for 24 hours after it nothing is paid out: time for the person to see the notice and object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, Invalid, Role
from madang.kernel.clock import DAY_US
from madang.members import access, facts, records
from madang.members.declared import declare_field
from madang.members.proving import need_step_up
from madang.members.service import fields, set_fields, tell
from madang.members.tables import holds

HOLD_US = DAY_US
FIELD = declare_field(
    "bank_account",
    purpose_ko="판매·정산 대금 지급",
    purpose_en="Paying out what is owed",
    basis="contract",
    keep_d=0,
)


class BankAccount(msgspec.Struct, frozen=True):
    """금융기관 코드 (three digits, 금융결제원), 계좌번호 (digits) and 예금주."""

    bank: str
    number: str
    holder: str


BANKS = {
    "002": ("산업은행", "KDB"), "003": ("기업은행", "IBK"), "004": ("국민은행", "KB Kookmin"),
    "011": ("농협은행", "NongHyup"), "020": ("우리은행", "Woori"), "023": ("SC제일은행", "SC First"),
    "031": ("대구은행(iM뱅크)", "iM Bank"), "032": ("부산은행", "Busan"), "034": ("광주은행", "Gwangju"),
    "035": ("제주은행", "Jeju"), "037": ("전북은행", "Jeonbuk"), "039": ("경남은행", "Kyongnam"),
    "045": ("새마을금고", "Saemaul"), "048": ("신협", "Credit Union"), "071": ("우체국", "Korea Post"),
    "081": ("하나은행", "Hana"), "088": ("신한은행", "Shinhan"), "089": ("케이뱅크", "K Bank"),
    "090": ("카카오뱅크", "Kakao Bank"), "092": ("토스뱅크", "Toss Bank"),
}  # fmt: skip
"""금융기관 공동코드 (금융결제원) of the banks a shop is likely to have an account with."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is paid out before ``until_us``, and why."""

    since_us: int
    until_us: int
    reason: str


def set_bank_account(tx: Tx, by: Actor, person: UUID, account: BankAccount, *, at_us: int) -> Hold:
    """The person says where to pay out from now on; payouts wait until the hold given back is over.

    Raises ``StepUpNeeded``, ``Forbidden`` for anybody but the person, ``Invalid`` for what is no account.
    """
    access.self_or(tx, by, person)
    need_step_up(by, at_us)
    clean = _checked(account)
    until_us = at_us + HOLD_US
    set_fields(tx, by, person, {FIELD.name: msgspec.json.encode(clean).decode()}, at_us=at_us)
    tx.execute(sa.delete(holds).where(records.mine(tx, holds, person=person, since_us=at_us)))
    records.add(tx, holds, person=person, since_us=at_us, until_us=until_us, reason="bank_account")
    tell(tx, by, facts.BankAccountSet(held_until_us=until_us), person=person, at_us=at_us)
    return Hold(at_us, until_us, "bank_account")


def bank_account(tx: Tx, by: Actor, person: UUID) -> BankAccount | None:
    """Where to pay out to; for the person, an operator, and the software when it pays."""
    access.self_or(tx, by, person, Role.OPERATOR)
    kept = fields(tx, by, person).get(FIELD.name)
    return None if kept is None else msgspec.json.decode(kept, type=BankAccount)


def account_since_us(tx: Tx, person: UUID) -> int | None:
    """When the person last said where to pay out to; None: they never did."""
    kept = sa.select(records.fields.c.set_at_us).where(records.mine(tx, records.fields, person=person, name=FIELD.name))
    rows = tx.rows(kept)
    return int(rows[0][0]) if rows else None


def payout_hold(tx: Tx, person: UUID, at_us: int) -> Hold | None:
    """The hold that keeps this person's payouts back now, the one that lasts longest."""
    mine = sa.and_(records.mine(tx, holds, person=person), holds.c.until_us > at_us)
    columns = (holds.c.since_us, holds.c.until_us, holds.c.reason)
    rows = tx.rows(sa.select(*columns).where(mine).order_by(holds.c.until_us.desc()).limit(1))
    return Hold(*rows[0]) if rows else None


def payout_hold_until(tx: Tx, person: UUID, at_us: int) -> int | None:
    """When this person's payouts may go again; ``None``: now."""
    held = payout_hold(tx, person, at_us)
    return None if held is None else held.until_us


def _checked(account: BankAccount) -> BankAccount:
    number = re.sub(r"[\s-]", "", account.number)
    holder = " ".join(account.holder.split())
    if not (re.fullmatch(r"\d{3}", account.bank) and re.fullmatch(r"\d{7,16}", number) and 1 <= len(holder) <= 40):
        raise Invalid(
            "members.bad_bank_account",
            ko="은행, 계좌번호, 예금주를 다시 확인해 주세요.",
            en="Check the bank, the account number and the holder.",
            next_ko="계좌번호는 숫자 7~16자리입니다.",
            next_en="An account number has 7 to 16 digits.",
        )
    return BankAccount(account.bank, number, holder)
