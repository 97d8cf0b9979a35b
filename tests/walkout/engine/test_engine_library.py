"""The engine as somebody else's library: what it imports, and that nothing but its messages matters to it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from tests.walkout.engine.plate_shop import T0, Scene, Walker, layout, play, receipts

from madang.walkout import Engine, Gate, Receipt, Settings, Store

ROOT = Path(__file__).parents[3]
FOREIGN = ("sqlalchemy", "scipy", "fastapi", "starlette", "msgspec", "polars", "madang.db", "madang.ui", "madang.web")
BUSY = """
from tests.walkout.engine.plate_shop import Scene, Walker, play
s = Scene()
s.shopper("a", Walker(1, 20, stand=0.3, reach={8: 6, 12: 1}))
s.shopper("b", Walker(2.5, 22, stand=0.6, height=1.75, reach={8.1: 6, 14: 11}))
s.loads = [(8, 6, -71.0), (8.1, 6, -71.0), (12, 1, -380.0), (14, 11, 142.0)]
print([repr(u) for u in play(s)])
"""


def _python(code: str, seed: str = "0") -> str:
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env).stdout


def test_the_engine_imports_numpy_and_nothing_else_of_weight() -> None:
    code = "import sys; from madang.walkout import Engine; print('\\n'.join(sys.modules))"
    loaded = _python(code).split()
    assert "numpy" in loaded
    assert [name for name in loaded if name.startswith(FOREIGN)] == []


def test_the_engine_loads_few_modules_beyond_numpys_own() -> None:
    code = (
        "import sys, numpy; old = {*sys.modules}; from madang.walkout import Engine; print(len({*sys.modules} - old))"
    )
    assert int(_python(code)) < 68


def test_updates_do_not_depend_on_the_hash_seed() -> None:
    assert _python(BUSY, "1") == _python(BUSY, "2")


@pytest.mark.parametrize("at", [7.0, 13.5])
def test_a_pickled_engine_goes_on_to_the_last_digit(at: float) -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 0, 12: 2}))
    s.loads = [(8, 0, -380.0), (12, 2, -540.0)]
    whole, parted = Engine(Store.from_json(layout())), Engine(Store.from_json(layout()))
    said: list[object] = []
    again: list[object] = []
    pickled = False
    for arrival, kind, what in s.messages():
        if arrival > T0 + at and not pickled:
            parted, pickled = pickle.loads(pickle.dumps(parted)), True
        for engine, out in ((whole, said), (parted, again)):
            if kind == 0:
                engine.plates(1, what[0], what[1], arrival)
            elif kind == 1:
                engine.skeletons(what[0], what[1])
            else:
                engine.gate(what)
            out += engine.advance(arrival)
    said += whole.finish()
    again += parted.finish()
    assert pickled
    assert said == again
    assert receipts(said) == {"a": {"cola": 1, "milk": 1}}  # type: ignore[arg-type]


def test_a_store_without_a_gondola_is_refused_with_a_reason() -> None:
    shop = layout() | {"gondolas": [], "shelves": [], "plates": [], "planogram": []}
    with pytest.raises(ValueError, match="no gondola"):
        Engine(Store.from_json(shop))


def test_an_engine_tells_the_settings_that_it_was_given() -> None:
    given = Settings(charge_confidence=0.8)
    assert Engine(Store.from_json(layout()), given).settings == given
    assert Engine(Store.from_json(layout())).settings._replace(charge_confidence=0.8) == given


def test_a_gate_event_of_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="'entered' or 'left', not 'jump'"):
        Engine(Store.from_json(layout())).gate(Gate(T0, "jump", "card-1"))  # type: ignore[arg-type]


def test_a_store_of_which_no_goods_are_known_charges_nothing_and_asks() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 2}))
    s.loads = [(8, 2, -540.0)]
    shop = {name: part for name, part in layout().items() if name not in ("products", "planogram")}
    (receipt,) = [u for u in play(s, shop=shop) if isinstance(u, Receipt)]
    assert (receipt.lines, receipt.decision) == ((), "review")
