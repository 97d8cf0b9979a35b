"""The catalogue: what can be sold, at what price from when, and where on the shelves it stands.

Prices are won with VAT, in force from an instant until the next one; one that has been in force is history and cannot
be changed. Spreadsheets come in all rows or none, with every fault named. Others use ``Product``, ``Price``,
``Facing`` and the functions here.
"""

from madang.catalog.gtin import valid as valid_gtin
from madang.catalog.imports import Sheet, import_csv
from madang.catalog.layouts import Stock, stock_of
from madang.catalog.model import EVERY_SHOP, Facing, Price, Product, Report, RowError, SoldBy, Vat
from madang.catalog.plans import Plan
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
    "Facing",
    "Plan",
    "Price",
    "Product",
    "Report",
    "RowError",
    "Sheet",
    "SoldBy",
    "Stock",
    "Vat",
    "add_products",
    "facings",
    "find_products",
    "import_csv",
    "price_at",
    "price_history",
    "product",
    "product_of_gtin",
    "products",
    "set_facings",
    "set_prices",
    "stock_of",
    "valid_gtin",
]
