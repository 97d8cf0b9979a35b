"""Numbers carry units and never claim more than is known."""

import pytest

from madang.ui import formats

AT_US = 1_795_271_699_000_000  # 2026-11-21 23:34:59 in Seoul


@pytest.mark.parametrize(("amount", "ko", "en"), [(0, "0원", "₩0"), (1234567, "1,234,567원", "₩1,234,567")])
def test_won(amount: int, ko: str, en: str) -> None:
    assert formats.won(amount, "ko") == ko
    assert formats.won(amount, "en") == en


def test_money_given_back_has_a_minus_sign() -> None:
    assert formats.won(-500, "ko") == "−500원"


@pytest.mark.parametrize(
    ("share", "said"), [(1.0, "100%"), (0.99999, "99.9%"), (0.5, "50%"), (0.982, "98.2%"), (0.0, "0%")]
)
def test_what_is_not_certain_never_reads_a_hundred_per_cent(share: float, said: str) -> None:
    assert formats.percent(share, "ko") == said


def test_nothing_a_sensor_saw_is_beyond_doubt() -> None:
    assert formats.sure(1.0, "ko") == "99.9%"
    assert formats.sure(0.94, "en") == "94%"


@pytest.mark.parametrize(("weight_g", "said"), [(350, "350 g"), (1000, "1 kg"), (1250, "1.25 kg")])
def test_weights(weight_g: int, said: str) -> None:
    assert formats.grams(weight_g, "ko") == said


def test_times_are_those_of_seoul() -> None:
    assert formats.when(AT_US, "ko") == "2026년 11월 21일 (토) 오후 11:34"
    assert formats.when(AT_US, "en") == "Sat 21 Nov 2026 23:34"


def test_noon_and_midnight_read_twelve() -> None:
    noon = 1_795_230_000_000_000
    assert formats.clock(noon, "ko") == "오후 12:00"
    assert formats.clock(noon + 12 * 3600 * 10**6, "ko") == "오전 12:00"
