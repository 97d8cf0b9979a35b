"""The working copy of an account, and what two of them say against a transfer. Pure, as posting is."""

from __future__ import annotations

import msgspec

from madang.ledger.model import TURNOVER_MAX, AccountKey, Balance, Fault, Limit

# An enum's member costs a slow look-up each time it is named (Python 3.11); these are read for every transfer.
GIVES_WITHIN, GETS_WITHIN = Limit.DEBITS_WITHIN_CREDITS, Limit.CREDITS_WITHIN_DEBITS


class Account(msgspec.Struct, gc=False):
    """The working copy of an account: four sums that only posting changes."""

    id: int
    key: AccountKey
    limit: str
    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0
    closed_us: int | None = None
    stored: bool = False

    def balance(self) -> Balance:
        return Balance(self.credits_posted - self.debits_posted, self.credits_pending, self.debits_pending)


def fault_of_state(
    debit: Account, credit: Account, amount: int, expires_at_us: int | None, moment_us: int
) -> Fault | None:
    """What the two accounts say against a single or pending transfer."""
    assert amount > 0
    assert moment_us > 0
    if expires_at_us is not None and expires_at_us <= moment_us:
        return Fault("expires_too_early", {"expires_at_us": expires_at_us, "booked_us": moment_us})
    if debit.closed_us is not None:
        return Fault("debit_account_closed", {"account": str(debit.key)})
    if credit.closed_us is not None:
        return Fault("credit_account_closed", {"account": str(credit.key)})
    debits = debit.debits_pending + debit.debits_posted + amount
    credits = credit.credits_pending + credit.credits_posted + amount
    if debits > TURNOVER_MAX or credits > TURNOVER_MAX:
        return Fault("turnover_too_large", {"turnover_max": TURNOVER_MAX})
    if debit.limit == GIVES_WITHIN and debits > debit.credits_posted:
        free = debit.credits_posted - debits + amount
        return Fault("exceeds_credits", {"account": str(debit.key), "amount": amount, "available": free})
    if credit.limit == GETS_WITHIN and credits > credit.debits_posted:
        free = credit.debits_posted - credits + amount
        return Fault("exceeds_debits", {"account": str(credit.key), "amount": amount, "available": free})
    return None
