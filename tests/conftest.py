"""Fixtures of every test: a fresh database of each kind, a clock that stands still, ids that repeat."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from tests.chromium import Chromium
from tests.lending import TEMPLATE, Lending

from madang.db import Database, open_database
from madang.db.private import PrivatePostgres, binaries
from madang.kernel import ManualClock, Uuid7

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Tests and the servers they start (some hundred processes) read compiled modules: 2 s of a core each instead of 7.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# How long an example takes says how busy the machine is, not what the program does.
settings.register_profile("madang", deadline=None)
settings.load_profile("madang")
ROOT = Path(__file__).resolve().parent.parent

# A tenth of all time went into looking through what lasts (modules, statements) for cycles.
gc.set_threshold(20_000, 20, 20)
_numbers = itertools.count(1)
_chromium = Chromium()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first, and those of the browser, or they would be all that runs at the end; what shares a module's
    fixture, or the browser, runs in one process, where it is made once."""
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, item.get_closest_marker("browser") is None))
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))
        elif _shares(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def _shares(item: pytest.Item) -> bool:
    fixtures = getattr(item, "_fixtureinfo").name2fixturedefs.values()  # noqa: B009
    return any(made[-1].scope == "module" for made in fixtures)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    if nextitem is None or nextitem.get_closest_marker("browser") is None:
        _chromium.close()


@pytest.fixture
def browser() -> Browser:
    """A headless Chromium, for what needs a context of its own."""
    return _chromium.browser()


@pytest.fixture
def lent_page() -> Iterator[Callable[..., Page]]:
    """Pages of the browser, empty and without cookies: ``width``, ``dark``, ``motion``, ``script``."""
    lent: list[tuple[Page, bool]] = []

    def lend(**asked: Any) -> Page:
        lent.append((_chromium.lend(**asked), asked.get("script", True)))
        return lent[-1][0]

    yield lend
    for page, script in lent:
        _chromium.take_back(page, script=script)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ids(clock: ManualClock) -> Uuid7:
    """The same ids in every run."""
    return Uuid7(clock, random.Random(1))


@pytest.fixture
def neighbourhood() -> str:
    return "n1"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recordings and data beside the repository; tests that need it skip where it is missing."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared (recordings and data), which is not on this machine")
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PrivatePostgres]:
    """A private server without fsync, one for each test process."""
    if binaries() is None:
        reason = "PostgreSQL is not installed (Debian: apt install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with PrivatePostgres() as server:
        yield server


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "madang.db"
    open_database(f"sqlite:///{path}", durable=False).close()
    return path


@pytest.fixture(scope="session")
def _lending(postgres_server: PrivatePostgres) -> Iterator[Lending]:
    open_database(postgres_server.create(TEMPLATE), durable=False).close()
    with contextlib.closing(Lending(postgres_server)) as lending:
        yield lending


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a fresh, migrated SQLite database."""
    path = tmp_path / "madang.db"
    shutil.copy(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_server: PrivatePostgres, _lending: Lending) -> Iterator[str]:
    """The address of a migrated PostgreSQL database without a row."""
    name = _lending.lend()
    yield postgres_server.url(name)
    _lending.take_back(name)


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def empty_postgres_url(postgres_server: PrivatePostgres) -> Iterator[str]:
    """The address of a PostgreSQL database without a table."""
    name = f"madang_empty_{next(_numbers)}"
    yield postgres_server.create(name)
    postgres_server.drop(name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What asks for a database is tested on both kinds, or on those the mark ``databases`` names (``soak``: and there
    on these)."""
    said = metafunc.definition.get_closest_marker("databases")
    kinds = ("sqlite", "postgres") if said is None else said.args
    soak = () if said is None else said.kwargs.get("soak", ())
    for name in ("db_url", "empty_url"):
        if name in metafunc.fixturenames:
            params = [pytest.param(kind, marks=_marks(kind, kind in soak)) for kind in (*kinds, *soak)]
            metafunc.parametrize(name, params, indirect=True)


def _marks(kind: str, soak: bool) -> list[pytest.MarkDecorator]:
    return [pytest.mark.postgres] * (kind == "postgres") + [pytest.mark.soak] * soak


@pytest.fixture
def db_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, migrated database, on SQLite and on PostgreSQL: for tests that open it themselves."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def empty_url(request: pytest.FixtureRequest) -> str:
    """The address of a database without a table, on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url


@pytest.fixture
def db(db_url: str, clock: ManualClock) -> Iterator[Database]:
    """A fresh, migrated database, on SQLite and on PostgreSQL."""
    with open_database(db_url, clock=clock, migrate=False, durable=False) as database:
        yield database
