"""What a visit holds, from all that was said of its moves."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from madang.walkout.holds import Move, Shift, Spot, by_product, heard, wanted
from madang.walkout.model import Moved

HOME = {"A": "FA", "B": "FB"}


def moves(*said: tuple[float, str, str, str, int]) -> dict[str, Move]:
    return {
        f"m{n}": Move(t, kind == "pick", product, facing, qty, 0)
        for n, (t, kind, product, facing, qty) in enumerate(said)
    }


def moved(**given_: Any) -> Moved:
    base: dict[str, Any] = {"t": 1.0, "id": "m", "kind": "pick", "product": "A", "qty": 1, "facing": "FA", "plate": "p"}
    base |= {"visit": "v", "credential": None, "track": None, "probability": 0.9}
    return Moved(**(base | given_))


def test_a_put_back_comes_from_where_it_was_taken_first() -> None:
    found = wanted(moves((1, "pick", "A", "F1", 1), (2, "pick", "A", "F2", 1), (3, "put_back", "A", "F2", 1)))
    assert (found.held, found.shifted) == ({Spot("A", "F1"): 1}, {})


def test_a_put_back_elsewhere_shifts_the_piece() -> None:
    found = wanted(moves((1, "pick", "A", "F1", 2), (2, "put_back", "A", "F9", 1)))
    assert found.held == {Spot("A", "F1"): 1}
    assert found.shifted == {Shift("A", "F1", "F9"): 1}


def test_more_put_back_than_was_taken_was_brought() -> None:
    found = wanted(moves((1, "pick", "A", "F1", 1), (2, "put_back", "A", "F1", 3)))
    assert (found.held, found.brought) == ({}, {Spot("A", "F1"): 2})


def test_moves_are_read_in_the_order_of_their_times_not_of_their_telling() -> None:
    found = wanted(moves((2, "put_back", "A", "F1", 1), (1, "pick", "A", "F1", 1)))
    assert found == ({}, {}, {})


def test_a_move_without_a_facing_is_at_the_products_own() -> None:
    assert heard({}, moved(facing=None), HOME)["m"].facing == "FA"
    assert heard({}, moved(facing=None, product="unknown"), HOME) == {}


def test_an_unlikely_or_retracted_revision_leaves_no_piece_but_is_remembered() -> None:
    first = heard({}, moved(), HOME)
    for later in (moved(revision=2, probability=0.4), moved(revision=2, retracted=True)):
        after = heard(first, later, HOME)
        assert wanted(after).held == {}
        assert wanted(heard(after, moved(revision=1), HOME)).held == {}


scripts = st.lists(
    st.tuples(
        st.floats(0, 9), st.sampled_from(("pick", "put_back")), st.sampled_from("AB"), st.sampled_from(("F1", "F2")),
        st.integers(1, 4),
    ),
    max_size=10,
)  # fmt: skip


@given(scripts)
def test_no_piece_appears_or_vanishes(said: list[tuple[float, str, str, str, int]]) -> None:
    found = wanted(moves(*said))
    for product in "AB":
        taken = sum(n for _, kind, p, _, n in said if p == product and kind == "pick")
        back = sum(n for _, kind, p, _, n in said if p == product and kind == "put_back")
        brought = sum(n for spot, n in found.brought.items() if spot.product == product)
        assert by_product(found.held).get(product, 0) == taken - back + brought
    assert all(n > 0 for n in (*found.held.values(), *found.shifted.values(), *found.brought.values()))
