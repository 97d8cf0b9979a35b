"""The vocabulary of pictures."""

from __future__ import annotations

from uuid import UUID

import msgspec

BYTES_MAX = 12 * 1024 * 1024
PIXELS_MAX = 50_000_000
SIDE_MIN = 160  # pixels
PICTURES_MAX = 12
WIDTHS = (320, 640, 1280)
"""How wide the sizes are that a picture is kept in; none is made wider than it was."""
ALT_MAX = 200
MEDIA_TYPE = "image/webp"
FORMATS = ("JPEG", "PNG", "WEBP")
UNDO_D = 30
"""Days in which a picture that was taken away can be put back; then its bytes are destroyed."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a picture shows, for who cannot see it; empty where it adds nothing to the name."""

    ko: str = ""
    en: str = ""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """One size of a picture, kept in the store under its content's hash."""

    width: int
    height: int
    sha256: str
    bytes: int


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of a listing; ``sizes`` ascend in width and are never empty. The first by ``position`` stands for
    it."""

    id: UUID
    listing: str
    position: int
    words: Words
    sizes: tuple[Size, ...]
    added_at_us: int
    removed_at_us: int | None = None

    @property
    def width(self) -> int:
        return self.sizes[-1].width

    @property
    def height(self) -> int:
        return self.sizes[-1].height

    def size(self, width: int) -> Size | None:
        return next((size for size in self.sizes if size.width == width), None)
