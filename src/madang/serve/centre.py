"""The neighbourhood's server: people and their wallets, the catalogue, and the door for shops' own machines."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from madang import jobs
from madang.console import waiting
from madang.db import Database, Tx, open_database
from madang.deals.links import Links
from madang.edge import api, taking, wishing
from madang.kernel import Actor, Clock, SystemClock, system
from madang.kernel.clock import SECOND_US
from madang.kernel.settings import Settings
from madang.serve import checkin, door, keys, site, unheard
from madang.serve.bookkeeping import Bookkeeping
from madang.serve.rounds import Rounds
from madang.walkout.desk import Desk
from madang.web import Shopfront, create_app, start


class Centre:
    """Opened by ``start``, ended by ``stop``; being killed instead loses nothing. ``edges`` are the shops' keys."""

    failure: BaseException | None = None

    def __init__(self, settings: Settings, edges: Mapping[str, bytes], *, clock: Clock | None = None) -> None:
        self.settings, self.edges, self.clock = settings, dict(edges), clock or SystemClock()
        self.by: Actor = system(settings.neighbourhood, "serve/centre")
        self.home = Path(settings.home)
        self.url = ""
        self._ends = contextlib.ExitStack()

    def start(self) -> None:
        """Open; whatever fails, all is let go of again."""
        with self._ends:
            self._open()
            self._ends = self._ends.pop_all()

    def stop(self) -> None:
        self._ends.close()

    def __enter__(self) -> Centre:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _open(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.db: Database = open_database(self.settings.database_url, clock=self.clock)
        self._ends.callback(self.db.close)
        n = self.by.neighbourhood
        worker = jobs.Worker(self.db, self.clock, neighbourhood=n, lease_us=self.settings.job_lease_s * SECOND_US)
        rounds = Rounds(self.clock)
        self.books = Bookkeeping(
            self.db, self.by, self.clock, self.home, also=lambda tx: taking.differences(tx, self.by, self.edges)
        )
        self.books.go_round(rounds)
        worker.start()
        self._ends.callback(worker.stop)
        rounds.start()
        self._ends.callback(rounds.stop)
        waiting.also("edge", unheard.waits)
        self._serve()

    def _serve(self) -> None:
        key, n = keys.operator_key(self.home), self.by.neighbourhood
        desk = door.router(
            self.db,
            self.clock,
            checkin.operator(n),
            None,
            allowed=lambda given: hmac.compare_digest(given.encode(), key.encode()),
            status=self.status,
            changed=lambda _deal: None,
        )
        machines = api.router(self.db, self.clock, n, self.edges)
        ours = site.Site(
            db=self.db,
            clock=self.clock,
            neighbourhood=n,
            home=self.home,
            settings=self.settings,
            links=Links([keys.kept_secret(self.home / "receipt-links.key")]),
        )
        more = [machines, desk, *site.routers(ours)]
        front = Shopfront(
            neighbourhood=n,
            desk=Desk(self.db, ours.links, self.clock, there=wishing.Wishes(self.edges)),
            more=more,
            clock=self.clock,
            language=self.settings.language,
            identify=site.identify(ours),
        )
        running = start(create_app(front), self.settings.host, self.settings.port)
        self._ends.callback(running.stop)
        self.url = running.url
        told = keys.address(self.home)
        keys.write_address(told, self.url)
        self._ends.callback(partial(told.unlink, missing_ok=True))

    def status(self) -> dict[str, Any]:
        """How the server does: ``ok`` is false when somebody should look; how far each shop's receipts have come."""

        def read(tx: Tx) -> dict[str, Any]:
            return {shop: taking.progress(tx, shop) for shop in sorted(self.edges)}

        n = self.by.neighbourhood
        return {
            "at_us": self.clock.now_us(),
            "ok": not self.books.faults,
            "faults": self.books.faults,
            "jobs": self.db.read(jobs.counts, neighbourhood=n),
            "edges": self.db.read(read, neighbourhood=n),
        }
