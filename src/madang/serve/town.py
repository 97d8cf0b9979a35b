"""The town's own pages as a served neighbourhood has them: faces of municipality, neighbourhood and shops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from madang.kernel import Uuid7
from madang.places.faces import pages as face_pages
from madang.ui.desk import Desk

if TYPE_CHECKING:
    from madang.serve.site import Site


def routers(site: Site) -> list[APIRouter]:
    """Faces."""
    desk = Desk("places", site.db, site.clock, Uuid7(site.clock), site.pages, site.neighbourhood)
    return [face_pages.router(desk, approval=site.settings.face_approval)]
