"""The frame around everything that people who run things use: groups, the pages of each, and what waits on them.

One table, whichever room a page belongs to. A page shows the frame where its address lies under an entry and the reader
may open that entry; everything is then two taps away: its group, and the entry itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.requests import Request

from madang.kernel import Actor, Role
from madang.ui import session


@dataclass(frozen=True, slots=True)
class Told:
    """What the frame is told about a reader: how much waits on each entry, by its name; shops' names (ko, en) by id."""

    waits: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)


Tell = Callable[[Actor], Told]
"""It must be quick: every page of the frame asks."""
SERVING = (Role.OPERATOR, Role.STAFF)
MONEY = (Role.OPERATOR, Role.MERCHANT)


@dataclass(frozen=True, slots=True)
class Entry:
    """A page to go to, for who has one of ``roles``; ``route`` must be served. ``whole``: only for who acts for the
    whole neighbourhood; ``shop``: only for who acts for one shop, whose id stands for ``{shop}``."""

    name: str
    path: str
    route: str
    roles: tuple[Role, ...] = SERVING
    whole: bool = False
    shop: bool = False
    under: tuple[str, ...] = ()


_OPERATOR = (Role.OPERATOR,)
GROUPS: Mapping[str, tuple[Entry, ...]] = {
    "overview": (
        Entry("overview", "/console", "console"),
        Entry("trail", "/console/trail", "console.trail"),
        Entry("found", "/console/search", "console.search"),
    ),
    "orders": (
        Entry("orders", "/console/orders", "console.orders"),
        Entry("experiences", "/experiences", "experiences"),
    ),
    "goods": (
        Entry("products", "/console/products", "console.products", under=("/console/pictures", "/console/prices")),
        Entry("promotions", "/console/promotions", "console.promotions"),
        Entry("arranging", "/console/arranging", "console.arranging"),
        Entry("stock", "/console/stock", "console.stock"),
        Entry("changes", "/console/changes", "console.changes"),
        Entry("files", "/console/files", "console.files"),
        Entry("world", "/console/world", "console.world", _OPERATOR, whole=True),
    ),
    "money": (
        Entry("money", "/console/money", "console.money", MONEY),
        Entry("mine", "/settlement", "settlement", MONEY, shop=True),
        Entry(
            "settlement", "/console/settlement", "console.settlement", _OPERATOR, whole=True, under=("/settlement",),
        ),
        Entry("transfers", "/console/settlement/transfers", "console.transfers", _OPERATOR, whole=True),
        Entry(
            "documents", "/console/settlement/documents", "console.documents", _OPERATOR, whole=True,
            under=("/console/settlement/cash-receipts",),
        ),
        Entry("payments", "/console/payments", "console.payments"),
        Entry("reconcile", "/console/payments/reconcile", "console.reconcile", _OPERATOR, whole=True),
        Entry("vouchers", "/vouchers/shop/{shop}", "vouchers.shop", shop=True),
        Entry("issuer", "/issuer", "issuer", _OPERATOR, whole=True),
        Entry("credit", "/credit", "credit", MONEY),
    ),
    "people": (
        Entry("people", "/console/people", "console.people", MONEY),
        Entry("programs", "/console/programs", "console.programs", MONEY),
        Entry("adults", "/console/adults", "console.adults"),
        Entry("groups", "/groups", "groups", _OPERATOR, whole=True),
        Entry("mails", "/console/mails", "console.mails", _OPERATOR, whole=True),
        Entry("kept", "/console/kept", "console.kept", _OPERATOR, whole=True),
        Entry("incidents", "/console/incidents", "console.incidents", _OPERATOR, whole=True),
    ),
    "settings": (
        Entry("settings", "/console/settings", "console.settings"),
        Entry("places", "/console/places", "console.places", _OPERATOR, whole=True),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as one reader sees it; ``n`` waits there."""

    name: str
    path: str
    n: int = 0
    here: bool = False


@dataclass(frozen=True, slots=True)
class Nav:
    """``groups`` lead to their first entry and count all that waits in them; ``entries`` are those of the group that is
    open. ``crumbs`` (text key, path) lead back from a page that lies under an entry; ``shop`` and ``shops``: where the
    reader works, and could, by id with both names."""

    groups: tuple[Link, ...]
    entries: tuple[Link, ...]
    crumbs: tuple[tuple[str, str], ...]
    shop: str = ""
    shops: tuple[tuple[str, tuple[str, str]], ...] = ()


def of(request: Request, served: frozenset[str], tell: Tell | None) -> Nav | None:
    """The frame of a page; None for a page, or a reader, that has none."""
    path = request.url.path
    state = request.scope.get("state", {})
    if state.get("who") is None or not any(_under(path, one) for group in GROUPS.values() for one in group):
        return None
    by = session.working(request, *SERVING, named=str(request.path_params.get("shop", "")))
    if not by.may(*SERVING):
        return None
    mine = {name: _open(group, by, served) for name, group in GROUPS.items()}
    here = _here(path, [one for group in mine.values() for one in group], by)
    if here is None:
        return None
    told = tell(by) if tell is not None else Told()
    groups = tuple(
        Link(name, _path(group[0], by), sum(told.waits.get(one.name, 0) for one in group), here in group)
        for name, group in mine.items()
        if group
    )
    group = next(group for group in mine.values() if here in group)
    entries = tuple(Link(one.name, _path(one, by), told.waits.get(one.name, 0), one is here) for one in group)
    [shop] = by.shops if len(by.shops) == 1 else [""]
    shops = tuple((one, told.names.get(one, (one, one))) for one in session.workplaces(request, *SERVING))
    return Nav(groups, entries, _crumbs(groups, here, by, path), shop, shops)


def _open(group: tuple[Entry, ...], by: Actor, served: frozenset[str]) -> tuple[Entry, ...]:
    return tuple(
        one
        for one in group
        if one.route in served
        and by.may(*one.roles)
        and not (one.whole and by.shops)
        and not (one.shop and not by.shops)
    )


def _here(path: str, entries: list[Entry], by: Actor) -> Entry | None:
    """The entry whose address goes farthest along the page's."""
    fitting = [(len(start), one) for one in entries for start in (_path(one, by), *one.under) if _lies(path, start)]
    return max(fitting, key=lambda found: found[0])[1] if fitting else None


def _crumbs(groups: tuple[Link, ...], here: Entry, by: Actor, path: str) -> tuple[tuple[str, str], ...]:
    """Home, the group, the entry, each once and none of them the page itself."""
    group = next(one for one in groups if one.here)
    way = {_path(here, by): f"nav.{here.name}", group.path: f"group.{group.name}", "/console": "nav.overview"}
    return tuple((text, to) for to, text in reversed(way.items()) if to != path)


def _path(one: Entry, by: Actor) -> str:
    return one.path.replace("{shop}", quote(next(iter(by.shops), "")))


def _under(path: str, one: Entry) -> bool:
    return any(_lies(path, start.partition("/{")[0]) for start in (one.path, *one.under))


def _lies(path: str, start: str) -> bool:
    return path == start or path.startswith(start + "/")
