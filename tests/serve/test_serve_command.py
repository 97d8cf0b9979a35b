"""``madang serve`` in a process of its own, killed while it works; and what it says when it cannot."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.serve.serve_shop import SHOP, Caller, batches, free_port, left_us, made, visit

from madang import ledger
from madang.cli import main
from madang.db import open_database
from madang.kernel import SystemClock, system
from madang.serve import keys
from madang.walkout import conservation

START_S = 120


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command sends the program's logs elsewhere; tests of logs come after us."""
    yield
    logging.getLogger("madang").propagate = True


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with the shop."""
    made(tmp_path, f"sqlite:///{tmp_path / 'madang.db'}")
    return tmp_path


class Process:
    """``madang serve`` in a process of its own."""

    def __init__(self, home: Path, port: int) -> None:
        words = ["serve", "--shop", SHOP, "--data", str(home), "--port", str(port), "--stock-as-planned"]
        code = "import sys; from madang.cli import main; sys.exit(main())"
        self._log = (home / "out.log").open("a")
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, *words], stdout=self._log, stderr=self._log, env={**os.environ}
        )
        self.caller = Caller(f"http://127.0.0.1:{port}", keys.operator_key(home))
        self._until_open()

    def _until_open(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if self.caller.get("/health").status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"it did not open: {Path(self._log.name).read_text()}")

    def end(self, number: int) -> int:
        self._process.send_signal(number)
        self.caller.close()
        self._log.close()
        return self._process.wait(20)


@contextlib.contextmanager
def opened(home: Path, port: int) -> Iterator[Process]:
    process = Process(home, port)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.end(signal.SIGKILL)


@pytest.mark.slow
def test_a_killed_shop_sells_on_and_one_whose_log_is_lost_begins_it_anew(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    with opened(home, port) as process:
        assert issued("c1", home) == 0  # by the process that has the database
        assert "wallet ₩20,000" in capsys.readouterr().out
        assert issued("c1", home) == 1
        assert "members.credential_taken" in capsys.readouterr().err
        sent, truth = visit(SystemClock().now_us(), "c1")
        assert new_log(home) == 1
        assert "db.in_use" in capsys.readouterr().err
        speak(process.caller, [one for one in sent if one[0] < left_us(sent) + 1_200_000])
        assert process.caller.snapshot()["receipts"] == []
        process.end(signal.SIGKILL)
    with opened(home, port) as process:
        speak(process.caller, sent)
        (receipt,) = wait_for_receipt(process.caller)
        assert (receipt["items"], receipt["state"]) == (sum(truth.values()), "charged")
        assert process.caller.get(str(receipt["url"])).status_code == 200
        assert sum(device["batches"] for device in process.caller.status()["devices"]) == len(sent)
        assert process.end(signal.SIGTERM) == 0
    assert not keys.address(home).exists()
    books_agree(home)
    shutil.rmtree(home / "shops" / SHOP / "sensorlog")
    assert main(["serve", "--shop", SHOP, "--data", str(home), "--port", "0", "--lang", "en"]) == 1
    assert "madang new-log" in capsys.readouterr().err
    assert new_log(home) == 0
    assert "begins anew at position" in capsys.readouterr().out
    assert new_log(home) == 0
    assert "sound" in capsys.readouterr().out
    with opened(home, port) as process:
        assert process.end(signal.SIGTERM) == 0
    books_agree(home)


def books_agree(home: Path) -> None:
    with open_database(f"sqlite:///{home / 'madang.db'}") as db:
        by = system("n1", "test")
        assert db.read(lambda tx: ledger.check(tx).ok, neighbourhood="n1")
        assert db.read(lambda tx: conservation.differences(tx, by, SHOP), neighbourhood="n1") == []


def new_log(home: Path, shop: str = SHOP) -> int:
    return main(["new-log", "--shop", shop, "--data", str(home), "--lang", "en"])


def issued(code: str, home: Path) -> int:
    return main(["credential", code, "--data", str(home), "--top-up", "20000", "--lang", "en"])


def speak(caller: Caller, sent: list[tuple[int, bytes]]) -> None:
    """Send each batch at its time; what should have been sent before is sent at once."""
    for at_us, batch in batches(sent):
        time.sleep(max(0.0, (at_us - SystemClock().now_us()) / 1e6))
        assert caller.sense(batch)["malformed"] == 0


def wait_for_receipt(caller: Caller) -> list[dict[str, object]]:
    deadline = time.monotonic() + 20
    while not (found := list(caller.snapshot()["receipts"])):
        assert time.monotonic() < deadline, "no receipt came"
        time.sleep(0.2)
    return found


def test_an_entry_code_is_issued_while_no_shop_is_open(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert issued("c1", home) == 0
    assert "wallet ₩20,000" in capsys.readouterr().out


def test_a_shop_nobody_added_is_named_with_the_command_that_adds_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--shop", "nowhere", "--data", str(home), "--port", "0", "--lang", "en"]) == 1
    told = capsys.readouterr().err
    assert "serve.no_shop" in told
    assert f'madang shop add nowhere store.json --name "its name" --database sqlite:///{home / "madang.db"}' in told
    assert f"There are: {SHOP}." in told


@pytest.mark.parametrize("line", ["gate = 5", 'gate = "short"', "gate"])
def test_a_file_of_keys_that_cannot_be_used_is_an_error(
    home: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "devices.toml").write_text(line)
    words = ["serve", "--shop", SHOP, "--data", str(home), "--devices", str(home / "devices.toml")]
    assert main(words) == 1
    assert "serve.bad_devices" in capsys.readouterr().err


def test_a_person_who_is_no_key_is_an_error(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["credential", "c1", "--data", str(home), "--person", "kim"]) == 1
    assert "serve.bad_person" in capsys.readouterr().err


def test_a_log_that_is_not_there_is_no_sound_log(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-log", "--shop", "s2", "--data", str(home), "--lang", "en"]) != 0
    said = capsys.readouterr()
    assert "There is no sensor log" in said.err
    assert "--data" in said.err
    assert not said.out


def test_the_log_of_a_shop_nobody_added_is_not_begun(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new_log(home, "nowhere") == 1
    assert "serve.no_shop" in capsys.readouterr().err
    assert not (home / "shops" / "nowhere").exists()
