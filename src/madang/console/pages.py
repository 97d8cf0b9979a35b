"""The console's pages: an overview, products, changes with preview and undo, files in and out, who did what, search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.catalog import Nature, Product, RowError, Sheet, SoldBy, Vat, notices
from madang.catalog.filtering import Only
from madang.catalog.spreadsheet import BYTES_MAX
from madang.console import (
    adult_pages,
    arranging_pages,
    bulk_pages,
    faults,
    learned_pages,
    listing_pages,
    money_pages,
    new_product_pages,
    order_pages,
    people_pages,
    place_pages,
    program_pages,
    promotion_pages,
    saying,
    settings_pages,
    stock_file_pages,
    stock_pages,
)
from madang.console.arranging_pages import ArrangingDesk
from madang.console.desk import ConsoleDesk
from madang.console.listing_form import ListingDesk
from madang.console.model import Change, Kind
from madang.console.money_desk import MoneyDesk
from madang.console.order_desk import OrderDesk
from madang.console.people_desk import PeopleDesk
from madang.console.premises import PlacesDesk
from madang.console.promotion_desk import PromotionDesk
from madang.console.repricing import STEPS_KRW, How, Rule
from madang.console.settings_pages import SettingsDesk
from madang.console.stock_sheets import StockSheets
from madang.console.stockroom import Stockroom
from madang.console.views import PRIVATE, Views
from madang.kernel import Actor, Invalid, Role
from madang.storefront.model import WithdrawalBasis
from madang.ui import Pages, access, language_of
from madang.ui.navigation import SERVING
from madang.ui.session import SHOP_COOKIE, workplaces

EDITS_SHOWN = 200
_SHEETS = [sheet.value for sheet in Sheet if sheet is not Sheet.PLANOGRAM]
Text = Annotated[str, Form(max_length=200)]


def router(
    desk: ConsoleDesk,
    stockroom: Stockroom,
    orders: OrderDesk,
    money: MoneyDesk,
    pages: Pages,
    people: PeopleDesk | None = None,
    settings: SettingsDesk | None = None,
    promotions: PromotionDesk | None = None,
    arranging: ArrangingDesk | None = None,
    premises: PlacesDesk | None = None,
    listings: ListingDesk | None = None,
    sheets: StockSheets | None = None,
) -> APIRouter:
    """``/console`` and what lies under it, for operators, staff and merchants: each where they work."""
    may = [access.working(Role.OPERATOR, Role.STAFF)]
    routes = APIRouter(prefix="/console", include_in_schema=False, dependencies=may)
    views = Views(pages)
    _looking(routes, desk, views)
    new_product_pages.add(routes, desk, views)
    bulk_pages.add(routes, desk)
    _products(routes, desk, views, arranging)
    _changes(routes, desk, views)
    _files(routes, desk, views, stockroom)
    _shops(routes)
    adult_pages.add(routes, desk, views)
    stock_pages.add(routes, stockroom, views)
    order_pages.add(routes, orders, views)
    money_pages.add(routes, money, views)
    if people is not None:
        people_pages.add(routes, people, views)
        program_pages.add(routes, people, views)
    if settings is not None:
        settings_pages.add(routes, settings, views)
        learned_pages.add(routes, settings, views)
    if promotions is not None:
        promotion_pages.add(routes, promotions, views)
    if arranging is not None:
        arranging_pages.add(routes, arranging, views)
    if listings is not None:
        listing_pages.add(routes, listings, views)
    if sheets is not None:
        stock_file_pages.add(routes, sheets, views)
    if premises is not None:
        place_pages.add(routes, premises, views)
    return routes


def _looking(routes: APIRouter, desk: ConsoleDesk, views: Views) -> None:
    @routes.get("", name="console")
    def overview(request: Request) -> Response:
        by = _by(request)
        recent = desk.trail(by, "", None)[:8]
        told = desk.told(by, recent, language_of(request))
        return views.show(request, "overview", sums=desk.overview(by), recent=recent, told=told)

    @routes.get("/search", name="console.search")
    def search(request: Request, q: str = "") -> Response:
        return views.show(request, "search", q=q, found=desk.search(_by(request), q[:100]))

    @routes.get("/trail", name="console.trail")
    def trail(request: Request, about: str = "", who: str = "", before: int | None = None) -> Response:
        facts = desk.trail(_by(request), about[:200], before, who=who[:80])
        more = urlencode({"about": about, "who": who, "before": facts[-1].seq}) if len(facts) == 50 else ""
        told = desk.told(_by(request), facts, language_of(request))
        return views.show(request, "trail", facts=facts, told=told, about=about, who=who, more=more, body=_body)


def _shops(routes: APIRouter) -> None:
    @routes.post("/shop", name="console.choose")
    def choose(request: Request, shop: Annotated[str, Form(max_length=64)]) -> Response:
        """Which of one's shops to work in: a cookie that says so; it opens nothing one has no role for."""
        answer = RedirectResponse("/console", 303, headers=PRIVATE)
        if shop in workplaces(request, *SERVING):
            answer.set_cookie(SHOP_COOKIE, shop, httponly=True, samesite="lax", path="/")
        return answer


def _products(routes: APIRouter, desk: ConsoleDesk, views: Views, arranging: ArrangingDesk | None) -> None:
    @routes.get("/products", name="console.products")
    def products(
        request: Request, q: str = "", cursor: str | None = None, of: str = "", category: str = "", only: str = ""
    ) -> Response:
        by = _by(request)
        wanted = bulk_pages.asked(by, q, of, category, only)
        page = desk.products(by, wanted, cursor)
        kept = {"q": wanted.q, "of": "shared" if wanted.shared else "", "category": category, "only": wanted.only}
        kept = {name: value for name, value in kept.items() if value}
        more = urlencode(kept | {"cursor": page.next}) if page.next else ""
        return views.show(
            request, "products", page=page, q=wanted.q, more=more, steps=STEPS_KRW, hows=list(How), wanted=wanted,
            kept=kept, of=kept.get("of", ""), in_shop=bool(by.shops), onlys=list(Only), chosen=desk.choices(by),
            vats=[Vat.TAXABLE, Vat.EXEMPT],
        )  # fmt: skip

    @routes.get("/products/{product}", name="console.product")
    def product(request: Request, product: str, sort: str = "") -> Response:
        by = _by(request)
        one = desk.product(by, product)
        return views.show(
            request, "product", product=one.product, one=one, prices=one.prices, facts=one.facts,
            vats=[Vat.TAXABLE, Vat.EXEMPT], units=list(SoldBy), now_us=desk.clock.now_us(), in_shop=bool(by.shops),
            natures=list(Nature), bases=list(WithdrawalBasis), sorts=notices.SORTS, sort=sort, notice=notices.written,
            asked=None if arranging is None else arranging.particulars(by, product),
            seller=None if arranging is None else arranging.seller(by, product),
        )  # fmt: skip

    @routes.post("/products/{product}/price", name="console.product.price")
    def price(request: Request, product: str, price_krw: Text) -> Response:
        number = _whole(price_krw)
        if number is None:
            raise faults.nothing_chosen()
        return _to(desk.price(_by(request), product, number))

    @routes.post("/products/{product}", name="console.product.edit")
    def edit(
        request: Request,
        product: str,
        name_ko: Text,
        vat: Annotated[Vat, Form()],
        sold_by: Annotated[SoldBy, Form()],
        name_en: Text = "",
        gtin: Text = "",
        unit_weight_g: Text = "",
        shelf_life_d: Text = "",
        kind: Text = "",
    ) -> Response:
        known = desk.product(_by(request), product).product
        new = Product(
            id=product, name_ko=name_ko.strip(), name_en=name_en.strip() or name_ko.strip(), vat=vat, sold_by=sold_by,
            gtin=gtin.strip() or None, unit_weight_g=_number(unit_weight_g), unit_weight_sd_g=known.unit_weight_sd_g,
            shelf_life_d=_whole(shelf_life_d), kind=kind.strip() or None,
        )  # fmt: skip
        return _to(desk.edit(_by(request), new))

    @routes.post("/prices", name="console.reprice")
    def reprice(
        request: Request,
        how: Annotated[How, Form()],
        value: Text,
        step_krw: Annotated[int, Form()] = 10,
        product: Annotated[list[str] | None, Form(max_length=200)] = None,
        whole: Annotated[str, Form(max_length=3)] = "",
        q: Text = "",
        of: Text = "",
        category: Text = "",
        only: Text = "",
    ) -> Response:
        by, number = _by(request), _number(value)
        chosen = desk.chosen(by, product or (), bulk_pages.asked(by, q, of, category, only) if whole else None)
        if number is None or not chosen:
            raise faults.nothing_chosen()
        return _to(desk.reprice(by, chosen, Rule(how=how, value=number, step_krw=step_krw)))


def _changes(routes: APIRouter, desk: ConsoleDesk, views: Views) -> None:
    @routes.get("/changes", name="console.changes")
    def changes(request: Request, cursor: str | None = None) -> Response:
        page = desk.changes(_by(request), cursor)
        return views.show(request, "changes", page=page, more=urlencode({"cursor": page.next}) if page.next else "")

    @routes.get("/changes/{change}", name="console.change")
    def change(request: Request, change: UUID) -> Response:
        found, products, there, tree = desk.change(_by(request), change)
        lang = language_of(request)
        shops, shelves = (
            {id: one.name_ko if lang == "ko" else one.name_en for id, one in named.items()} for named in (there, tree)
        )
        say = lambda field, value: saying.said(field, value, lang)  # noqa: E731 - for the template
        return views.show(
            request, "change", change=found, products=products, shown=EDITS_SHOWN, say=say, fresh=_fresh(found),
            shops=shops, shelves=shelves,
        )  # fmt: skip

    @routes.post("/changes/{change}/apply", name="console.change.apply")
    def apply(request: Request, change: UUID) -> Response:
        return _to(desk.apply(_by(request), change))

    @routes.post("/changes/{change}/undo", name="console.change.undo")
    def undo(request: Request, change: UUID) -> Response:
        return _to(desk.undo(_by(request), change))


def _files(routes: APIRouter, desk: ConsoleDesk, views: Views, stockroom: Stockroom) -> None:
    def show(request: Request, wrong: Sequence[RowError] = (), name: str = "") -> Response:
        kept = stockroom.places(_by(request))
        return views.show(request, "files", faults=wrong, name=name, sheets=_SHEETS, kept=kept)

    @routes.get("/files", name="console.files")
    def files(request: Request) -> Response:
        return show(request)

    @routes.post("/files", name="console.files.take")
    def take(request: Request, sheet: Annotated[Sheet, Form()], file: Annotated[UploadFile, File()]) -> Response:
        data = file.file.read(BYTES_MAX + 1)
        if not data:
            raise faults.no_file()
        change, wrong = desk.take(_by(request), sheet, data)
        return show(request, wrong, file.filename or "") if change is None else _to(change)

    @routes.get("/files/{sheet}.{form}", name="console.files.give")
    def give(request: Request, sheet: Sheet, form: str) -> Response:
        if form not in ("csv", "xlsx") or sheet is Sheet.PLANOGRAM:
            raise faults.no_such_file()
        content, media, name = desk.export(_by(request), sheet, form)
        headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=media, headers=headers)


def _fresh(change: Change) -> str:
    """The one product a change added, where it added one."""
    added = {edit.object for edit in change.edits if edit.before is None and change.kind_of(edit) is Kind.PRODUCTS}
    return added.pop() if len(added) == 1 else ""


def _by(request: Request) -> Actor:
    by: Actor = request.state.by
    return by


def _to(change: Change) -> Response:
    return RedirectResponse(f"/console/changes/{change.id}", 303, headers=PRIVATE)


def _body(fact: Any) -> list[tuple[str, str]]:
    """(field, value) of what a fact says, short enough for a row."""
    return [(name, str(getattr(fact.body, name))[:60]) for name in fact.body.__struct_fields__]


def _number(text: str) -> float | None:
    plain = text.replace(",", "").replace("원", "").replace("%", "").strip()
    if not plain:
        return None
    try:
        return float(plain)
    except ValueError:
        raise Invalid(
            "console.not_a_number",
            ko=f"'{text}'은(는) 숫자가 아닙니다.",
            en=f"'{text}' is not a number.",
            next_ko="숫자로 적어 주세요. 예: -10, 1,200",
            next_en="Write a number, for instance -10 or 1,200.",
        ) from None


def _whole(text: str) -> int | None:
    number = _number(text)
    return None if number is None else round(number)
