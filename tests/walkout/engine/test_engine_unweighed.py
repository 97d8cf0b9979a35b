"""Goods without a catalogue weight, and things that are no known goods at all."""

from __future__ import annotations

import math

import pytest
from tests.walkout.engine.plate_shop import Scene, Walker, last_receipts, layout, moves, play, receipts, weighing

from madang.walkout.engine import Learned, Settings
from madang.walkout.engine.unweighed import Unweighed, foreign, untried

NO_SOUP_WEIGHT = weighing("soup", None)


def _takes(*picks: tuple[int, float], who: str = "a", scene: Scene | None = None, at: float = 1.0) -> Scene:
    """One shopper who takes these (plate, grams), one every six seconds."""
    s = scene or Scene()
    times = [at + 7.0 + 6.0 * k for k in range(len(picks))]
    s.shopper(
        who, Walker(at, times[-1] + 10.0, stand=0.6, reach={t: p for t, (p, _) in zip(times, picks, strict=True)})
    )
    s.loads += [(t, p, -g) for t, (p, g) in zip(times, picks, strict=True)]
    s.end = max(s.end, times[-1] + 14.0)
    return s


def test_goods_without_a_weight_are_sold_and_a_person_is_asked() -> None:
    said = last_receipts(play(_takes((10, 250.0)), shop=NO_SOUP_WEIGHT))["a"]
    [line] = said.lines
    assert (line.product, line.qty) == ("soup", 1)
    assert line.grams == pytest.approx(250.0, abs=3.0)
    assert said.decision == "review"
    assert said.alternatives[0].lines[0].qty == 2  # two of half the weight


def test_goods_without_a_weight_are_told_from_those_beside_them_in_one_grab() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, stand=0.6, reach={8: 9}))
    s.loads = [(8, 9, -380.0), (8, 10, -250.0)]
    assert receipts(play(s, shop=NO_SOUP_WEIGHT)) == {"a": {"twin": 1, "soup": 1}}


def test_what_is_put_back_is_not_sold_though_nobody_knows_its_weight() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 22, stand=0.6, reach={8: 10, 13: 10}))
    s.loads = [(8, 10, -250.0), (13, 10, 250.0)]
    assert receipts(play(s, shop=NO_SOUP_WEIGHT)) == {"a": {}}


def test_a_touch_of_goods_without_a_weight_takes_nothing() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, stand=0.6, reach={8: 10}))
    s.pulses = [(7.6, 8.1, 10, 60.0)]
    said = last_receipts(play(s, shop=NO_SOUP_WEIGHT))["a"]
    assert said.lines == ()
    assert "missed" not in dict(said.evidence)


def test_picks_of_a_day_tell_the_weight_and_later_receipts_are_sure() -> None:
    s = _takes((10, 250.0))
    for k, name in enumerate("bcd", 1):
        _takes((10, 251.0 - k), who=name, scene=s, at=1.0 + 20.0 * k)
    _takes((10, 500.0), who="e", scene=s, at=81.0)
    out = play(s, shop=NO_SOUP_WEIGHT)
    [learned] = [u for u in out if isinstance(u, Learned)]
    assert (learned.kind, learned.product) == ("weight", "soup")
    assert learned.grams == pytest.approx(250.0, abs=2.0)
    said = last_receipts(out)
    assert said["a"].confidence < 0.9 < said["d"].confidence
    assert {c: r.lines[0].qty for c, r in said.items()} == {"a": 1, "b": 1, "c": 1, "d": 1, "e": 2}


def test_a_weight_is_known_only_once_picks_agree_on_it() -> None:
    known = Unweighed(Settings())
    assert known.observe("x", 500.0, 0.6) is None  # one, or two of 250
    assert known.loglik("x", 500.0, 1, 0.6) > known.loglik("x", 250.0, 1, 0.6) > known.loglik("x", 333.0, 1, 0.6)
    assert known.observe("x", 250.0, 0.6) is None or known.median("x") == pytest.approx(250.0, rel=0.01)
    found = known.observe("x", 249.0, 0.6)
    assert found is not None
    assert found.grams == pytest.approx(250.0, rel=0.01)
    assert found.spread < 0.05 * found.grams


def test_fruit_without_a_weight_is_known_by_its_middle_and_its_spread() -> None:
    known = Unweighed(Settings())
    found = [known.observe("fig", g, 0.6) for g in (620.0, 742.0, 890.0, 700.0, 780.0)][-1]
    assert found is not None
    assert found.grams == pytest.approx(745.0, rel=0.08)
    assert found.spread > 0.05 * found.grams


def test_the_weights_of_goods_are_a_law_that_adds_up() -> None:
    s = Settings()
    total = sum(math.exp(foreign(g, s)) for g in range(1, 20_000))
    assert total == pytest.approx(1.0, abs=0.01)


def _without_facing() -> dict[str, object]:
    shop = layout()
    shop["planogram"] = [f for f in shop["planogram"] if f["products"] != ["soup"]]
    return shop


def test_what_nothing_explains_is_told_and_asked_about() -> None:
    out = play(_takes((10, 250.0)), shop=_without_facing())
    said = last_receipts(out)["a"]
    assert said.lines == ()
    assert said.decision == "review"
    assert dict(said.evidence)["unexplained"] == pytest.approx(1.0, abs=0.05)
    [move] = [m for m in moves(out) if m.kind == "unknown"]
    assert (move.product, move.qty, move.facing, move.plate) == (None, 0, None, "1-1-11")
    assert move.grams == pytest.approx(-250.0, abs=3.0)
    assert move.credential == "a"


def test_a_jolt_of_a_few_grams_is_nothing_to_ask_about() -> None:
    out = play(_takes((10, 9.0)), shop=_without_facing())
    assert last_receipts(out)["a"].decision == "charge"
    assert not [m for m in moves(out) if m.kind == "unknown"]


@pytest.mark.parametrize(
    ("plate", "grams"),
    [(10, 1000.0), (10, 165.0), (4, 200.0), (2, 760.0)],
    ids=["as four", "a part", "as four bars", "half more"],
)
def test_a_foreign_pack_is_not_charged_unseen(plate: int, grams: float) -> None:
    assert last_receipts(play(_takes((plate, grams))))["a"].decision == "review"


def test_four_at_once_are_charged_where_one_was_seen_alone_before() -> None:
    s = _takes((10, 250.0))
    _takes((10, 1000.0), who="b", scene=s, at=24.0)
    first = last_receipts(play(_takes((10, 1000.0))))["a"]
    said = last_receipts(play(s))["b"]
    assert (said.lines[0].qty, said.decision) == (4, "charge")
    assert "untried" not in dict(said.evidence)
    assert dict(first.evidence)["untried"] == 3.0


def test_two_at_once_are_common_and_four_are_not() -> None:
    assert [round(untried(n), 2) for n in (1, 2, 3, 4, 5, 8)] == [0.0, 0.24, 1.2, 3.0, 4.0, 7.0]
    said = last_receipts(play(_takes((10, 500.0))))["a"]
    assert (said.lines[0].qty, dict(said.evidence)["untried"]) == (2, pytest.approx(0.24))
    assert said.confidence > 0.95
