"""``/console/settings``: what a shop says of itself and on which terms it sells, with former states to go back to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang import places, settlement
from madang.console import guarding, settings_form
from madang.console.order_pages import FORM
from madang.console.views import PRIVATE, Views
from madang.db import Database, Tx
from madang.kernel import Actor, Clock, Conflict, Ids, Invalid, MadangError, Role, Uuid7
from madang.places import PlaceKind
from madang.settlement import PartyKind
from madang.storefront import profile, terms
from madang.storefront.profile import Profile, What
from madang.storefront.slots import Window
from madang.storefront.terms import Terms
from madang.walkout import ruling
from madang.walkout.records import Rules

EMPTY = Window(way="delivery", from_min=0, until_min=0, orders_max=0, weekdays=())


class SettingsDesk:
    """One transaction a call."""

    def __init__(self, db: Database, neighbourhood: str, clock: Clock, ids: Ids | None = None) -> None:
        self._db, self._n, self.clock, self.ids = db, neighbourhood, clock, ids or Uuid7(clock)

    def read(self, fn: Callable[[Tx], Any]) -> Any:
        return self._db.read(fn, neighbourhood=self._n)

    def write(self, fn: Callable[[Tx], Any]) -> Any:
        return self._db.write(fn, neighbourhood=self._n)

    def shops(self, by: Actor) -> list[Any]:
        return self._db.read(lambda tx: places.shops(tx, by), neighbourhood=self._n)

    def look(self, by: Actor, shop: str) -> dict[str, Any]:
        """Everything a shop's page needs."""

        def look(tx: Tx) -> dict[str, Any]:
            kept = terms.kept_terms(tx, shop)
            here, now_us = [places.get(tx, by, shop)], self.clock.now_us()
            pasts = {what: profile.history(tx, by, shop, what) for what in What}
            return {
                "shop": places.get(tx, by, shop),
                "profile": profile.profile_of(tx, shop) or Profile(),
                "terms": kept or Terms(open=False),
                "places_here": [p for p in places.every(tx, by) if p.kind in (PlaceKind.SHOP, PlaceKind.HUB)],
                "pasts": pasts,
                "couriers": settlement.of_kind(tx, PartyKind.COURIER),
                "guard": next(iter(guarding.guarded(tx, by, here, at_us=now_us)), None),
                "may_promise": by.may(Role.OPERATOR),
                "ruled": ruling.history(tx, by, shop),
            }

        return self._db.read(look, neighbourhood=self._n)

    def set(self, by: Actor, shop: str, new: Profile | Terms) -> None:
        at_us = self.clock.now_us()

        def act(tx: Tx) -> None:
            if isinstance(new, Profile):
                profile.set_profile(tx, by, shop, new, at_us=at_us)
            else:
                profile.set_terms(tx, by, shop, new, at_us=at_us)

        self._db.write(act, neighbourhood=self._n)

    def promise(self, by: Actor, shop: str, one_in: int, id: UUID) -> None:
        at_us = self.clock.now_us()
        self._db.write(
            lambda tx: guarding.promise(tx, by, shop, one_in, id=id, at_us=at_us), neighbourhood=self._n
        )  # fmt: skip

    def rule(self, by: Actor, shop: str, new: Rules, id: UUID) -> None:
        at_us = self.clock.now_us()
        self._db.write(lambda tx: ruling.rule(tx, by, shop, new, id=id, at_us=at_us), neighbourhood=self._n)

    def rule_back(self, by: Actor, shop: str, number: int, id: UUID) -> None:
        at_us = self.clock.now_us()
        self._db.write(lambda tx: ruling.go_back(tx, by, shop, number, id=id, at_us=at_us), neighbourhood=self._n)

    def go_back(self, by: Actor, shop: str, what: What, from_us: int) -> None:
        at_us = self.clock.now_us()
        self._db.write(lambda tx: profile.go_back(tx, by, shop, what, from_us, at_us=at_us), neighbourhood=self._n)


def add(routes: APIRouter, desk: SettingsDesk, views: Views) -> None:
    """For operators and staff, each in the shops they may act for."""

    @routes.get("/settings", name="console.settings")
    def choose(request: Request) -> Response:
        found = desk.shops(request.state.by)
        if len(found) == 1:
            return RedirectResponse(f"/console/settings/{quote(found[0].id)}", 303, headers=PRIVATE)
        return views.show(request, "settings_shops", shops=found)

    @routes.get("/settings/{shop}", name="console.shop")
    def one(request: Request, shop: str, said: str = "") -> Response:
        return shown(request, shop, said=said if said in ("profile", "terms", "back", "promise", "rules") else "")

    @routes.post("/settings/{shop}/profile", name="console.shop.profile")
    def set_profile(request: Request, shop: str, form: FORM) -> Response:
        new, wrong = settings_form.profile(form)
        return done(request, shop, "profile", new, wrong)

    @routes.post("/settings/{shop}/terms", name="console.shop.terms")
    def set_terms(request: Request, shop: str, form: FORM) -> Response:
        new, wrong = settings_form.terms(form)
        return done(request, shop, "terms", new, wrong)

    @routes.post("/settings/{shop}/back", name="console.shop.back")
    def back(request: Request, shop: str, what: Annotated[What, Form()], from_us: Annotated[int, Form()]) -> Response:
        desk.go_back(request.state.by, shop, what, from_us)
        return RedirectResponse(f"/console/settings/{quote(shop)}?said=back", 303, headers=PRIVATE)

    @routes.post("/settings/{shop}/promise", name="console.shop.promise")
    def promise(request: Request, shop: str, one_in: Annotated[str, Form(max_length=12)]) -> Response:
        digits = one_in.replace(",", "").strip()
        try:
            number = int(digits) if digits.isascii() and digits.isdigit() else 0
            desk.promise(request.state.by, shop, number, desk.ids.new())
        except Invalid as error:
            return shown(request, shop, wrong={"one_in": "number"}, fault=error)
        return RedirectResponse(f"/console/settings/{quote(shop)}?said=promise", 303, headers=PRIVATE)

    @routes.post("/settings/{shop}/rules", name="console.shop.rules")
    def rule(request: Request, shop: str, form: FORM) -> Response:
        new, wrong = settings_form.rules(form)
        fault: MadangError | None = None
        if not wrong:
            try:
                desk.rule(request.state.by, shop, new, desk.ids.new())
                return RedirectResponse(f"/console/settings/{quote(shop)}?said=rules", 303, headers=PRIVATE)
            except (Invalid, Conflict) as error:
                fault, wrong = error, dict(error.details.get("fields", {}))
        return shown(request, shop, wrong=wrong, fault=fault, rules_said=dict(form))

    @routes.post("/settings/{shop}/rules/back", name="console.shop.rules_back")
    def rules_back(request: Request, shop: str, number: Annotated[int, Form(ge=0, le=2**53)]) -> Response:
        try:
            desk.rule_back(request.state.by, shop, number, desk.ids.new())
        except Conflict as error:
            return shown(request, shop, fault=error)
        return RedirectResponse(f"/console/settings/{quote(shop)}?said=rules", 303, headers=PRIVATE)

    def done(request: Request, shop: str, what: str, new: Profile | Terms, wrong: dict[str, str]) -> Response:
        fault: Invalid | None = None
        if not wrong:
            try:
                desk.set(request.state.by, shop, new)
                return RedirectResponse(f"/console/settings/{quote(shop)}?said={what}", 303, headers=PRIVATE)
            except Invalid as error:
                fault, wrong = error, dict(error.details.get("fields", {}))
        return shown(request, shop, wrong=wrong, fault=fault, **{what: new})

    def shown(request: Request, shop: str, **more: Any) -> Response:
        found = desk.look(request.state.by, shop)
        values = {"said": "", "wrong": {}, "fault": None, "rules_said": {}} | found | more
        windows = [*values["terms"].windows, EMPTY, EMPTY][: settings_form.WINDOWS_MAX]
        hours = {one.weekday: one for one in values["profile"].hours}
        bad = bool(values["wrong"] or values["fault"])
        return views.show(
            request, "settings", status=422 if bad else 200, windows=windows, hours=hours, at=settings_form.clock,
            **values,
        )  # fmt: skip
