"""What the journal is told of the way between a shop's machine and the neighbourhood's server."""

from __future__ import annotations

import msgspec

from madang import journal
from madang.journal import Stage


@journal.kind("edge.begun", version=1, stage=Stage.PLANNING)
class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """The shop's sales go on account from now on, up to ``limit_krw`` a payer, and its receipts to a server."""

    limit_krw: int
    good_for_s: int


@journal.kind("edge.handed_over", version=1, stage=Stage.SALES)
class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """The server has taken over the shop's receipts up to its ``upto``-th; the oldest had waited ``waited_s``."""

    upto: int
    receipts: int
    total_krw: int
    waited_s: int


@journal.kind("edge.set_back", version=1, stage=Stage.SALES)
class SetBack(msgspec.Struct, frozen=True, kw_only=True):
    """The server knows the shop's receipts only up to ``upto`` any more; the later ones are sent again."""

    upto: int


@journal.kind("edge.taken", version=1, stage=Stage.SALES)
class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The server has taken a shop's ``n``-th receipt and its money; ``owed_krw`` the payer's wallet did not hold."""

    receipt: str
    n: int
    total_krw: int
    owed_krw: int


@journal.kind("edge.heard", version=1, stage=Stage.PLANNING)
class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """People, products, prices or ``rules`` of prices came down from the server to the shop and changed something."""

    people: int
    closed: int
    products: int
    prices: int
    rules: int = 0


@journal.kind("edge.wished", version=1, stage=Stage.SERVICE)
class Wished(msgspec.Struct, frozen=True, kw_only=True):
    """At the server, a shopper called a ``line`` of a shop's receipt wrong (or ``appeal``: wrongly turned down): it is
    kept for the shop."""

    wish: str
    receipt: str
    line: int
    qty: int | None
    reason: str
    appeal: bool


@journal.kind("edge.wish_answered", version=1, stage=Stage.SERVICE)
class WishAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """A shop took a shopper's word from the server as if it had been said there; ``refused``: it could not, and why."""

    wish: str
    receipt: str
    line: int
    refused: str
