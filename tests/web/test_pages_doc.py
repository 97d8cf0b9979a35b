"""docs/pages.md names every address and every event there is."""

import re
from pathlib import Path

from tests.serve.desk_stage import Stage
from tests.small_desk import SmallDesk

from madang.db import open_database
from madang.web import Shopfront, create_app
from madang.web.routes import addresses

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "pages.md").read_text()


def test_every_address_is_described(sqlite_url: str, tmp_path: Path) -> None:
    with open_database(sqlite_url, durable=False, migrate=False) as db:
        app = create_app(Shopfront(neighbourhood="n1", desk=SmallDesk(), more=Stage(db, tmp_path).door.routers))
    for found in addresses(app):
        path = found.path.replace("{name:path}", "…")
        assert f"`{path}`" in TEXT or path == "/favicon.ico", path


def test_every_event_is_described() -> None:
    source = (ROOT / "src" / "madang" / "walkout" / "live.py").read_text()
    events = set(re.findall(r'self\._(?:replace|happen)\("(\w+)"', source))
    often = {"clock", "people", "gate", "move", "cart", "receipt", "stock"}
    assert events == often | {"books", "glimpse", "health", "totals", "promise", "uplink"}
    for event in events - {"glimpse"}:
        assert f"| `{event}` |" in TEXT
    assert "`glimpse` (here alone)" in TEXT, "told to one phone, not on the live page"
