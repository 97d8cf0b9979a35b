"""An issuer's desk: its programmes, what they cost and where they are spent, rules, merchants to review, claims."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from madang import places
from madang.db import Tx
from madang.files import Store
from madang.kernel import Actor, Role, business_date
from madang.kernel.clock import DAY_US
from madang.ui import language_of, session
from madang.ui.access import role
from madang.ui.desk import NOT_CONTENT, PRIVATE, Desk, Form, form_of
from madang.vouchers import charts, errors, issuing, keeping, opening, proofs, records, reporting, rule_form, rules
from madang.vouchers.model import Issuer, Programme, ProgrammeKind, Rule

FORM = Annotated[Form, Depends(form_of)]
YEAR_US, DUE_US = 365 * DAY_US, 60 * DAY_US
"""An approval lasts a year unless the officer says otherwise; who has fewer days left is to be reviewed again."""
KEPT = {"me": "keep_asked", "not_me": "keep_asked_no_more", "no": "keep_declined"}
"""What is said of each answer about who keeps an issuer; of the others that it was changed."""
PEOPLE = (Role.VOUCHER_ISSUER, Role.CITY_OFFICER, Role.OPERATOR)


def router(desk: Desk, store: Store | None = None) -> APIRouter:
    """``/issuer``: for whoever keeps a programme's rules. ``store`` holds merchants' proofs."""
    routes = APIRouter(prefix="/issuer", include_in_schema=False)
    _opening(routes, desk)
    _looking(routes, desk)
    _merchants(routes, desk, store)
    _claims(routes, desk)
    _rules(routes, desk)
    return routes


def _opening(routes: APIRouter, desk: Desk) -> None:
    @routes.get("", name="issuer", dependencies=[role(*PEOPLE)])
    def mine(request: Request) -> Response:
        by = _me(request)

        def read(tx: Tx) -> dict[str, Any]:
            issuers = issuing.issuers_of(tx, by)
            return {
                "issuers": [(issuer, [p for p in every(tx, by) if p.issuer == issuer.id]) for issuer in issuers],
                "asking": {issuer.id for issuer, _ in keeping.open_for(tx, by)},
            }

        return desk.html(request, "issuers", kinds=list(ProgrammeKind), **desk.read(read), **_blank(desk))

    @routes.post("", name="issuer.open", dependencies=[role(*PEOPLE)])
    def open_one(request: Request, form: FORM) -> Response:
        """Open a programme with its first rule, of an issuer that is there or new."""
        by = _me(request)

        def act(tx: Tx, at_us: int) -> str:
            asked, begins = form.get("issuer", ""), rule_form.from_us(form.get("from", ""), at_us)
            known = next((one for one in issuing.issuers_of(tx, by) if one.id == asked), None)
            issuer = known or Issuer(
                id=form.get("issuer_id", "").strip(), klass=form.get("klass", "")[:40], **_names(form, "issuer_name"),
                officer=None if by.may(Role.OPERATOR) else by.key,
            )  # fmt: skip
            try:
                kind = ProgrammeKind(form.get("kind", "voucher"))
            except ValueError:
                raise errors.bad_rule("종류를 고르세요.", "choose what it is.") from None
            programme = Programme(
                id=form.get("id", "").strip(), issuer=issuer.id, kind=kind, from_us=begins, **_names(form, "name")
            )
            rule = rule_form.rule_of(programme.id, form, None, at_us)
            opening.open_programme(tx, by, issuer, programme, rule, at_us=at_us)
            return f"/issuer/{programme.id}?said=opened" if kind is ProgrammeKind.VOUCHER else f"/credit/{programme.id}"

        return desk.once(request, by, form, act)

    @routes.post("/{programme}/close", name="issuer.close", dependencies=[role(*PEOPLE)])
    def close(request: Request, programme: str, form: FORM) -> Response:
        by = _me(request)

        def act(tx: Tx, at_us: int) -> str:
            to_us = rule_form.from_us(form.get("to", ""), at_us)
            opening.close_programme(tx, by, programme, to_us=to_us, at_us=at_us)
            return f"/issuer/{programme}?said=closed"

        return desk.once(request, by, form, act)

    @routes.post("/{programme}/keeper", name="issuer.keeper", dependencies=[role(*PEOPLE)])
    def keeper(request: Request, programme: str, form: FORM) -> Response:
        """Asking to keep the programme's issuer alone (or no longer), answering that, sharing it with all who have the
        role."""
        by, who = _me(request), form.get("who", "")

        def act(tx: Tx, at_us: int) -> str:
            if who == "me":
                keeping.ask(tx, by, programme, at_us=at_us)
            elif who == "not_me":
                keeping.withdraw(tx, by, programme, at_us=at_us)
            elif who in ("yes", "no"):
                keeping.answer(tx, by, programme, form.get("person", ""), yes=who == "yes", at_us=at_us)
            elif who == "all":
                keeping.share(tx, by, programme, at_us=at_us)
            else:
                issuing.issuer_of(tx, by, programme)
            return f"/issuer/{programme}?said={KEPT.get(who, 'kept')}"

        return desk.once(request, by, form, act)


def _looking(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/{programme}", name="issuer.programme", dependencies=[role(*PEOPLE)])
    def programme(request: Request, programme: str, month: str = "", said: str = "") -> Response:
        by, at_us = _me(request), desk.clock.now_us()

        def read(tx: Tx) -> dict[str, Any]:
            issuer = issuing.issuer_of(tx, by, programme)
            known = issuing.rules_of(tx, by, programme)
            found = next((p for p in issuing.programmes(tx, by) if p.id == programme), None)
            if found is None:  # mutual credit is kept on a page of its own
                raise errors.unknown(programme)
            report = reporting.report(tx, by, programme, month or rules.month_of(at_us))
            asks = keeping.asked(tx, by, programme)
            past = reporting.by_month(tx, by, programme, charts.up_to(rules.month_of(at_us)))
            return {
                "issuer": issuer,
                "asks": asks,
                "may_answer": asks is not None and keeping.may_answer(by, asks),
                "officer_gone": keeping.officer_gone(tx, issuer),
                "shared": [one for one in every(tx, by) if one.issuer == issuer.id],
                "found": found,
                "report": report,
                "chart": charts.months(past, report.outstanding_krw, language_of(request)),
                "circulation": charts.circulation(past, language_of(request)),
                "rules": list(reversed(known)),
                "holds": rules.at(known, at_us),
                "applications": issuing.applications_of(tx, by, programme=programme),
                "claims": reporting.claims_of(tx, by, programme),
                "names": {one.id: (one.name_ko, one.name_en) for one in places.every(tx, by)},
            }

        found = desk.read(read)
        form = found["holds"] or rule_form.BLANK
        year = str(business_date(at_us + YEAR_US))
        return desk.html(
            request, "issuer", said=said, today=str(business_date(at_us)), year=year, is_file=proofs.is_file,
            due_us=at_us + DUE_US, form=form, my_key=by.key, may_alone=by.may(*issuing.KEEPERS), **found,
        )  # fmt: skip


def _merchants(routes: APIRouter, desk: Desk, store: Store | None) -> None:
    @routes.get("/{programme}/merchants/{application}/proof", name="issuer.proof", dependencies=[role(*PEOPLE)])
    def proof(request: Request, programme: str, application: UUID) -> Response:
        """The file a merchant uploaded; nothing in it runs."""
        kept = desk.read(lambda tx: proofs.of_application(tx, _me(request), programme, application))
        if store is None:
            raise errors.unknown(str(application))
        headers = {
            **PRIVATE, "Content-Disposition": f'attachment; filename="{proofs.name_of(kept)}"',
            "Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff",
        }  # fmt: skip
        return Response(store.get(desk.n, kept.sha256), media_type=kept.media_type, headers=headers)

    @routes.post("/{programme}/merchants/{application}", name="issuer.merchant", dependencies=[role(*PEOPLE)])
    def decide(request: Request, programme: str, application: UUID, form: FORM) -> Response:
        by, what, reason = _me(request), form.get("what", ""), form.get("reason", "")[:200]

        def act(tx: Tx, at_us: int) -> str:
            issuing.issuer_of(tx, by, programme)
            if what == "revoke":
                issuing.revoke(tx, by, application, reason=reason, at_us=at_us)
            else:
                until = rule_form.from_us(form.get("until", ""), at_us) if form.get("until") else at_us + YEAR_US
                issuing.decide(
                    tx, by, application, approve=what == "approve", reason=reason, until_us=until, at_us=at_us
                )
            return f"/issuer/{programme}?said=decided"

        return desk.once(request, by, form, act)


def _claims(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/{programme}/claims/{month}", name="issuer.claim.file", dependencies=[role(*PEOPLE)])
    def claim_file(request: Request, programme: str, month: str) -> Response:
        found = desk.read(lambda tx: reporting.claims_of(tx, _me(request), programme))
        body = next((one.body for one in found if one.month == month), None)
        if body is None:
            raise errors.unknown(month)
        headers = {"Content-Disposition": f'attachment; filename="claim-{month}.csv"'}
        return Response("\ufeff" + body, media_type="text/csv; charset=utf-8", headers=headers)

    @routes.post("/{programme}/claims", name="issuer.claim", dependencies=[role(*PEOPLE)])
    def claim(request: Request, programme: str, form: FORM) -> Response:
        by, month = _me(request), form.get("month", "")

        def act(tx: Tx, at_us: int) -> str:
            make = reporting.claim_paid if form.get("paid") == "1" else reporting.make_claim
            make(tx, by, programme, month, at_us=at_us)
            return f"/issuer/{programme}?said=claimed"

        return desk.once(request, by, form, act)


def _rules(routes: APIRouter, desk: Desk) -> None:
    @routes.post("/{programme}/rules", name="issuer.rule", dependencies=[role(*PEOPLE)])
    def rule(request: Request, programme: str, form: FORM) -> Response:
        by = _me(request)

        if form.get("confirmed") != "1":
            return preview(request, by, programme, form)

        def act(tx: Tx, at_us: int) -> str:
            _, new = _asked(tx, by, programme, form, at_us)
            issuing.set_rule(tx, by, new, at_us=at_us)
            return f"/issuer/{programme}?said=ruled"

        return desk.once(request, by, form, act)

    def preview(request: Request, by: Actor, programme: str, form: Form) -> Response:
        """What a rule would change and from when, before it is set."""
        at_us = desk.clock.now_us()
        issuer = desk.read(lambda tx: issuing.issuer_of(tx, by, programme))
        before, new = desk.read(lambda tx: _asked(tx, by, programme, form, at_us))
        kept = {name: value for name, value in form.items() if name not in NOT_CONTENT}
        return desk.html(
            request, "rule", issuer=issuer, rule=new, before=before, changes=rule_form.changes(before, new), kept=kept,
            found=desk.read(lambda tx: records.programme(tx, programme)),
        )  # fmt: skip


def _asked(tx: Tx, by: Actor, programme: str, form: Form, at_us: int) -> tuple[Rule | None, Rule]:
    """The rule that would hold until then, and the one a form asks for."""
    known = issuing.rules_of(tx, by, programme)
    new = rule_form.rule_of(programme, form, rules.at(known, 2**62), at_us)
    issuing.check_rule(new)
    return rules.at(known, new.from_us), new


def every(tx: Tx, by: Actor) -> list[Programme]:
    """The programmes of both kinds."""
    return [one for kind in ProgrammeKind for one in issuing.programmes(tx, by, kind=kind)]


def _blank(desk: Desk) -> dict[str, Any]:
    return {"form": rule_form.BLANK, "today": str(business_date(desk.clock.now_us()))}


def _names(form: Form, name: str) -> dict[str, Any]:
    ko = " ".join(form.get(f"{name}_ko", "").split())[:100]
    return {"name_ko": ko, "name_en": " ".join(form.get(f"{name}_en", "").split())[:100] or ko}


def _me(request: Request) -> Actor:
    return session.signed_in(request).by
