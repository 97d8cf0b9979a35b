"""What it costs to send abroad: zone by country, band by weight, weight by size where that is more. Pure.

The volumetric weight is length × width × height in cm over the service's divisor, in kilograms (6,000 for EMS by UPU
practice, 5,000 with couriers); a tariff says which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from madang.storefront.world.model import ANYWHERE, Band, Freight, Item, No, Refusal, Service

WRAP_G = 150
"""Carton and padding of a parcel."""


def quote(
    service: Service, zone: str | None, bands: Sequence[Band], refusals: Mapping[tuple[str, str], Refusal],
    items: Sequence[Item], country: str,
) -> Freight:  # fmt: skip
    """What a service asks for all ``items`` in one parcel, or why it does not take them."""
    refused = refusal(refusals, items, country)
    if refused is not None:
        return Freight(
            service=service, no=No.COUNTRY, nature=refused.nature, why_ko=refused.why_ko, why_en=refused.why_en
        )
    nature = next((n for item in items for n in item.natures if n in service.refuses), None)
    if nature is not None:
        return Freight(service=service, no=No.CARRIER, nature=nature)
    if zone is None:
        return Freight(service=service, no=No.NOT_THERE)
    if any(item.packed_g <= 0 for item in items):
        return Freight(service=service, no=No.NO_WEIGHT)
    actual, length, girth_sum, cubic_mm = parcel(items)
    if actual > service.weight_max_g:
        return Freight(service=service, no=No.TOO_HEAVY)
    if length > service.length_max_mm or girth_sum > service.sum_max_mm:
        return Freight(service=service, no=No.TOO_LARGE)
    by_size = -(-cubic_mm // service.divisor) if service.divisor else 0  # mm³ / (cm³ per kg) = g
    billed = max(actual, by_size)
    band = min((b for b in bands if b.upto_g >= billed), key=lambda b: b.upto_g, default=None)
    if band is None:
        return Freight(service=service, no=No.TOO_HEAVY, billed_g=billed)
    return Freight(service=service, krw=band.krw, billed_g=billed, by_size=by_size > actual)


def parcel(items: Sequence[Item]) -> tuple[int, int, int, int]:
    """One parcel of all: grams with its wrapping, longest side (mm), length and girth (mm), volume (mm³).

    Goods are laid one on another along their shortest side: an upper bound that needs no packing to be tried.
    """
    grams = WRAP_G + sum(item.packed_g * item.qty for item in items)
    sides = [sorted(item.size_mm, reverse=True) for item in items]
    long = max((one[0] for one in sides), default=0)
    wide = max((one[1] for one in sides), default=0)
    high = sum(one[2] * item.qty for one, item in zip(sides, items, strict=True))
    long, wide, high = sorted((long, wide, high), reverse=True)
    return grams, long, long + 2 * (wide + high), long * wide * high


def refusal(refusals: Mapping[tuple[str, str], Refusal], items: Sequence[Item], country: str) -> Refusal | None:
    """Why a country does not let one of the items in: its own word goes before what holds everywhere."""
    for nature in dict.fromkeys(n for item in items for n in item.natures):
        own = refusals.get((country, nature.value)) or refusals.get((ANYWHERE, nature.value))
        if own is not None and not own.allowed:
            return own
    return None
