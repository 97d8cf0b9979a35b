"""A shop below a neighbourhood's server, which is a process of its own and is killed while somebody shops."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from tests.serve.serve_shop import NEIGHBOURHOOD, PERSON, SHOP, Caller, batches, free_port, made, visit

from madang import ledger, members, payments
from madang.cli import main
from madang.db import Database, open_database
from madang.deals import receipts
from madang.deals.links import Links
from madang.kernel import Conflict, ManualClock, SystemClock, system
from madang.kernel.clock import HOUR_US
from madang.kernel.settings import Secret, Settings
from madang.serve import keys
from madang.serve.serving import Asked, Serving
from madang.walkout.records import Rules

BY = system(NEIGHBOURHOOD, "test")
KEY = "the key of the corner shop"
WAIT_S = 90.0


class Centre:
    """``madang serve --edges`` in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        (home / "edges.toml").write_text(f'{SHOP} = "{KEY}"', encoding="utf-8")
        self.caller = Caller(f"http://127.0.0.1:{self.port}", keys.operator_key(home))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["serve", "--edges", str(self.home / "edges.toml"), "--data", str(self.home), "--port", str(self.port)]
        code = "import sys; from madang.cli import main; sys.exit(main())"
        with (self.home / "out.log").open("a") as out:
            self._process = subprocess.Popen([sys.executable, "-c", code, *words], stdout=out, stderr=out)
        until(self._heard)

    def _heard(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return self.caller.get("/health").status_code == 200
        return False

    def kill(self, with_signal: int = signal.SIGKILL) -> None:
        assert self._process is not None
        os.kill(self._process.pid, with_signal)
        self._process.wait(30)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill(signal.SIGTERM)
        self.caller.close()


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.05)


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    home = tmp_path / "server"
    home.mkdir()
    made(home, f"sqlite:///{home / 'madang.db'}")
    found = Centre(home)
    try:
        yield found
    finally:
        found.close()


def below(tmp_path: Path, centre: Centre, clock: ManualClock) -> Serving:
    """The shop's own machine."""
    home = tmp_path / "shop"
    if not home.exists():
        home.mkdir()
        made(home, f"sqlite:///{home / 'madang.db'}")
    url = f"http://127.0.0.1:{centre.port}"
    settings = Settings(home=str(home), port=0, upstream=url, upstream_key=Secret(KEY))
    return Serving(settings, Asked(shop=SHOP, rules=Rules(5, 5_000), stock_as_planned=True), clock=clock)


def found(db: Database) -> list[receipts.Receipt]:
    return list(db.read(lambda tx: receipts.find(tx, BY, shop=SHOP), neighbourhood=NEIGHBOURHOOD).rows)


def at(receipt: receipts.Receipt, home: Path) -> str:
    return f"/r/{Links([keys.kept_secret(home / 'receipt-links.key')]).token(receipt.id)}"


def receipt_at(centre: Centre, receipt: receipts.Receipt) -> str:
    return str(centre.caller.get(at(receipt, centre.home)).text)


def dispute_at(centre: Centre, receipt: receipts.Receipt) -> None:
    """One tap on the server's page of the cheapest line: the button's own form."""
    line = min(receipt.lines, key=lambda one: one.amount_krw)
    path = f"{at(receipt, centre.home)}/wrong/{line.number}"
    with httpx.Client(base_url=f"http://127.0.0.1:{centre.port}", headers={"Accept": "text/html"}) as client:
        page = client.get(at(receipt, centre.home)).text
        form = page[page.index(f'action="{path}"') :].partition("</form>")[0]
        fields = dict(re.findall(r'name="(\w+)" value="([^"]+)"', form))
        answer = client.post(path, data=fields)
    assert answer.status_code == 303, answer.text
    assert "가게에 전함" in receipt_at(centre, receipt)


@pytest.mark.slow
def test_a_shop_sells_on_while_its_server_is_dead_and_hands_over_once(tmp_path: Path, centre: Centre) -> None:
    centre.start()
    answer = centre.caller.check_in(credential="c1", person=str(PERSON), top_up_krw=50_000)
    assert answer.status_code == 200, answer.text
    clock = ManualClock(SystemClock().now_us() - HOUR_US)  # the server runs by the real one
    with below(tmp_path, centre, clock) as shop:
        shop.start()
        caller = Caller(shop.url, keys.operator_key(tmp_path / "shop"))
        until(lambda: caller.status()["uplink"]["up"])
        assert caller.check_in(credential="c9").json()["code"] == "serve.codes_upstream"
        centre.kill()
        sent, truth = visit(clock.now_us())
        for at_us, batch in batches(sent):
            clock.set(at_us)
            caller.sense(batch)
        for _ in range(40):
            clock.advance(us=200_000)
            shop.gateway.tick()
        until(lambda: caller.status()["uplink"]["receipts"] == 1)
        told = caller.status()["uplink"]
        assert (told["up"], told["uncovered_krw"]) == (False, 0)
        assert caller.snapshot()["uplink"]["up"] is False
        here = found(shop.db)
        assert {line.product: line.qty for line in here[0].lines} == truth
        centre.start()
        until(lambda: caller.status()["uplink"]["receipts"] == 0)
        until(lambda: caller.status()["uplink"]["up"])
        said = centre.caller.status()["edges"][SHOP]
        assert (said["receipts"], said["total_krw"]) == (1, here[0].total_krw)
        dispute_at(centre, here[0])
        until(lambda: bool(clock.advance(us=1_000_000)) or "환불됨" in receipt_at(centre, here[0]))
        caller.close()
        assert shop.books.check()
        here = found(shop.db)
        assert len(here) == 2, "what was called wrong at the server was paid back by the shop"
    centre.close()
    with open_database(f"sqlite:///{centre.home / 'madang.db'}") as db:
        assert found(db) == here
        wallet = db.read(
            lambda tx: ledger.balance(tx, payments.wallet(str(PERSON))).posted, neighbourhood=NEIGHBOURHOOD
        )
        assert wallet == 50_000 - sum(one.total_krw for one in here)
        assert db.read(ledger.check, neighbourhood=NEIGHBOURHOOD).ok


def test_a_shop_opens_while_its_server_is_down_but_not_without_its_address(tmp_path: Path, centre: Centre) -> None:
    with below(tmp_path, centre, ManualClock()) as shop:
        shop.start()
        until(lambda: shop.sending is not None and bool(shop.sending.link.fault))
        assert shop.db.read(lambda tx: members.people_of(tx, BY, ["c1"]), neighbourhood=NEIGHBOURHOOD) == {}
    alone = msgspec.structs.replace(shop.settings, upstream="")
    with Serving(alone, shop.asked, clock=ManualClock()) as again, pytest.raises(Conflict) as fault:
        again.start()
    assert fault.value.code == "serve.no_upstream"


def test_serving_nothing_says_what_could_be_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--data", str(tmp_path)]) == 1
    assert "--edges" in capsys.readouterr().err
