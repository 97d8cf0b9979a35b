"""Everything a served neighbourhood shows, in one app, and things in it that belong to somebody: for the test of who
may do what. A room that adds routes with somebody's objects in their path adds an example to ``OBJECTS``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from tests.serve.desk_stage import Stage

from madang import catalog, ledger, members, payments, settlement, vouchers
from madang.db import Database
from madang.deals.links import Links
from madang.doors import Gateway
from madang.doors import api as sensors
from madang.edge import api as edges
from madang.kernel import Actor, Kind, ManualClock, Role
from madang.kernel.clock import DAY_US
from madang.kernel.settings import Settings
from madang.members import api_keys, sessions, stewarding
from madang.members.model import Held
from madang.members.standing import acting_roles
from madang.serve import door, site
from madang.serve.checkin import operator
from madang.storefront.world import sessions as sessions_of
from madang.storefront.world.session_records import Said
from madang.ui import Asking, Identify, Identity
from madang.walkout.sensorlog import SensorLog
from madang.web import Shopfront, create_app

N, SHOP = "n1", "s1"
MINA, STRANGER = UUID(int=0xA11CE), UUID(int=0xBAD)


class World:
    """MINA is a member with things of her own; whoever asks is STRANGER, with the role the cookie names.

    ``known`` says otherwise who asks; ``key`` is the operator's, the shop's machine's and the device's ('': none).
    """

    def __init__(
        self,
        db: Database,
        folder: Path,
        clock: ManualClock,
        *,
        key: str = "",
        known: Callable[[site.Site], Identify] = lambda _site: who,
        **settings: Any,
    ) -> None:
        self.db, self.clock = db, clock
        self.made: dict[Any, dict[str, str]] = {}
        links = Links([b"l" * 32])
        stage = self.stage = Stage(db, folder / "desk")
        served = site.Site(
            db=db,
            clock=clock,
            neighbourhood=N,
            home=folder,
            settings=Settings(home=str(folder), **settings),
            links=links,
            shop=SHOP,
        )
        gateway = Gateway(SensorLog(folder / "log"), clock=clock, plates={}, keys={"gate": key.encode()} if key else {},
                          logged=lambda _end: None)  # fmt: skip
        doors = [
            sensors.router(gateway),
            edges.router(db, clock, N, {SHOP: key.encode()} if key else {}),
            door.router(
                db,
                clock,
                operator(N, SHOP),
                SHOP,
                allowed=lambda given: bool(key) and given == key,
                status=lambda: {"at_us": 0, "ok": True, "faults": []},
                changed=lambda _deal: None,
            ),
        ]
        self.app: FastAPI = create_app(
            Shopfront(
                neighbourhood=N,
                clock=clock,
                more=[*doors, *stage.door.routers, *site.routers(served)],
                handlers=stage.door.handlers,
                identify=known(served),
            )
        )
        for person in (MINA, STRANGER):
            self.write(members.add_person, key=person, fields={}, at_us=1)
        self.write(members.give_role, MINA, Role.INTEGRATOR, at_us=1)

    def write(self, use_case: Any, *args: Any, by: Actor | None = None, **given: Any) -> Any:
        actor = by or members_system()
        return self.db.write(lambda tx: use_case(tx, actor, *args, **given), neighbourhood=N)

    def session(self) -> dict[str, str]:
        id = UUID(int=1)
        now_us = self.clock.now_us()
        self.write(
            sessions.begin, by=mina(), id=id, token="t", way="link", device="", proved_at_us=0, at_us=now_us
        )  # fmt: skip
        return {"session": str(id)}

    def program(self) -> dict[str, str]:
        id, now_us = UUID(int=2), self.clock.now_us()
        made = {"id": id, "token": api_keys.new_token(), "name": "x", "scopes": ["me.read"], "days": 9, "at_us": now_us}
        self.write(api_keys.make, MINA, by=mina(Role.INTEGRATOR), **made)
        return {"key": str(id)}

    def voucher(self) -> dict[str, str]:
        """MINA keeps a programme, and has bought of it."""
        at, lot, won = self.clock.now_us(), UUID(int=3), vouchers.ProgrammeKind.VOUCHER
        issuer = vouchers.Issuer(id="city", name_ko="시", name_en="City", klass="other", officer=str(MINA))
        self.write(vouchers.add_issuer, issuer)
        self.write(
            vouchers.add_programme,
            vouchers.Programme(id="won", issuer="city", kind=won, name_ko="상품권", name_en="Voucher", from_us=1),
        )
        rule = vouchers.Rule(programme="won", from_us=at, discount_bp=0, month_cap_krw=0, holding_cap_krw=0)
        self.write(vouchers.set_rule, rule, at_us=at)
        money = payments.top_up(id=lot, person=str(MINA), amount_krw=1_000, at_us=at)
        self.write(lambda tx, _by: ledger.post(tx, money))
        self.write(vouchers.buy, by=mina(), id=lot, programme="won", face_krw=1_000, at_us=at)
        return {"lot": str(lot), "what": "cancel", "programme": "won", "month": "2026-01", "application": str(lot)}

    def settled(self) -> dict[str, str]:
        """MINA is settled as a maker."""
        who = {"name_ko": "도예", "name_en": "Potter", "person": str(MINA)}
        self.write(settlement.add_party, "maker/m1", at_us=self.clock.now_us(), **who)
        return {"kind": "maker", "id": "m1", "month": "2026-01", "reserve": str(UUID(int=4))}

    def sitting(self) -> dict[str, str]:
        """MINA opened a session of an experience at the shop."""
        at_us, sku = self.clock.now_us(), "wheel"
        first = [catalog.Product(id=sku, name_ko="물레", name_en="Wheel")]
        wheel = catalog.Listing(
            id=sku, name_ko="물레", name_en="Wheel", variants=(catalog.Variant(sku=sku),),
            form=catalog.Form.EXPERIENCE, abroad=True,
        )  # fmt: skip
        self.write(catalog.add_products, first, id=UUID(int=7), at_us=at_us)
        self.write(catalog.set_listings, [wheel], id=UUID(int=8), at_us=at_us)
        begins, said = at_us + 9 * DAY_US, Said()
        when = {"from_us": begins, "until_us": begins + 1, "places": 2, "price_krw": 1}
        made = self.write(
            sessions_of.open_session, SHOP, sku, said, by=mina(Role.MAKER), **when, id=UUID(int=9), at_us=at_us
        )
        return {"shop": SHOP, "sku": made.sku}

    def group(self) -> dict[str, str]:
        """MINA keeps a guild, with an invitation open."""
        at_us, id = self.clock.now_us(), UUID(int=6)
        self.write(stewarding.found, "guild:potters", by=mina(Role.GUILD_STEWARD), at_us=at_us)
        self.write(stewarding.invite, "guild:potters", by=mina(), id=id, token="t", at_us=at_us)
        return {"group": "guild:potters", "person": str(MINA), "invite": str(id)}


def members_system() -> Actor:
    return Actor(Kind.SYSTEM, "madang", N)


def mina(*roles: Role) -> Actor:
    return Actor(Kind.PERSON, str(MINA), N, frozenset(roles), proved_us=2**60)


KEY = {"idempotency_key": "once"}
OBJECTS: dict[str, tuple[Callable[[World], dict[str, str]], dict[str, str]]] = {
    "account.session.end": (World.session, {}),
    "account.key.name": (lambda _world: {"number": "1"}, {"name": "x"}),
    "account.key.remove": (lambda _world: {"number": "1"}, {}),
    "account.programs.rotate": (World.program, {}),
    "account.programs.close": (World.program, {}),
    "vouchers.lot": (World.voucher, KEY),
    "group": (World.group, {}),
    "group.invite": (World.group, {}),
    "group.invite.close": (World.group, {}),
    "group.role": (World.group, {"role": "member"}),
    "group.remove": (World.group, {}),
    "settlement.party": (World.settled, {}),
    "settlement.statement": (World.settled, {}),
    "settlement.appeal": (World.settled, {**KEY, "why": "x"}),
}
"""By a route's name: the path's values for something of MINA's, and the form that goes with it."""
KEPT: dict[str, tuple[Callable[[World], dict[str, str]], dict[str, str]]] = {
    "issuer.programme": (World.voucher, {}),
    "issuer.close": (World.voucher, KEY),
    "issuer.keeper": (World.voucher, KEY | {"who": "me"}),
    "issuer.proof": (World.voucher, {}),
    "issuer.merchant": (World.voucher, KEY),
    "issuer.claim.file": (World.voucher, {}),
    "issuer.claim": (World.voucher, KEY),
    "issuer.rule": (World.voucher, KEY),
    "experiences.session": (World.sitting, {}),
    "experiences.came": (World.sitting, {"came.00000000-0000-0000-0000-000000000001": "1"}),
    "experiences.cancel": (World.sitting, {"sure": "yes"}),
}
"""Likewise, of what somebody keeps who has the very role that opens the route (``MINA``'s programme, her session)."""
WHOLE = {
    "experiences.shop": "a shop: what of it is shown is what the asker runs (tests/storefront/test_sessions.py)",
    "experiences.open": "a shop in which a session of the asker's own is opened",
    "desk.orders": "a shop", "desk.labels": "a shop", "desk.customs": "a shop's order", "desk.customs.json": "likewise",
    "console.abroad": "the neighbourhood's goods", "console.abroad.set": "likewise",
    "vouchers.shop": "a shop", "vouchers.take": "a shop", "vouchers.apply": "a shop", "vouchers.give_back": "a shop",
}  # fmt: skip
"""Routes whose path names a shop, or something of one: who holds their role in the whole neighbourhood acts in every
shop of it, and in another shop it opens nothing (``test_a_role_in_another_shop_opens_nothing_in_this_one``)."""
RUNS_ALL = frozenset({Role.OPERATOR, Role.STAFF, Role.MERCHANT})
"""Roles that, held in the whole neighbourhood, run what lies in any of its shops."""
ELSEWHERE = {
    "tests/storefront/test_abroad.py::test_a_program_has_a_checkout_quoted_and_sent_abroad": ("look_abroad",),
    "tests/storefront/test_store_pages.py::test_somebody_elses_order_checkout_and_desk_are_refused": (
        "checkout", "checkout.place", "checkout.drop", "order", "order.step", "order.return",
    ),
    "tests/storefront/test_orders.py::test_nobody_sees_or_moves_an_order_of_somebody_else": (
        "look", "place", "one", "back", "cash", "step",  # the same use cases as JSON
    ),
    "tests/storefront/test_tender_pages.py::test_nothing_is_paid_in_part_twice_too_late_or_by_others": (
        "checkout.sums", "checkout.gift_card",
    ),
    "tests/storefront/test_voucher_slips.py::test_what_somebody_else_paid_is_refused": (
        "voucher.slip", "voucher.slip.cash",
    ),
    "tests/storefront/test_rides.py::test_a_delivery_is_for_who_took_it_and_nobody_else": ("rides.do",),
    "tests/payments/test_gift_pages.py::test_somebody_elses_card_is_refused": (
        "gifts.one", "gifts.show", "gifts.withdraw",
    ),
    "tests/vouchers/test_credit_pages.py::test_the_account_of_another_shop_is_refused": (
        "credit.member", "credit.pay", "credit.ask", "credit.answer", "credit.lines", "credit.set",
    ),
    "tests/places/test_faces.py::test_everybody_keeps_their_own_face_only": ("face", "face.set", "face.decide"),
    "tests/payments/test_gift_cards.py::test_who_has_not_shown_the_code_cannot_spend": ("wallet.gift_card_rest",),
}  # fmt: skip
"""Routes whose room refuses somebody else's object in a test of its own, where all that belongs to it is made."""
WORDS = {
    "account.consent": "a purpose's name: nobody's object",
    "account.dong.give_up": "the code of one of one's own dongs",
    "groups.leave": "a group, which only the asker leaves",
    "phone.events": "a shop's code: what is streamed is what the reader holds there",
    "vouchers.buy": "a programme anybody may buy",
    "vouchers.code": "a programme; the code is the asker's own",
    "vouchers.pay": "a shop anybody may pay in",
    "vouchers.pay.do": "a shop anybody may pay in",
}
"""Routes for whoever is signed in whose path names no object."""


def who(asking: Asking) -> Identity | None:
    """The stranger, with the role that the cookie names: ``maker``, or ``maker@shop`` in one shop."""
    said, _, shop = asking.cookies.get("madang_session", "").partition("@")
    if not said:
        return None
    now_us = 2**60  # they have always just proved who they are: that must open nothing that is not theirs

    def at(where: str) -> Actor:
        held = acting_roles([Held(Role(said), shop or None, 0)], where or None)
        shops = frozenset({shop}) if shop and shop == where else frozenset()
        return Actor(Kind.PERSON, str(STRANGER), N, frozenset(held | {Role.SHOPPER}), shops, proved_us=now_us)

    shops = {shop: frozenset({Role(said)})} if shop else {}
    bound = asking.cookies["madang_session"]
    return Identity(at(""), at, bound=bound, session=UUID(int=9), proved_us=now_us, shops=shops)
