"""What is known to be on the shelf speaks for one product and against another of the same weight."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import layout

from madang.walkout.engine import Settings, Store, lessons
from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.states import Atom, Choice, State


def shop(counts: dict[str, int] | None) -> tuple[Catalogue, str, str]:
    """The first facing holds two products of the same weight."""
    document: dict[str, Any] = layout()
    facing = document["planogram"][0]
    first = facing["products"][0]
    twin = dict(next(p for p in document["products"] if p["id"] == first), id="same-weight")
    document["products"].append(twin)
    facing["products"] = [first, "same-weight"]
    facing["count"] = counts and {first: counts["first"], "same-weight": counts["twin"]}
    return Catalogue(Store.from_json(document), Settings()), first, "same-weight"


def odds(catalogue: Catalogue, first: str, twin: str) -> float:
    """Log odds that one unit taken from the middle of the facing was ``first`` and not its twin."""
    plates = catalogue.store.facings[0].plates
    deltas = np.full(len(plates), -catalogue.weight[first] / len(plates))
    takes = catalogue.takes(Shift(1, plates, deltas, 1.0, 0.0, 0.5, 1.0, ()))
    best = {t.parts[0].product: t.loglik for t in takes if len(t.parts) == 1 and t.parts[0].qty == 1}
    return best[first] - best[twin]


def test_a_facing_that_ran_out_gives_nothing() -> None:
    settings = Settings()
    assert abs(odds(*shop({"first": 3, "twin": 3}))) < 1e-9
    assert abs(odds(*shop({"first": 3, "twin": 0})) + np.log(settings.wrong_count)) < 1e-9


def test_takes_and_put_backs_are_counted() -> None:
    catalogue, first, twin = shop({"first": 1, "twin": 1})
    catalogue.moved(0, twin, -1.0)
    assert odds(catalogue, first, twin) > 3.0
    catalogue.moved(0, twin, 1.0)
    assert abs(odds(catalogue, first, twin)) < 1e-9


def test_an_unknown_count_says_nothing() -> None:
    catalogue, first, twin = shop(None)
    catalogue.moved(0, twin, -5.0)
    assert abs(odds(catalogue, first, twin)) < 1e-9


def _believed(catalogue: Catalogue, facing: int, product: str, p: float) -> list[State]:
    """That much of a pick of one such product from a facing, against nothing having been moved."""
    atom = Atom("pick", 1, product, 1, facing, catalogue.store.facings[facing].plates[0], catalogue.weight[product])
    stories = ((p, (atom,)), (1.0 - p, ()))
    return [State(float(np.log(x)), {}, (), (Choice(1, 0.5, atoms),)) for x, atoms in stories]


@pytest.mark.parametrize("p", [0.8, 0.2])
def test_goods_found_beside_their_place_make_their_neighbourhood_suspect(p: float) -> None:
    """Milk lay among the colas: more of it may, and something else where milk should stand."""
    catalogue = Catalogue(Store.from_json(layout()), Settings())
    shift = Shift(1, (0,), np.array([-540.0]), 1.0, 0.0, 0.5, 1.0, ())
    cola_in_milk = Shift(2, (2,), np.array([-380.0]), 1.0, 0.0, 0.5, 1.0, ())

    def stranger(x: Shift, product: str) -> float:
        return next(t.loglik for t in catalogue.takes(x) if t.parts[0].product == product and t.parts[0].qty == 1)

    before = stranger(shift, "milk"), stranger(cola_in_milk, "cola")
    lessons.suspect(catalogue, _believed(catalogue, 0, "milk", p), shift)
    after = stranger(shift, "milk"), stranger(cola_in_milk, "cola")
    gained = [b - a for a, b in zip(before, after, strict=True)]
    assert gained == [0.0, 0.0] if p < 0.5 else min(gained) > 2.0


# --- unit weights -----------------------------------------------------------------------------------------------------
def _weights() -> Catalogue:
    return Catalogue(Store.from_json(layout()), Settings())


def test_one_pick_that_weighs_otherwise_only_widens_what_a_product_may_weigh_two_that_agree_are_believed() -> None:
    known = _weights()
    assert known.learn("soup", 1, 272.0, 1.0)
    assert (known.weight["soup"], known.spread["soup"] > 10.0) == (261.0, True)
    assert known.learn("soup", 1, 273.0, 1.0)
    assert (known.weight["soup"], known.spread["soup"] < 3.0) == (272.5, True)
    assert not known.learn("soup", 1, 272.0, 1.0), "what fits teaches nothing"


def test_a_pick_that_weighs_what_the_catalogue_says_takes_the_doubt_back() -> None:
    known = _weights()
    assert known.learn("soup", 1, 272.0, 1.0)
    assert not known.learn("soup", 1, 251.0, 1.0)
    assert (known.weight["soup"], known.spread["soup"]) == (250.0, 2.5)


def test_picks_that_do_not_agree_or_lie_beyond_the_band_are_never_believed() -> None:
    for picks in ((272.0, 225.0, 276.0, 226.0), (300.0,) * 4):
        known = _weights()
        assert all(known.learn("soup", 1, grams, 1.0) for grams in picks)
        assert known.spread["soup"] > 10.0
        assert 225.0 < known.weight["soup"] < 276.0


def test_no_number_of_picks_walks_a_weight_out_of_its_band() -> None:
    known = _weights()
    for _ in range(40):
        known.learn("soup", 1, known.weight["soup"] * 1.1, 1.0)
    assert known.spread["soup"] > 10.0 or known.weight["soup"] <= 250.0 * 1.15


def test_goods_of_another_shelf_of_the_gondola_may_lie_in_a_facing_goods_of_another_gondola_may_not() -> None:
    document: dict[str, Any] = layout()
    for gondola, shelf, product, grams in ((1, "1-2", "tea", 97.0), (2, "2-1", "rice", 131.0)):
        plate = {"id": f"{shelf}-1", "gondola": gondola, "shelf": int(shelf[-1]), "plate": 1}
        document["shelves"].append({"id": shelf, "plates": [plate["id"]]})
        document["plates"].append(plate | {"box": [0, 0, 1.4, 0.1, 0.4, 1.7]})
        document["products"].append({"id": product, "name": product, "price": 1, "weight_g": grams, "weight_sd_g": 1.0})
        facing = {"id": f"G{shelf}", "gondola": gondola, "shelf": int(shelf[-1]), "plates": [plate["id"]]}
        document["planogram"].append(facing | {"products": [product], "count": None})
    document["gondolas"].append(document["gondolas"][0] | {"id": 2})
    catalogue = Catalogue(Store.from_json(document), Settings())
    plates = catalogue.store.facings[1].plates

    def taken(grams: float, at: tuple[int, ...] = plates) -> dict[str, float]:
        takes = catalogue.takes(Shift(1, at, np.full(2, -grams / 2), 1.0, 0.0, 0.5, 1.0, ()))
        return {x.parts[0].product: x.loglik for x in reversed(takes)}

    assert list(taken(97.0))[-1] == "tea"
    assert "rice" not in taken(131.0)
    assert list(taken(540.0))[-1] == "milk"
    across = (plates[1], plates[1] + 1)
    assert taken(97.0, across)["tea"] < taken(97.0)["tea"] - 5.0  # hardly anything stands in two facings
