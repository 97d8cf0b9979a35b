"""What a gateway's word does to a payment: rules and SQL only; the words are fetched elsewhere (``crossing``).

The gateway's money is booked when it is known: a charge as a pending transfer from the day's clearing account into the
tender account; money on its way back as a debt to the payer (``money:returning``) until the gateway has given it.
Everything here may be told twice, late and out of order; it takes effect once.
"""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, derived
from madang.ledger import Kind, Transfer
from madang.payments import charge_records as records
from madang.payments import facts, faults, looking, service, unasked
from madang.payments.charges_model import (
    Charge,
    ChargeState,
    clearing,
    clearing_owner,
    returning,
)
from madang.payments.gateways import Seen, Status
from madang.payments.giving_back import charge_of, send_back, tell
from madang.payments.means import step_id
from madang.payments.model import Payment, State, Tender, payment_key

_HELD = frozenset({ChargeState.PAID, ChargeState.LATE})


class ByGateway:
    """The means of one gateway. Its charge is asked for after ``begin``, when the payer has agreed to it."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def authorise(self, tx: Tx, by: Actor, part: Tender, *, at_us: int) -> list[Transfer] | None:
        expires_at_us = part.expires_at_us
        records.add_charge(tx, Charge(
            order_id=order_id(part), payment=part.payment, number=part.number, gateway=self._name, gateway_key="",
            proof="", state=ChargeState.WAITING, amount_krw=part.amount_krw, tax_free_krw=part.tax_free_krw,
            title=part.title, method="", address="", mobile="", code="", clearing="", expires_at_us=expires_at_us,
            made_us=at_us, changed_us=at_us,
        ))  # fmt: skip
        return None

    def capture(self, tx: Tx, by: Actor, part: Tender, amount_krw: int, *, at_us: int) -> list[Transfer]:
        """All of it was charged, so all of it comes in; what is not wanted goes back through the gateway."""
        taken = self._post(part, at_us)
        rest = part.amount_krw - amount_krw
        if rest:
            taken += self._back(tx, by, part, rest, "release", step_id("release", part), at_us)
        return taken

    def void(self, tx: Tx, by: Actor, part: Tender, *, at_us: int) -> list[Transfer]:
        taken = self._post(part, at_us)
        return taken + self._back(tx, by, part, part.amount_krw, "void", step_id("void", part), at_us)

    def refund(
        self, tx: Tx, by: Actor, part: Tender, amount_krw: int, *, id: UUID, at_us: int, tax_free_krw: int | None = None
    ) -> list[Transfer]:
        return self._back(tx, by, part, amount_krw, "refund", step_id("refund", part, id), at_us, tax_free_krw)

    def _post(self, part: Tender, at_us: int) -> list[Transfer]:
        return [
            Transfer(
                id=step_id("capture", part), kind=Kind.POST, pending_id=step_id("authorise", part),
                cause=payment_key(part.payment), at_us=at_us,
            )
        ]  # fmt: skip

    def _back(
        self, tx: Tx, by: Actor, part: Tender, amount_krw: int, why: str, id: UUID, at_us: int, free: int | None = None
    ) -> list[Transfer]:
        charge = charge_of(tx, by, order_id(part))
        debt = Transfer(
            id=id, debit=part.account, credit=returning(part.payment), amount=amount_krw,
            cause=payment_key(part.payment), at_us=at_us,
        )  # fmt: skip
        return [debt, *send_back(tx, by, charge, id=id, amount_krw=amount_krw, why=why, at_us=at_us, free_krw=free)]


def order_id(part: Tender) -> str:
    """Our name for a part at its gateway: 6 to 64 characters, nothing of the payer in it."""
    return f"m-{part.payment.hex}-{part.number}"


def opened(tx: Tx, by: Actor, order: str, *, key: str, address: str, mobile: str, at_us: int) -> Charge:
    """The gateway expects the payer. From here on it is looked up once the time to pay is over, whatever comes."""
    charge = charge_of(tx, by, order)
    if charge.gateway_key:
        return charge
    after = replace(charge, gateway_key=key, address=address, mobile=mobile, changed_us=at_us)
    records.change_charge(tx, after)
    looking.look_later(tx, after, why="expiry", due_us=charge.expires_at_us + looking.AFTER_EXPIRY_US)
    return after


def asked(tx: Tx, by: Actor, order: str, *, key: str, proof: str, amount_krw: int | None, at_us: int) -> Charge:
    """The payer came back: remember that we ask the gateway to charge, before we do.

    Raises ``Conflict`` where the payment does not want it any more, ``Invalid`` ``payments.wrong_amount`` where the
    amount the payer brought back is not the one that is due; the payment has then failed.
    """
    charge = charge_of(tx, by, order)
    if charge.state != ChargeState.WAITING:
        return charge
    payment = service.get(tx, by, charge.payment)
    if payment.state != State.PENDING:
        raise faults.expired() if payment.state == State.FAILED else faults.not_now("pay", payment.state)
    if at_us >= payment.expires_at_us:
        raise faults.expired()
    if amount_krw is not None and amount_krw != charge.amount_krw:
        raise faults.wrong_amount(charge.amount_krw, amount_krw)
    after = replace(
        charge, gateway_key=key or charge.gateway_key, proof=proof, state=ChargeState.ASKED, changed_us=at_us
    )
    records.change_charge(tx, after)
    looking.look_later(tx, after, why="asked", due_us=at_us + looking.AFTER_ASKED_US)
    return after


def learned(tx: Tx, by: Actor, order: str, seen: Seen, *, at_us: int) -> Charge:
    """What the gateway says of a charge takes effect: paid, paid late, refused, given back by somebody else."""
    charge = charge_of(tx, by, order)
    if seen.order != order:
        raise faults.other_order(order)
    if charge.state in _HELD:
        unasked.note(tx, by, charge, seen, at_us=at_us)
        return charge
    if seen.status == Status.PAID:
        return _paid(tx, by, charge, seen, at_us)
    if seen.status == Status.REFUSED:
        return refused(tx, by, order, code=seen.code or "refused", at_us=at_us)
    return charge


def refused(tx: Tx, by: Actor, order: str, *, code: str, at_us: int) -> Charge:
    """Nothing was charged and never will be: the payment fails."""
    charge = charge_of(tx, by, order)
    if charge.state in _HELD or charge.state == ChargeState.REFUSED:
        return charge
    after = replace(charge, state=ChargeState.REFUSED, code=code[:100], changed_us=at_us)
    records.change_charge(tx, after)
    said = facts.ChargeRefused(payment=str(charge.payment), gateway=charge.gateway, order=order, code=after.code)
    tell(tx, by, after, said, "refused", at_us)
    service.fail(tx, by, charge.payment, at_us=at_us, reason="refused")
    return after


def unclear(tx: Tx, by: Actor, order: str, *, at_us: int) -> Charge:
    """Looking is given up; if it was charged after all, the next notification or reconciliation says so."""
    charge = charge_of(tx, by, order)
    if charge.state not in (ChargeState.ASKED, ChargeState.WAITING):
        return charge
    after = replace(charge, state=ChargeState.UNCLEAR, changed_us=at_us)
    records.change_charge(tx, after)
    said = facts.ChargeUnclear(
        payment=str(charge.payment), gateway=charge.gateway, order=order, amount_krw=charge.amount_krw
    )
    tell(tx, by, after, said, "unclear", at_us)
    service.fail(tx, by, charge.payment, at_us=at_us, reason="unclear")
    return after


def _paid(tx: Tx, by: Actor, charge: Charge, seen: Seen, at_us: int) -> Charge:
    payment = service.get(tx, by, charge.payment)
    if not _wanted(payment, charge, seen, at_us):
        return _late(tx, by, payment, charge, seen, at_us)
    part = payment.parts[charge.number - 1]
    owner = clearing_owner(charge.gateway, at_us)
    promised = Transfer(
        id=step_id("authorise", part), kind=Kind.PENDING, debit=clearing(owner), credit=part.account,
        amount=charge.amount_krw, cause=payment_key(charge.payment), at_us=at_us,
    )  # fmt: skip
    ledger.post(tx, [promised])
    after = replace(
        charge, state=ChargeState.PAID, gateway_key=seen.key, method=seen.method, clearing=owner, proof="",
        changed_us=at_us,
    )  # fmt: skip
    records.change_charge(tx, after)
    said = facts.Charged(
        payment=str(charge.payment), gateway=charge.gateway, order=charge.order_id, amount_krw=charge.amount_krw
    )
    tell(tx, by, after, said, "charged", at_us)
    service.part_confirmed(tx, by, payment, charge.number, at_us)
    return after


def _wanted(payment: Payment, charge: Charge, seen: Seen, at_us: int) -> bool:
    return (
        payment.state == State.PENDING
        and charge.state in (ChargeState.WAITING, ChargeState.ASKED)
        and at_us < payment.expires_at_us
        and seen.total_krw == charge.amount_krw
        and not seen.backs
    )


def _late(tx: Tx, by: Actor, payment: Payment, charge: Charge, seen: Seen, at_us: int) -> Charge:
    """Charged, but not (or no longer) what anybody wants: booked as a debt to the payer, which a job gives back."""
    owner, left_krw = clearing_owner(charge.gateway, at_us), seen.left_krw
    after = replace(
        charge, state=ChargeState.LATE, gateway_key=seen.key, method=seen.method, clearing=owner, proof="",
        code="" if seen.total_krw == charge.amount_krw else "wrong_amount", changed_us=at_us,
    )  # fmt: skip
    records.change_charge(tx, after)
    if left_krw > 0:
        id = derived("payments.late", charge.order_id)
        owed = Transfer(
            id=id, debit=clearing(owner), credit=returning(charge.payment), amount=left_krw,
            cause=payment_key(charge.payment), at_us=at_us,
        )  # fmt: skip
        back = derived("payments.late_back", charge.order_id)
        ledger.post(tx, [owed])
        unasked.were_before(tx, after, seen, at_us=at_us)
        ledger.post(tx, send_back(tx, by, after, id=back, amount_krw=left_krw, why="late", at_us=at_us))
    said = facts.ChargedLate(
        payment=str(charge.payment), gateway=charge.gateway, order=charge.order_id, amount_krw=seen.total_krw,
        wanted_krw=charge.amount_krw,
    )  # fmt: skip
    tell(tx, by, after, said, "late", at_us)
    if payment.state == State.PENDING:
        service.fail(tx, by, payment.id, at_us=at_us, reason=after.code or "expired")
    return after
