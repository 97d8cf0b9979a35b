"""Taking a picture in: no bytes of its file go further, so nothing hidden in it does."""

from __future__ import annotations

from typing import NamedTuple


class Made(NamedTuple):
    """One size, ready to be stored (WebP)."""

    width: int
    height: int
    content: bytes


def resized(data: bytes) -> tuple[Made, ...]:
    """A JPEG, PNG or WebP picture in each width that is not wider than itself (a small one as it is), turned upright,
    in sRGB, on white.

    Raises ``TooLarge`` ``catalog.picture_too_large`` for too many bytes or pixels, before unpacking them; ``Invalid``
    ``catalog.bad_picture`` for what is no such picture, is broken, or too small to show.
    """
    from madang.catalog.pictures.drawing import drawn

    return drawn(data)
