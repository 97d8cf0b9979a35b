"""A shop below a neighbourhood's server: begins to sell on account, keeps the link, shows how it does."""

from __future__ import annotations

from typing import Any

from madang.db import Database, Tx
from madang.edge import selling
from madang.edge.sending import Link, Sending, Upstream
from madang.kernel import Actor, Clock, Conflict
from madang.kernel.clock import HOUR_US
from madang.kernel.settings import Settings
from madang.payments import on_account
from madang.payments.on_account import Terms
from madang.walkout.showing import Showing


def begin(tx: Tx, by: Actor, shop: str, settings: Settings, *, at_us: int) -> None:
    """Bring the shop's terms to the settings. Raises ``Conflict`` where a shop below a server has lost its address."""
    if settings.upstream:
        terms = Terms(settings.offline_limit_krw, settings.offline_good_h * HOUR_US)
        selling.begin(tx, by, shop, terms, at_us=at_us)
    elif on_account.terms_of(tx, shop) is not None:
        raise Conflict(
            "serve.no_upstream",
            ko=f"'{shop}' 가게는 동네 서버에 붙어 있는데 서버 주소가 없습니다.",
            en=f"The shop '{shop}' is below a neighbourhood's server, and nobody has said where that is.",
            next_ko="MADANG_UPSTREAM과 MADANG_UPSTREAM_KEY를 설정하세요. 서버가 꺼져 있어도 가게는 열립니다.",
            next_en="Set MADANG_UPSTREAM and MADANG_UPSTREAM_KEY; the shop opens even while the server is down.",
            shop=shop,
        )


def sending(db: Database, by: Actor, shop: str, settings: Settings, clock: Clock, showing: Showing) -> Sending | None:
    """What keeps the link, and shows how it does; None for a shop that keeps its wallets itself."""
    if not settings.upstream:
        return None
    upstream = Upstream(settings.upstream, settings.upstream_key.reveal())
    hub = showing.hub
    return Sending(
        db, by, shop, upstream, clock, changed=lambda link: hub.uplink(**shown(link)), posted=showing.deal_changed
    )  # fmt: skip


def shown(link: Link) -> dict[str, Any]:
    """The link as the page and the operator's status show it."""
    return link._asdict()
