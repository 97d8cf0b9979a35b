"""The server runs inside our process, streams to several pages at once, and stops when it is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from tests import small_shop

from madang.kernel import ManualClock, Unavailable
from madang.walkout.live import Hub, Hubs
from madang.web import Running, Shopfront, create_app, start


@pytest.fixture
def hub(clock: ManualClock) -> Hub:
    return small_shop.hub(clock)


@pytest.fixture
def running(clock: ManualClock, hub: Hub) -> Iterator[Running]:
    hubs = Hubs([hub])
    server = start(create_app(Shopfront(neighbourhood="n1", clock=clock, hubs=hubs)), port=0)
    yield server
    hubs.close()
    server.stop()


def first_lines(response: httpx.Response, until: str) -> list[str]:
    lines: list[str] = []
    for line in response.iter_lines():
        lines.append(line)
        if line.startswith(until):
            return lines
    return lines


def test_pages_are_served_from_a_thread_of_our_own(running: Running) -> None:
    answer = httpx.get(running.url + "/health")
    assert answer.json()["ok"] is True
    assert any(thread.name == "madang-web" for thread in threading.enumerate())


def test_events_reach_several_pages_and_a_returning_one_gets_what_it_missed(running: Running, hub: Hub) -> None:
    address = running.url + "/live/s1/events"
    with httpx.stream("GET", address) as one, httpx.stream("GET", address) as two:
        assert one.headers["content-type"].startswith("text/event-stream")
        snapshot = first_lines(one, "data: ")
        assert "event: snapshot" in snapshot
        assert "event: snapshot" in first_lines(two, "data: ")
    last_event_id = next(line for line in snapshot if line.startswith("id: ")).removeprefix("id: ")
    hub.gate(id="g7", t_us=7, event="left", visit="v1")
    with httpx.stream("GET", address, headers={"Last-Event-ID": last_event_id}) as back:
        lines = first_lines(back, "data: ")
    assert "event: gate" in lines
    assert "event: snapshot" not in lines


def test_the_head_of_a_page_and_of_a_stream_comes_without_what_follows(running: Running) -> None:
    kinds = {"/health": "application/json", "/live/s1": "text/html", "/live/s1/events": "text/event-stream"}
    with httpx.Client(base_url=running.url) as monitor:
        for path, kind in kinds.items():
            answer = monitor.head(path)
            assert (answer.status_code, answer.content) == (200, b"")
            assert answer.headers["content-type"].startswith(kind)
        assert monitor.head("/live/s1").headers["content-length"] == monitor.get("/live/s1").headers["content-length"]


def test_a_port_that_is_taken_is_told_with_a_way_out(clock: ManualClock) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Unavailable, match="--port") as refused:
            start(create_app(Shopfront(neighbourhood="n1", clock=clock)), port=port)
    assert refused.value.details["port"] == port


def test_it_stops_while_a_page_still_follows(clock: ManualClock, hub: Hub) -> None:
    hubs = Hubs([hub])
    server = start(create_app(Shopfront(neighbourhood="n1", clock=clock, hubs=hubs)), port=0)
    with httpx.stream("GET", server.url + "/live/s1/events") as stream:
        first_lines(stream, "data: ")
        hubs.close()
        server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url + "/health")
    server.stop()  # twice does nothing


def test_a_server_that_has_started_takes_a_connection_at_once(clock: ManualClock) -> None:
    for _ in range(5):
        server = start(create_app(Shopfront(neighbourhood="n1", clock=clock)), port=0)
        host, port = server.url.removeprefix("http://").split(":")
        socket.create_connection((host, int(port)), timeout=1).close()
        server.stop()
