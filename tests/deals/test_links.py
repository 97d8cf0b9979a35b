"""The shopper's link: opens one receipt, cannot be guessed or bent, survives a change of secrets."""

from __future__ import annotations

import string
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.deals import Links
from madang.kernel import NotFound

OLD, NEW = b"o" * 32, b"n" * 32
RECEIPT = UUID("01990000-0000-7000-8000-000000000001")


def test_a_token_opens_its_receipt_and_is_the_same_each_time() -> None:
    links = Links([OLD])
    assert links.receipt(links.token(RECEIPT)) == RECEIPT
    assert links.token(RECEIPT) == Links([OLD]).token(RECEIPT)
    assert len(links.token(RECEIPT)) == 43
    assert set(links.token(RECEIPT)) <= set(string.ascii_letters + string.digits + "-_")


def test_links_made_under_an_older_secret_open_until_it_is_dropped() -> None:
    token = Links([OLD]).token(RECEIPT)
    assert Links([NEW, OLD]).receipt(token) == RECEIPT
    assert Links([NEW, OLD]).token(RECEIPT) != token
    with pytest.raises(NotFound):
        Links([NEW]).receipt(token)


@given(st.integers(0, 31), st.integers(1, 255))
def test_a_token_with_any_byte_changed_opens_nothing(place: int, change: int) -> None:
    import base64

    raw = bytearray(base64.urlsafe_b64decode(Links([OLD]).token(RECEIPT) + "="))
    raw[place] ^= change
    with pytest.raises(NotFound):
        Links([OLD]).receipt(base64.urlsafe_b64encode(raw).decode().rstrip("="))


@given(st.text(max_size=60))
def test_rubbish_opens_nothing_and_breaks_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        Links([OLD]).receipt(text)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Links([b"short"])
    with pytest.raises(ValueError, match="32 bytes"):
        Links([])
