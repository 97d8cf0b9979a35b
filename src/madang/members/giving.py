"""Who may give which role, and take it back (docs/accounts.md has the same table)."""

from __future__ import annotations

from collections.abc import Mapping

from madang.kernel import Actor, Forbidden, Kind, Role

GIVEN_BY: Mapping[Role, frozenset[Role]] = {
    Role.OPERATOR: frozenset({Role.OPERATOR}),
    Role.STAFF: frozenset({Role.OPERATOR, Role.MERCHANT}),
    Role.MERCHANT: frozenset({Role.OPERATOR}),
    Role.MAKER: frozenset({Role.OPERATOR, Role.GUILD_STEWARD}),
    Role.CONNECTOR: frozenset({Role.OPERATOR}),
    Role.GUILD_STEWARD: frozenset({Role.OPERATOR}),
    Role.NEIGHBOUR: frozenset({Role.OPERATOR}),  # and by the software, to who passes the neighbourhood check
    Role.RIDER: frozenset({Role.OPERATOR, Role.CONNECTOR}),
    Role.OUTSIDE_BRAND: frozenset({Role.OPERATOR, Role.CONNECTOR}),
    Role.VOUCHER_ISSUER: frozenset({Role.OPERATOR, Role.CITY_OFFICER}),
    Role.CITY_OFFICER: frozenset({Role.OPERATOR}),
    Role.INTEGRATOR: frozenset({Role.OPERATOR, Role.MERCHANT}),
}
"""Roles that are not here are not given: everybody is a shopper, devices and the software are what they are."""
SENSITIVE = frozenset({Role.OPERATOR, Role.VOUCHER_ISSUER, Role.CITY_OFFICER})
"""Given only by somebody who has just proved that it is them."""


def may_give(by: Actor, role: Role, shop: str | None) -> bool:
    """True when ``by`` may give (or close) ``role`` in ``shop`` (``None``: in the whole neighbourhood).

    Somebody whose own role holds in some shops only gives in those shops, and never in the whole neighbourhood.
    """
    if role not in GIVEN_BY:
        return False
    if by.kind is Kind.SYSTEM:
        return True
    where = not by.shops or (shop is not None and shop in by.shops)
    return where and not by.roles.isdisjoint(GIVEN_BY[role])


def givable(by: Actor, shop: str | None = None) -> list[Role]:
    """The roles ``by`` may give, in the order of the table."""
    return [role for role in GIVEN_BY if may_give(by, role, shop)]


def need_giver(by: Actor, role: Role, shop: str | None) -> None:
    """Raise ``Forbidden`` unless ``may_give``."""
    if not may_give(by, role, shop):
        givers = sorted(GIVEN_BY.get(role, ()))
        names, said = (", ".join(one.said(lang) for one in givers) for lang in ("ko", "en"))
        raise Forbidden(
            "members.may_not_give",
            ko=f"{role.said('ko')} 역할을 주거나 거둘 수 없습니다.",
            en=f"You may not give or close the role {role.said('en')} here.",
            next_ko=f"{names or '아무도 줄 수 없는 역할입니다'}: 이 역할을 가진 사람에게 부탁하세요.",
            next_en=f"Ask somebody who is: {said or '(nobody can give it)'}.",
            role=str(role),
        )
