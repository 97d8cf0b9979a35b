"""What may only be sold to somebody of 19 or older, and what of it may be sent. Rules of Korean law, pure but for
reads.

Alcohol and tobacco are no goods for the young (청소년 보호법 §28). Alcohol is not sold by mail order, but for
traditional liquor (주류 면허 등에 관한 법률, 국세청 고시 주류의 통신판매에 관한 명령위임 고시: 전통주); what is
ordered ahead is fetched where a card is shown (스마트오더). Tobacco is not sold by mail or electronically at all
(담배사업법 §12④).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from madang.catalog.bundled import contents
from madang.catalog.listing import ADULT
from madang.catalog.listings import listings, listings_of
from madang.catalog.particular_service import particulars
from madang.catalog.particulars import Nature, Particulars
from madang.db import Tx
from madang.kernel import Actor

RESTRICTED = frozenset({Nature.ALCOHOL, Nature.TRADITIONAL, Nature.TOBACCO})
Refused = Literal["alcohol", "tobacco"]


def restricted(tx: Tx, by: Actor, skus: Iterable[str]) -> set[str]:
    """Those of some SKUs that are for adults only: by their listing's age, or by what they are."""
    skus = list(dict.fromkeys(skus))
    owners = listings_of(tx, by, skus)
    of_age = {id for id, one in listings(tx, by, set(owners.values())).items() if one.age_min >= ADULT}
    return {sku for sku in skus if owners.get(sku) in of_age} | by_nature(tx, by, skus)


def by_nature(tx: Tx, by: Actor, skus: Iterable[str]) -> set[str]:
    """Those of some SKUs that are for adults only by what they, or what is in them, are."""
    inside = contents(tx, by, skus)
    said = particulars(tx, by, list(dict.fromkeys(part for some in inside.values() for part in some)))
    only = {sku for sku, one in said.items() if RESTRICTED & set(one.natures)}
    return {sku for sku, some in inside.items() if only & set(some)}


def refused(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, tuple[Refused, bool]]:
    """Of SKUs that are for adults those that cannot be delivered: why, and whether they cannot be ordered at all. Of a
    bundle each part must be fit to be sent, and what is said of the whole."""
    inside = contents(tx, by, skus)
    every = list(dict.fromkeys(part for some in inside.values() for part in some))
    said, only = particulars(tx, by, every), restricted(tx, by, every)
    found: dict[str, tuple[Refused, bool]] = {}
    for sku, (whole, *parts) in inside.items():
        asked = [not_sent(said.get(part), adult=True) for part in parts if part in only]
        asked.append(not_sent(said.get(whole), adult=not asked))
        why = [no for no in asked if no is not None]
        if why:
            found[sku] = ("tobacco" if "tobacco" in why else "alcohol", "tobacco" in why)
    return found


def not_sent(said: Particulars | None, *, adult: bool) -> Refused | None:
    """Why a SKU cannot be delivered; None where it can. Goods for adults of which nobody said what they are count as
    alcohol."""
    natures = frozenset(said.natures) if said is not None else frozenset()
    if Nature.TOBACCO in natures:
        return "tobacco"
    if Nature.TRADITIONAL in natures:
        return None
    return "alcohol" if Nature.ALCOHOL in natures or (adult and not natures) else None
