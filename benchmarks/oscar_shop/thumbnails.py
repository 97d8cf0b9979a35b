"""A picture as it is, in place of one made smaller: less work for the shop that is compared."""

from __future__ import annotations

from typing import Any

from oscar.core.thumbnails import AbstractThumbnailer


class Picture:
    """What a template asks of a thumbnail."""

    def __init__(self, url: str) -> None:
        self.url, self.width, self.height = url, 300, 300


class AsItIs(AbstractThumbnailer):
    """Products here have no pictures: every one is the same "no picture"."""

    def generate_thumbnail(self, source: Any, **_opts: Any) -> Picture:
        return Picture(str(getattr(source, "url", source)))

    def delete_thumbnails(self, source: Any) -> None:
        """There is nothing to delete."""
