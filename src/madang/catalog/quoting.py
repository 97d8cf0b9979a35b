"""Making a quote: what is asked is looked up in a few queries, then priced by pure rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import msgspec

from madang.catalog import bundled, listing_records, promotion_records, records, service
from madang.catalog.collecting import marks
from madang.catalog.listing import Bundle, Form, Listing
from madang.catalog.model import EVERY_SHOP, Product, SoldBy, Vat
from madang.catalog.promoting import Item, Situation, fits, holds, plain_code, promote
from madang.catalog.promotion import PriceList, Promotion, SetPrice, Used
from madang.catalog.quote import NOBODY, Ask, Deal, Part, Priced, PriceTag, Quote, Shopper, Step
from madang.db import Tx
from madang.kernel import Actor, Invalid, Role, allocate

LINES_MAX = 300
QTY_MAX = 10_000
GRAMS_MAX = 1_000_000


def quote(
    tx: Tx,
    by: Actor,
    lines: Sequence[Ask],
    *,
    at_us: int,
    shop: str = EVERY_SHOP,
    codes: Iterable[str] = (),
    shopper: Shopper = NOBODY,
) -> Quote:
    """Price lines as of an instant in a shop for a shopper, with every promotion that holds, and say why.

    ``codes`` are what the shopper typed in. Raises ``Invalid`` for a SKU or price nobody knows
    (``catalog.unknown_sku``, ``catalog.no_price``) and for amounts that are none (``catalog.bad_amount``).
    """
    asked = merged(lines)
    return _quoted(tx, by, asked, _look_up(tx, by, [ask.sku for ask in asked], at_us, shop, shopper, codes))


def quotes(
    tx: Tx,
    by: Actor,
    baskets: Sequence[Sequence[Ask]],
    *,
    at_us: int,
    shop: str,
    shopper: Shopper = NOBODY,
    but: UUID | None = None,
) -> list[Quote]:
    """Several baskets, each by itself, of one shopper at one instant, without codes: what a visit may have come to.

    What ``but`` (an order or a visit) has had of promotions does not count against it. Raises what ``quote`` raises.
    """
    asked = [merged(lines) for lines in baskets]
    skus = list(dict.fromkeys(ask.sku for lines in asked for ask in lines))
    known = _look_up(tx, by, skus, at_us, shop, shopper, (), but)
    return [_quoted(tx, by, lines, known) for lines in asked]


def try_promotion(
    tx: Tx, by: Actor, lines: Sequence[Ask], draft: Promotion, *, at_us: int, shop: str, shopper: Shopper = NOBODY
) -> Quote:
    """What lines would cost were a promotion set as drafted, beside all others that hold; its code counts as typed in.

    Nothing is set. Raises what ``quote`` raises.
    """
    by.need(Role.OPERATOR, Role.STAFF)
    asked = merged(lines)
    codes = [draft.code] if draft.code else []
    known = _look_up(tx, by, [ask.sku for ask in asked], at_us, shop, shopper, codes)
    rules = [*(rule for rule in known.rules if rule.id != draft.id), draft]
    used = {**known.used, **promotion_records.used(tx, by, [draft.id], shopper.person)}
    return _quoted(tx, by, asked, replace(known, rules=rules, used=used))


def _quoted(tx: Tx, by: Actor, asked: Sequence[Ask], known: _Known) -> Quote:
    made = [known.plain(ask) for ask in asked]
    items = _items(tx, by, made, known) if known.rules or known.where.codes else []
    applied, refused = promote(items, known.rules, known.where, known.used)
    steps = {item.key: item.steps for item in items}
    return Quote(
        shop=known.where.shop,
        at_us=known.where.at_us,
        lines=tuple(known.finished(line, steps.get(line.key, [])) for line in made),
        applied=tuple(applied),
        refused=tuple(refused),
        person=known.where.person,
    )


def unit_prices(
    tx: Tx, by: Actor, skus: Iterable[str], *, at_us: int, shop: str = EVERY_SHOP, shopper: Shopper = NOBODY
) -> dict[str, int]:
    """What one piece (or 100 g) of each SKU costs a shopper before promotions: a price list's price where one holds
    for them, else the catalogue's. A SKU without a price is not in the answer."""
    wanted = list(dict.fromkeys(skus))
    listed = _price_lists(tx, by, wanted, at_us, shop, shopper)
    return service.price_at(tx, by, wanted, at_us, shop=shop) | {sku: krw for sku, (_, krw) in listed.items()}


def price_tags(
    tx: Tx, by: Actor, skus: Iterable[str], *, at_us: int, shop: str = EVERY_SHOP, shopper: Shopper = NOBODY
) -> dict[str, PriceTag]:
    """What one piece (or 100 g) of each SKU costs by itself, and which promotions it could be part of.

    A SKU nobody knows, or without a price, is not in the answer.
    """
    wanted = list(dict.fromkeys(skus))
    known = _look_up(tx, by, wanted, at_us, shop, shopper, ())
    asks = [
        Ask(sku=sku, grams=100 if known.products[sku].sold_by is SoldBy.WEIGHT else None)
        for sku in wanted
        if sku in known.products and (sku in known.prices or sku in known.listed)
    ]
    made = [known.plain(ask) for ask in asks]
    items = {item.key: item for item in (_items(tx, by, made, known) if known.rules else [])}
    tags: dict[str, PriceTag] = {}
    for line in made:
        item = items.get(line.key)
        deals: tuple[Deal, ...] = ()
        if item is not None:
            promote([item], known.rules, known.where, known.used)
            deals = tuple(
                Deal(promotion=rule.id, ko=rule.name_ko, en=rule.name_en)
                for rule in known.rules
                if fits(rule, item) and not holds(rule, known.where, known.used.get(rule.id, Used()))
            )
        tags[line.sku] = PriceTag(priced=known.finished(line, item.steps if item else []), deals=deals)
    return tags


@dataclass(frozen=True, slots=True)
class _Known:
    """Everything a quote needs to know, read once."""

    products: Mapping[str, Product]
    prices: Mapping[str, int]
    bundles: Mapping[str, Bundle]
    owners: Mapping[str, str]
    listings: Mapping[str, Listing]
    listed: Mapping[str, tuple[PriceList, int]]
    rules: Sequence[Promotion]
    used: Mapping[str, Used]
    where: Situation

    def plain(self, ask: Ask) -> Priced:
        listing = self.listings.get(self.owners.get(ask.sku, ""))
        return _plain(ask, self.products, self.prices, listing, self.listed.get(ask.sku))

    def finished(self, line: Priced, steps: Sequence[Step]) -> Priced:
        return _finished(line, steps, self.products, self.prices, self.bundles)


def _look_up(
    tx: Tx,
    by: Actor,
    skus: Sequence[str],
    at_us: int,
    shop: str,
    shopper: Shopper,
    codes: Iterable[str],
    but: UUID | None = None,
) -> _Known:
    bundles = listing_records.bundles(tx, by, skus)
    every = dict.fromkeys([*skus, *(part for bundle in bundles.values() for part in bundle.parts)])
    owners = listing_records.listings_of_skus(tx, by, skus)
    listings = listing_records.listings_by_id(tx, by, owners.values())
    given = frozenset(filter(None, (plain_code(code) for code in codes)))
    rules = promotion_records.holding(tx, by, at_us, given)
    counted = [rule.id for rule in rules if rule.counted]
    return _Known(
        products=records.products_by_id(tx, by, every),
        prices=service.price_at(tx, by, every, at_us, shop=shop),
        bundles=bundles,
        owners=owners,
        listings=bundled.joined(tx, by, listings) if bundles else listings,
        listed=_price_lists(tx, by, skus, at_us, shop, shopper),
        rules=rules,
        used=promotion_records.used(tx, by, counted, shopper.person, but) if counted else {},
        where=Situation(at_us, shop, shopper.person, shopper.tags, given),
    )


def merged(lines: Sequence[Ask]) -> list[Ask]:
    """Lines of one key put together, in order of key: a quote does not hang on the order they were put in."""
    out: dict[str, Ask] = {}
    for ask in lines:
        known = out.get(ask.name)
        if known is None:
            out[ask.name] = ask
            continue
        grams = None if known.grams is None and ask.grams is None else (known.grams or 0) + (ask.grams or 0)
        out[ask.name] = Ask(sku=ask.sku, qty=known.qty + ask.qty, grams=grams, key=ask.key)
    if len(out) > LINES_MAX:
        raise Invalid(
            "catalog.too_many_lines",
            ko=f"한 번에 {LINES_MAX}줄까지 계산할 수 있습니다.",
            en=f"At most {LINES_MAX} lines can be priced at once.",
            next_ko="나누어 담으세요.",
            next_en="Split the cart.",
        )
    return [out[name] for name in sorted(out)]


def amount_krw(sold_by: SoldBy, unit_krw: int, qty: int, grams: int | None) -> int:
    """The price of a line in whole won; weighed goods (per 100 g) are rounded half up."""
    if sold_by is SoldBy.UNIT:
        return qty * unit_krw
    return ((grams or 0) * unit_krw * 2 + 100) // 200


def parts_of(
    amount_krw: int, product: Product, bundle: Bundle | None, products: Mapping[str, Product], prices: Mapping[str, int]
) -> tuple[Part, ...]:
    """What of a price is taxable and what exempt: a bundle's is shared over its components by their own prices."""
    if bundle is None:
        return (Part(vat=product.vat, amount_krw=amount_krw),)
    weights = dict.fromkeys(Vat, 0)
    for part, n in bundle.parts.items():
        weights[products[part].vat] += n * prices.get(part, 0)
    if not any(weights.values()):
        return (Part(vat=product.vat, amount_krw=amount_krw),)
    shares = allocate(amount_krw, list(weights.values()))
    return tuple(Part(vat=vat, amount_krw=share) for vat, share in zip(weights, shares, strict=True) if weights[vat])


def _plain(
    ask: Ask,
    products: Mapping[str, Product],
    prices: Mapping[str, int],
    listing: Listing | None,
    listed: tuple[PriceList, int] | None,
) -> Priced:
    """The line before promotions: the catalogue's price, and a price list's where one holds."""
    product = products.get(ask.sku)
    if product is None:
        raise _unknown(ask.sku)
    list_krw = prices.get(ask.sku, None if listed is None else listed[1])
    if list_krw is None:
        raise _no_price(ask.sku)
    _measured(ask, product)
    grams = ask.grams if product.sold_by is SoldBy.WEIGHT else None
    whole = amount_krw(product.sold_by, list_krw, ask.qty, grams)
    trace = [Step(rule="price", ko="판매가", en="Price", amount_krw=whole)]
    unit_krw = list_krw
    if listed is not None:
        unit_krw = listed[1]
        other = amount_krw(product.sold_by, unit_krw, ask.qty, grams) - whole
        name = listed[0]
        trace.append(Step(rule=f"price_list:{name.id}", ko=name.name_ko, en=name.name_en, amount_krw=other))
    return Priced(
        key=ask.name,
        sku=ask.sku,
        listing=listing.id if listing is not None else ask.sku,
        name_ko=product.name_ko,
        name_en=product.name_en,
        sold_by=product.sold_by,
        vat=product.vat,
        form=listing.form if listing is not None else Form.GOODS,
        qty=ask.qty,
        grams=grams,
        unit_krw=unit_krw,
        list_krw=whole,
        amount_krw=sum(step.amount_krw for step in trace),
        trace=tuple(trace),
        parts=(),
        age_min=listing.age_min if listing is not None else 0,
    )


def _finished(
    line: Priced,
    steps: Sequence[Step],
    products: Mapping[str, Product],
    prices: Mapping[str, int],
    bundles: Mapping[str, Bundle],
) -> Priced:
    amount = line.amount_krw + sum(step.amount_krw for step in steps)
    bundle = bundles.get(line.sku)
    gift = line.form is Form.GIFT_CARD
    return msgspec.structs.replace(
        line,
        amount_krw=amount,
        trace=(*line.trace, *steps),
        parts=() if gift else parts_of(amount, products[line.sku], bundle, products, prices),
        components=bundle.parts if bundle is not None else {},
    )


def _price_lists(
    tx: Tx, by: Actor, skus: Sequence[str], at_us: int, shop: str, shopper: Shopper
) -> dict[str, tuple[PriceList, int]]:
    """For each SKU the price list that holds, and its price: highest priority, then the lower price, then the id."""
    best: dict[str, tuple[PriceList, int]] = {}
    for one, sku, krw in promotion_records.price_lists(tx, by, skus):
        begun = one.from_us <= at_us and (one.until_us is None or at_us < one.until_us)
        here = not one.shops or shop in one.shops
        for_them = not one.tags or not shopper.tags.isdisjoint(one.tags)
        if not (one.on and begun and here and for_them):
            continue
        known = best.get(sku)
        if known is None or (-one.priority, krw, one.id) < (-known[0].priority, known[1], known[0].id):
            best[sku] = (one, krw)
    return best


def _items(tx: Tx, by: Actor, made: Sequence[Priced], known: _Known) -> list[Item]:
    """The lines promotions may act on, with their marks and floors."""
    floors = promotion_records.floors_of(tx, by, (line.sku for line in made))
    tree = {category.id: category for category in listing_records.find_categories(tx, by)}
    by_collection = any(mark.startswith("collection:") for rule in known.rules for mark in marks_of(rule))
    collections = listing_records.find_collections(tx, by) if by_collection else []
    return [
        Item(
            key=line.key,
            marks=marks(line.sku, known.listings.get(line.listing), tree, collections, line.unit_krw),
            pieces=0 if line.sold_by is SoldBy.WEIGHT else line.qty,
            amount_krw=line.amount_krw,
            floor_krw=min(line.amount_krw, amount_krw(line.sold_by, floors.get(line.sku, 0), line.qty, line.grams)),
            list_krw=line.list_krw,
        )
        for line in made
        if line.form is not Form.GIFT_CARD
    ]


def marks_of(rule: Promotion) -> Iterator[str]:
    """Every mark a promotion names."""
    yield from rule.any_of
    yield from rule.none_of
    if isinstance(rule.effect, SetPrice):
        for part in rule.effect.parts:
            yield from part.any_of


def _measured(ask: Ask, product: Product) -> None:
    by_weight = product.sold_by is SoldBy.WEIGHT
    amount, most = (ask.grams or 0, GRAMS_MAX) if by_weight else (ask.qty, QTY_MAX)
    if not 1 <= amount <= most:
        raise Invalid(
            "catalog.bad_amount",
            ko=f"'{ask.sku}'의 {'무게(g)' if by_weight else '수량'}은 1에서 {most:,} 사이여야 합니다.",
            en=f"The {'weight (g)' if by_weight else 'quantity'} of '{ask.sku}' must be from 1 to {most:,}.",
            next_ko="수량을 확인하세요.",
            next_en="Check the amount.",
            sku=ask.sku,
        )


def _unknown(sku: str) -> Invalid:
    return Invalid(
        "catalog.unknown_sku",
        ko=f"'{sku}' 상품이 없습니다.",
        en=f"There is no product '{sku}'.",
        next_ko="상품코드를 확인하세요.",
        next_en="Check the product's code.",
        sku=sku,
    )


def _no_price(sku: str) -> Invalid:
    return Invalid(
        "catalog.no_price",
        ko=f"'{sku}'의 가격이 아직 없습니다.",
        en=f"'{sku}' has no price yet.",
        next_ko="가격을 정한 뒤에 팔 수 있습니다.",
        next_en="It can be sold once it has a price.",
        sku=sku,
    )
