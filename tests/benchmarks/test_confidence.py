"""Fitting the prices of doubt: what is found where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.confidence import Noted, as_code, auc, cross_validated, figures, fitted, kinds_of, priced, review_share

TRUE = {"missed": 0.8, "visited": 0.3}


def _receipts(count: int, seed: int = 1, shops: int = 16) -> list[Noted]:
    """Receipts whose doubt is really made of these prices and a little more, beside evidence that means nothing."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(count):
        evidence = {kind: float(rng.integers(0, 3)) for kind in (*TRUE, "idle")}
        doubt = 0.02 + sum(price * np.log1p(evidence[kind]) for kind, price in TRUE.items())
        evidence = {kind: amount for kind, amount in evidence.items() if amount}
        rows.append(Noted(f"{k % shops}", f"{k % 3}", evidence, 0.5, bool(rng.random() < np.exp(-doubt))))
    return rows


def test_the_prices_are_found_again() -> None:
    kinds, prices = fitted(_receipts(2500))
    found = dict(zip(kinds, prices.tolist(), strict=False))
    assert found["missed"] == pytest.approx(0.8, abs=0.12)
    assert found["visited"] == pytest.approx(0.3, abs=0.12)
    assert found["idle"] < 0.06
    assert prices[-1] < 0.06


def test_no_price_is_negative_even_where_evidence_speaks_for_a_receipt() -> None:
    rows = [r._replace(exact=r.exact or "idle" in r.evidence) for r in _receipts(800)]
    assert fitted(rows)[1].min() >= 0.0


def test_receipts_of_shops_left_out_are_ranked_and_believed_as_they_deserve() -> None:
    rows = cross_validated(_receipts(1000), lambda r: r.recording)
    assert len(rows) == 1000
    assert figures(rows)["ece"] < 0.06
    assert figures(rows)["auc"] > 0.6


def test_nothing_is_learned_where_there_is_nothing_to_learn() -> None:
    rng = np.random.default_rng(5)
    rows = [r._replace(exact=bool(rng.random() < 0.7)) for r in _receipts(800)]
    assert abs(figures(cross_validated(rows, lambda r: r.recording))["auc"] - 0.5) < 0.08


def test_kinds_that_were_hardly_noted_have_no_price() -> None:
    rows = [*_receipts(50), Noted("x", "y", {"dark": 1.0}, 0.5, False)]
    assert kinds_of(rows) == ["visited", "missed", "idle"]


def test_the_prices_are_printed_as_they_stand_in_the_code() -> None:
    assert as_code(["missed", "idle"], np.array([0.5, 0.0, 0.01])).splitlines() == [
        "BASE = 0.0100",
        "PRICES: dict[str, float] = {",
        '    "missed": 0.5000,',
        "}",
    ]


def test_equally_confident_receipts_are_reviewed_together() -> None:
    p, y = np.array([0.9, 0.8, 0.8]), np.array([True, True, False])
    assert review_share(p, y, 0.99) == pytest.approx(2 / 3)
    assert auc(p, y) == pytest.approx(0.75)


def test_prices_give_the_confidence_that_the_engine_gives() -> None:
    from madang.walkout.engine.doubt import trust

    rows = _receipts(200)
    kinds, prices = fitted(rows)
    book = dict(zip(kinds, prices.tolist(), strict=False))
    said = [trust(r.evidence, book, float(prices[-1])) for r in rows]  # type: ignore[arg-type]
    assert priced(rows, kinds, prices) == pytest.approx(np.array(said))
