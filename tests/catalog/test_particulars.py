"""What labels, carriers and customs ask of a SKU: the unit price, what is kept, what is refused."""

from __future__ import annotations

import pytest
from tests.storefront.street import BY, N, Street

from madang import catalog
from madang.catalog import Nature, NetUnit, Particulars, PerUnit, unit_price
from madang.db import Database
from madang.kernel import Forbidden, Invalid, ManualClock, Uuid7, system
from madang.kernel.actor import Actor, Kind

RAMEN = Particulars(sku="RAMEN", net=120, packed_g=140, size_mm=(150, 110, 40), hs="1902301010", natures=(Nature.FOOD,))


@pytest.mark.parametrize(
    ("price", "said", "per"),
    [
        (1000, RAMEN, PerUnit(krw=833, per=100, unit=NetUnit.GRAM)),
        (2900, Particulars(sku="x", net=1000, net_unit=NetUnit.MILLILITRE), (290, 100, NetUnit.MILLILITRE)),
        (5990, Particulars(sku="x", net=30, net_unit=NetUnit.SHEET), (1997, 10, NetUnit.SHEET)),
        (1001, Particulars(sku="x", net=20, per=10), (501, 10, NetUnit.GRAM)),
        (1000, Particulars(sku="x"), None),
    ],
)
def test_the_unit_price_is_for_the_usual_amount_rounded_half_up(price: int, said: Particulars, per: object) -> None:
    found = unit_price(price, said)
    if isinstance(per, tuple):
        assert found is not None
        assert (found.krw, found.per, found.unit) == per
    else:
        assert found == per


def test_particulars_are_kept_changed_and_refused(db: Database, clock: ManualClock, ids: Uuid7) -> None:
    street = Street(db, clock, ids).open()

    def set_to(said: Particulars, by: Actor = BY) -> None:
        id = ids.new()
        street.write(lambda tx: catalog.set_particulars(tx, by, [said], id=id, at_us=street.now))

    set_to(RAMEN)
    set_to(Particulars(sku="RAMEN", net=125))
    found = street.read(lambda tx: catalog.particulars(tx, BY, ["RAMEN", "MILK"]))
    assert found == {"RAMEN": Particulars(sku="RAMEN", net=125)}
    for wrong in ({"hs": "12a456"}, {"hs": "1234567"}, {"net": -1}, {"made_in": "Korea"}, {"size_mm": (1, 2, 9_999)}):
        with pytest.raises(Invalid) as refused:
            set_to(Particulars(sku="RAMEN", **wrong))  # type: ignore[arg-type]
        assert refused.value.details["field"] == next(iter(wrong))
    with pytest.raises(Invalid, match="sku"):
        set_to(Particulars(sku="NOBODY"))
    with pytest.raises(Forbidden):
        set_to(RAMEN, Actor(Kind.PERSON, "somebody", N))
    other = system("n2")
    assert db.read(lambda tx: catalog.particulars(tx, other, ["RAMEN"]), neighbourhood="n2") == {}


def test_a_listing_tells_who_how_and_where_in_both_languages(db: Database, clock: ManualClock, ids: Uuid7) -> None:
    street = Street(db, clock, ids).open()
    told = catalog.Listing(
        id="BOWL", name_ko="그릇", name_en="Bowl", variants=(catalog.Variant(sku="BOWL"),),
        who_ko="도예가", who_en="Potter",
        craft_en="Thrown by hand", grown_en="Clay of this valley", maker_en="Hanji", origin_en="Korea", abroad=True,
    )  # fmt: skip
    id = ids.new()
    street.write(lambda tx: catalog.set_listings(tx, BY, [told], id=id, at_us=street.now))
    assert street.read(lambda tx: catalog.listing(tx, BY, "BOWL")) == told
