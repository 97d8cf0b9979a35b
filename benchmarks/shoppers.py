"""Shoppers with a browser's manners, for any shop served over HTTP: cookies, kept connections, redirects followed."""

from __future__ import annotations

import http.client
import statistics
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode, urlsplit

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Browser:
    """Raises ``AssertionError`` at any answer but a page or a redirect."""

    def __init__(self, port: int) -> None:
        self.cookies: dict[str, str] = {}
        self.took_s: list[float] = []
        self.at = ""
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def get(self, path: str) -> str:
        return self._ask("GET", path, None)

    def post(self, path: str, form: dict[str, str]) -> str:
        return self._ask("POST", path, urlencode(form))

    def _ask(self, method: str, path: str, body: str | None) -> str:
        headers = {"Accept": "text/html", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        began = perf_counter()
        self._http.request(method, path, body, headers | (FORM if body is not None else {}))
        answer = self._http.getresponse()
        text = answer.read().decode()
        self.took_s.append(perf_counter() - began)
        for line in answer.headers.get_all("Set-Cookie") or []:
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        if answer.status in (301, 302, 303):
            to = urlsplit(answer.headers["Location"])
            return self._ask("GET", to.path + (f"?{to.query}" if to.query else ""), None)
        assert answer.status == 200, (method, path, answer.status, text[-800:])
        self.at = path
        return text

    def close(self) -> None:
        self._http.close()


Journey = Callable[[Browser, int], None]


@dataclass
class Measured:
    """What shoppers found: seconds of each journey and of each request, and how long all of it went on."""

    journeys_s: list[float] = field(default_factory=list)
    requests_s: list[float] = field(default_factory=list)
    wall_s: float = 0.0

    def figures(self) -> dict[str, float]:
        return {
            "orders_s": round(len(self.journeys_s) / self.wall_s, 2),
            "requests_s": round(len(self.requests_s) / self.wall_s, 1),
            "requests_an_order": round(len(self.requests_s) / len(self.journeys_s), 1),
            "request_p95_ms": round(_p95(self.requests_s) * 1000, 1),
            "order_p95_ms": round(_p95(self.journeys_s) * 1000, 1),
        }


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def rush(port: int, journey: Journey, *, clients: int, seconds: float) -> Measured:
    """``clients`` at once, each beginning one journey after another for ``seconds``; what is begun is finished.

    A journey is asked with a browser that has been nowhere yet and the client's number. Raises what one of them raised.
    """
    found, failed, lock = Measured(), list[BaseException](), threading.Lock()
    began = perf_counter()

    def client(number: int) -> None:
        try:
            while perf_counter() - began < seconds and not failed:
                browser, since = Browser(port), perf_counter()
                journey(browser, number)
                took = perf_counter() - since
                browser.close()
                with lock:
                    found.journeys_s.append(took)
                    found.requests_s.extend(browser.took_s)
        except BaseException as fault:
            failed.append(fault)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if failed:
        raise failed[0]
    found.wall_s = perf_counter() - began
    return found


def memory_mb(pid: int) -> float:
    """What a process and those it started keep for themselves or share (PSS): forked workers share their code."""
    total = 0
    for one in [pid, *_children(pid)]:
        rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return round(total / 1024)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_children(int(child))]
    return found
