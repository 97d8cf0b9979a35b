"""Who works in one shop sees and changes that shop only: every address of the console, with every role that opens it,
about everything that is another shop's.

Made from the register of addresses, so a new page is covered by being there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from tests.asking import Client
from tests.storefront.street import BY, Street
from tests.web.test_access import PLACE, said
from tests.web.world import MINA, STRANGER, N, who

from madang import catalog, journal, ledger, members, settlement
from madang.catalog import Price, Product, Promotion
from madang.catalog.promotion import Percent
from madang.console import service as changes
from madang.db import open_database
from madang.deals.links import Links
from madang.kernel import Actor, Kind, MadangError, ManualClock, Role, Uuid7
from madang.kernel.settings import Settings
from madang.members import adults, invites
from madang.serve import site
from madang.settlement import ReserveRule
from madang.walkout import learned
from madang.web import Shopfront, create_app
from madang.web.routes import Address, addresses

KEEPER = Actor(Kind.PERSON, "keeper", N, frozenset({Role.STAFF, Role.MERCHANT}), frozenset({"s1"}))
ROLES = (Role.OPERATOR, Role.STAFF, Role.MERCHANT)
FORMS: dict[str, dict[str, str]] = {
    "console.products.bulk": {"product": "SECRET", "new_state": "hidden"},
    "console.reprice": {"product": "SECRET", "how": "percent", "value": "-10"},
    "console.product.edit": {"name_ko": "훔친 이름", "vat": "taxable", "sold_by": "unit"},
    "console.product.price": {"price_krw": "1"},
    "console.orders.act": {"step": "pack"},
    "console.stock.do": {"act": "waste", "amount": "1"},
    "console.person.role": {"role": "staff", "act": "take", "shop": "s1"},
    "console.people.invite": {"role": "staff", "shop": "s1"},
    "console.shop.back": {"what": "terms", "from_us": "1"},
    "console.shop.promise": {"one_in": "100"},
    "console.shop.rules_back": {"number": "0"},
    "console.choose": {"shop": "s1"},
    "console.difference": {"state": "explained", "why": "x"},
    "console.pictures.move": {"places": "1"},
}
FILES = {
    "console.pictures.add": "a picture",
    "console.files.take": "상품코드,가격\nSECRET,1\n",
    "console.files.stock.take": "상품코드,수량\nSECRET,1\n",
    "console.orders.waybills": "주문번호,송장번호,택배사\n{order},123,x\n",
}
QUIET = {"console.people.invite.close"}
"""They do nothing about what is not there, and say nothing of it."""
ASKED = {"console.person.preview": {"role": "staff", "act": "take", "shop": "s1"}}
ANYBODYS = {
    "console.files.give", "console.orders.file", "console.money.file", "console.payments.file", "console.people.file",
}  # fmt: skip
"""Their path names a form of file, nobody's object."""


class Row:
    """Two shops: all that can be had is ``s1``'s; whoever asks holds a role in ``s2``."""

    def __init__(self, street: Street, folder: Path) -> None:
        self.street = street
        self.things = {"product": "SECRET", "listing": "SECRET", "sku": "SECRET", "place": "s1", "shop": "s1"}
        self.things |= {"promotion": "SECRET", "number": "1"}
        self._goods()
        self._people()
        served = site.Site(
            db=street.db, clock=street.clock, neighbourhood=N, home=folder, settings=Settings(home=str(folder), public_url="https://madang.example"),
            links=Links([b"l" * 32]), shop="s1",
        )  # fmt: skip
        more = site.routers(served)
        self.app: FastAPI = create_app(Shopfront(neighbourhood=N, clock=street.clock, more=more, identify=who))

    def _goods(self) -> None:
        street, at_us = self.street, self.street.now
        a, b, staged = street.ids.new(), street.ids.new(), street.ids.new()
        secret = Product(id="SECRET", name_ko="비밀상품", name_en="Secret thing")

        def act(tx: Any) -> None:
            catalog.add_products(tx, KEEPER, [secret], id=a, at_us=at_us)
            new = [Price(product="SECRET", price_krw=7_770, from_us=at_us, shop="s1")]
            catalog.set_prices(tx, KEEPER, new, id=b, at_us=at_us)
            half = Promotion(
                id="SECRET", name_ko="비밀행사", name_en="Secret deal", effect=Percent(bp=100), shops=("s1",)
            )
            catalog.set_promotions(tx, KEEPER, [half], id=staged, at_us=at_us)
            learned._learn(tx, "s1", "weight", "", "SECRET", 9.0, 8.0, 9, "settled", at_us)
            changes.stage_prices(tx, KEEPER, {"SECRET": 8_880}, id=staged, at_us=at_us, shop="s1")

        street.write(act)
        street.receive({"SECRET": 9})
        street.clock.advance(s=1)
        street.write(lambda tx: changes.apply(tx, KEEPER, staged, at_us=street.now))
        order = street.buy({"SECRET": 2})
        payment = street.order(order)[1].payment
        self.things |= {"change": str(staged), "order": str(order), "payment": str(payment)}

    def _people(self) -> None:
        street, at_us, invite = self.street, self.street.now, self.street.ids.new()

        def act(tx: Any) -> None:
            for person in (MINA, STRANGER):
                members.add_person(tx, BY, key=person, fields={}, at_us=at_us)
            members.give_role(tx, BY, MINA, Role.STAFF, shop="s1", at_us=at_us)
            adults.saw_card(tx, KEEPER, MINA, at_us=at_us)
            invites.make(tx, KEEPER, Role.STAFF, "s1", id=invite, token="t", at_us=at_us)
            party = {"name_ko": "비밀정산", "name_en": "Secret party", "shop": "s1"}
            settlement.add_party(tx, BY, "merchant/s1", at_us=at_us, **party)
            rule = ReserveRule(
                id=UUID(int=5), party="merchant/s1", bp=100, days=9, reason_ko="비밀이유", reason_en="secret reason",
                from_us=at_us,
            )  # fmt: skip
            settlement.set_reserve_rule(tx, BY, rule)

        street.write(act)
        self.things |= {"person": str(MINA), "invite": str(invite), "kind": "merchant", "id": "s1", "month": "2026-09"}

    def asks(self, address: Address, session: str) -> httpx.Response:
        self.street.clock.advance(s=30)
        spare = {"form": "csv", "sheet": "products", "step": "pack", "act": "again", "decision": "loss"}
        path = PLACE.sub(
            lambda found: (spare | self.things).get(found[1], "00000000-0000-0000-0000-0000000000ff"), address.path
        )
        client = Client(self.app)
        client.keeps("madang_session", session)
        form: Any = FORMS.get(address.name, {"idempotency_key": "k"}) | {"order": self.things["order"]}
        given: dict[str, Any] = {"params": ASKED.get(address.name)} if address.method == "GET" else {"data": form}
        if address.name in FILES:
            sent = FILES[address.name].format(**self.things).encode()
            given |= {"files": {"file": ("sent.csv", sent, "text/csv")}, "data": {"sheet": "prices", "act": "receive"}}
        return client.request(address.method, path, headers={"Accept": "text/html"}, **given)

    def standing(self) -> tuple[Any, ...]:
        """Everything of ``s1`` that somebody could have changed."""
        names = ("SECRET",)
        return self.street.read(
            lambda tx: (
                [fact.seq for fact in journal.trail(tx, KEEPER, limit=200)],
                catalog.products(tx, BY, names),
                catalog.price_history(tx, BY, "SECRET"),
                ledger.balances(tx, owner_prefix="s1/"),
                [one.id for one in invites.open_invites(tx, BY, at_us=self.street.now) if one.shop == "s1"],
            )
        )


@pytest.fixture(scope="module")
def row(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Row]:
    folder, clock = tmp_path_factory.mktemp("row"), ManualClock()
    path = folder / "madang.db"
    path.write_bytes(_sqlite_template.read_bytes())
    with open_database(f"sqlite:///{path}", clock=clock, migrate=False, durable=False) as db:
        yield Row(Street(db, clock, Uuid7(clock)).open(), folder)


def console(row: Row) -> list[Address]:
    """Every address for people who work in a shop (a program's maker has keys of their own there, and no pages)."""
    found = ((one, said(one, "role")) for one in addresses(row.app))
    return [one for one, needed in found if needed is not None and needed.works and needed.roles & {*ROLES}]


def test_a_role_in_one_shop_neither_shows_nor_changes_anything_of_another(row: Row) -> None:
    before, checked = row.standing(), 0
    secrets = ("비밀", "Secret", "secret", *(row.things[name] for name in ("order", "payment", "change", "person")))
    for address in console(row):
        named = bool(PLACE.search(address.path)) and address.name not in ANYBODYS
        for role in ROLES:
            answer = row.asks(address, f"{role}@s2")
            if named and address.name not in QUIET:
                assert answer.status_code in (403, 404), f"{address} for {role}: {answer.status_code}"
            asked = str(answer.request.url)  # an error's page leads to itself
            told = (
                [word for word in secrets if word not in asked and word in answer.text]
                if address.method == "GET"
                else []
            )
            assert told == [], f"{address} tells {role} of another shop"
            assert answer.status_code < 500, address
            checked += 1
    assert checked > 100
    assert row.standing() == before


def test_the_same_addresses_open_for_who_works_in_the_shop(row: Row) -> None:
    """Else the test above would hold for addresses that lead nowhere."""
    shown = 0
    for address in console(row):
        if address.method == "GET" and "picture" not in address.path:
            assert row.asks(address, f"{Role.STAFF}@s1").status_code in (200, 303, 403), address
            answer = row.asks(address, f"{Role.MERCHANT}@s1")
            narrow = said(address, "role") != address.access[-1] and Role.MERCHANT not in address.access[-1].roles
            assert answer.status_code in ((403,) if narrow else (200, 303)), f"{address}: {answer.status_code}"
            shown += "비밀" in answer.text
    assert shown >= 8, "what is hidden from others is there to be seen"


def test_a_shop_that_is_not_ones_own_cannot_be_chosen(row: Row) -> None:
    client = Client(row.app)
    client.keeps("madang_session", "merchant@s2")
    client.keeps("madang_shop", "s1")
    assert "비밀" not in client.get("/console/products", headers={"Accept": "text/html"}).text
    client.post("/console/shop", data={"shop": "s1"})
    assert client.cookie("madang_shop") == "s1", "nothing was set anew"
    assert "비밀" not in client.get("/console/orders", headers={"Accept": "text/html"}).text


def test_somebody_elses_goods_are_neither_renamed_nor_given_a_shop_price(row: Row) -> None:
    other = Actor(Kind.PERSON, "x", N, frozenset({Role.STAFF}), frozenset({"s2"}))
    stolen = Product(id="SECRET", name_ko="훔침", name_en="Stolen")
    street, at_us = row.street, row.street.now
    for act in (
        lambda tx: catalog.add_products(tx, other, [stolen], id=UUID(int=1), at_us=at_us, change=True),
        lambda tx: catalog.set_prices(
            tx, other, [Price(product="SECRET", price_krw=1, from_us=at_us, shop="s2")], id=UUID(int=2), at_us=at_us
        ),
        lambda tx: catalog.set_listings(tx, other, [catalog.listing(tx, BY, "SECRET")], id=UUID(int=3), at_us=at_us),
        lambda tx: catalog.set_collections(tx, other, [], id=UUID(int=4), at_us=at_us),
        lambda tx: catalog.pictures.gallery(tx, other, "SECRET"),
    ):
        with pytest.raises(MadangError) as told:
            street.write(act)
        assert told.value.code in ("catalog.not_yours", "catalog.not_own"), told.value


def test_the_neighbourhoods_goods_may_be_taken_up_by_a_shop(row: Row) -> None:
    client = Client(row.app)
    client.keeps("madang_session", "merchant@s2")
    assert "신라면" in client.get("/console/products?of=shared", headers={"Accept": "text/html"}).text
    staged = client.post("/console/products/RAMEN/price", data={"price_krw": "900"})
    row.street.clock.advance(s=1)
    client.post(staged.headers["location"] + "/apply")
    found = row.street.read(lambda tx: catalog.price_at(tx, BY, ["RAMEN"], row.street.now, shop="s2"))
    assert found == {"RAMEN": 900}
    assert row.street.read(lambda tx: catalog.price_at(tx, BY, ["RAMEN"], row.street.now)) == {"RAMEN": 1000}
