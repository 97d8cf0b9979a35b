"""A street that sells to the world: tariffs, a good and an experience told abroad, and the pages for visitors."""

from __future__ import annotations

import re
from typing import Any

from tests.asking import Client
from tests.storefront.stand import Stand
from tests.storefront.street import BY, STAFF, N, Street

from madang import catalog
from madang.catalog import Form, Listing, NetUnit, Particulars, Product, Variant
from madang.deals.links import Links
from madang.kernel import Actor, business_date, derived
from madang.kernel.clock import DAY_US, HOUR_US
from madang.storefront import browse, labels, pages
from madang.storefront.front import Storefront
from madang.storefront.world import customs_pages, experiences, session_pages, tariffs
from madang.storefront.world import pages as world_pages
from madang.storefront.world.sheets import Sheet
from madang.ui import Pages
from madang.web import Shopfront, create_app

TABLES = {
    Sheet.SERVICES: "id,name_ko,name_en,divisor,refuses\nEMS,특급,Express,6000,battery aerosol\n",
    Sheet.ZONES: "service,country,zone\nEMS,US,3\nEMS,JP,1\n",
    Sheet.BANDS: "서비스,지역,무게g,요금\nEMS,3,500,\"30,000\"\nEMS,3,1000,41000\nEMS,1,1000,20000\n",
    Sheet.TAXES: "country,name_en,currency,vat_percent,duty_free\nUS,United States,USD,0,800\n",
    Sheet.DUTIES: "country,hs,duty_percent\nUS,6911.10,15\n",
    Sheet.REFUSALS: "country,nature,why_ko,why_en\n*,plant,검역,Quarantine\n",
}  # fmt: skip


class Abroad:
    """A street with tariffs, a good for the world, and short calls."""

    def __init__(self, street: Street) -> None:
        self.street = street

    def take(self, sheet: Sheet, data: str, by: Actor = BY) -> catalog.Report:
        id, at_us = self.street.ids.new(), self.street.now
        return self.street.write(lambda tx: tariffs.import_sheet(tx, by, sheet, data, id=id, at_us=at_us))

    def rate(self, days_old: int = 0, krw: str = "1391.20") -> None:
        day = business_date(self.street.now - days_old * DAY_US)
        report = self.take(Sheet.RATES, f"currency,krw,per,as_of,source\nUSD,{krw},1,{day},bank\n")
        assert report.applied, report.errors

    def furnish(self) -> Abroad:
        for sheet, text in TABLES.items():
            assert self.take(sheet, text).applied
        self.rate()
        bowl = Listing(
            id="BOWL", name_ko="백자 그릇", name_en="White bowl", variants=(Variant(sku="BOWL"),), abroad=True,
            who_en="A potter of this street.", craft_ko="물레로 빚습니다.", maker="흰그늘", maker_en="Whiteshade",
        )  # fmt: skip
        said = Particulars(
            sku="BOWL", packed_g=350, size_mm=(120, 120, 110), hs="6911101000", net=1, net_unit=NetUnit.PIECE
        )
        id = self.street.ids.new()

        def put(tx: Any) -> None:
            catalog.set_listings(tx, BY, [bowl], id=id, at_us=self.street.now)
            catalog.set_particulars(tx, BY, [said], id=id, at_us=self.street.now)

        self.street.write(put)
        return self

    def session(self, places: int = 6, days: int = 2) -> str:
        """A session of the experience ``wheel``, opened by staff."""
        id, now = self.street.ids.new(), self.street.now

        def open_(tx: Any) -> str:
            if "wheel" not in catalog.listings(tx, BY, ["wheel"]):
                first = [Product(id="wheel", name_ko="물레 체험", name_en="At the wheel")]
                catalog.add_products(tx, BY, first, id=id, at_us=now)
                wheel = Listing(
                    id="wheel", name_ko="물레 체험", name_en="At the wheel", variants=(Variant(sku="wheel"),),
                    form=Form.EXPERIENCE, abroad=True,
                )  # fmt: skip
                catalog.set_listings(tx, BY, [wheel], id=derived("wheel", id), at_us=now)
            begins = now + days * DAY_US
            made = experiences.open_session(
                tx, STAFF, "s1", "wheel", from_us=begins, until_us=begins + HOUR_US, places=places, price_krw=45_000,
                id=id, at_us=now,
            )  # fmt: skip
            return made.sku

        return self.street.write(open_)


class World(Stand):
    """The stand with the pages for the world, labels and browse pages."""

    def __init__(self, street: Street) -> None:
        super().__init__(street)
        shop = Storefront(street.db, street.clock, street.ids, Pages(), N, Links([b"x" * 32]))
        routers = [pages.router(shop), browse.router(shop), world_pages.router(shop), labels.router(shop)]
        routers += [customs_pages.router(shop), session_pages.router(shop)]
        self.app = create_app(Shopfront(neighbourhood=N, clock=street.clock, more=routers, identify=self._who))
        self.client = Client(self.app)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
