"""Browsers that order, as a process of their own: ``python -m benchmarks.order_forms URL ORDERS``, with each
client's form token on a line of standard input. Says what each order took, as JSON.

Each client keeps one connection and sends three forms for each order: put in, check out, place. It does nothing else
with what comes back, so that the server is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from time import perf_counter
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

PRODUCTS = 400


class Browser:
    """One kept connection with a cookie."""

    def __init__(self, host: str, port: int, number: int, token: str) -> None:
        self._host, self._port, self._number, self._token = host, port, number, token

    async def open(self) -> Browser:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def send(self, path: str, **form: str) -> str:
        """Where the answer leads."""
        body = urlencode({"csrf_token": self._token, **form}).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {self._host}:{self._port}\r\ncookie: bench={self._number}\r\n"
            f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(body)}\r\n"
            "accept: text/html\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        lines = answer.split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        said = await self._reader.readexactly(int(headers.get("content-length", "0")))
        assert lines[0].split()[1] == "303", (path, answer, said[-600:])
        return next(line.split(": ", 1)[1] for line in lines[1:] if line.lower().startswith("location: "))


async def client(browser: Browser, left: Iterator[int], took: list[float]) -> None:
    await browser.open()
    for n in left:
        began = perf_counter()
        sku = f"P{n * 7 % PRODUCTS:04d}"
        await browser.send("/cart/lines", shop="s1", sku=sku, amount="1", idempotency_key=str(uuid4()))
        where = await browser.send("/checkout", idempotency_key=str(uuid4()))
        where = await browser.send(where, **{"way.s1": "pickup/h1", "means": "wallet"})
        assert where.startswith("/orders/"), where
        took.append(perf_counter() - began)


async def main(url: str, tokens: list[str], orders: int) -> None:
    address, took, left = urlsplit(url), list[float](), iter(range(orders))
    browsers = [Browser(address.hostname or "", address.port or 80, n, token) for n, token in enumerate(tokens)]
    began = perf_counter()
    await asyncio.gather(*(client(browser, left, took) for browser in browsers))
    print(json.dumps({"took_s": took, "wall_s": perf_counter() - began}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.stdin.read().split(), int(sys.argv[2])))
