"""``madang demo`` as a newcomer runs it, in processes of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "madang.cli", "demo", "--lang", "en", "--shape", "corner", "--seed", "5"]
FEW = ["--baskets", "4", "--per-hour", "240"]


def headless(folder: Path, *more: str) -> tuple[int, dict[str, Any], str]:
    """Run one; exit status, figures, what it said."""
    out = folder / "out.json"
    done = subprocess.run(
        [*COMMAND, *FEW, "--headless", "--data", str(folder / "data"), "--json", str(out), *more],
        capture_output=True,
        text=True,
        timeout=200,
    )
    return done.returncode, json.loads(out.read_text()) if out.exists() else {}, done.stderr


@pytest.mark.slow
def test_a_headless_run_reports_its_figures_and_run_again_the_same(tmp_path: Path) -> None:
    status, figures, said = headless(tmp_path)
    assert status == 0, said
    assert said.splitlines()[0] == "Madang's demo is getting ready."
    assert (figures["baskets"], figures["receipts"], figures["ledger_ok"], figures["conserved"]) == (4, 4, True, True)
    assert 0 <= figures["receipts_exact"] <= 4
    assert figures["facts"] > 50
    assert figures["speed_x"] > 0
    counted = ("receipts", "receipts_exact", "items", "sales_krw", "over_krw", "under_krw", "reviewed", "facts")
    status, again, said = headless(tmp_path)
    assert status == 0, said
    assert {name: again[name] for name in counted} == {name: figures[name] for name in counted}
    status, _, said = headless(tmp_path, "--seed", "6")
    assert (status, "demo.other_setting" in said) == (1, True)


@contextlib.contextmanager
def page(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A demo with its page; gives the process and its first lines, up to the address."""
    process = subprocess.Popen(
        [*COMMAND, "--baskets", "50", "--per-hour", "240", "--speed", "20", "--data", str(folder), "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line)
            if "http://" in line:
                break
        yield process, said
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait()


def snapshot(url: str) -> dict[str, Any]:
    """What a page that arrives is shown."""
    with urllib.request.urlopen(f"{url}/events", timeout=30) as events:
        for line in events:
            if line.startswith(b"data: "):
                return json.loads(line[6:])
    raise AssertionError("no snapshot")


def address(said: list[str]) -> str:
    found = re.search(r"http://\S+", said[-1])
    assert found is not None, said
    return found[0]


@pytest.mark.slow
def test_the_page_opens_on_a_free_port_stops_cleanly_and_goes_on(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with page(tmp_path, port) as (process, said):
            assert any(f"Port {port} is in use" in line for line in said)
            first = snapshot(address(said))
            assert first["clock"]["speed"] == 20
            assert process.stdout is not None
            link = None
            for line in process.stdout:  # one that is still being settled, or asked about, has no page yet
                if (found := re.search(r"(\d+) receipts", line)) and int(found[1]) > 0:
                    link = next((r["url"] for r in snapshot(address(said))["receipts"] if r["url"]), None)
                    if link:
                        break
            assert link
            with urllib.request.urlopen(address(said).split("/live/")[0] + link, timeout=30) as receipt:
                assert "VAT" in receipt.read().decode()
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
            assert process.stdout.read().strip().endswith("Stopped.")
    with page(tmp_path, 0) as (_, said):
        again = snapshot(address(said))
        assert len(again["receipts"]) > 0
        assert again["books"]["money"]["ok"]
