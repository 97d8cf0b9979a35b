"""Vouchers as a means of payment: ``Part("voucher", won, ref=<programme>)``.

A payment for goods of several shops says of which shop's goods a part is: ``ref=<programme>@<shop>`` (``ref_of``).
Only that shop is asked whether it may take the programme, and the issuer's claim names it.

The lots that expire first pay first. Each lot's share is a pending transfer of its own account, so no lot can give what
it does not hold, and every payment remembers which lots it took from: a refund goes back to the same lots, the one
that would have lasted longest first. A lot whose time was over meanwhile is good again for the rule's ``returned_d``
days, with what came back and nothing else.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from madang.db import Tx
from madang.kernel import Actor, derived, system
from madang.kernel.clock import DAY_US
from madang.ledger import Kind, Transfer
from madang.payments import Tender, payment_key, register
from madang.payments.means import step_id
from madang.vouchers import buying, errors, issuing, records, rules
from madang.vouchers.model import Lot, LotState, Rule

HELD, CAPTURED, VOIDED = "held", "captured", "voided"


def ref_of(programme: str, shop: str) -> str:
    """The ``ref`` of a part that pays for one shop's goods."""
    return f"{programme}@{shop}"


def where(ref: str, shop: str) -> tuple[str, str]:
    """(programme, shop) of a part; where it names none, the payment's own."""
    programme, _, named = ref.partition("@")
    return programme, named or shop


class Vouchers:
    """The means ``voucher``."""

    @property
    def name(self) -> str:
        return "voucher"

    def authorise(self, tx: Tx, by: Actor, part: Tender, *, at_us: int) -> list[Transfer] | None:
        """Hold lots of the payer, where the shop may take the programme now.

        Raises ``Conflict`` ``vouchers.not_accepted``, ``vouchers.not_enough``, ``vouchers.closed``.
        """
        programme, shop = where(part.ref, part.shop)
        issuing.check_accepts(tx, programme, shop, at_us)
        lots = records.lots
        mine = records.some_lots(
            tx, lots.c.holder == part.payer, lots.c.programme == programme, lots.c.state == LotState.OPEN.value
        )
        taken = rules.spend(mine, part.amount_krw, at_us)
        rows = [
            {"payment": part.payment, "part": part.number, "number": n, "lot": lot.id, "programme": programme,
             "shop": shop, "amount_krw": krw, "captured_krw": 0, "refunded_krw": 0, "state": HELD, "at_us": at_us}
            for n, (lot, krw) in enumerate(taken)
        ]  # fmt: skip
        records.add(tx, records.spends, rows)
        records.keep_lots(tx, [msgspec.structs.replace(lot, held_krw=lot.held_krw + krw) for lot, krw in taken])
        return [
            Transfer(
                id=step_id("authorise", part, n), kind=Kind.PENDING, debit=lot.account, credit=part.account, amount=krw,
                expires_at_us=part.held_until_us, cause=payment_key(part.payment), at_us=at_us,
            )
            for n, (lot, krw) in enumerate(taken)
        ]  # fmt: skip

    def capture(self, tx: Tx, by: Actor, part: Tender, amount_krw: int, *, at_us: int) -> list[Transfer]:
        left, made = amount_krw, list[Transfer]()
        for row, lot in self._rows(tx, part, HELD):
            krw = min(left, row["amount_krw"])
            left -= krw
            made.append(_end(part, row["number"], krw, at_us))
            records.keep_lots(tx, [_spent(lot, row["amount_krw"], krw)])
            self._set(tx, part, row["number"], state=CAPTURED if krw else VOIDED, captured_krw=krw)
        assert left == 0, "more is captured than is held"
        _redeemed(tx, part, part.payment, amount_krw, at_us)
        return made

    def void(self, tx: Tx, by: Actor, part: Tender, *, at_us: int) -> list[Transfer]:
        made = []
        for row, lot in self._rows(tx, part, HELD):
            made.append(_end(part, row["number"], 0, at_us))
            records.keep_lots(tx, [_spent(lot, row["amount_krw"], 0)])
            self._set(tx, part, row["number"], state=VOIDED)
        return made

    def refund(
        self, tx: Tx, by: Actor, part: Tender, amount_krw: int, *, id: UUID, at_us: int, tax_free_krw: int | None = None
    ) -> list[Transfer]:
        left, made = amount_krw, list[Transfer]()
        rule = rules.at(records.rules_of(tx, where(part.ref, part.shop)[0]), at_us)
        for row, lot in reversed(self._rows(tx, part, CAPTURED)):
            krw = min(left, row["captured_krw"] - row["refunded_krw"])
            if not krw:
                continue
            left -= krw
            made.append(
                Transfer(
                    id=step_id("refund", part, id, row["number"]), debit=part.account, credit=lot.account, amount=krw,
                    cause=payment_key(part.payment), at_us=at_us,
                )
            )  # fmt: skip
            records.keep_lots(tx, [_returned(tx, lot, krw, rule, at_us)])
            self._set(tx, part, row["number"], refunded_krw=row["refunded_krw"] + krw)
        if left:
            raise errors.not_enough(amount_krw - left)
        _redeemed(tx, part, id, -amount_krw, at_us)
        return made

    def _rows(self, tx: Tx, part: Tender, state: str) -> list[tuple[dict[str, Any], Lot]]:
        s = records.spends
        mine = (s.c.payment == part.payment, s.c.part == part.number, s.c.state == state)
        rows = records.find(tx, s, *mine, order=[s.c.number])
        lots = {lot.id: lot for lot in records.some_lots(tx, records.lots.c.id.in_([row["lot"] for row in rows]))}
        return [(row, lots[row["lot"]]) for row in rows]

    def _set(self, tx: Tx, part: Tender, number: int, **values: Any) -> None:
        s = records.spends
        records.change(tx, s, s.c.payment == part.payment, s.c.part == part.number, s.c.number == number, **values)


def _end(part: Tender, number: int, krw: int, at_us: int) -> Transfer:
    """Post what is captured of a held share, or let it go."""
    step = "capture" if krw else "void"
    return Transfer(
        id=step_id(step, part, number), kind=Kind.POST if krw else Kind.VOID,
        pending_id=step_id("authorise", part, number), amount=krw or None, cause=payment_key(part.payment), at_us=at_us,
    )  # fmt: skip


def _spent(lot: Lot, held: int, krw: int) -> Lot:
    return msgspec.structs.replace(
        lot, held_krw=lot.held_krw - held, left_krw=lot.left_krw - krw, touched=lot.touched or krw > 0
    )


def _returned(tx: Tx, lot: Lot, krw: int, rule: Rule | None, at_us: int) -> Lot:
    """The lot with what a sale gave back."""
    over = lot.state is LotState.EXPIRED or lot.expires_us <= at_us
    if over and lot.state is LotState.OPEN and lot.free_krw:
        lot = buying.expire_lot(tx, system(tx.neighbourhood, "vouchers"), lot, at_us)
    days = (rule or Rule(programme="", from_us=0, discount_bp=0, month_cap_krw=0, holding_cap_krw=0)).returned_d
    until = max(lot.expires_us, at_us + days * DAY_US) if over else lot.expires_us
    return msgspec.structs.replace(lot, left_krw=lot.left_krw + krw, state=LotState.OPEN, expires_us=until)


def _redeemed(tx: Tx, part: Tender, by_what: UUID, krw: int, at_us: int) -> None:
    programme, shop = where(part.ref, part.shop)
    row = {
        "id": derived("vouchers.redeemed", by_what, part.payment, part.number), "programme": programme,
        "shop": shop, "month": rules.month_of(at_us), "amount_krw": krw, "payment": part.payment, "at_us": at_us,
    }  # fmt: skip
    records.add(tx, records.redemptions, [row])


register(Vouchers())
