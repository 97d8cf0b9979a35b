"""What a rehearsal would have change places can stand there: the fridge's goods stay cold."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from tests.rehearsal.small_rehearsal import small

from madang.rehearsal import doubt
from madang.rehearsal.laying import laid_out
from madang.rehearsal.shopfile import read


@pytest.mark.parametrize("known", [True, False])
def test_goods_change_places_only_with_goods_that_are_kept_as_cold(
    known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cold = doubt.COLD
    if not known:
        monkeypatch.setattr(doubt, "COLD", {})  # the negative control: without it the milk goes to the crisps
    shop = read(small(tmp_path, "name: 큰 가게\n"))
    laid = laid_out(shop)
    map_ = doubt._Map(laid)
    kinds = {g.id: g.type.kind for g in shop.goods}
    kept = {name: cold.get(kinds[one["products"][0]]) for name, one in map_.facings.items() if one["products"]}
    chilled = [name for name, how in kept.items() if how == "chilled"]
    near = [pair for pair in pairwise(chilled) if map_._far(*pair) < doubt.NEAR_M]
    swaps = [swap for pair in near[:6] if (swap := map_._swap(shop, *pair, {}, set()))]
    assert swaps
    assert all(kept[a] == kept[b] for a, b in swaps) == known
