"""Logs: one JSON object a line, with request and cause, without personal fields."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from madang.kernel import logs


class Captured:
    """A logger whose lines are read back."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream
        self.log = logging.getLogger("madang.sample")

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self._stream.getvalue().splitlines()]


@pytest.fixture
def captured() -> Iterator[Captured]:
    root = logging.getLogger("madang")
    before = (root.level, root.propagate)
    stream = io.StringIO()
    handler = logs.configure("DEBUG", stream)
    yield Captured(stream)
    root.removeHandler(handler)
    root.level, root.propagate = before


def test_a_line_is_an_object_with_what_was_given(captured: Captured) -> None:
    captured.log.info("receipt.settled", extra={"receipt": "r1", "took_ms": 12, "lines": ("a", 1, None, 0.5)})
    [line] = captured.lines
    assert {name: line[name] for name in ("level", "logger", "event", "receipt", "took_ms", "lines")} == {
        "level": "INFO",
        "logger": "madang.sample",
        "event": "receipt.settled",
        "receipt": "r1",
        "took_ms": 12,
        "lines": ["a", 1, None, 0.5],
    }
    assert line["at"].endswith("+00:00")


def test_lines_carry_the_request_and_cause_they_were_written_under(captured: Captured) -> None:
    with logs.context(request="req1"):
        captured.log.info("one")
        with logs.context(cause="deal:1"):
            captured.log.info("two")
            assert logs.cause() == "deal:1"
        captured.log.info("three")
    captured.log.info("four")
    ids = [(line.get("request"), line.get("cause")) for line in captured.lines]
    assert ids == [("req1", None), ("req1", "deal:1"), ("req1", None), (None, None)]


def test_personal_fields_are_taken_out_and_the_line_says_so(captured: Captured) -> None:
    logs.refuse("phone", "full_name")
    captured.log.info(
        "joined", extra={"phone": "02-123-4567", "person": "k1", "given": {"full_name": "김미나", "n": 1}}
    )
    [line] = captured.lines
    assert (line["phone"], line["person"], line["given"]) == (logs.REMOVED, "k1", {"full_name": logs.REMOVED, "n": 1})
    assert line["removed"] == ["phone"]


@pytest.mark.parametrize(
    "text", ["mina@example.co.kr", "010-1234-5678", "01012345678", "010 1234 5678", "900101-2345678"]
)
def test_what_looks_personal_is_taken_out_wherever_it_stands(captured: Captured, text: str) -> None:
    captured.log.info("wrote to %s today", text, extra={"note": f"call {text}", "list": [text]})
    try:
        raise ValueError(text)
    except ValueError:
        captured.log.exception("failed")
    for line in captured.lines:
        assert text not in str(line)
    assert captured.lines[0]["event"] == f"wrote to {logs.REMOVED} today"


@pytest.mark.parametrize("text", ["1790000000000000", "0199aa12-7c1e-7000-8000-000000000000", "2026-11-21", "9,010원"])
def test_keys_times_and_amounts_stay_as_they_are(captured: Captured, text: str) -> None:
    captured.log.info("paid %s", text)
    assert captured.lines[0]["event"] == f"paid {text}"


def test_an_error_is_one_line_too(captured: Captured) -> None:
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        captured.log.exception("job.failed")
    [line] = captured.lines
    assert line["level"] == "ERROR"
    assert "RuntimeError: broken" in line["error"]
