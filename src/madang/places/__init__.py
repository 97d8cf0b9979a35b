"""Places: the tree from the neighbourhood down to a shelf, and each shop with its layout.

A layout is a store.json document (``docs/recordings.md``); it is checked whole, with every fault named, before anything
is built on it, and kept by version. Others use ``Place``, ``Shop`` and the functions here.
"""

from madang.places.changing import in_use, rename_place, reopen_place
from madang.places.layout import check as check_layout
from madang.places.model import LayoutFault, Place, PlaceKind, Shop
from madang.places.service import add_place, add_shop, close_place, every, get, has_layout, path, shop, shops, within

__all__ = [
    "LayoutFault",
    "Place",
    "PlaceKind",
    "Shop",
    "add_place",
    "add_shop",
    "check_layout",
    "close_place",
    "every",
    "get",
    "has_layout",
    "in_use",
    "path",
    "rename_place",
    "reopen_place",
    "shop",
    "shops",
    "within",
]
