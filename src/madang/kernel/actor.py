"""Who is asking: every use case and every read takes its caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from madang.kernel.errors import Forbidden


class Kind(StrEnum):
    """What sort of doer this is; the scorecard counts people and agents apart."""

    PERSON = "person"
    AGENT = "agent"
    SENSOR = "sensor"
    SYSTEM = "system"


class Role(StrEnum):
    """What somebody is in a neighbourhood."""

    OPERATOR = "operator"
    STAFF = "staff"
    MERCHANT = "merchant"
    MAKER = "maker"
    CONNECTOR = "connector"
    GUILD_STEWARD = "guild_steward"
    NEIGHBOUR = "neighbour"
    RIDER = "rider"
    OUTSIDE_BRAND = "outside_brand"
    VOUCHER_ISSUER = "voucher_issuer"
    CITY_OFFICER = "city_officer"
    INTEGRATOR = "integrator"
    SHOPPER = "shopper"
    DEVICE = "device"
    SYSTEM = "system"

    def said(self, language: str) -> str:
        """What people call the role, in ``ko`` or ``en``."""
        return _ROLE_KO[self] if language == "ko" else self.replace("_", " ")


_ROLE_KO = {
    Role.OPERATOR: "운영자",
    Role.STAFF: "직원",
    Role.MERCHANT: "상인",
    Role.MAKER: "만드는 이",
    Role.CONNECTOR: "잇는 이",
    Role.GUILD_STEWARD: "길드지기",
    Role.NEIGHBOUR: "이웃",
    Role.RIDER: "배달원",
    Role.OUTSIDE_BRAND: "바깥 브랜드",
    Role.VOUCHER_ISSUER: "상품권 발행자",
    Role.CITY_OFFICER: "시·구 담당자",
    Role.INTEGRATOR: "연동 개발자",
    Role.SHOPPER: "손님",
    Role.DEVICE: "기기",
    Role.SYSTEM: "시스템",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A doer in one neighbourhood.

    ``key`` is opaque (a person key, an agent or device id), never a name. ``shops`` limits the actor to those shops;
    empty means every shop of the neighbourhood. ``mandate`` is the id of the mandate an agent acts under. ``scopes``
    are what an integrator's key may be used for. ``proved_us`` is when the person last used a passkey in this session.
    """

    kind: Kind
    key: str
    neighbourhood: str
    roles: frozenset[Role] = field(default_factory=frozenset)
    shops: frozenset[str] = field(default_factory=frozenset)
    mandate: str | None = None
    scopes: frozenset[str] = field(default_factory=frozenset)
    proved_us: int = 0

    def may(self, *roles: Role) -> bool:
        """True when the actor has one of ``roles`` (the system itself may do everything)."""
        return self.kind is Kind.SYSTEM or not self.roles.isdisjoint(roles)

    def need(self, *roles: Role) -> None:
        """Raise ``Forbidden`` unless the actor has one of ``roles``."""
        if not self.may(*roles):
            raise Forbidden(
                "actor.role_needed",
                ko=f"이 일은 {', '.join(role.said('ko') for role in roles)} 역할만 할 수 있습니다.",
                en=f"Only {', '.join(role.said('en') for role in roles)} may do this.",
                next_ko="권한이 있는 사람에게 부탁하세요.",
                next_en="Ask somebody with that role.",
                roles=[str(role) for role in roles],
            )

    def need_scope(self, scope: str) -> None:
        """Raise ``Forbidden`` unless the actor's key was made for ``scope``."""
        if self.kind is not Kind.SYSTEM and scope not in self.scopes:
            raise Forbidden(
                "actor.scope_needed",
                ko=f"이 열쇠로는 할 수 없는 일입니다 ({scope}).",
                en=f"This key was not made for {scope}.",
                next_ko="그 범위를 넣어 새 열쇠를 만드세요.",
                next_en="Make a key with that scope.",
                scope=scope,
            )

    def need_neighbourhood(self, neighbourhood: str) -> None:
        """Raise ``Forbidden`` unless this is the actor's own ``neighbourhood``."""
        if self.neighbourhood != neighbourhood:
            raise Forbidden(
                "actor.other_neighbourhood",
                ko="다른 동네의 일입니다.",
                en="That belongs to another neighbourhood.",
                next_ko="내 동네에서 다시 하세요.",
                next_en="Do it in your own neighbourhood.",
            )

    def need_shop(self, shop: str) -> None:
        """Raise ``Forbidden`` unless the actor may act for ``shop``."""
        if self.shops and shop not in self.shops:
            raise Forbidden(
                "actor.other_shop",
                ko="다른 가게의 일입니다.",
                en="That belongs to another shop.",
                next_ko="내 가게를 고르세요.",
                next_en="Choose one of your own shops.",
                shop=shop,
            )


@lru_cache(maxsize=1_024)
def system(neighbourhood: str, key: str = "madang") -> Actor:
    """The software itself, acting for a neighbourhood."""
    return Actor(Kind.SYSTEM, key, neighbourhood, frozenset({Role.SYSTEM}))
