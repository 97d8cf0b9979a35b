"""Static files: kept for good under the address of their content, briefly under any other."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from madang.ui import access, assets

router = APIRouter(include_in_schema=False, dependencies=[access.everyone])
FOR_GOOD = "public, max-age=31536000, immutable"


@router.get("/static/{version}/{name:path}", name="static")
def static(version: str, name: str) -> Response:
    file = assets.files().get(name)
    if file is None:
        raise HTTPException(404)
    # A page of an earlier release asks under its own version: it gets today's file, but may not keep it.
    caching = FOR_GOOD if version == assets.version() else "no-cache"
    return FileResponse(file, media_type=assets.TYPES[file.suffix], headers={"Cache-Control": caching})


@router.get("/favicon.ico", name="favicon")
def favicon() -> Response:
    file = assets.files()["ui/icon.svg"]
    return FileResponse(file, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})
