"""A form's fields read in one go are those that the framework reads byte by byte."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData
from starlette.requests import Request

from madang.ui.fields import BYTES_MAX, FIELDS_MAX, fields_in

NASTY = st.lists(st.sampled_from([b"a", b"=", b"&", b"+", b"%", b"41", b"%EC%8C%80", b"\xec", b";", b"%00"])).map(
    b"".join
)


def read_by_the_framework(body: bytes) -> FormData:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    kind = (b"content-type", b"application/x-www-form-urlencoded")
    request = Request({"type": "http", "method": "POST", "headers": [kind]}, receive)

    async def form() -> FormData:
        return await request.form()

    return asyncio.run(form())


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=9)), max_size=6))
def test_what_a_browser_sends_comes_back_as_it_was_written(fields: list[tuple[str, str]]) -> None:
    body = urlencode(fields, errors="replace").encode()
    found = fields_in(body)
    assert found == read_by_the_framework(body)
    if all(name.isprintable() and value.isprintable() for name, value in fields):
        assert found is not None
        assert found.multi_items() == fields


@given(NASTY)
def test_what_no_browser_sends_is_read_as_the_framework_reads_it(body: bytes) -> None:
    found = fields_in(body)
    assert found is not None
    assert found.multi_items() == read_by_the_framework(body).multi_items()


@pytest.mark.parametrize("body", [b"a=" + b"1" * BYTES_MAX, b"&".join([b"a=1"] * (FIELDS_MAX + 2))])
def test_what_is_very_long_is_left_to_the_frameworks_limits(body: bytes) -> None:
    assert fields_in(body) is None
