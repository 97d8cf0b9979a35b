"""What a receipt says and the arithmetic behind it: amounts, VAT per line, and what of it can still be given back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from madang.catalog.model import Product, SoldBy, Vat
from madang.catalog.quote import Priced, Step
from madang.kernel import Invalid
from madang.payments.vat import Split, part_of, vat_per_line


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody carried out: so many of a product, or so many grams of one sold by weight."""

    product: str
    qty: int = 1
    grams: int | None = None
    probability: float | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line; a refund's line has negative ``qty`` (or ``grams``), ``amount_krw`` and ``vat_krw``.

    ``unit_price_krw`` includes VAT and is per piece, or per 100 g where sold by weight. ``original_line`` is the line
    of the receipt that a refund gives back. ``why`` begins at the catalogue's price, says what each price list and
    promotion added or took off, and adds up to ``amount_krw``; empty where the price is the catalogue's alone, and on
    a refund, which gives back what was paid.
    """

    number: int
    product: str
    name_ko: str
    name_en: str
    vat: Vat
    sold_by: SoldBy
    qty: int
    grams: int | None
    unit_price_krw: int
    amount_krw: int
    vat_krw: int
    probability: float | None = None
    original_line: int | None = None
    why: tuple[Step, ...] = ()


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """An issued receipt, numbered per shop and business day. ``original`` is the receipt that a refund refers to.

    ``person`` is the opaque key of who paid. ``confidence`` is the probability that every line is right, as it was
    known at the decision; ``decision`` says how it was made (``charge``, ``review``, ``refund``).
    """

    id: UUID
    shop: str
    day: str
    number: int
    deal: UUID
    person: str
    at_us: int
    split: Split
    total_krw: int
    lines: tuple[Line, ...]
    confidence: float | None = None
    decision: str = "charge"
    original: UUID | None = None
    reason: str = ""

    @property
    def taxable_krw(self) -> int:
        """과세 합계: the VAT-included part."""
        return self.split.supply_krw + self.split.vat_krw

    @property
    def label(self) -> str:
        """The number people read: ``20261121-0042``."""
        return f"{self.day.replace('-', '')}-{self.number:04d}"


class GiveBack(msgspec.Struct, frozen=True, kw_only=True):
    """What of a receipt's line is to be given back; ``None`` is all that is left of it."""

    line: int
    qty: int | None = None
    grams: int | None = None


def amount_krw(sold_by: SoldBy, unit_price_krw: int, qty: int, grams: int | None) -> int:
    """The price of a line in whole won; weighed goods are rounded half up."""
    if sold_by is SoldBy.UNIT:
        return qty * unit_price_krw
    return ((grams or 0) * unit_price_krw * 2 + 100) // 200


def price_lines(
    taken: Sequence[Taken],
    products: Mapping[str, Product],
    prices_krw: Mapping[str, int],
    quoted: Mapping[str, Priced] | None = None,
) -> tuple[Line, ...]:
    """Lines with names, prices, amounts and VAT, equal products put together, in the order they were first taken.

    ``quoted`` are lines of a quote by product, for as much as was taken: what promotions made of them.
    Raises ``Invalid`` for a product or price nobody knows, and for amounts that are not positive.
    """
    items = merged(taken)
    for item in items:
        _known(item, products, prices_krw)
    bare = [_line(i, t, products[t.product], prices_krw[t.product]) for i, t in enumerate(items, 1)]
    if quoted is not None:
        bare = [_as_quoted(line, quoted[line.product]) if line.product in quoted else line for line in bare]
    taxable = [line for line in bare if line.vat is Vat.TAXABLE]
    vat = dict(zip([x.number for x in taxable], vat_per_line([x.amount_krw for x in taxable]), strict=True))
    return tuple(msgspec.structs.replace(line, vat_krw=vat.get(line.number, 0)) for line in bare)


def split_of(lines: Iterable[Line]) -> Split:
    """The receipt's totals from its lines."""
    supply = vat = exempt = 0
    for line in lines:
        if line.vat is not Vat.EXEMPT:  # 영세율: supply, and a tax of nothing
            supply, vat = supply + line.amount_krw - line.vat_krw, vat + line.vat_krw
        else:
            exempt += line.amount_krw
    return Split(supply_krw=supply, vat_krw=vat, exempt_krw=exempt)


def refund_lines(original: Sequence[Line], already: Iterable[Line], give_back: Sequence[GiveBack]) -> tuple[Line, ...]:
    """Negative lines for what is to be given back, after the refunds made ``already``.

    However a line is given back in parts, the parts' amounts and VAT add up to the line. Raises ``Invalid`` where a
    line does not exist or less is left of it.
    """
    by_number = {line.number: line for line in original}
    back: dict[int, int] = {}
    for given in already:
        if given.original_line is not None:
            back[given.original_line] = back.get(given.original_line, 0) - _measure(given)
    made: list[Line] = []
    for wish in give_back:
        line = by_number.get(wish.line)
        if line is None:
            raise _no_line(wish.line)
        before = back.get(line.number, 0)
        after = before + _wished(wish, line, _measure(line) - before)
        back[line.number] = after
        if after > before:
            made.append(_negative(line, len(made) + 1, before, after))
    return tuple(made)


def says(lines: Sequence[Line], taken: Sequence[Taken]) -> bool:
    """Whether a receipt's lines are those of ``taken``, product by product."""
    asked = {item.product: item for item in merged(taken)}
    return asked.keys() == {line.product for line in lines} and all(
        _measure(line)
        == ((asked[line.product].grams or 0) if line.sold_by is SoldBy.WEIGHT else asked[line.product].qty)
        for line in lines
    )


def gives(lines: Sequence[Line], give_back: Sequence[GiveBack]) -> bool:
    """Whether a refund's lines can be those of ``give_back``: same lines, and as much where it says how much."""
    made = {line.original_line: -_measure(line) for line in lines}
    asked: dict[int, list[int | None]] = {}
    for wish in give_back:
        asked.setdefault(wish.line, []).append(wish.qty if wish.grams is None else wish.grams)
    stated = {line: parts for line, parts in asked.items() if None not in parts}
    return made.keys() <= asked.keys() and all(made.get(line) == sum(filter(None, p)) for line, p in stated.items())


def given_back(refund: Receipt) -> dict[int, int]:
    """Won that a refund gives back of each line of its sale, by the line's number."""
    found: dict[int, int] = {}
    for line in refund.lines:
        number = line.original_line or 0
        found[number] = found.get(number, 0) - line.amount_krw
    return {number: krw for number, krw in found.items() if krw}


def left_krw(original: Iterable[Line], already: Iterable[Line]) -> int:
    """What of a receipt has not been given back yet."""
    return sum(line.amount_krw for line in original) + sum(line.amount_krw for line in already)


def merged(taken: Sequence[Taken]) -> list[Taken]:
    """Equal products put together, in the order they were first taken."""
    out: dict[str, Taken] = {}
    for item in taken:
        known = out.get(item.product)
        out[item.product] = item if known is None else _together(known, item)
    return list(out.values())


def _together(a: Taken, b: Taken) -> Taken:
    sure = [p for p in (a.probability, b.probability) if p is not None]
    grams = None if a.grams is None and b.grams is None else (a.grams or 0) + (b.grams or 0)
    return Taken(product=a.product, qty=a.qty + b.qty, grams=grams, probability=min(sure) if sure else None)


def _line(number: int, item: Taken, product: Product, price_krw: int) -> Line:
    return Line(
        number=number,
        product=item.product,
        name_ko=product.name_ko,
        name_en=product.name_en,
        vat=product.vat,
        sold_by=product.sold_by,
        qty=item.qty,
        grams=item.grams if product.sold_by is SoldBy.WEIGHT else None,
        unit_price_krw=price_krw,
        amount_krw=amount_krw(product.sold_by, price_krw, item.qty, item.grams),
        vat_krw=0,
        probability=item.probability,
    )


def _as_quoted(line: Line, priced: Priced) -> Line:
    why = priced.trace if len(priced.trace) > 1 else ()
    return msgspec.structs.replace(line, unit_price_krw=priced.unit_krw, amount_krw=priced.amount_krw, why=why)


def _measure(line: Line) -> int:
    return line.qty if line.sold_by is SoldBy.UNIT else (line.grams or 0)


def _wished(wish: GiveBack, line: Line, left: int) -> int:
    by_weight = line.sold_by is SoldBy.WEIGHT
    amount = wish.grams if by_weight else wish.qty
    if amount is None:
        return left
    if amount < 1 or amount > left:
        raise Invalid(
            "deals.refund_too_much",
            ko=f"{line.number}번 줄은 {left}{'g' if by_weight else '개'}까지만 돌려줄 수 있습니다.",
            en=f"Of line {line.number}, {left}{' g' if by_weight else ''} can be given back, not {amount}.",
            next_ko="남은 수량을 확인하세요.",
            next_en="Check what is left of the line.",
            line=line.number,
            left=left,
        )
    return amount


def _negative(line: Line, number: int, before: int, after: int) -> Line:
    amount = _worth(line, after) - _worth(line, before)
    vat = part_of(line.vat_krw, line.amount_krw, _worth(line, before), _worth(line, after))
    by_weight = line.sold_by is SoldBy.WEIGHT
    return msgspec.structs.replace(
        line,
        number=number,
        qty=-(after - before) if not by_weight else (-line.qty if after == _measure(line) else 0),
        grams=-(after - before) if by_weight else None,
        amount_krw=-amount,
        vat_krw=-vat,
        original_line=line.number,
        why=(),
    )


def _worth(line: Line, measure: int) -> int:
    """What so much of a line cost: at its price, or where something was taken off, in proportion (rounded half up)."""
    whole = _measure(line)
    if line.amount_krw == amount_krw(line.sold_by, line.unit_price_krw, whole, whole):
        return amount_krw(line.sold_by, line.unit_price_krw, measure, measure)
    return (2 * line.amount_krw * measure + whole) // (2 * whole)


def _known(item: Taken, products: Mapping[str, Product], prices_krw: Mapping[str, int]) -> None:
    product = products.get(item.product)
    if product is None or item.product not in prices_krw:
        what_ko, what_en = ("상품", "product") if product is None else ("가격", "price")
        raise Invalid(
            f"deals.no_{what_en}",
            ko=f"'{item.product}'의 {what_ko} 정보가 없습니다.",
            en=f"There is no {what_en} for '{item.product}'.",
            next_ko=f"카탈로그에 {what_ko} 정보를 넣으세요.",
            next_en=f"Add the {what_en} to the catalogue.",
            product=item.product,
        )
    by_weight = product.sold_by is SoldBy.WEIGHT
    if (item.grams or 0) < 1 if by_weight else item.qty < 1:
        raise Invalid(
            "deals.bad_quantity",
            ko=f"'{item.product}'의 {'무게(g)' if by_weight else '수량'}은(는) 1 이상이어야 합니다.",
            en=f"The {'weight (g)' if by_weight else 'quantity'} of '{item.product}' must be 1 or more.",
            next_ko="수량을 확인하세요.",
            next_en="Check the quantity.",
            product=item.product,
        )


def _no_line(number: int) -> Invalid:
    return Invalid(
        "deals.no_line",
        ko=f"영수증에 {number}번 줄이 없습니다.",
        en=f"The receipt has no line {number}.",
        next_ko="줄 번호를 확인하세요.",
        next_en="Check the line number.",
        line=number,
    )
