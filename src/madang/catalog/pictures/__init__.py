"""Pictures of goods: what is taken in is checked by its content and drawn anew in a few sizes, so that nothing of the
file itself (its name, its place, its camera) is kept; several for a listing, in order, each said in words.
"""

from madang.catalog.pictures.model import BYTES_MAX, PICTURES_MAX, WIDTHS, Picture, Size, Words
from madang.catalog.pictures.service import (
    add,
    describe,
    forget,
    gallery,
    move,
    of_listings,
    picture,
    remove,
    restore,
)
from madang.catalog.pictures.taking import Made, resized

__all__ = [
    "BYTES_MAX",
    "PICTURES_MAX",
    "WIDTHS",
    "Made",
    "Picture",
    "Size",
    "Words",
    "add",
    "describe",
    "forget",
    "gallery",
    "move",
    "of_listings",
    "picture",
    "remove",
    "resized",
    "restore",
]
