"""``/console/arranging``: the tree of categories, collections, and the files of everything else that arranges a shop;
and of one product, what labels and the law ask (particulars, 청약철회 제한)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang import catalog, settlement
from madang.catalog import Nature, NetUnit, Particulars, notices, sellers
from madang.catalog.arranging import ARRANGEMENTS, SHEETS, Sort, rows, sheets
from madang.console import kinds, service
from madang.console.desk import MAY
from madang.console.model import Change, Kind
from madang.console.order_pages import FORM
from madang.console.views import PRIVATE, Views
from madang.db import Database, Tx
from madang.kernel import Actor, Clock, Ids, Invalid, Role
from madang.settlement import Party
from madang.storefront import bases
from madang.storefront.model import WithdrawalBasis
from madang.storefront.world import experiences

Fields = list[tuple[str, str]]


class ArrangingDesk:
    """One transaction a call."""

    def __init__(self, db: Database, neighbourhood: str, clock: Clock, ids: Ids) -> None:
        self._db, self._n, self.clock, self.ids = db, neighbourhood, clock, ids

    def look(self, by: Actor) -> dict[str, Any]:
        """Categories with how deep they lie, collections, and how many there are of every sort."""

        def read(tx: Tx) -> dict[str, Any]:
            tree = catalog.categories(tx, by)
            above = {one.id: one.parent for one in tree}
            return {
                "categories": [(one, _depth(one.id, above)) for one in tree],
                "collections": catalog.collections(tx, by),
                "counts": {sort.value: len(sheets.mine(tx, by, sort)) for sort in SHEETS},
            }

        by.need(*MAY)
        return self._db.read(read, neighbourhood=self._n)

    def particulars(self, by: Actor, sku: str) -> tuple[Particulars, WithdrawalBasis | None]:
        """What is said of a product; nothing said gives the blank ones."""

        def read(tx: Tx) -> tuple[Particulars, WithdrawalBasis | None]:
            known = catalog.particulars(tx, by, [sku]).get(sku) or Particulars(sku=sku)
            said = bases.bases(tx, by, [sku]).get(sku)
            return known, said.basis if said else None

        by.need(*MAY)
        return self._db.read(read, neighbourhood=self._n)

    def seller(self, by: Actor, sku: str) -> tuple[str, list[Party]] | None:
        """For whom a product is sold ('': the shop), and whom it can be; None for who acts for one shop."""
        if by.shops or not by.may(Role.OPERATOR):
            return None

        def read(tx: Tx) -> tuple[str, list[Party]]:
            return sellers.sellers_of(tx, [sku]).get(sku, ""), settlement.selling(tx, by)

        return self._db.read(read, neighbourhood=self._n)

    def sold_with(self, by: Actor, sku: str) -> list[str]:
        """A product; with a session (or what an experience began with) those of the same experience that can still be
        booked and are sold for the same, so that none opened before is forgotten."""
        now_us = self.clock.now_us()

        def read(tx: Tx) -> list[str]:
            others = experiences.beside(tx, by, sku, now_us)
            of = sellers.sellers_of(tx, [sku, *others])
            return [sku, *(other for other in others if of.get(other) == of.get(sku))]

        return self._db.read(read, neighbourhood=self._n)

    def stage(self, by: Actor, wanted: Mapping[Kind, Mapping[str, dict[str, Any]]]) -> Change:
        id, at_us = self.ids.new(), self.clock.now_us()
        return self._db.write(
            lambda tx: service.stage_arranged(tx, by, wanted, id=id, at_us=at_us), neighbourhood=self._n
        )

    def now(self, by: Actor, sort: Sort, id: str) -> dict[str, Any] | None:
        return self._db.read(lambda tx: ARRANGEMENTS[sort].now(tx, by, [id]).get(id), neighbourhood=self._n)


def add(routes: APIRouter, desk: ArrangingDesk, views: Views) -> None:
    """For operators and staff; what is the whole neighbourhood's refuses who works in one shop."""

    @routes.get("/arranging", name="console.arranging")
    def arranging(request: Request) -> Response:
        by = request.state.by
        return views.show(request, "arranging", in_shop=bool(by.shops), diets=list(catalog.Diet), **desk.look(by))

    @routes.post("/arranging/categories", name="console.arranging.category")
    def category(request: Request, form: FORM) -> Response:
        said = dict(form)
        before = desk.now(request.state.by, Sort.CATEGORIES, _code(said)) or {}
        value: dict[str, Any] = {
            "id": _code(said), **_names(said), "parent": said.get("parent") or None,
            "position": _whole(said, "position"),
        }  # fmt: skip
        return _staged(desk, request, {Kind.CATEGORIES: {value["id"]: {**before, **value}}})

    @routes.post("/arranging/collections", name="console.arranging.collection")
    def collection(request: Request, form: FORM) -> Response:
        said = dict(form)
        before = desk.now(request.state.by, Sort.COLLECTIONS, _code(said)) or {}
        most = said.get("price_krw_max", "").strip()
        rule: dict[str, Any] = {
            "categories": [v for n, v in form if n == "category"], "makers": rows.split(said.get("makers", "")),
            "origins": rows.split(said.get("origins", "")), "diets": [v for n, v in form if n == "diet"],
            "keywords": rows.split(said.get("keywords", "")),
            "price_krw_max": _whole(said, "price_krw_max") if most else None,
        }  # fmt: skip
        value: dict[str, Any] = {
            "id": _code(said), **_names(said), "note_ko": said.get("note_ko", "").strip()[:2000],
            "note_en": said.get("note_en", "").strip()[:2000],
            "listings": list(dict.fromkeys(rows.split(said.get("listings", "")))),
            "rule": rule if any(one not in ([], None) for one in rule.values()) else None,
            "position": _whole(said, "position"),
        }  # fmt: skip
        return _staged(desk, request, {Kind.COLLECTIONS: {value["id"]: {**before, **value}}})

    @routes.post("/products/{product}/seller", name="console.product.seller")
    def seller(request: Request, product: str, form: FORM) -> Response:
        """For whom a product is sold, and with a session the others of its experience, to a preview."""
        request.state.by.need(Role.OPERATOR)
        seller = dict(form).get("seller", "")
        skus = desk.sold_with(request.state.by, product)
        return _staged(desk, request, {Kind.SELLERS: {sku: {"sku": sku, "seller": seller} for sku in skus}})

    @routes.post("/products/{product}/particulars", name="console.product.particulars")
    def particulars(request: Request, product: str, form: FORM) -> Response:
        """What labels, carriers, customs and the law ask of a product, to a preview."""
        said = dict(form)
        basis = said.get("basis", "")
        if basis not in ("", *WithdrawalBasis):
            raise _bad("basis")
        if basis not in ("", WithdrawalBasis.FREE) and said.get("told") != "yes":
            raise _not_told()
        known, _ = desk.particulars(request.state.by, product)
        new = msgspec.structs.replace(
            known, net=_whole(said, "net"), net_unit=NetUnit(said.get("net_unit") or "g"),
            packed_g=_whole(said, "packed_g"), hs=said.get("hs", "").replace(".", "").strip(),
            size_mm=(_whole(said, "length_mm"), _whole(said, "width_mm"), _whole(said, "height_mm")),
            natures=tuple(n for n in Nature if ("nature", n.value) in form),
            made_in=said.get("made_in", "").strip().upper() or "KR",
            notice=notices.read(said["notice"][:8_000]) if "notice" in said else known.notice,
        )  # fmt: skip
        return _staged(
            desk,
            request,
            {
                Kind.PARTICULARS: {} if new == known else {product: kinds.plain(new)},
                Kind.BASES: {product: {"sku": product, "basis": basis or None}},
            },
        )


def _staged(desk: ArrangingDesk, request: Request, wanted: Mapping[Kind, Mapping[str, dict[str, Any]]]) -> Response:
    change = desk.stage(request.state.by, wanted)
    return RedirectResponse(f"/console/changes/{change.id}", 303, headers=PRIVATE)


def _depth(id: str, above: Mapping[str, str | None]) -> int:
    steps, parent = 0, above.get(id)
    while parent is not None and steps < 10:
        steps, parent = steps + 1, above.get(parent)
    return steps


def _code(said: dict[str, str]) -> str:
    return said.get("id", "").strip()


def _names(said: dict[str, str]) -> dict[str, str]:
    ko = " ".join(said.get("name_ko", "").split())
    return {"name_ko": ko, "name_en": " ".join(said.get("name_en", "").split()) or ko}


def _whole(said: dict[str, str], name: str) -> int:
    text = said.get(name, "").replace(",", "").strip() or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise _bad(name)
    return int(text)


def _bad(field: str) -> Invalid:
    return Invalid(
        "console.bad_field",
        ko=f"{field} 칸의 값을 읽을 수 없습니다.",
        en=f"The field {field} cannot be read.",
        next_ko="0 이상의 정수로 적거나 목록에서 고르세요.",
        next_en="Write a whole number from 0, or choose from the list.",
        field=field,
    )


def _not_told() -> Invalid:
    return Invalid(
        "console.basis_not_told",
        ko="포장 등 소비자가 쉽게 알 수 있는 곳에도 적어야 청약철회를 제한할 수 있습니다(전자상거래법 제17조 제6항).",
        en="Withdrawal can be excepted only where the package or the like says so too (E-Commerce Act §17(6)).",
        next_ko="포장에 적었는지 확인하고 표시해 주세요.",
        next_en="See that the package says it, and tick the box.",
    )
