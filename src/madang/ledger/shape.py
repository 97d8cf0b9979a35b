"""What can be said against a transfer without looking at the books."""

from __future__ import annotations

from madang.ledger.chart import code_of
from madang.ledger.model import AMOUNT_MAX, TEXT_MAX, AccountKey, Fault, Kind, Transfer

SINGLE, PENDING, POST, VOID = Kind.SINGLE, Kind.PENDING, Kind.POST, Kind.VOID  # naming a member is slow in 3.11


def fault_of_shape(t: Transfer) -> Fault | None:
    """The first thing wrong with a transfer by itself, in the order the docs list them."""
    kind = t.kind
    if kind == SINGLE:
        if t.pending_id is not None:
            return Fault("pending_id_not_allowed", {})
        if t.expires_at_us is not None:
            return Fault("expires_at_not_allowed", {})
        return _fault_of_move(t)
    if kind == PENDING:
        if t.pending_id is not None:
            return Fault("pending_id_not_allowed", {})
        return _fault_of_move(t)
    return _fault_of_resolution(t)


def _fault_of_move(t: Transfer) -> Fault | None:
    debit, credit, amount = t.debit, t.credit, t.amount
    if debit is None or credit is None:
        return Fault("accounts_required", {})
    if amount is None:
        return Fault("amount_required", {})
    if debit == credit:
        return Fault("accounts_must_differ", {"account": str(debit)})
    if debit[0] != credit[0]:
        return Fault("books_must_match", {"debit": str(debit), "credit": str(credit)})
    if debit[3] != credit[3]:
        return Fault("units_must_match", {"debit": str(debit), "credit": str(credit)})
    return _fault_of_numbers(t, amount)


def _fault_of_resolution(t: Transfer) -> Fault | None:
    if t.kind not in (POST, VOID):
        return Fault("kind_unknown", {"kind": str(t.kind)})
    if t.pending_id is None:
        return Fault("pending_id_required", {})
    if t.pending_id == t.id:
        return Fault("pending_id_must_differ", {})
    if t.expires_at_us is not None:
        return Fault("expires_at_not_allowed", {})
    return _fault_of_numbers(t, 1 if t.amount is None else t.amount)


def _fault_of_numbers(t: Transfer, amount: int) -> Fault | None:
    if type(amount) is not int or amount <= 0:
        return Fault("amount_must_be_positive", {"amount": amount})
    if amount > AMOUNT_MAX:
        return Fault("amount_too_large", {"amount": amount, "amount_max": AMOUNT_MAX})
    if type(t.at_us) is not int or not 0 < t.at_us <= AMOUNT_MAX:
        return Fault("time_out_of_range", {"at_us": t.at_us})
    if t.expires_at_us is not None and not 0 < t.expires_at_us <= AMOUNT_MAX:
        return Fault("time_out_of_range", {"at_us": t.expires_at_us})
    if len(t.cause) > TEXT_MAX:
        return Fault("cause_too_long", {"characters": len(t.cause), "characters_max": TEXT_MAX})
    return None


def fault_of_key(key: AccountKey) -> Fault | None:
    """Why no account may be opened under ``key``."""
    if not all(isinstance(part, str) and 0 < len(part) <= TEXT_MAX and part.isprintable() for part in key):
        return Fault("account_key_malformed", {"account": ascii(str(key))})
    if code_of(key.book, key.code) is None:
        return Fault("code_unknown", {"account": str(key), "book": str(key.book), "account_code": key.code})
    return None
