"""Our shop on a database, served as ``madang serve`` does it: ``python -m benchmarks.our_shop URL DIR GOODS BUYERS``.

Says its port and the buyers' session tokens in one line of JSON. The limits of requests are lifted: one address asks
for everybody here.
"""

from __future__ import annotations

import json
import secrets
import signal
import sys
from pathlib import Path

from benchmarks import orders
from madang.db import Database, open_database
from madang.deals.links import Links
from madang.guard.limits import Limit
from madang.kernel import Actor, cycles
from madang.kernel.settings import Settings
from madang.members import sessions
from madang.serve import site
from madang.web import Shopfront, create_app, edge, start


def signed_in(db: Database, buyer: Actor) -> str:
    """Begin a session; its token."""
    token, id, at_us = secrets.token_urlsafe(), orders._ids.new(), orders._clock.now_us()
    db.write(
        lambda tx: sessions.begin(
            tx, buyer, id=id, token=token, way="passkey", device="", proved_at_us=at_us, at_us=at_us
        ),
        neighbourhood=orders.N,
    )
    return token


def main(url: str, folder: str, goods: int, buyers: int) -> None:
    """Serve until it is terminated."""
    orders.PRODUCTS, orders.BUYERS = goods, buyers
    edge.READ = edge.WRITE = edge.ADDRESS = Limit(burst=10**9, per_s=10**9)
    with open_database(url) as db:
        tokens = [signed_in(db, buyer) for buyer in orders._open(db)]
        made = site.Site(
            db=db,
            clock=orders._clock,
            neighbourhood=orders.N,
            home=Path(folder),
            settings=Settings(home=folder),
            links=Links([b"l" * 32]),
        )
        shopfront = Shopfront(neighbourhood=orders.N, more=site.routers(made), identify=site.identify(made))
        served = start(create_app(shopfront), port=0)
        print(json.dumps({"port": int(served.url.rsplit(":", 1)[1].strip("/")), "tokens": tokens}), flush=True)
        with cycles.settled():  # as the program does when it has started
            signal.sigwait({signal.SIGTERM, signal.SIGINT})
        served.stop()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
