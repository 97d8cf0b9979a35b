"""The demo's town: its faces, makers whose goods go to the world, experiences to book, and what sending abroad costs.

All of it is made up: places, makers, tariffs, duties and rates are simulated, and say so where a page shows a source.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from madang import catalog
from madang.catalog import Category, Listing, NetUnit, Particulars, Price, Product
from madang.catalog.particulars import Nature
from madang.db import Database, Tx
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.kernel import Actor, derived, seoul, start_of_day_us, system
from madang.kernel.clock import DAY_US, HOUR_US, MINUTE_US
from madang.places import faces
from madang.places.faces import Face, emblems
from madang.places.faces.service import keep_emblem
from madang.storefront import neighbours
from madang.storefront.world import experiences, tariffs
from madang.storefront.world.sheets import Sheet

BY: Actor = system(NEIGHBOURHOOD, "demo/town")
MAKERS = Category(id="makers", name_ko="동네 장인", name_en="Made here", position=20)
DRINKS = ("water", "sparkling", "soda", "tea", "isotonic", "juice", "coffee", "milk", "beer", "wine")
HOUSEHOLD = ("paper", "household", "hygiene", "baby", "pet")

EMBLEM = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><circle cx="32" cy="32" r="30" fill="#0b5394"/>'
    b'<path d="M12 40c7-6 13-6 20 0s13 6 20 0" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/>'
    b'<path d="M32 33V18m0 8c-6 0-9-3-9-8 6 0 9 3 9 8zm0-3c0-5 3-8 8-8 0 5-3 8-8 8z" fill="#fff" stroke="#fff" '
    b'stroke-width="2"/></svg>'
)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A maker's good: its SKU, what customs and carriers ask, what it costs and how many there are."""

    listing: Listing
    particulars: Particulars
    price_krw: int
    there: int


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """An experience: how long, for how many, at what hour."""

    listing: Listing
    price_krw: int
    minutes: int
    places: int
    hour: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What ``town.json`` holds."""

    city: Face
    street: Face
    goods: tuple[Made, ...]
    acts: tuple[Act, ...]


TOLD = msgspec.json.decode((Path(__file__).parent / "town.json").read_bytes(), type=Told)
SIMULATED = "simulated (demo)"
RATES = (
    ("USD", "1391.20", 1), ("EUR", "1612.45", 1), ("JPY", "921.43", 100), ("CNY", "195.61", 1),
    ("GBP", "1858.30", 1), ("SGD", "1072.18", 1), ("AUD", "908.77", 1),
)  # fmt: skip
TABLES: dict[Sheet, str] = {
    Sheet.SERVICES: """id,name_ko,name_en,divisor,weight_max_g,length_max_mm,sum_max_mm,days_min,days_max,terms,refuses
EMS,국제특급 (모의),Express post (simulated),6000,30000,1500,3000,3,7,DDU,aerosol battery
KPACKET,소형포장물 (모의),Small packet (simulated),0,2000,600,900,7,15,DDU,aerosol battery liquid
COURIER,특송 (모의),Courier (simulated),5000,20000,1200,3000,2,4,DDP,aerosol
""",
    Sheet.ZONES: "service,country,zone\n"
    + "".join(
        f"{service},{country},{zone}\n"
        for service in ("EMS", "KPACKET", "COURIER")
        for country, zone in (("JP", "1"), ("CN", "1"), ("SG", "2"), ("AU", "3"), ("US", "3"), ("DE", "4"), ("GB", "4"))
    ),
    Sheet.BANDS: "service,zone,upto_g,krw\n"
    + "".join(
        f"{service},{zone},{upto_g},{round((base + step * upto_g / 500) * far / 100) * 100}\n"
        for service, base, step, weights in (
            ("EMS", 18_000, 3_200, (300, 500, 1000, 2000, 5000, 10_000, 30_000)),
            ("KPACKET", 4_800, 3_600, (100, 300, 500, 1000, 2000)),
            ("COURIER", 24_000, 3_900, (500, 1000, 2000, 5000, 20_000)),
        )
        for zone, far in (("1", 1.0), ("2", 1.15), ("3", 1.35), ("4", 1.5))
        for upto_g in weights
    ),
    Sheet.TAXES: """country,name_ko,name_en,currency,vat_percent,duty_percent,duty_free,vat_free,value
JP,일본,Japan,JPY,10,3,10000,10000,cif
CN,중국,China,CNY,13,8,0,0,cif
SG,싱가포르,Singapore,SGD,9,0,400,400,cif
AU,호주,Australia,AUD,10,5,1000,1000,fob
US,미국,United States,USD,0,10,0,0,fob
DE,독일,Germany,EUR,19,4,150,0,cif
GB,영국,United Kingdom,GBP,20,4,135,0,cif
""",
    Sheet.DUTIES: """country,hs,duty_percent
JP,6911,2.3
JP,2103,7.2
US,6911,15
US,4820,0
DE,6911,12
DE,4820,0
GB,6911,12
AU,9405,5
""",
    Sheet.REFUSALS: """country,nature,why_ko,why_en,allowed
*,plant,씨앗과 식물은 검역 증명서 없이 들여보낼 수 없습니다.,Seeds and plants need a phytosanitary certificate.,no
*,meat,육류는 대부분의 나라가 금지합니다.,Most countries do not let meat in.,no
AU,food,발효 식품은 호주 검역이 막을 수 있습니다.,Fermented food may be refused by Australian biosecurity.,no
CN,dairy,유제품은 등록된 공장의 것만 받습니다.,Dairy must come from registered plants.,no
""",
}


def furnish(db: Database, products: Sequence[Product], at_us: int) -> None:
    """Give the town its faces, makers, experiences and tariffs; a town that has them is left as it is."""
    there = db.read(lambda tx: faces.face_of(tx, BY, SHOP, at_us).own, neighbourhood=NEIGHBOURHOOD)
    if there:
        return
    for act in (_goods_of_the_shop, _sessions, _abroad, _faces):  # the faces last: they say all was done
        db.write(lambda tx, act=act: act(tx, products, at_us), neighbourhood=NEIGHBOURHOOD)  # type: ignore[misc]


def open_workshops(db: Database, at_us: int) -> None:
    """The makers' goods are in the shop, from so early on; goods that are there are left as they are."""
    if not db.read(lambda tx: catalog.products(tx, BY, [TOLD.goods[0].listing.id]), neighbourhood=NEIGHBOURHOOD):
        db.write(lambda tx: _makers(tx, at_us), neighbourhood=NEIGHBOURHOOD)


def tell_neighbours(db: Database, at_us: int) -> None:
    """What may be said of goods, counted anew: a served town does it once a day, a demo has no days to wait."""
    found = db.read(lambda tx: neighbours.count(tx, BY, at_us=at_us), neighbourhood=NEIGHBOURHOOD)
    db.write(lambda tx: neighbours.keep(tx, BY, found), neighbourhood=NEIGHBOURHOOD)


def _faces(tx: Tx, _products: Sequence[Product], at_us: int) -> None:
    name = keep_emblem(tx, BY, "municipality", emblems.safe(EMBLEM), at_us=at_us)
    city = msgspec.structs.replace(TOLD.city, emblem=name)
    faces.set_face(tx, BY, "municipality", city, from_us=at_us, at_us=at_us)
    faces.set_face(tx, BY, "neighbourhood", TOLD.street, from_us=at_us, at_us=at_us)


def _makers(tx: Tx, at_us: int) -> None:
    id_ = derived("demo.makers")
    catalog.set_categories(tx, BY, [MAKERS], id=id_, at_us=at_us)
    listings = [*(one.listing for one in TOLD.goods), *(one.listing for one in TOLD.acts)]
    new = [Product(id=one.id, name_ko=one.name_ko, name_en=one.name_en) for one in listings]
    catalog.add_products(tx, BY, new, id=id_, at_us=at_us)
    asked = [
        *((one.listing.id, one.price_krw) for one in TOLD.goods),
        *((a.listing.id, a.price_krw) for a in TOLD.acts),
    ]
    prices = [Price(product=sku, price_krw=krw, from_us=at_us) for sku, krw in asked]
    catalog.set_prices(tx, BY, prices, id=id_, at_us=at_us)
    catalog.set_listings(tx, BY, listings, id=id_, at_us=at_us)
    catalog.set_particulars(tx, BY, [one.particulars for one in TOLD.goods], id=id_, at_us=at_us)
    lots = [catalog.stock.Lot(sku=one.listing.id, amount=one.there) for one in TOLD.goods]
    catalog.stock.receive(tx, BY, SHOP, lots, id=id_, at_us=at_us)


def _goods_of_the_shop(tx: Tx, products: Sequence[Product], at_us: int) -> None:
    """What the ordinary goods hold, so that labels carry a unit price."""
    said = []
    for product in products:
        kind = (product.kind or "").removesuffix("_l")
        if product.unit_weight_g and product.sold_by == "unit" and kind not in HOUSEHOLD:
            unit = NetUnit.MILLILITRE if kind in DRINKS else NetUnit.GRAM
            natures = (Nature.FOOD, Nature.ALCOHOL) if kind in ("beer", "wine") else (Nature.FOOD,)
            net = max(10, round(product.unit_weight_g / 10) * 10)
            said.append(
                Particulars(sku=product.id, net=net, net_unit=unit, packed_g=net + 40, natures=natures, made_in="KR")
            )
    catalog.set_particulars(tx, BY, said, id=derived("demo.particulars"), at_us=at_us)


def _sessions(tx: Tx, _products: Sequence[Product], at_us: int) -> None:
    """Both experiences, for the next eight days."""
    today_us = start_of_day_us(seoul(at_us).date())
    for act in TOLD.acts:
        for day in range(1, 9):
            from_us = today_us + day * DAY_US + act.hour * HOUR_US
            experiences.open_session(
                tx, BY, SHOP, act.listing.id, from_us=from_us, until_us=from_us + act.minutes * MINUTE_US,
                places=act.places, price_krw=act.price_krw, id=derived("demo.session", act.listing.id, day),
                at_us=at_us,
            )  # fmt: skip


def _abroad(tx: Tx, _products: Sequence[Product], at_us: int) -> None:
    as_of = f"{seoul(at_us):%Y-%m-%d}"
    rows = "".join(f"{code},{krw},{per},{as_of},{SIMULATED}\n" for code, krw, per in RATES)
    for sheet, text in {Sheet.RATES: "currency,krw,per,as_of,source\n" + rows, **TABLES}.items():
        head, _, body = text.partition("\n")
        if "source" not in head:
            head += ",source"
            body = "".join(f"{line},{SIMULATED}\n" for line in body.splitlines())
        report = tariffs.import_sheet(
            tx, BY, sheet, f"{head}\n{body}", id=derived("demo.abroad", sheet.value), at_us=at_us
        )
        assert report.applied, report.errors
