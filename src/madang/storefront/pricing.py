"""What the lines of one shop cost, as the catalogue quotes them, and as they stand on the receipt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from madang import catalog, members
from madang.catalog import Ask, Form, Priced, Shopper, SoldBy, Step, Vat
from madang.catalog import adults as goods_for_adults
from madang.catalog.listing import ADULT
from madang.db import Tx
from madang.deals import lines as receipt
from madang.kernel import Actor, Conflict
from madang.payments import vat_per_line
from madang.storefront import bases
from madang.storefront.model import BORDER, DELIVERY, RETURNING, CartLine, Line, WithdrawalBasis
from madang.storefront.world import experiences


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Lines at today's prices, and codes that took nothing off with the reason in both languages."""

    lines: tuple[Line, ...]
    refused: tuple[tuple[str, str, str], ...] = ()
    applied: dict[str, int] = {}


def quote(tx: Tx, by: Actor, shop: str, wanted: Sequence[CartLine], *, at_us: int, codes: Iterable[str]) -> Offer:
    """Price what is wanted of one shop. Raises what the catalogue raises, ``Conflict`` for what is not sold here."""
    skus = [line.sku for line in wanted]
    products = catalog.products(tx, by, skus)
    asks = [_ask(line, products[line.sku].sold_by if line.sku in products else SoldBy.UNIT) for line in wanted]
    made = catalog.quote(tx, by, asks, at_us=at_us, shop=shop, codes=codes, shopper=shopper_of(tx, by, shop))
    basis = bases.effective(tx, by, skus)
    found = {one.sku: one for one in made.lines}
    begins = experiences.begins(tx, by, [one.sku for one in made.lines if one.form is Form.EXPERIENCE], at_us)
    adults, lines = goods_for_adults.by_nature(tx, by, skus), []
    for number, sku in enumerate(skus, 1):
        priced = found[sku]
        if priced.form is Form.GIFT_CARD:
            raise _elsewhere(priced)
        line = _line(number, priced, basis[sku])
        if sku in adults:
            line = msgspec.structs.replace(line, adult=True)
        lines.append(msgspec.structs.replace(line, begins_us=begins[sku]) if sku in begins else line)
    refused = tuple((one.code, one.ko, one.en) for one in made.refused)
    return Offer(lines=tuple(lines), refused=refused, applied={one.promotion: one.amount_krw for one in made.applied})


def shopper_of(tx: Tx, by: Actor, shop: str) -> Shopper:
    """Who asks, as far as prices care: what they are in this shop, and the groups they are in."""
    return Shopper(person=by.key, tags=members.tags_of(tx, by.key, shop))


def on_receipt(lines: Sequence[Line], fee_krw: int, border_krw: int = 0) -> tuple[receipt.Line, ...]:
    """The receipt's lines: one for each line and VAT class, the delivery fee and what was paid to the border last; tax
    as everywhere from the sum of what is taxable, shared over the lines by largest remainder. What is exported bears
    none (영세율), nor does its freight."""
    bare: list[receipt.Line] = []
    for line in lines:
        rated = Vat.ZERO if line.zero_rated else Vat.TAXABLE
        for vat, amount in ((rated, line.amount_krw - line.exempt_krw), (Vat.EXEMPT, line.exempt_krw)):
            if amount or (vat is rated and not line.amount_krw):
                bare.append(_bare(len(bare) + 1, line, vat, amount))
    abroad = any(line.zero_rated for line in lines)
    if fee_krw:
        names = ("해외 배송비", "Delivery abroad") if abroad else ("배송비", "Delivery")
        bare.append(_fee(len(bare) + 1, fee_krw, DELIVERY, names, Vat.ZERO if abroad else Vat.TAXABLE))
    if border_krw:
        bare.append(_fee(len(bare) + 1, border_krw, BORDER, ("관세·수입세 선납", "Duty and tax, prepaid"), Vat.ZERO))
    taxable = [line for line in bare if line.vat is Vat.TAXABLE]
    taxes = dict(zip([x.number for x in taxable], vat_per_line([x.amount_krw for x in taxable]), strict=True))
    return tuple(msgspec.structs.replace(line, vat_krw=taxes.get(line.number, 0)) for line in bare)


def way_back(cost_krw: int) -> tuple[receipt.Line, ...]:
    """The line of what a buyer pays for sending back what they changed their mind about."""
    line = _fee(1, cost_krw, RETURNING, ("반품 배송비", "Sending back"), Vat.TAXABLE)
    return (msgspec.structs.replace(line, vat_krw=vat_per_line([cost_krw])[0]),)


def numbers_on_receipt(lines: Sequence[Line]) -> dict[int, list[int]]:
    """Which receipt lines each line became, by its number."""
    found: dict[int, list[int]] = {}
    last = 0
    for line in lines:
        both = 0 < line.exempt_krw < line.amount_krw
        found[line.number] = [last + 1, last + 2] if both else [last + 1]
        last = found[line.number][-1]
    return found


def _ask(line: CartLine, sold_by: SoldBy) -> Ask:
    if sold_by is SoldBy.WEIGHT:
        return Ask(sku=line.sku, qty=1, grams=line.amount)
    return Ask(sku=line.sku, qty=line.amount)


def _line(number: int, priced: Priced, basis: WithdrawalBasis) -> Line:
    exempt = sum(part.amount_krw for part in priced.parts if part.vat is Vat.EXEMPT)
    return Line(
        number=number,
        sku=priced.sku,
        listing=priced.listing,
        name_ko=priced.name_ko,
        name_en=priced.name_en,
        sold_by=priced.sold_by,
        amount=(priced.grams or 0) if priced.sold_by is SoldBy.WEIGHT else priced.qty,
        unit_price_krw=priced.unit_krw,
        list_krw=priced.list_krw,
        amount_krw=priced.amount_krw,
        exempt_krw=exempt,
        basis=basis,
        adult=priced.age_min >= ADULT,
        parts=priced.components,
        why=tuple((step.ko, step.en, step.amount_krw) for step in priced.trace if step.rule != "price"),
    )


def _bare(number: int, line: Line, vat: Vat, amount_krw: int) -> receipt.Line:
    by_weight = line.sold_by is SoldBy.WEIGHT
    return receipt.Line(
        number=number, product=line.sku, name_ko=line.name_ko, name_en=line.name_en, vat=vat, sold_by=line.sold_by,
        qty=1 if by_weight else line.amount, grams=line.amount if by_weight else None,
        unit_price_krw=line.unit_price_krw, amount_krw=amount_krw, vat_krw=0,
        why=_why(line) if amount_krw == line.amount_krw else (),
    )  # fmt: skip


def _why(line: Line) -> tuple[Step, ...]:
    """The steps of a line's price from the catalogue's on; none where that is all there is to it."""
    if not line.why or line.list_krw + sum(krw for _, _, krw in line.why) != line.amount_krw:  # exchanged since
        return ()
    first = Step(rule="price", ko="판매가", en="Price", amount_krw=line.list_krw)
    return (first, *(Step(rule="", ko=ko, en=en, amount_krw=krw) for ko, en, krw in line.why))


def _fee(number: int, fee_krw: int, product: str, names: tuple[str, str], vat: Vat) -> receipt.Line:
    return receipt.Line(
        number=number, product=product, name_ko=names[0], name_en=names[1], vat=vat, sold_by=SoldBy.UNIT,
        qty=1, grams=None, unit_price_krw=fee_krw, amount_krw=fee_krw, vat_krw=0,
    )  # fmt: skip


def _elsewhere(priced: Priced) -> Conflict:
    return Conflict(
        "storefront.gift_card",
        ko=f"'{priced.name_ko}'은(는) 다른 상품과 함께 주문할 수 없습니다.",
        en=f"'{priced.name_en}' cannot be ordered together with goods.",
        next_ko="기프트카드는 기프트카드 화면에서 사고, 여기서는 빼 주세요.",
        next_en="Buy gift cards on their own page, and take it out of this cart.",
        sku=priced.sku,
    )
