"""My account: ways in, where I am signed in, what I am here, what I agreed to, programs' keys."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from madang import journal
from madang.db import Tx
from madang.kernel import Actor, Role
from madang.kernel.clock import DAY_US
from madang.members import addresses, api_keys, bank, passkeys, sessions
from madang.members import service as people
from madang.members.access import no_consent
from madang.members.accounts import NEWS, NICKNAME, TERMS_VERSION, Accounts
from madang.members.bank import BankAccount
from madang.members.door_pages import ANSWER, PRIVATE, Name, to, visit_of
from madang.members.proving import is_fresh
from madang.members.standing import consent, consents_of, roles_of, withdraw_consent
from madang.ui import Pages, access, language_of, signed_in
from madang.ui.session import workplaces

CONSENTS = (NEWS,)
"""What somebody can agree to and take back by itself; the terms end with leaving."""
REVOKED_US = 30 * DAY_US


class Me(BaseModel):
    """Who a request is taken to be: for programs that want to know what their key may do."""

    kind: str
    key: str
    roles: list[str]
    shops: list[str]
    scopes: list[str]


def router(desk: Accounts, pages: Pages) -> APIRouter:
    """``/account`` and what lies under it, for whoever is signed in; each sees and changes only their own."""
    routes = APIRouter(prefix="/account", include_in_schema=False, dependencies=[access.own])
    _looking(routes, desk, pages)
    _ways_in(routes, desk)
    _money(routes, desk, pages)
    _programs(routes, desk, pages)
    return routes


def api() -> APIRouter:
    """What programs may ask about themselves."""
    routes = APIRouter(tags=["account"])

    @routes.get("/v1/me", name="me", dependencies=[access.own])
    def me(request: Request) -> Me:
        """Who this key or session is, and what it may do."""
        by: Actor = request.state.by
        return Me(kind=by.kind, key=by.key, roles=sorted(by.roles), shops=sorted(by.shops), scopes=sorted(by.scopes))

    return routes


def _mine(request: Request) -> tuple[Actor, UUID]:
    by = signed_in(request).by
    return by, UUID(by.key)


def _looking(routes: APIRouter, desk: Accounts, pages: Pages) -> None:
    @routes.get("", name="account")
    def account(request: Request, told: str = "") -> Response:
        by, me = _mine(request)
        now_us, integrates = desk.clock.now_us(), by.may(Role.INTEGRATOR) or bool(workplaces(request, Role.INTEGRATOR))

        def look(tx: Tx) -> dict[str, Any]:
            kept = people.fields(tx, by, me)
            return {
                "nickname": kept.get(NICKNAME.name, ""),
                "email": kept.get("email", ""),
                "keys": passkeys.keys_of(tx, by, me),
                "sessions": sessions.open_sessions(tx, by, me),
                "roles": roles_of(tx, by, me),
                "consents": {one.purpose: one for one in consents_of(tx, by, me)},
                "hold": bank.payout_hold(tx, me, now_us),
                "bank": bank.FIELD.name in kept,
            }

        return pages.html(
            request, "members/account.html", headers=PRIVATE, **desk.read(look), by=by, told=told, mail=desk.sends_mail,
            here=signed_in(request).session, choices=CONSENTS, integrator=integrates,
            passkeys=desk.party(visit_of(request).base) is not None, now_us=now_us,
        )  # fmt: skip

    @routes.post("/name", name="account.name")
    def rename(request: Request, nickname: Name = "") -> Response:
        by, me = _mine(request)
        named, now_us = " ".join(nickname.split())[:40], desk.clock.now_us()
        desk.write(lambda tx: people.set_fields(tx, by, me, {NICKNAME.name: named}, at_us=now_us))
        return to("/account?told=saved")

    @routes.post("/consents/{purpose}", name="account.consent")
    def agree(request: Request, purpose: str, agreed: Annotated[bool, Form()] = False) -> Response:
        by, me = _mine(request)
        now_us = desk.clock.now_us()

        def act(tx: Tx) -> None:
            if purpose not in CONSENTS:
                raise no_consent()
            if agreed:
                consent(tx, by, me, purpose, version=TERMS_VERSION, at_us=now_us)
            else:
                withdraw_consent(tx, by, me, purpose, at_us=now_us)

        desk.write(act)
        return to("/account?told=saved")

    @routes.post("/sessions/{session}/end", name="account.session.end")
    def end(request: Request, session: UUID) -> Response:
        by, now_us = signed_in(request).by, desk.clock.now_us()
        desk.write(lambda tx: sessions.end(tx, by, session, why="elsewhere", at_us=now_us))
        return to("/account?told=ended")

    @routes.post("/sessions/end-others", name="account.sessions.end_others")
    def end_others(request: Request) -> Response:
        by, me = _mine(request)
        here, now_us = signed_in(request).session, desk.clock.now_us()
        desk.write(lambda tx: sessions.end_all(tx, by, me, why="elsewhere", at_us=now_us, but=here))
        return to("/account?told=ended")


def _ways_in(routes: APIRouter, desk: Accounts) -> None:
    @routes.post("/passkey/add", name="account.passkey.add")
    def add(request: Request, answer: Annotated[str, ANSWER], name: Name = "") -> Response:
        desk.add_key(visit_of(request), signed_in(request).by, answer, name)
        return to("/account?told=key")

    @routes.post("/keys/{number}/name", name="account.key.name")
    def rename(request: Request, number: int, name: Name = "") -> Response:
        by, me = _mine(request)
        desk.write(lambda tx: passkeys.rename_key(tx, by, me, number, name))
        return to("/account?told=saved")

    @routes.post("/keys/{number}/remove", name="account.key.remove")
    def remove(request: Request, number: int) -> Response:
        by, me = _mine(request)
        desk.freshly(visit_of(request), by, lambda tx, now_us: passkeys.remove_key(tx, by, me, number, now_us))
        return to("/account?told=removed")

    @routes.post("/email", name="account.email")
    def add_address(request: Request, email: Annotated[str, Form(max_length=300)]) -> Response:
        desk.send_link(visit_of(request), email, language_of(request), signed_in(request).by)
        return to("/account?told=sent")

    @routes.post("/email/remove", name="account.email.remove")
    def remove_address(request: Request) -> Response:
        by, me = _mine(request)
        desk.freshly(visit_of(request), by, lambda tx, now_us: addresses.remove(tx, by, me, now_us))
        return to("/account?told=removed")


def _money(routes: APIRouter, desk: Accounts, pages: Pages) -> None:
    @routes.get("/bank", name="account.bank")
    def look(request: Request) -> Response:
        by, me = _mine(request)
        now_us = desk.clock.now_us()
        account, hold = desk.read(lambda tx: (bank.bank_account(tx, by, me), bank.payout_hold(tx, me, now_us)))
        return pages.html(
            request, "members/bank.html", headers=PRIVATE, account=account, hold=hold, banks=bank.BANKS,
            fresh=is_fresh(by, now_us), passkeys=desk.party(visit_of(request).base) is not None,
        )  # fmt: skip

    @routes.post("/bank", name="account.bank.set")
    def set_account(
        request: Request,
        number: Annotated[str, Form(max_length=40)],
        holder: Annotated[str, Form(max_length=60)],
        code: Annotated[str, Form(alias="bank", max_length=3)],
    ) -> Response:
        by, me = _mine(request)
        now_us, account = desk.clock.now_us(), BankAccount(code, number, holder)
        desk.write(lambda tx: bank.set_bank_account(tx, by, me, account, at_us=now_us))
        return to("/account/bank")


def _keys(tx: Tx, by: Actor, working: Actor, me: UUID, now_us: int) -> dict[str, Any]:
    """One's own keys, which of them an operator revoked in ``REVOKED_US``, and others' where one works for a shop."""
    others = api_keys.every(tx, working, at_us=now_us) if working.shops else []
    about, kinds = f"person:{me}", {"members.api_key_revoked"}
    revoked = journal.trail(tx, by, subject=about, kinds=kinds, limit=3)
    return {
        "keys": api_keys.keys_of(tx, by, me),
        "revoked": [fact for fact in revoked if fact.at_us > now_us - REVOKED_US],
        "others": [one.key for one in others if one.key.person != me],
    }


def _programs(routes: APIRouter, desk: Accounts, pages: Pages) -> None:
    integrators = [access.working(Role.INTEGRATOR)]

    def page(request: Request, token: str = "") -> Response:
        (by, me), now_us = _mine(request), desk.clock.now_us()
        return pages.html(
            request, "members/programs.html", headers=PRIVATE, token=token, scopes=api_keys.scopes(),
            now_us=now_us, **desk.read(lambda tx: _keys(tx, by, request.state.by, me, now_us)),
        )  # fmt: skip

    @routes.get("/programs", name="account.programs", dependencies=integrators)
    def look(request: Request) -> Response:
        return page(request)

    @routes.post("/programs", name="account.programs.make", dependencies=integrators)
    def make(
        request: Request,
        name: Name = "",
        days: Annotated[int, Form()] = 90,
        scope: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    ) -> Response:
        me, by = _mine(request)[1], request.state.by
        token, id, chosen = api_keys.new_token(), desk.ids.new(), list(scope)

        def act(tx: Tx, now_us: int) -> None:
            api_keys.make(tx, by, me, id=id, token=token, name=name, scopes=chosen, days=days, at_us=now_us)

        desk.freshly(visit_of(request), by, act)
        return page(request, token)

    @routes.post("/programs/{key}/rotate", name="account.programs.rotate", dependencies=integrators)
    def rotate(request: Request, key: UUID) -> Response:
        by = request.state.by
        token, id = api_keys.new_token(), desk.ids.new()
        desk.freshly(
            visit_of(request), by, lambda tx, now_us: api_keys.rotate(tx, by, key, id=id, token=token, at_us=now_us)
        )
        return page(request, token)

    @routes.post("/programs/{key}/close", name="account.programs.close")
    def close(request: Request, key: UUID) -> Response:
        by, now_us = signed_in(request).by, desk.clock.now_us()
        desk.write(lambda tx: api_keys.close(tx, by, key, at_us=now_us))
        return to("/account/programs")
