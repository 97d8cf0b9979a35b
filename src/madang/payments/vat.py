"""VAT inside a price: what of an amount is supply, what is tax, what bears none."""

from __future__ import annotations

import msgspec

from madang.kernel import allocate, vat_included


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """A total in won taken apart: 과세 공급가액, 부가세, 면세. All three have the sign of the total, or are zero."""

    supply_krw: int
    vat_krw: int
    exempt_krw: int

    @property
    def total_krw(self) -> int:
        return self.supply_krw + self.vat_krw + self.exempt_krw

    def __neg__(self) -> Split:
        return Split(supply_krw=-self.supply_krw, vat_krw=-self.vat_krw, exempt_krw=-self.exempt_krw)


def split(taxable_krw: int, exempt_krw: int = 0) -> Split:
    """Split a VAT-included amount (10 % inside, 부가가치세법 §29) and an exempt one (§26)."""
    supply, vat = vat_included(taxable_krw)
    return Split(supply_krw=supply, vat_krw=vat, exempt_krw=exempt_krw)


def vat_per_line(amounts_krw: list[int]) -> list[int]:
    """The tax of each taxable line so that the lines add up to the tax of their sum (largest remainder).

    The shown price is fixed in Korea, so the tax is taken from the whole receipt once and shared out.
    """
    total = sum(amounts_krw)
    if total == 0:
        return [0] * len(amounts_krw)
    return allocate(vat_included(total)[1], amounts_krw)


def part_of(whole_vat_krw: int, whole_krw: int, from_krw: int, to_krw: int) -> int:
    """The tax in the part of a line between ``from_krw`` and ``to_krw``: parts that make up the line add up exactly."""
    if whole_krw == 0:
        return 0
    return _share(whole_vat_krw, to_krw, whole_krw) - _share(whole_vat_krw, from_krw, whole_krw)


def _share(vat_krw: int, part_krw: int, whole_krw: int) -> int:
    return (2 * vat_krw * part_krw + whole_krw) // (2 * whole_krw)
