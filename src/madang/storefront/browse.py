"""The shop to look around in: front page, categories, collections, search, product pages; and what makes it an app."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from madang import catalog
from madang.catalog import Diet, Listing, pictures
from madang.catalog.search import Query, Sort, suggest
from madang.db import Tx
from madang.kernel import NotFound
from madang.storefront import browsing, drawing
from madang.storefront.front import Storefront
from madang.ui import TEXTS, assets, language_of
from madang.ui.access import everyone

PAGE = 24
OFFSET_MAX = 5_000
DRAWN = "public, max-age=86400"
KEPT = "public, max-age=31536000, immutable"
ALONE = "default-src 'none'; sandbox"


def router(shop: Storefront) -> APIRouter:
    """``/shops``, ``/pictures``, and the files of the installed app."""
    routes = APIRouter(include_in_schema=False, dependencies=[everyone])
    _shelves(routes, shop)
    _search(routes, shop)
    _pictures(routes, shop)
    _app(routes, shop)
    return routes


def _shelves(routes: APIRouter, here: Storefront) -> None:
    @routes.get("/shops", name="browse.shops")
    def shops(request: Request) -> Response:
        by = here.buyer(request)
        found = here.read(lambda tx: browsing.shops(tx, by))
        if len(found) == 1:
            return RedirectResponse(f"/shops/{found[0].id}", 303)
        return here.html(request, "browse/shops", shops=found)

    @routes.get("/shops/{shop}", name="browse.front")
    def front(request: Request, shop: str) -> Response:
        by, at_us = here.buyer(request), here.clock.now_us()
        found = here.read(lambda tx: browsing.front(tx, by, shop, at_us))
        return here.html(request, "browse/front", front=found, shop=found.shop, q="")

    @routes.get("/shops/{shop}/collections/{id}", name="browse.collection")
    def collection(request: Request, shop: str, id: str, offset: str = "") -> Response:
        by, at_us = here.buyer(request), here.clock.now_us()
        found = here.read(lambda tx: browsing.collection(tx, by, shop, id, at_us, _whole(offset)))
        return _listed(here, request, found, Query(offset=_whole(offset)), {})

    @routes.get("/shops/{shop}/products/{id}", name="browse.product")
    def product(request: Request, shop: str, id: str, sku: str = "") -> Response:
        by, at_us = here.buyer(request), here.clock.now_us()
        found = here.read(lambda tx: browsing.whole(tx, by, shop, id, at_us, sku or None))
        return here.html(request, "browse/product", of=found, shop=found.shop, q="", labels=_labels(found))


def _search(routes: APIRouter, here: Storefront) -> None:
    @routes.get("/shops/{shop}/search", name="browse.search")
    def search(request: Request, shop: str) -> Response:
        by, at_us = here.buyer(request), here.clock.now_us()
        query = _query(request, shop)
        found = here.read(lambda tx: browsing.results(tx, by, shop, query, at_us))
        return _listed(here, request, found, query, _kept(request))

    @routes.get("/shops/{shop}/suggest", name="browse.suggest")
    def suggestions(request: Request, shop: str, q: str = "") -> Response:
        by = here.buyer(request)

        def read(tx: Tx) -> list[catalog.search.Suggestion]:
            browsing.shop_of(tx, by, shop)
            return suggest(tx, by, q, sold_at=shop)

        found = here.read(read)
        return here.html(request, "browse/suggest", found=found, shop_id=shop)


def _listed(
    here: Storefront, request: Request, found: browsing.Results, query: Query, kept: dict[str, str]
) -> Response:
    def to(**change: object) -> str:
        """This page's address with some of what it asks for changed."""
        asked = {**kept, **{name: str(value) for name, value in change.items()}}
        asked = {name: value for name, value in asked.items() if value}
        return f"?{urlencode(asked)}" if asked else request.url.path

    more = query.offset + len(found.cards)
    return here.html(
        request, "browse/results", of=found, shop=found.shop, query=query, q=query.text, to=to, kept=kept,
        bands=browsing.band_ends(), sorts=list(Sort), diets={diet.value for diet in Diet},
        more=more if more < min(found.found.total, OFFSET_MAX) else None,
    )  # fmt: skip


def _query(request: Request, shop: str) -> Query:
    """What an address asks for; what makes no sense in it counts as not said."""
    asked = request.query_params
    diet, sort, band = asked.get("diet", ""), asked.get("sort", ""), asked.get("band", "")
    return Query(
        text=asked.get("q", ""),
        category=asked.get("category") or None,
        maker=asked.get("maker") or None,
        band=int(band) if band.isdecimal() and len(band) < 3 else None,
        diets=(Diet(diet),) if diet in set(Diet) else (),
        in_stock_at=shop if asked.get("stock") == "1" else None,
        sort=Sort(sort) if sort in set(Sort) else Sort.BEST,
        offset=_whole(asked.get("offset", "")),
        limit=PAGE,
    )


def _kept(request: Request) -> dict[str, str]:
    names = ("q", "category", "maker", "band", "diet", "stock", "sort")
    return {name: request.query_params[name] for name in names if request.query_params.get(name)}


def _whole(text: str) -> int:
    return min(OFFSET_MAX, int(text)) if text.isdecimal() and len(text) < 8 else 0


def _labels(found: browsing.Whole) -> dict[str, tuple[str, str]]:
    """What each choice is called, in Korean and English: its options, or the product's own name."""
    names = {axis.id: {option.id: (option.ko, option.en) for option in axis.options} for axis in found.listing.axes}
    out = {}
    for choice in found.choices:
        said = [names[axis][value] for axis, value in choice.options.items()]
        own = (choice.product.name_ko, choice.product.name_en)
        out[choice.product.id] = (" · ".join(ko for ko, _ in said), " · ".join(en for _, en in said)) if said else own
    return out


def _pictures(routes: APIRouter, here: Storefront) -> None:
    @routes.get("/pictures/drawn/{id}.svg", name="browse.drawn")
    def drawn(request: Request, id: str) -> Response:
        by = here.buyer(request)
        listing: Listing = here.read(lambda tx: catalog.listing(tx, by, id))
        words = (listing.name_en, *listing.keywords, listing.name_ko)
        svg = drawing.picture(listing.id, words, listing.form)
        return Response(svg, media_type="image/svg+xml", headers={"Cache-Control": DRAWN})

    @routes.get("/pictures/{picture}/{width}.webp", name="browse.picture")
    def photograph(request: Request, picture: UUID, width: int) -> Response:
        """One size of a picture; its content never changes, so browsers keep it."""
        by = request.state.by
        found = here.read(lambda tx: pictures.picture(tx, by, picture)).size(width)
        if found is None or here.files is None:
            raise NotFound(
                "storefront.no_picture",
                ko="그런 크기의 사진이 없습니다.",
                en="The picture has no such size.",
                next_ko="상품 화면에서 다시 여세요.",
                next_en="Open it again from the product's page.",
            )
        tag = f'"{found.sha256[:32]}"'
        headers = {"Cache-Control": KEPT, "ETag": tag, "Content-Security-Policy": ALONE}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(here.files.get(here.n, found.sha256), media_type="image/webp", headers=headers)


def _app(routes: APIRouter, here: Storefront) -> None:
    @routes.get("/manifest.webmanifest", name="browse.manifest")
    def manifest(request: Request) -> Response:
        language = language_of(request)
        said = TEXTS.part(language, "browse.app")
        icon = {"src": assets.url("ui/icon.svg"), "type": "image/svg+xml", "sizes": "any"}
        body = {
            "id": "/shops", "start_url": "/shops", "scope": "/", "display": "standalone", "lang": language,
            "name": said["name"], "short_name": said["short"], "description": said["note"],
            "background_color": "#f6f5f1", "theme_color": "#f6f5f1",
            "icons": [icon | {"purpose": "any"}, *_drawn_icons()],
        }  # fmt: skip
        return JSONResponse(body, media_type="application/manifest+json", headers={"Cache-Control": "no-cache"})

    @routes.get("/sw.js", name="browse.worker")
    def worker() -> Response:
        file = assets.files()["storefront/js/worker.js"].read_text(encoding="utf-8")
        shell = [assets.url(name) for name in SHELL]
        text = file.replace("__VERSION__", _version()).replace('"__SHELL__"', ", ".join(f'"{url}"' for url in shell))
        headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"}
        return Response(text, media_type="text/javascript; charset=utf-8", headers=headers)

    @routes.get("/offline", name="browse.offline")
    def offline(request: Request) -> Response:
        return here.html(request, "browse/offline")


SHELL = (
    "ui/css/base.css", "storefront/css/store.css", "storefront/css/browse.css", "ui/icon.svg",
    "ui/fonts/Pretendard-Regular.subset.woff2", "ui/fonts/Pretendard-SemiBold.subset.woff2",
    "ui/fonts/Pretendard-Bold.subset.woff2",
)  # fmt: skip


def _version() -> str:
    return hashlib.sha256(assets.version().encode()).hexdigest()[:12]


def _drawn_icons() -> list[dict[str, str]]:
    names = {"192x192": "storefront/icons/192.png", "512x512": "storefront/icons/512.png"}
    sizes = {size: name for size, name in names.items() if name in assets.files()}
    return [
        {"src": assets.url(name), "type": "image/png", "sizes": size, "purpose": purpose}
        for size, name in sizes.items()
        for purpose in ("any", "maskable")
    ]
