"""Static files of every room under one address that changes when any of them does: browsers may keep them for good."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

ROOMS = Path(__file__).resolve().parent.parent
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


@cache
def files() -> dict[str, Path]:
    """Every static file by its public name, ``room/path``."""
    found: dict[str, Path] = {}
    for folder in sorted(ROOMS.glob("*/static")):
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.suffix in TYPES:
                found[f"{folder.parent.name}/{file.relative_to(folder).as_posix()}"] = file
    return found


@cache
def version() -> str:
    """Twelve hex digits over all names and contents."""
    digest = hashlib.sha256()
    for name, file in files().items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def url(name: str) -> str:
    """The address of a static file. Raises ``KeyError`` for one that is not there."""
    if name not in files():
        raise KeyError(f"no static file {name}")
    return f"/static/{version()}/{name}"
