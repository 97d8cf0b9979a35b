"""The engine as a stream: chunks, order, lateness and loss of messages."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import T0, Scene, Walker, layout, play, receipts

from madang.walkout.engine import MISSING, Cart, Engine, Moved, Receipt, Store


def _busy() -> Scene:
    s = Scene(end=34)
    s.shopper("a", Walker(1, 24, stand=0.0, reach={8: 0, 14: 1}))
    s.shopper("b", Walker(2.5, 28, stand=0.9, height=1.75, reach={10: 10, 16: 6}))
    s.loads = [(8, 0, -380.0), (10, 10, -250.0), (14, 1, 380.0), (16, 6, -142.0)]
    return s


EXPECTED = {"a": {}, "b": {"soup": 1, "chips": 2}}


@pytest.mark.parametrize("chunk", [0.05, 0.2, 1.0, 7.0, 100.0])
def test_receipts_do_not_depend_on_how_calls_are_chunked(chunk: float) -> None:
    reference = [u for u in play(_busy(), chunk=0.5) if isinstance(u, Receipt)]
    assert [u for u in play(_busy(), chunk=chunk) if isinstance(u, Receipt)] == reference


@pytest.mark.parametrize(("rows", "frames_s"), [(6, 11), (36, 11), (12, 5)])
def test_receipts_are_the_same_over_the_working_range_of_batches_and_frames(rows: int, frames_s: int) -> None:
    assert receipts(play(_busy(), messages=_busy().messages(rows=rows, frames_s=frames_s))) == EXPECTED


def test_the_same_messages_give_the_same_updates() -> None:
    assert play(_busy()) == play(_busy())


def test_late_duplicate_and_shuffled_batches_change_nothing() -> None:
    messages = _busy().messages()
    rng = random.Random(5)
    moved = []
    for arrival, kind, what in messages:
        late = rng.choice([0.0, 0.0, 0.3, 0.5]) if kind == 0 else 0.0
        moved.append((arrival + late, kind, what))
        if kind == 0 and rng.random() < 0.1:
            moved.append((arrival + 0.4, kind, what))
    moved.sort(key=lambda m: (m[0], m[1]))
    assert receipts(play(_busy(), messages=moved)) == EXPECTED


def test_lost_batches_are_bridged_by_levels() -> None:
    rng = random.Random(7)
    kept = [m for m in _busy().messages() if m[1] != 0 or rng.random() > 0.08]
    assert receipts(play(_busy(), messages=kept)) == EXPECTED


def test_missing_samples_are_no_load() -> None:
    rng = np.random.default_rng(2)
    holed = []
    for arrival, kind, what in _busy().messages():
        if kind == 0:
            values = what[1].copy()
            values[rng.random(values.shape) < 0.2] = MISSING
            holed.append((arrival, kind, (what[0], values)))
        else:
            holed.append((arrival, kind, what))
    assert receipts(play(_busy(), messages=holed)) == EXPECTED


def test_a_move_is_told_soon_after_it_settled_and_a_cart_follows() -> None:
    engine_updates = play(_busy(), chunk=0.2)
    first = next(u for u in engine_updates if isinstance(u, Moved))
    assert first.product == "cola"
    assert any(isinstance(u, Cart) and u.visit == first.visit and u.lines for u in engine_updates)


def test_samples_of_another_store_are_refused() -> None:
    engine = Engine(Store.from_json(layout()))
    with pytest.raises(ValueError, match="do not belong"):
        engine.plates(1, T0, np.zeros((12, 3), np.int32))
    with pytest.raises(ValueError, match="do not belong"):
        engine.plates(9, T0, np.zeros((12, 12), np.int32))


def test_plates_may_be_listed_in_any_order() -> None:
    document = layout()
    order = [5, 0, 11, 3, 8, 1, 10, 2, 7, 4, 9, 6]
    document["plates"] = [document["plates"][k] for k in order]
    engine = Engine(Store.from_json(document))
    for arrival, kind, what in _busy().messages():
        if kind == 0:
            engine.plates(1, what[0], what[1][:, order], arrival)
        elif kind == 1:
            engine.skeletons(what[0], what[1])
        else:
            engine.gate(what)
    assert receipts(engine.finish()) == EXPECTED


def test_an_engine_that_saw_nothing_says_nothing() -> None:
    engine = Engine(Store.from_json(layout()))
    assert engine.advance(T0) == []
    assert engine.finish() == []


def test_importing_the_engine_does_not_import_scipy() -> None:
    code = "import sys, madang.walkout.engine; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
