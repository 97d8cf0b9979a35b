"""Issuers, programmes and their dated rules; which shops may accept."""

from __future__ import annotations

from uuid import UUID

import msgspec

from madang.db import Tx
from madang.kernel import Actor, Conflict, Kind, Role
from madang.vouchers import errors, facts, records, rules
from madang.vouchers.model import Issuer, Merchant, MerchantState, Programme, ProgrammeKind, Rule, plain

KEEPERS = (Role.VOUCHER_ISSUER, Role.CITY_OFFICER)
OFFICERS = (Role.OPERATOR, *KEEPERS)


def add_issuer(tx: Tx, by: Actor, issuer: Issuer) -> Issuer:
    """Register an issuer; the same again is one."""
    _officer(tx, by)
    known = records.issuer(tx, issuer.id)
    if known is None:
        records.add(tx, records.issuers, [plain(issuer)])
    elif known != issuer:
        raise errors.id_taken()
    return issuer


def add_programme(tx: Tx, by: Actor, programme: Programme) -> Programme:
    """Open a programme of an issuer the caller keeps; the same again is one."""
    _officer(tx, by)
    issuer = records.issuer(tx, programme.issuer)
    if issuer is None:
        raise errors.unknown(programme.issuer)
    if not keeps(by, issuer):
        raise errors.not_yours()
    known = records.programme(tx, programme.id)
    if known is None:
        records.add(tx, records.programmes, [plain(programme)])
    elif known != programme:
        raise errors.id_taken()
    return programme


def set_rule(tx: Tx, by: Actor, rule: Rule, *, at_us: int) -> Rule:
    """The figures that hold from ``rule.from_us`` on: by who keeps the programme, never for the past."""
    issuer_of(tx, by, rule.programme)
    check_rule(rule)
    known = [one for one in records.rules_of(tx, rule.programme) if one.from_us == rule.from_us]
    if known:
        if known[0] != rule:
            raise errors.id_taken()
        return rule
    if rule.from_us < at_us:
        raise errors.bad_rule("과거부터 시작할 수 없습니다.", "it cannot begin in the past.")
    row = {"programme": rule.programme, "from_us": rule.from_us, "body": msgspec.json.encode(rule).decode()}
    records.add(tx, records.rules, [row])
    body = facts.RuleSet(
        programme=rule.programme, from_us=rule.from_us, discount_bp=rule.discount_bp,
        month_cap_krw=rule.month_cap_krw, holding_cap_krw=rule.holding_cap_krw, source=rule.source,
    )  # fmt: skip
    facts.tell(tx, by, body, about=f"programme:{rule.programme}", at_us=at_us)
    return rule


def programmes(tx: Tx, by: Actor, *, kind: ProgrammeKind = ProgrammeKind.VOUCHER) -> list[Programme]:
    """The programmes of a kind, open and closed."""
    by.need_neighbourhood(tx.neighbourhood)
    return records.some_programmes(tx, records.programmes.c.kind == kind.value)


def rule_now(tx: Tx, programme: str, at_us: int, *, spending: bool = False) -> tuple[Programme, Rule]:
    """An open programme and the rule in force; for ``spending`` one that is closed for sale will do. Raises
    ``NotFound`` or ``Conflict`` ``vouchers.closed``."""
    found = records.programme(tx, programme)
    if found is None:
        raise errors.unknown(programme)
    rule = rules.at(records.rules_of(tx, programme), at_us)
    over = found.to_us is not None and found.to_us <= at_us and not spending
    if rule is None or at_us < found.from_us or over:
        raise errors.closed()
    return found, rule


def rules_of(tx: Tx, by: Actor, programme: str) -> list[Rule]:
    """Every rule of a programme, in order of their beginning: anybody may read them."""
    by.need_neighbourhood(tx.neighbourhood)
    return records.rules_of(tx, programme)


def issuer_of(tx: Tx, by: Actor, programme: str) -> Issuer:
    """The issuer of a programme, for who keeps it: the officer it names while they hold the role, or where it names
    none voucher issuers and city officers of the neighbourhood; and the operator. Raises ``Forbidden``
    ``vouchers.not_yours``."""
    by.need_neighbourhood(tx.neighbourhood)
    found = records.programme(tx, programme)
    issuer = records.issuer(tx, found.issuer) if found else None
    if issuer is None:
        raise errors.unknown(programme)
    if not keeps(by, issuer):
        raise errors.not_yours()
    return issuer


def issuers_of(tx: Tx, by: Actor) -> list[Issuer]:
    """The issuers the caller acts for."""
    by.need_neighbourhood(tx.neighbourhood)
    every = [Issuer(**row) for row in records.find(tx, records.issuers, order=[records.issuers.c.id])]
    return [one for one in every if keeps(by, one)]


def apply(tx: Tx, by: Actor, application: Merchant) -> Merchant:
    """A shop asks to accept a programme, with its sales and their proof; the same again is one."""
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR, Role.MERCHANT)
    by.need_shop(application.shop)
    m = records.merchants
    known = records.applications(tx, m.c.id == application.id)
    if known:
        if (known[0].shop, known[0].programme, known[0].sales_krw) != (
            application.shop, application.programme, application.sales_krw,
        ):  # fmt: skip
            raise errors.id_taken()
        return known[0]
    if records.programme(tx, application.programme) is None:
        raise errors.unknown(application.programme)
    if application.sales_krw < 0 or not application.proof.strip():
        raise errors.bad_rule("연 매출과 증빙이 있어야 합니다.", "annual sales and their proof are needed.")
    new = msgspec.structs.replace(application, state=MerchantState.APPLIED, decided_us=None, from_us=None)
    records.add(tx, m, [plain(new)])
    _tell(tx, by, new, new.applied_us)
    return new


def decide(
    tx: Tx, by: Actor, id: UUID, *, approve: bool, reason: str = "", until_us: int | None = None, at_us: int
) -> Merchant:
    """The issuer's officer approves or rejects an application. Above the sales limit nobody can be approved."""
    found = _application(tx, by, id)
    if found.state is not MerchantState.APPLIED:
        raise errors.not_now("이미 심사한 신청입니다.", "this application has been decided.")
    _, rule = rule_now(tx, found.programme, at_us, spending=True)
    after = msgspec.structs.replace(
        found, state=MerchantState.APPROVED if approve else MerchantState.REJECTED, decided_us=at_us,
        decided_by=by.key, reason=reason, from_us=at_us if approve else None, until_us=until_us if approve else None,
    )  # fmt: skip
    if approve:
        rules.accepts(rule, after, at_us)
    _keep(tx, by, after, at_us)
    return after


def revoke(tx: Tx, by: Actor, id: UUID, *, reason: str, at_us: int) -> Merchant:
    """From now on the shop accepts the programme no more; what was paid stays paid."""
    found = _application(tx, by, id)
    if found.state is not MerchantState.APPROVED:
        raise errors.not_now("승인된 가맹점이 아닙니다.", "it is not an approved shop.")
    after = msgspec.structs.replace(found, state=MerchantState.REVOKED, revoked_us=at_us, reason=reason)
    _keep(tx, by, after, at_us)
    return after


def check_accepts(tx: Tx, programme: str, shop: str, at_us: int) -> Rule:
    """The rule in force, if the shop may take the programme now. Raises ``Conflict`` ``vouchers.not_accepted``."""
    _, rule = rule_now(tx, programme, at_us, spending=True)
    m = records.merchants
    found = records.applications(tx, m.c.shop == shop, m.c.programme == programme)
    live = [one for one in found if one.state is MerchantState.APPROVED]
    if not live:
        raise errors.not_accepted("not_approved")
    rules.accepts(rule, live[0], at_us)
    return rule


def accepted_at(tx: Tx, by: Actor, shop: str, at_us: int) -> list[Programme]:
    """The programmes a shop takes now."""
    taken = []
    for one in programmes(tx, by):
        try:
            check_accepts(tx, one.id, shop, at_us)
        except Conflict:
            continue
        taken.append(one)
    return taken


def applications_of(tx: Tx, by: Actor, *, programme: str | None = None, shop: str | None = None) -> list[Merchant]:
    """Applications to a programme (for its issuer) or of a shop (for who acts for it), the newest first."""
    m = records.merchants
    if programme is not None:
        issuer_of(tx, by, programme)
        return records.applications(tx, m.c.programme == programme)
    assert shop is not None
    by.need_shop(shop)
    by.need(Role.OPERATOR, Role.MERCHANT)
    return records.applications(tx, m.c.shop == shop)


def _application(tx: Tx, by: Actor, id: UUID) -> Merchant:
    found = records.applications(tx, records.merchants.c.id == id)
    if not found:
        raise errors.unknown(str(id))
    issuer_of(tx, by, found[0].programme)
    return found[0]


def _keep(tx: Tx, by: Actor, after: Merchant, at_us: int) -> None:
    m = records.merchants
    names = ("state", "decided_us", "decided_by", "reason", "from_us", "until_us", "revoked_us")
    records.change(tx, m, m.c.id == after.id, **{name: plain(after)[name] for name in names})
    _tell(tx, by, after, at_us)


def _tell(tx: Tx, by: Actor, one: Merchant, at_us: int) -> None:
    body = facts.MerchantChanged(
        application=str(one.id), programme=one.programme, shop=one.shop, state=one.state, reason=one.reason
    )
    facts.tell(tx, by, body, about=f"programme:{one.programme}", at_us=at_us, shop=None)


def check_rule(rule: Rule) -> None:
    """Raise ``Invalid`` ``vouchers.bad_rule`` for figures that cannot be."""
    figures = (rule.month_cap_krw, rule.holding_cap_krw, rule.budget_krw, rule.sales_max_krw, rule.returned_d)
    if not 0 <= rule.discount_bp <= 5_000 or not 0 <= rule.refund_used_bp <= rules.BP or min(figures) < 0:
        raise errors.bad_rule("비율이나 한도가 범위를 벗어났습니다.", "a rate or limit is out of range.")
    if rule.step_krw < 1 or not 1 <= rule.valid_months <= 120 or not 0 <= rule.cancel_d <= 365:
        raise errors.bad_rule("단위나 기간이 범위를 벗어났습니다.", "a step or time is out of range.")


def keeps(by: Actor, issuer: Issuer) -> bool:
    """Whether the caller keeps an issuer: the operator, or who holds the role and is the officer it names, if any. Who
    has lost the role keeps nothing, whatever the issuer names."""
    if by.shops or not by.may(*OFFICERS):
        return False
    if by.may(Role.OPERATOR) or issuer.officer is None:
        return True
    return by.kind is Kind.PERSON and by.key == issuer.officer


def _officer(tx: Tx, by: Actor) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    by.need(*OFFICERS)
