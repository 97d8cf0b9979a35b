"""Makes the tables, as many goods as said, and the index of the search: ``python fill.py PRODUCTS``. Says their ids."""

from __future__ import annotations

import sys

import django

django.setup()

from django.core.management import call_command
from oscar.core.loading import get_model

call_command("migrate", verbosity=0, interactive=False)
Product, Category = get_model("catalogue", "Product"), get_model("catalogue", "Category")
kind = get_model("catalogue", "ProductClass").objects.create(name="Goods", requires_shipping=True, track_stock=True)
shelf = Category.add_root(name="Shelf")
seller = get_model("partner", "Partner").objects.create(name="Shop")
Stock, InCategory = get_model("partner", "StockRecord"), get_model("catalogue", "ProductCategory")
get_model("address", "Country").objects.create(
    iso_3166_1_a2="KR", iso_3166_1_a3="KOR", iso_3166_1_numeric="410", printable_name="Korea", name="Korea",
    is_shipping_country=True,
)  # fmt: skip
products = Product.objects.bulk_create(
    Product(
        title=f"Product {i}", upc=f"P{i:04d}", slug=f"product-{i}", product_class=kind, is_public=True,
        structure=Product.STANDALONE,
    )
    for i in range(int(sys.argv[1]))
)  # fmt: skip
InCategory.objects.bulk_create(InCategory(product=one, category=shelf) for one in products)
Stock.objects.bulk_create(
    Stock(product=one, partner=seller, partner_sku=one.upc, price=1_000 + 10 * i, num_in_stock=1_000_000)
    for i, one in enumerate(products)
)
print(*(one.pk for one in products), sep="\n", flush=True)
call_command("rebuild_index", verbosity=0, interactive=False)
