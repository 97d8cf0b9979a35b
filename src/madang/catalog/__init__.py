"""The catalogue: what can be sold, at what price from when, where it lies, and what shoppers see of it.

A ``Product`` is one sellable thing, a SKU; a ``Listing`` is what has a page, with its SKUs as variants.
Prices are won with VAT, in force from an instant until the next one; one that has been in force is history and cannot
be changed. Spreadsheets come in all rows or none, with every fault named. Others use ``Product``, ``Price``,
``Facing`` and the functions here.
"""

from madang.catalog import pictures, search, stock
from madang.catalog.collected import collected
from madang.catalog.gtin import valid as valid_gtin
from madang.catalog.imports import Sheet, import_csv
from madang.catalog.layouts import Stock, stock_of
from madang.catalog.listing import (
    Allergen,
    Axis,
    Bundle,
    Category,
    Collection,
    Diet,
    Form,
    Listing,
    Option,
    Rule,
    State,
    Variant,
)
from madang.catalog.listings import (
    bundles,
    categories,
    collections,
    listing,
    listings,
    listings_abroad,
    listings_of,
    set_bundles,
    set_categories,
    set_collections,
    set_listings,
)
from madang.catalog.model import EVERY_SHOP, Facing, Price, Product, Report, RowError, SoldBy, Vat
from madang.catalog.particular_service import particulars, set_particulars
from madang.catalog.particulars import Nature, NetUnit, Particulars, PerUnit, unit_price
from madang.catalog.plans import Plan
from madang.catalog.promotion import NForM, Off, OffBasket, Percent, PriceList, Promotion, SetPart, SetPrice, UnitPrice
from madang.catalog.promotions import promotions, redeem, set_floors, set_price_list, set_promotions, unredeem
from madang.catalog.quote import NOBODY, Applied, Ask, Deal, Part, Priced, PriceTag, Quote, Refused, Shopper, Step
from madang.catalog.quoting import price_tags, quote
from madang.catalog.service import (
    add_products,
    facings,
    find_products,
    price_at,
    price_history,
    product,
    product_of_gtin,
    products,
    set_facings,
    set_prices,
)

__all__ = [
    "EVERY_SHOP",
    "NOBODY",
    "Allergen",
    "Applied",
    "Ask",
    "Axis",
    "Bundle",
    "Category",
    "Collection",
    "Deal",
    "Diet",
    "Facing",
    "Form",
    "Listing",
    "NForM",
    "Nature",
    "NetUnit",
    "Off",
    "OffBasket",
    "Option",
    "Part",
    "Particulars",
    "PerUnit",
    "Percent",
    "Plan",
    "Price",
    "PriceList",
    "PriceTag",
    "Priced",
    "Product",
    "Promotion",
    "Quote",
    "Refused",
    "Report",
    "RowError",
    "Rule",
    "SetPart",
    "SetPrice",
    "Sheet",
    "Shopper",
    "SoldBy",
    "State",
    "Step",
    "Stock",
    "UnitPrice",
    "Variant",
    "Vat",
    "add_products",
    "bundles",
    "categories",
    "collected",
    "collections",
    "facings",
    "find_products",
    "import_csv",
    "listing",
    "listings",
    "listings_abroad",
    "listings_of",
    "particulars",
    "pictures",
    "price_at",
    "price_history",
    "price_tags",
    "product",
    "product_of_gtin",
    "products",
    "promotions",
    "quote",
    "redeem",
    "search",
    "set_bundles",
    "set_categories",
    "set_collections",
    "set_facings",
    "set_floors",
    "set_listings",
    "set_particulars",
    "set_price_list",
    "set_prices",
    "set_promotions",
    "stock",
    "stock_of",
    "unit_price",
    "unredeem",
    "valid_gtin",
]
