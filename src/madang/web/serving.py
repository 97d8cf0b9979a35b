"""Serving the app with granian inside this process, in a thread of its own beside the writer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from madang.kernel import Unavailable

START_S = 10.0
DRAIN_S = 3


class Running:
    """A server that runs: ``url`` to open, ``stop`` to end it, ``wait`` until it has ended."""

    def __init__(self, url: str, thread: threading.Thread, stop: Callable[[], None]) -> None:
        self.url, self._thread, self._stop = url, thread, stop

    def stop(self) -> None:
        """Open requests get a moment to finish, streams are closed; returns when the server has ended."""
        if self._thread.is_alive():
            self._stop()
        self._thread.join(DRAIN_S * 2)

    def wait(self, timeout_s: float | None = None) -> None:
        self._thread.join(timeout_s)


def start(app: ASGIApp, host: str = "127.0.0.1", port: int = 8300) -> Running:
    """Serve in the background; returns once connections are taken. Port 0 takes a free one.

    Raises ``Unavailable`` where the address cannot be had.
    """
    port = _claim(host, port)
    ready, failed = threading.Event(), []
    held: dict[str, tuple[asyncio.AbstractEventLoop, Server]] = {}

    async def run() -> None:
        server = Server(
            app, host, port, interface=Interfaces.ASGINL, http=HTTPModes.http1, log_enabled=False, websockets=False
        )
        server.workers_kill_timeout = DRAIN_S
        server.on_startup(ready.set)
        held["server"] = (asyncio.get_running_loop(), server)
        await server.serve()

    def body() -> None:
        try:
            asyncio.run(run())
        except BaseException as fault:  # told to the caller, who waits
            failed.append(fault)
        finally:
            ready.set()

    def stop() -> None:
        loop, server = held["server"]
        with contextlib.suppress(RuntimeError):  # the loop has already ended
            loop.call_soon_threadsafe(server.stop)

    thread = threading.Thread(target=body, name="madang-web", daemon=True)
    thread.start()
    ready.wait(START_S)
    if failed or not thread.is_alive() or not _takes(host, port, thread):
        raise _no_address(host, port) from (failed[0] if failed else None)
    return Running(f"http://{_bracketed(host)}:{port}", thread, stop)


def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 8300) -> None:
    """Serve until interrupted (Ctrl-C)."""
    running = start(app, host, port)
    try:
        running.wait()
    except KeyboardInterrupt:
        running.stop()


def _claim(host: str, port: int) -> int:
    """Find out before the server does, whose own message would name neither cause nor cure."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            raise _no_address(host, port) from fault
        return int(probe.getsockname()[1])


def _takes(host: str, port: int, thread: threading.Thread) -> bool:
    """Wait until a connection is taken: the server says it has started a moment before it listens."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (bound by whoever asked for it)
    until = time.monotonic() + START_S
    while thread.is_alive() and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((here, port), timeout=1.0):
            return True
        time.sleep(0.005)
    return False


def _no_address(host: str, port: int) -> Unavailable:
    return Unavailable(
        "web.address_taken",
        ko=f"{host}:{port}에서 페이지를 열 수 없습니다. 다른 프로그램이 쓰고 있는 듯합니다.",
        en=f"Pages cannot be served on {host}:{port}; another program seems to use it.",
        next_ko="그 프로그램을 끝내거나 --port로 다른 포트를 고르세요.",
        next_en="End that program, or choose another port with --port.",
        host=host,
        port=port,
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
