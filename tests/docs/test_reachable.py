"""What can be done can be got at: everything public that changes something is called by a page, a file, a command, the
API or a job. Tests and the demo call functions directly, so neither of them would notice."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

SRC = Path(__file__).parents[2] / "src" / "madang"
ROOMS = ("catalog", "settlement", "vouchers", "payments", "storefront", "members")
CALLERS = (*ROOMS, "console", "doors", "edge", "serve", "walkout", "web")
"""Whose code is looked at; the demo is not among them, for it lets nobody in."""
DOORS = ("pages", "api", "desk", "command")
"""A room's own modules through which people and programs come in, by the end of their name."""
KNOWN: dict[str, str] = {
    "catalog.staff.shelve": "walk-out shops fill shelves by what their plates weigh; others keep no facings",
    "members.credentials.close_credential": "credentials end by their date; no page shows them to who gave them",
    "payments.gift_cards.rest_in_cash": "cash is no means here; the rest goes into the wallet",
    "settlement.payouts.set_account": "accounts are the members' own; an adapter will say a payout service's code",
}
"""No way leads to these: each with the reason. This may only shrink."""


@cache
def parsed() -> dict[Path, ast.Module]:
    """The files of ``CALLERS``."""
    files = [path for room in CALLERS for path in (SRC / room).rglob("*.py")]
    files = [path for path in files if not {"migrations", "engine"} & {*path.parts}]
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}


def room_of(path: Path) -> str:
    return path.relative_to(SRC).parts[0]


@cache
def names(node: ast.AST) -> frozenset[str]:
    """Every name that is used; what is only imported or listed is not."""
    found = set[str]()
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute):
            found.add(one.attr)
        elif isinstance(one, ast.Name):
            found.add(one.id)
    return frozenset(found)


@cache
def used_in(path: Path) -> frozenset[str]:
    return frozenset().union(*(names(node) for node in parsed()[path].body))


def functions(room: str) -> list[tuple[str, ast.FunctionDef]]:
    """(module, function) of a room's own functions."""
    return [
        (path.stem, node)
        for path, tree in parsed().items()
        if room_of(path) == room
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    ]


def entered(node: ast.stmt) -> bool:
    """Whether what stands in a module runs without being called by name: registries, classes, jobs."""
    return not isinstance(node, ast.FunctionDef) or bool(node.decorator_list)


@cache
def reached(room: str) -> frozenset[str]:
    """Names that are used by somebody outside the room, at one of its doors, where its modules are put together, or in
    a function that is reached itself."""
    found: set[str] = set()
    for path, tree in parsed().items():
        if room_of(path) != room or path.stem.endswith(DOORS):
            found |= used_in(path)
        else:
            found |= set[str]().union(*(names(node) for node in tree.body if entered(node)))
    known, waiting = set[str](), functions(room)
    while more := {one.name for _, one in waiting if one.name in found} - known:
        known |= more
        found |= set[str]().union(*(names(one) for _, one in waiting if one.name in more))
    return frozenset(found)


def changing(room: str) -> dict[str, str]:
    """``room.module.name`` by name of its public use cases: they take a transaction, who asks, and an instant.
    What a decorator registers is called by its name."""
    out = {}
    for module, one in functions(room):
        given = {arg.arg for arg in (*one.args.args, *one.args.kwonlyargs)}
        if not one.name.startswith("_") and not one.decorator_list and {"tx", "by", "at_us"} <= given:
            out[one.name] = f"{room}.{module}.{one.name}"
    return out


def test_everything_that_changes_something_can_be_got_at() -> None:
    lost = {where for room in ROOMS for name, where in changing(room).items() if name not in reached(room)}
    assert sorted(lost - KNOWN.keys()) == [], "give it a page, a file, a command, the API or a job; or take it away"
    assert sorted(KNOWN.keys() - lost) == [], "a way leads to it now: take it off the list"


def test_what_nobody_calls_would_be_found() -> None:
    assert "set_nothing_at_all" not in reached("catalog")
    assert {"set_prices", "set_bundles", "set_promotions", "set_listings"} <= changing("catalog").keys()
    assert "set_bundles" in reached("catalog"), "only the machinery of arranging calls it, and the console calls that"
    assert not any("set_bundles" in used_in(path) for path in parsed() if room_of(path) == "console")
