"""What shoppers read of a product, as a form says it: one product's page, its variants and options.

The form is read as rows of the file of pages are (``catalog.listing_rows``), so both take and refuse the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from madang import catalog
from madang.catalog import Allergen, Diet, Form, Listing, RowError, listing_plans, ownership
from madang.catalog.listing import STORIES, State
from madang.catalog.listing_rows import LISTING_COLUMNS, written
from madang.catalog.spreadsheet import Row
from madang.console import new_product, service
from madang.console.model import Change
from madang.db import Database, Tx
from madang.kernel import Actor, Clock, Ids, Role

TEXTS = ("name_ko", "name_en", "maker", "maker_en", "origin", "origin_en", "keywords")
LONG = tuple(f"{what}_{language}" for what in STORIES for language in ("ko", "en"))
CHOSEN = ("category", "form", "state", "age_min", "abroad")
TICKED = ("allergens", "diets", "collections")
_MAY = (Role.OPERATOR, Role.STAFF)
Said = dict[str, Any]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A product's page as the form shows it: ``said`` by field, ``faults`` of what was sent."""

    sku: str
    listing: str
    name_ko: str
    name_en: str
    said: Said
    categories: tuple[tuple[str, str, str], ...]
    collections: tuple[Any, ...]
    faults: tuple[RowError, ...] = ()


class ListingDesk:
    """One transaction a call."""

    def __init__(self, db: Database, neighbourhood: str, clock: Clock, ids: Ids) -> None:
        self._db, self._n, self._clock, self._ids = db, neighbourhood, clock, ids

    def look(self, by: Actor, sku: str) -> Shown:
        """Raises ``NotFound`` for a product that is none or another shop's, ``Forbidden`` for one the reader may not
        change."""
        by.need(*_MAY)
        return self._db.read(lambda tx: _shown(tx, by, sku), neighbourhood=self._n)

    def stage(self, by: Actor, sku: str, form: Sequence[tuple[str, str]]) -> tuple[Change | None, Shown]:
        """The change a form asks for; with a fault in it nothing is staged and what was typed is given back."""
        id, at_us = self._ids.new(), self._clock.now_us()
        return self._db.write(lambda tx: _staged(tx, by, sku, form, id=id, at_us=at_us), neighbourhood=self._n)


def _staged(
    tx: Tx, by: Actor, sku: str, form: Sequence[tuple[str, str]], *, id: UUID, at_us: int
) -> tuple[Change | None, Shown]:
    by.need(*_MAY)
    before = _shown(tx, by, sku)
    said = asked(form)
    placed, faults = listing_plans.read(tx, by, rows(before.listing, said, before.said))
    if faults:
        return None, msgspec.structs.replace(before, said=said, faults=tuple(faults))
    ownership.need_own(tx, by, [one for _, page in placed for one in page.listing.skus])
    return service.stage_listings(tx, by, [page for _, page in placed], id=id, at_us=at_us), before


def asked(form: Sequence[tuple[str, str]]) -> Said:
    """What a form says, by field."""
    last = dict(form)
    said: Said = {name: " ".join(last.get(name, "").split()) for name in (*TEXTS, *CHOSEN)}
    said |= {name: last.get(name, "").replace("\r\n", "\n").strip() for name in (*LONG, "variants")}
    return said | {name: [value for field, value in form if field == name] for name in TICKED}


def rows(listing: str, said: Mapping[str, Any], before: Mapping[str, Any]) -> list[Row]:
    """The same as rows of a file: one for each line of ``variants``, ``SKU`` and its options. What had a line
    ``before`` and has none now has its own page again, but for the SKU the page is called by."""
    plain = {name: said[name] for name in (*TEXTS, *LONG, *CHOSEN)} | {"listing": listing}
    plain |= {name: ", ".join(said[name]) for name in TICKED}
    lines = _lines(said) or [[""]]
    out = [plain | {"sku": line[0], "options": line[1].strip() if len(line) > 1 else ""} for line in lines]
    gone = {line[0] for line in _lines(before)} - {line[0] for line in lines} - {listing}
    out += [{"sku": sku, "listing": sku, "options": ""} for sku in sorted(gone)]
    return [Row(number, cells) for number, cells in enumerate(out, 1)]


def _lines(said: Mapping[str, Any]) -> list[list[str]]:
    return [line.split(maxsplit=1) for line in said["variants"].split("\n") if line.strip()]


def _shown(tx: Tx, by: Actor, sku: str) -> Shown:
    product = catalog.kept_product(tx, by, sku)
    ownership.need_own(tx, by, [sku])
    id = catalog.listings_of(tx, by, [sku]).get(sku, sku)
    one = listing_plans.placed(tx, by, [id]).get(id)
    tree = {category.id: category for category in catalog.categories(tx, by)}
    said = _blank(sku, product.name_ko, product.name_en)
    if one is not None:
        said = _said(one.listing, one.collections, written(one, tree))
    return Shown(
        sku=sku, listing=id, name_ko=product.name_ko, name_en=product.name_en, said=said,
        categories=tuple(new_product.categories(tx, by)), collections=tuple(catalog.collections(tx, by)),
    )  # fmt: skip


def _blank(sku: str, name_ko: str, name_en: str) -> Said:
    said: Said = dict.fromkeys((*TEXTS, *LONG, *CHOSEN), "") | {name: [] for name in TICKED}
    return said | {"name_ko": name_ko, "name_en": name_en, "state": State.SHOWN.value, "form": Form.GOODS.value,
                   "variants": sku}  # fmt: skip


def _said(listing: Listing, collections: Sequence[str], file: Sequence[Sequence[str]]) -> Said:
    at = {name: i for i, name in enumerate(LISTING_COLUMNS)}
    said: Said = {name: getattr(listing, name) for name in (*(n for n in TEXTS if n != "keywords"), *LONG)}
    return said | {
        "keywords": ", ".join(listing.keywords), "category": listing.category or "", "form": listing.form.value,
        "state": listing.state.value, "age_min": str(listing.age_min or ""), "abroad": "yes" if listing.abroad else "",
        "allergens": [one.value for one in listing.allergens], "diets": [one.value for one in listing.diets],
        "collections": list(collections),
        "variants": "\n".join(f"{row[at['sku']]} {row[at['options']]}".strip() for row in file),
    }  # fmt: skip


ALLERGENS, DIETS, FORMS, STATES = tuple(Allergen), tuple(Diet), tuple(Form), tuple(State)
