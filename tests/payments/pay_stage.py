"""The pages of payments served for a test, with somebody signed in and a make-believe gateway behind them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from madang import payments
from madang.db import Database
from madang.kernel import Actor, Clock, Ids, Kind, Role
from madang.kernel.clock import MINUTE_US
from madang.members.addresses import Keyring
from madang.payments import Part, Payment, api, console, gift_pages, gift_selling, pages, wallet_pages
from madang.payments.charge_records import returns
from madang.payments.desk import PayDesk
from madang.payments.links import PayLinks
from madang.payments.sandbox.pages import open_sandbox
from madang.ui import Identity, Pages
from madang.ui.session import Asking
from madang.web import Shopfront, create_app

N = "n1"
MINA = Actor(Kind.PERSON, "p1", N, frozenset({Role.SHOPPER, Role.OPERATOR}))


class PayStage:
    """``by`` is who every request comes from."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, by: Actor = MINA) -> None:
        self.db, self.clock, self.ids, self.by = db, clock, ids, by
        self.pages = Pages()
        self.desk = PayDesk(db=db, clock=clock, ids=ids, neighbourhood=N, links=PayLinks(b"x" * 32), shop="s1")
        rooms = [open_sandbox(clock, self.pages), pages.router(self.desk, self.pages), api.router(self.desk)]
        rooms += [wallet_pages.router(self.desk, self.pages), console.router(self.desk, self.pages)]
        gift_selling.sell_with(N, gift_selling.Press(b"g" * 32, Keyring(b"k" * 32, N)))
        rooms.append(gift_pages.router(self.desk, self.pages))
        self.app = create_app(Shopfront(neighbourhood=N, more=rooms, clock=clock, identify=self.identify))

    def identify(self, _asking: Asking) -> Identity:
        return Identity(self.by, lambda _shop: self.by, bound="b")

    def begin(self, parts: list[Part], title: str = "사과 외 2건", **more: Any) -> Payment:
        now = self.clock.now_us()
        asked: dict[str, Any] = {
            "id": self.ids.new(), "shop": "s1", "payer": self.by.key, "total_krw": sum(p.amount_krw for p in parts),
            "parts": parts, "cause": "test/1", "expires_at_us": now + 30 * MINUTE_US, "at_us": now, "title": title,
        } | more  # fmt: skip
        return self.db.write(lambda tx: payments.begin(tx, self.by, **asked), neighbourhood=N)

    def backs(self) -> list[int]:
        """The won that gateways were asked to give back, of all payments."""
        return self.db.read(lambda tx: [row[0] for row in tx.rows(sa.select(returns.c.amount_krw))], neighbourhood=N)

    def get(self, id: UUID) -> Payment:
        return self.db.read(lambda tx: payments.get(tx, self.by, id), neighbourhood=N)


AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
