"""Which terms hold for a sale, and the commission lines they make. Pure.

The rate applies to the sum of a seller's lines, rounded half up once, and is shared over the lines by largest
remainder, so that line and sum agree. VAT on a fee (부가가치세법 §30: a tenth) is rounded the same way. Fees together
never take more than the lines bring.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from madang.kernel import allocate
from madang.settlement.model import PLATFORM, Commission, PartyKind, SaleLine, TaxStatus, Terms

BP = 10_000


def in_force(rows: Iterable[Terms], at_us: int) -> list[Terms]:
    """The newest terms of each holder and purpose that hold at ``at_us``; a party's own before its tier's."""
    best: dict[str, Terms] = {}
    for one in sorted(rows, key=lambda t: (not t.holder.startswith("tier:"), t.from_us, t.id.int)):
        if one.from_us <= at_us and (one.to_us is None or at_us < one.to_us):
            best[one.purpose] = one
    return [best[purpose] for purpose in sorted(best) if best[purpose].bp or best[purpose].fixed_krw]


def receiver_of(terms: Terms, parties: Mapping[str, str]) -> str | None:
    """Who gets the fee in this sale: None where the sale has nobody of that kind."""
    if terms.receiver in {kind.value for kind in PartyKind}:
        return parties.get(terms.receiver)
    return terms.receiver


def charges_vat(receiver: str, status: TaxStatus | None) -> bool:
    """Whether a fee bears VAT: the neighbourhood's own and a general taxpayer's does."""
    return receiver == PLATFORM or status is TaxStatus.GENERAL


def commissions(
    seller: str,
    lines: Sequence[SaleLine],
    terms: Sequence[Terms],
    parties: Mapping[str, str],
    statuses: Mapping[str, TaxStatus],
) -> list[Commission]:
    """The commission lines of one seller's ``lines``; ``terms`` are those in force, ``statuses`` of the receivers."""
    base = sum(line.amount_krw for line in lines)
    left = [line.amount_krw for line in lines]
    made: list[Commission] = []
    for one in terms:
        receiver = receiver_of(one, parties)
        if receiver is None or receiver == seller or base <= 0:
            continue
        fee = (base * one.bp * 2 + BP) // (2 * BP) + one.fixed_krw
        vat = (fee * 2 + 10) // 20 if charges_vat(receiver, statuses.get(receiver)) else 0
        fee, vat = _at_most(fee, vat, sum(left))
        if fee + vat == 0:
            continue
        both = allocate(fee + vat, left)
        left = [had - gave for had, gave in zip(left, both, strict=True)]
        vats = _inside(vat, both)
        made += [
            Commission(
                number=line.number, purpose=one.purpose, seller=seller, receiver=receiver, terms=one.id,
                base_krw=line.amount_krw, bp=one.bp, fixed_krw=one.fixed_krw, amount_krw=gave - tax, vat_krw=tax,
                kept=one.kept,
            )
            for line, gave, tax in zip(lines, both, vats, strict=True)
            if gave
        ]  # fmt: skip
    return made


def _at_most(fee: int, vat: int, left: int) -> tuple[int, int]:
    if fee + vat <= left:
        return fee, vat
    within = (left * 2 + 11) // 22 if vat else 0
    return left - within, within


def _inside(vat: int, parts: Sequence[int]) -> list[int]:
    """Share the tax over the parts it is inside of, none above its part."""
    return allocate(vat, parts) if vat else [0] * len(parts)
