"""Days enacted and run: the same however they are spread over processes, and told with their uncertainty."""

from __future__ import annotations

import html.parser
import json
import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.rehearsal.small_rehearsal import SMALL, small

from madang.cli import main
from madang.rehearsal.chance import count, differs, quantile, resampled, share
from madang.rehearsal.compare import compare
from madang.rehearsal.crowd import crowd
from madang.rehearsal.days import script_of
from madang.rehearsal.deciding import decided
from madang.rehearsal.doubt import doubt
from madang.rehearsal.laying import laid_out
from madang.rehearsal.mixed import placed, stocked
from madang.rehearsal.model import Day
from madang.rehearsal.progress import Bar
from madang.rehearsal.running import Rehearsed, rehearse
from madang.rehearsal.shopfile import read
from madang.rehearsal.summary import summary
from madang.twin import Do, Line, Visit
from madang.twin.geometry import Geometry
from madang.walkout import promise
from madang.walkout.costs import Costs


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
    assert (none.state, none.achieved.value) == ("not_yet", 0.0)  # too few receipts to prove five in a hundred
    assert none.needed_receipts is not None
    assert none.needed_receipts > none.needed > 59, "drawn by lot, and looked at more than once"
    many = summary(rehearsed.shop, _wrong(rehearsed, len(rehearsed.days[0].receipts), a, b).days).promise
    assert (many.state, many.threshold) == ("broken", None)


def _sure(run: Rehearsed, n: int, *, wrong: int = 0, confidence: float = 0.999) -> tuple[Day, ...]:
    """A day of ``n`` receipts that the engine is sure of, the first of them ``wrong``."""
    a, b = _neighbours(run)
    like = replace(run.days[0].receipts[0], truth={a: 1}, charged={a: 1}, decision="charge", options=(), lost={})
    made = [
        replace(like, credential=f"c{i}", hour=10 + i / n, confidence=confidence, charged={b if i < wrong else a: 1})
        for i in range(n)
    ]
    return (replace(run.days[0], receipts=tuple(made)),)


def test_a_rehearsed_shop_asks_by_lot_by_cost_and_by_doubt_as_the_shop_does(rehearsed: Rehearsed) -> None:
    shop = rehearsed.shop
    [sure] = decided(shop, _sure(rehearsed, 400))
    why = Counter(r.why for r in sure.receipts)
    assert set(why) == {"", "audit"}
    assert 8 <= why["audit"] <= 35, "one in twenty"
    [unsure] = decided(shop, _sure(rehearsed, 20, confidence=0.8))
    assert {r.why for r in unsure.receipts} == {"unsure"}
    dear = replace(shop, goods=tuple(replace(g, type=replace(g.type, price_krw=900_000)) for g in shop.goods))
    [costly] = decided(dear, _sure(rehearsed, 20, confidence=0.95))
    assert {r.why for r in costly.receipts} == {"costly"}
    [ask] = decided(replace(shop, terms=msgspec.structs.replace(shop.terms, until="ask")), _sure(rehearsed, 20))
    assert {r.decision for r in ask.receipts} == {"review"}


def test_the_promise_box_reckons_as_the_shops_own_page(rehearsed: Rehearsed) -> None:
    shop = rehearsed.shop
    days = decided(shop, _sure(rehearsed, 400))
    said = summary(shop, days).promise
    counts = promise.ladder([(promise.rung_of(r.score), 1, 0) for r in days[0].receipts if r.drawn])
    found = promise.reckon(counts, shop.terms)
    assert (said.needed, said.needed_at) == (found.needed, promise.RUNGS[found.next])
    assert said.needed_receipts == promise.receipts_needed(counts, said.drawn, found, shop.terms.audit_share)
    assert said.state == "not_yet"


def test_a_promise_that_a_day_proves_lowers_what_the_next_one_asks(rehearsed: Rehearsed) -> None:
    terms = msgspec.structs.replace(rehearsed.shop.terms, audit_share=0.5, costs=Costs(review_s=100_000))
    shop = replace(rehearsed.shop, terms=terms)
    first, doubtful = _sure(rehearsed, 900)[0], replace(_sure(rehearsed, 40, confidence=0.86)[0], number=2)
    assert summary(shop, decided(shop, [first])).promise.state == "proved"
    assert {r.why for r in decided(shop, [doubtful])[0].receipts} == {"unsure"}
    assert {r.why for r in decided(shop, [first, doubtful])[1].receipts} == {"", "audit"}


def test_a_days_troubles_come_at_their_rates_and_leave_the_other_shoppers_alone(tmp_path: Path) -> None:
    calm = "troubles: {tailgaters: 0, children: 0, hand_overs: 0, crossing: 0, wrong_planogram: 0, wrong_weights: 0}\n"
    busy = "troubles: {tailgaters: 1, children: 1, hand_overs: 1, crossing: 1, wrong_planogram: 1, wrong_weights: 1}\n"
    text = SMALL.replace("group: 0", "group: 50%").replace("per_hour: 40", "per_hour: 90")
    one, other = read(small(tmp_path, text + calm)), read(small(tmp_path, text + busy, "busy.yaml"))
    plain, mixed = crowd(one, 1, 5).plan.visits, crowd(other, 1, 5).plan.visits
    known = {v.credential: v for v in mixed if v.credential}
    assert all(v.arrive_us == known[v.credential].arrive_us for v in plain if v.credential)
    assert all(set(v.lines) <= set(known[v.credential].lines) for v in plain if v.credential)
    customers = [v for v in plain if v.role == "customer"]
    assert sum(v.credential is None for v in mixed) == len(customers)
    assert all(v.children == (v.size > 1) for v in mixed if v.credential and v.role == "customer")
    assert sum(line.do is Do.HAND_OVER for v in mixed for line in v.lines) == len(customers)
    physical, pairs = stocked(laid_out(other).layout, other.troubles, 5, 1)
    assert len(pairs) == len(physical["planogram"]) // 2
    assert any(line.stand for v in mixed for line in v.lines)
    assert all(line.at for v in script_of(other, physical, 1, 5).plan.visits for line in v.lines if line.stand)
    assert stocked(laid_out(one).layout, one.troubles, 5, 1) == (laid_out(one).layout, [])
    assert (one.sensors.wrong_weight_share, other.sensors.wrong_weight_share) == (0.0, 1.0)


def test_who_meets_stands_before_what_the_other_wants_where_the_two_are_neighbours(rehearsed: Rehearsed) -> None:
    geometry = Geometry(rehearsed.laid.layout)
    a, b = geometry.facings["F001"], geometry.facings["F003"]  # of one shelf, .32 m apart
    lines = (Line(a.products[0], stand=b.products[0], meet_s=9.0), Line(a.products[0], stand="nowhere", meet_s=9.0))
    [visit] = placed([Visit(0, "c", lines)], geometry)
    assert (visit.lines[0].at, visit.lines[0].stand, visit.lines[0].meet_s) == (a.id, b.id, 9.0)
    assert visit.lines[1] == Line(a.products[0]), "bought like anything else"


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
    held = [(lambda f: f.low <= np.log(2) <= f.high)(quantile(rng.exponential(1.0, 150), 0.5)) for _ in range(200)]
    assert 0.9 < np.mean(held) <= 1.0
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
