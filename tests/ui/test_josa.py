"""Particles fit the sound before them."""

import time

import pytest

from madang.kernel.josa import PAIRS, fitted, josa, particle


@pytest.mark.parametrize(
    ("word", "pair", "said"),
    [
        ("사과", "을/를", "사과를"),
        ("물", "을/를", "물을"),
        ("수박", "은/는", "수박은"),
        ("커피", "이/가", "커피가"),
        ("김밥", "과/와", "김밥과"),
        ("우유", "과/와", "우유와"),
        ("서울", "으로/로", "서울로"),
        ("부산", "으로/로", "부산으로"),
        ("제주", "으로/로", "제주로"),
    ],
)
def test_hangul_says_itself_whether_it_ends_in_a_consonant(word: str, pair: str, said: str) -> None:
    assert josa(word, pair) == said


@pytest.mark.parametrize(
    ("word", "pair", "said"),
    [
        (1, "이/가", "1이"),
        (2, "이/가", "2가"),
        (3, "을/를", "3을"),
        (7, "으로/로", "7로"),
        (6, "으로/로", "6으로"),
        (10, "은/는", "10은"),
        ("1,000", "이/가", "1,000이"),
        (10**12, "이/가", "1000000000000가"),
        ("3.5", "은/는", "3.5는"),
        ("500 ml", "을/를", "500 ml를"),
        ("2 kg", "이/가", "2 kg이"),
        ("98.2%", "은/는", "98.2%는"),
        ("1,200원", "은/는", "1,200원은"),
    ],
)
def test_digits_and_units_are_read_in_korean(word: object, pair: str, said: str) -> None:
    assert josa(word, pair) == said


@pytest.mark.parametrize(
    ("word", "pair", "said"),
    [
        ("LAN", "은/는", "LAN은"),
        ("URL", "으로/로", "URL로"),
        ("API", "이/가", "API가"),
        ("email", "으로/로", "email로"),
        ("Madang", "이/가", "Madang이"),
        ("web", "은/는", "web은"),
        ("zone", "을/를", "zone을"),
        ("Apple", "과/와", "Apple과"),
        ("coffee", "을/를", "coffee를"),
    ],
)
def test_latin_words_are_judged_by_how_koreans_say_them(word: str, pair: str, said: str) -> None:
    assert josa(word, pair) == said


def test_remarks_in_brackets_and_closing_marks_are_not_read() -> None:
    assert josa("초코파이(12개)", "은/는") == "초코파이(12개)는"
    assert josa("‘물’", "을/를") == "‘물’을"


def test_what_cannot_be_judged_gets_both_forms() -> None:
    assert josa("★", "은/는") == "★은(는)"
    assert josa("", "으로/로") == "(으)로"


def test_an_unknown_pair_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="unknown pair"):
        particle("물", "를/을")


@pytest.mark.parametrize("pair", PAIRS)
def test_every_pair_has_a_form_for_each_ending(pair: str) -> None:
    assert particle("밥", pair) in pair.split("/")
    assert particle("차", pair) in pair.split("/")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("'쌀'은(는) 없습니다.", "'쌀'은 없습니다."),
        ("'2,39o'은(는) 숫자가 아닙니다.", "'2,39o'는 숫자가 아닙니다."),
        (
            "'배송 중' 상태에서는 '포장 완료'을(를) 할 수 없습니다.",
            "'배송 중' 상태에서는 '포장 완료'를 할 수 없습니다.",
        ),
        ("'지갑'(으)로 낸 금액", "'지갑'으로 낸 금액"),
        ("'계좌'(으)로 낸 금액", "'계좌'로 낸 금액"),
        ("★은(는) 별입니다 (옛말).", "★은(는) 별입니다 (옛말)."),
        ("사과(10kg)을(를) 담을 수 없습니다.", "사과(10kg)를 담을 수 없습니다."),
        ("상품 ''을(를) 찾을 수 없습니다.", "상품 ''을(를) 찾을 수 없습니다."),
    ],
)
def test_a_sentence_that_left_the_particle_open_is_closed(written: str, read: str) -> None:
    assert fitted(written) == read


def test_a_word_as_long_as_anybody_likes_costs_next_to_nothing() -> None:
    """Errors repeat what was asked for, and an address may have sixty thousand letters."""
    began = time.process_time()
    assert fitted(f"'{'가' * 60_000}'을(를) 찾을 수 없습니다 ({'1' * 60_000}x).").startswith("'가")
    assert particle("1" * 60_000 + "-", "을/를") == "을(를)"
    assert time.process_time() - began < 1.0
