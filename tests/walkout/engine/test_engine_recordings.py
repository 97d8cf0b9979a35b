"""The engine against simulated recordings with known truth (skips where they are missing)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from madang.walkout.recordings import read_case, replay

# Two shoppers, one shopper, faults and crowding, short enough for every run of the tests.
CASES = (
    "plain-single-easy-2",
    "plain-single-easy-3",
    "plain-multi-easy-1",
    "plain-multi-easy-3",
    "tailgating-easy-1",
    "fast-sequence-easy-1",
    "empty-trip-easy-1",
    "real-benchmark-1",
)
WINNERS_RULES_F1 = 0.75
"""Competition F1 of the published winner's rules over all of these recordings (simulated)."""


@pytest.mark.slow
def test_the_winners_rules_are_beaten_on_a_sample_of_the_recordings(shared: Path) -> None:
    cases = shared / "recordings" / "cases"
    if not cases.is_dir():
        pytest.skip("needs ../shared/recordings")
    scores = []
    for name in CASES:
        truth = json.loads((cases / name / "truth.json").read_text())["receipts"]
        found = replay(read_case(cases / name, shared / "recordings" / "stores")).receipts
        right = sum(min(q, found.get(c, {}).get(p, 0)) for c, cart in truth.items() for p, q in cart.items())
        both = sum(q for cart in [*truth.values(), *found.values()] for q in cart.values())
        scores.append(1.0 if both == 0 else 2 * right / both)
    assert sum(scores) / len(scores) > WINNERS_RULES_F1 + 0.15
