"""Days enacted and run: the same however they are spread over processes, and told with their uncertainty."""

from __future__ import annotations

import html.parser
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.rehearsal.small_rehearsal import SMALL, small

from madang.cli import main
from madang.rehearsal.chance import count, differs, receipts_needed, resampled, share
from madang.rehearsal.compare import compare
from madang.rehearsal.crowd import crowd
from madang.rehearsal.doubt import doubt
from madang.rehearsal.progress import Bar
from madang.rehearsal.running import Rehearsed, rehearse
from madang.rehearsal.shopfile import read
from madang.rehearsal.summary import summary


def _telling(run: Rehearsed) -> object:
    return [(r.credential, r.truth, r.charged, r.confidence, r.decision, r.lag_s) for r in run.days[0].receipts]


def test_the_twin_in_a_process_of_its_own_changes_nothing(rehearsed: Rehearsed) -> None:
    [apart] = rehearse([(rehearsed.shop, rehearsed.laid)], days=1, seed=3, jobs=2, tell=lambda _: None)
    assert _telling(apart) == _telling(rehearsed)
    assert apart.days[0].outages == rehearsed.days[0].outages


def test_a_day_has_a_receipt_for_every_visitor_set_against_the_truth(rehearsed: Rehearsed) -> None:
    day = rehearsed.days[0]
    assert day.visits == len(day.receipts) > 5
    assert {r.decision for r in day.receipts} <= {"charge", "review"}
    assert all(1.0 < r.lag_s < 30 for r in day.receipts)
    assert np.mean([r.truth == r.charged for r in day.receipts]) > 0.6
    assert day.restock_s > 0


def test_two_layouts_meet_the_same_visitors_with_the_same_wishes(tmp_path: Path) -> None:
    small(tmp_path)
    one = read(tmp_path / "shop.yaml")
    other = read(small(tmp_path, "like: shop.yaml\nname: b\nrows: {back: 2, side: 0, islands: 0}\n", "b.yaml"))
    assert crowd(one, 1, 5) == crowd(other, 1, 5)
    assert crowd(one, 1, 5) != crowd(one, 2, 5)
    assert crowd(one, 1, 5) != crowd(one, 1, 6)


def _wrong(run: Rehearsed, n: int, product: str, instead: str) -> Rehearsed:
    """The run with ``n`` receipts that were charged for another product."""
    day = run.days[0]
    made = [
        replace(r, truth={product: 1}, charged={instead: 1}, decision="charge", options=(), where={}, taken={})
        if i < n
        else replace(r, charged=r.truth, decision="charge", options=(), lost={})
        for i, r in enumerate(day.receipts)
    ]
    return replace(run, days=(replace(day, receipts=tuple(made)),))


def _neighbours(run: Rehearsed) -> tuple[str, str]:
    a, b = run.laid.layout["planogram"][:2]
    return a["products"][0], b["products"][0]


def test_wrong_receipts_show_as_doubt_between_the_two_facings(rehearsed: Rehearsed) -> None:
    a, b = _neighbours(rehearsed)
    run = _wrong(rehearsed, 3, a, b)
    prices = {g.id: g.price_krw for g in run.shop.goods}
    found = doubt(run.shop, run.laid, run.days)
    [pair] = found.pairs
    assert set(pair.products) == {a, b}
    assert (pair.wrong, pair.confused) == (3, 3.0)
    assert pair.krw == 3 * (prices[a] + prices[b])
    assert sum(found.by_facing.values()) == pytest.approx(3 * (prices[a] + prices[b]))
    assert found.wrong == found.by_facing
    if pair.swap:
        assert set(pair.swap) <= {f["id"] for f in run.laid.layout["planogram"]}


def test_money_at_risk_is_the_wrong_money_nobody_looks_at(rehearsed: Rehearsed) -> None:
    a, b = _neighbours(rehearsed)
    prices = {g.id: g.price_krw for g in rehearsed.shop.goods}
    run = _wrong(rehearsed, 2, a, b)
    s = summary(run.shop, run.days)
    assert s.over_krw_day.value == pytest.approx(2 * prices[b])
    assert s.under_krw_day.value == pytest.approx(2 * prices[a])
    assert s.at_risk_krw_day.value == pytest.approx(2 * (prices[a] + prices[b]))
    assert s.at_risk_krw_day.low < s.at_risk_krw_day.value < s.at_risk_krw_day.high
    n = s.receipts
    assert s.exact.value == (n - 2) / n


def test_a_promise_is_proved_broken_or_open(rehearsed: Rehearsed) -> None:
    a, b = _neighbours(rehearsed)
    none = summary(rehearsed.shop, _wrong(rehearsed, 0, a, b).days).promise
    assert (none.state, none.achieved.value) == ("open", 0.0)  # too few receipts to prove five in a hundred
    assert none.needed == receipts_needed(0.05) == 59
    many = summary(rehearsed.shop, _wrong(rehearsed, len(rehearsed.days[0].receipts), a, b).days).promise
    assert (many.state, many.threshold) == ("broken", None)


def test_layouts_are_compared_visitor_by_visitor_and_little_proves_nothing(rehearsed: Rehearsed) -> None:
    a, b = _neighbours(rehearsed)
    good, bad = _wrong(rehearsed, 0, a, b), _wrong(rehearsed, 3, a, b)
    worst = _wrong(rehearsed, len(rehearsed.days[0].receipts), a, b)
    few = {d.name: d for d in compare((good.shop, good.days), (bad.shop, bad.days)).differences}
    assert few["exact"].by.value < 0
    assert not few["exact"].proven
    all_ = compare((good.shop, good.days), (worst.shop, worst.days))
    assert all_.same
    assert {d.name: d.proven for d in all_.differences}["exact"]
    alike = compare((good.shop, good.days), (good.shop, good.days))
    assert not any(d.proven for d in alike.differences)


def test_intervals_hold_the_true_share_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    held = [(lambda f: f.low <= 0.03 <= f.high)(share(int(rng.binomial(400, 0.03)), 400)) for _ in range(400)]
    assert 0.92 < np.mean(held) < 0.99
    held = [(lambda f: f.low <= 7 <= f.high)(count(int(rng.poisson(14)), 2)) for _ in range(400)]
    assert 0.92 < np.mean(held) < 0.99
    held = [(lambda f: f.low <= 2.0 <= f.high)(resampled(rng.exponential(2.0, 200))) for _ in range(100)]
    assert 0.85 < np.mean(held) <= 1.0
    assert not differs(np.array([1.0] * 5 + [0.0] * 50))
    assert differs(np.array([1.0] * 6 + [0.0] * 50))


def test_the_command_writes_a_report_json_and_a_variant_to_compare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small(tmp_path, SMALL.replace("10:00-10:20", "10:00-10:06").replace("[10:12]", "[]"))
    other = small(tmp_path, "like: shop.yaml\nname: <b>둘</b>\nsensors: {faults: wide}\n", "other.yaml")
    out, written = tmp_path / "out", tmp_path / "r.json"
    asked = ["rehearse", str(path), str(other), "--out", str(out), "--json", str(written), "--seed", "2", "--jobs", "2"]
    assert main(asked) == 0
    said = capsys.readouterr()
    assert "시뮬레이션" in said.out
    assert "100%" in said.err
    content = json.loads(written.read_text())
    assert (content["schema"], content["simulated"]) == ("madang.rehearsal/1", True)
    assert [s["name"] for s in content["shops"]] == ["작은 가게", "<b>둘</b>"]
    assert content["comparisons"][0]["same_shoppers"]
    page = (out / "report.html").read_text()
    assert "<b>둘" not in page
    assert not re.findall(r"(?:src|href)=|url\(|<script|https?://(?!www\.w3\.org)", page)
    assert "시뮬레이션" in page
    assert "Simulated" in page
    _closed(page)
    for shop in content["shops"]:
        if shop["variant"]:
            assert read(Path(shop["variant"])).swaps


def _closed(page: str) -> None:
    """Every element that is opened is closed in order."""
    open_: list[str] = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "input", "br"):
                open_.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_.pop() == tag

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

    Reader().feed(page)
    assert not open_


def test_the_example_is_printed_and_a_missing_shop_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rehearse", "--example", "--lang", "en"]) == 0
    assert "per_hour" in capsys.readouterr().out
    assert main(["rehearse"]) == 1
    assert "--example" in capsys.readouterr().err
    assert main(["rehearse", "x.yaml", "--days", "0"]) == 1


def test_without_a_terminal_progress_is_a_line_for_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar(sys.stderr, "en")
    for i in range(101):
        bar(i / 100)
    lines = capsys.readouterr().err.splitlines()
    assert 10 <= len(lines) <= 12
    assert "\r" not in "".join(lines)
