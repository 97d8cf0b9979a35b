"""What shops say of goods that cannot be given back for a change of mind (청약철회 제한, 전자상거래법 §17(2)).

An exception holds only where the buyer was told: on the product's page, its label and at checkout (§17(6)), and for
what is made to order by a written consent of its own (시행령 §21). Who sets one says that the package says so too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec

from madang import catalog, journal
from madang.catalog import ownership
from madang.db import Tx
from madang.journal import New
from madang.kernel import Actor, Invalid, Role, derived
from madang.storefront import facts, records
from madang.storefront.model import WithdrawalBasis
from madang.storefront.withdrawal import basis_of

_FREE = WithdrawalBasis.FREE


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a SKU; None: nothing, so that its shelf life says whether it is perishable."""

    sku: str
    basis: WithdrawalBasis | None = None


def unsaid(sku: str) -> dict[str, Any]:
    """A SKU of which nothing is said, as JSON has it."""
    return {"sku": sku, "basis": None}


def bases(tx: Tx, by: Actor, skus: Collection[str]) -> dict[str, Basis]:
    """What is said of some SKUs; one of which nothing is said is not in the answer."""
    by.need_neighbourhood(tx.neighbourhood)
    return {sku: Basis(sku=sku, basis=basis) for sku, basis in records.bases_of(tx, list(skus)).items()}


def effective(tx: Tx, by: Actor, skus: Collection[str]) -> dict[str, WithdrawalBasis]:
    """What holds for some SKUs that are known: what is said, else what their shelf life makes them, else, of a bundle,
    the exception that holds for one of its parts."""
    inside = catalog.contents(tx, by, skus)
    every = list(dict.fromkeys(part for some in inside.values() for part in some))
    said, known = records.bases_of(tx, every), catalog.products(tx, by, every)
    own = {sku: basis_of(product, said.get(sku)) for sku, product in known.items()}
    return {
        sku: own[sku] if sku in said else next((own[one] for one in some if own[one] is not _FREE), _FREE)
        for sku, some in inside.items()
        if sku in own
    }


def set_bases(tx: Tx, by: Actor, new: Sequence[Basis], *, id: UUID, at_us: int) -> None:
    """Say what of SKUs the right to withdraw excepts; the buyer is told and asked at checkout. Raises ``Invalid``
    ``storefront.no_such_goods`` for what nobody sells."""
    by.need(Role.OPERATOR, Role.STAFF)
    ownership.need_own(tx, by, [one.sku for one in new])
    known = catalog.products(tx, by, [one.sku for one in new])
    for one in new:
        if one.sku not in known:
            raise _unknown(one.sku)
        records.set_basis(tx, one.sku, one.basis, at_us)
    told = [
        New(
            body=facts.BasisSet(sku=one.sku, basis=one.basis.value if one.basis else ""),
            id=derived("storefront.basis", id, one.sku), at_us=at_us, subject=one.sku,
        )
        for one in new
    ]  # fmt: skip
    journal.append_many(tx, by, told)


def _unknown(sku: str) -> Invalid:
    return Invalid(
        "storefront.no_such_goods",
        ko=f"'{sku}' 상품이 없습니다.",
        en=f"There is no product '{sku}'.",
        next_ko="상품코드를 확인하세요.",
        next_en="Check the product's code.",
        sku=sku,
    )
