"""How a shop is arranged: categories, collections, price lists, bundles, lowest prices, synonyms, promotions.

Each sort is an ``Arrangement``: what its objects are now, as plain JSON values, and how to make them something else.
So one machinery shows any of them before it is made and takes it back; ``sheets`` reads and writes them as files.
"""

from madang.catalog.arranging.kept import ARRANGEMENTS
from madang.catalog.arranging.model import Arrangement, Named, Sort, Value
from madang.catalog.arranging.sheets import SHEETS, read, written

__all__ = ["ARRANGEMENTS", "SHEETS", "Arrangement", "Named", "Sort", "Value", "read", "written"]
