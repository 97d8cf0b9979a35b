"""The review desk's pages over the database: sign in, look, answer, take it back; all of it without script."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from starlette.requests import Request
from tests.databases import BOTH, SQLITE
from tests.serve.desk_stage import HTML, KEY, Stage
from tests.walkout_shop import BY, SHOP, came, layout, left, moved, receipt, unknown

from madang import journal
from madang.db import Database
from madang.kernel import derived
from madang.kernel.clock import HOUR_US, SECOND_US
from madang.serve.session import COOKIE, LASTS_US, Sessions
from madang.ui import LANGUAGES, TEXTS
from madang.walkout import errands, review_claims, service, tasks
from madang.walkout.engine.doubt import KINDS
from madang.walkout.model import Noted

pytestmark = SQLITE


@pytest.fixture
def stage(db: Database, tmp_path: Path) -> Stage:
    return Stage(db, tmp_path / "log")


# --- signing in -------------------------------------------------------------------------------------------------------
def test_a_stranger_is_sent_to_sign_in_and_back_to_where_they_wanted(stage: Stage) -> None:
    one = stage.sits().__class__(stage)
    answer = one.opens("/next")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next=%2Fdesk%2F{SHOP}%2Fnext")
    assert one.client.post("/sign-in", data={"key": "guess"}, headers=HTML).status_code == 401
    assert one.opens().status_code == 303
    answer = one.client.post("/sign-in", data={"key": KEY, "next": f"/desk/{SHOP}/next"}, headers=HTML)
    assert answer.headers["location"] == f"/desk/{SHOP}/next"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert KEY not in cookie
    assert one.opens().status_code == 200


@pytest.mark.parametrize(
    "where", ["https://elsewhere.example/desk/", "//elsewhere.example", "/\\elsewhere", "/live/x", ""]
)
def test_signing_in_leads_to_the_desk_and_nowhere_else(stage: Stage, where: str) -> None:
    one = stage.sits()
    answer = one.client.post("/sign-in", data={"key": KEY, "next": where}, headers=HTML)
    assert answer.headers["location"] == f"/desk/{SHOP}"


def test_a_session_ends_by_time_by_signing_out_and_with_another_key(stage: Stage) -> None:
    one = stage.sits()
    assert one.opens().status_code == 200
    other = Sessions("another key of the operator's", clock=stage.shop.clock)
    assert one.client._cookies[COOKIE]
    cookie = f"{COOKIE}={other.new()}"
    assert one.client.get(f"/desk/{SHOP}", headers=HTML | {"Cookie": cookie}).status_code == 303
    stage.shop.clock.advance(us=LASTS_US)
    assert one.opens().status_code == 303


def test_signing_out_forgets_the_cookie(stage: Stage) -> None:
    one = stage.sits()
    one.opens()
    csrf = stage.sessions.session(_request(one.client._cookies[COOKIE])).csrf
    assert one.client.post("/sign-out", data={"csrf": "x"}, headers=HTML).status_code == 403
    assert one.client.post("/sign-out", data={"csrf": csrf}, headers=HTML).status_code == 303
    assert one.opens().status_code == 303


def _request(cookie: str) -> Request:
    return Request(
        {"type": "http", "method": "GET", "path": "/", "headers": [(b"cookie", f"{COOKIE}={cookie}".encode())]}
    )


def test_on_its_own_machine_a_demo_asks_nobody_for_the_key(db: Database, tmp_path: Path) -> None:
    stage = Stage(db, tmp_path, open_here=True)
    one = stage.sits()
    fresh = one.__class__(stage)
    for host, status in (("evil.example", 200), ("127.0.0.1:8300", 303)):
        answer = fresh.client.get(f"/sign-in?next=/desk/{SHOP}", headers=HTML | {"Host": host})
        assert answer.status_code == status


def test_a_form_without_the_sessions_own_mark_is_refused(stage: Stage) -> None:
    visit = stage.doubtful("v1", {"A": 1}, {})
    one, two = stage.sits(), stage.sits()
    one.opens(f"/visits/{visit}")
    two.page = one.page
    answer = two.sends(f"/visits/{visit}/answer", offer=1)
    assert (answer.status_code, stage.shop.deal().state) == (403, "in_review")


def test_another_shops_desk_is_not_here(stage: Stage) -> None:
    one = stage.sits()
    assert one.client.get("/desk/elsewhere", headers=HTML).status_code == 404


# --- the queue --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("language", "word"), [("ko", "기다리는 방문이 없습니다"), ("en", "Nothing waits")])
def test_an_empty_desk_teaches_what_it_is_for(stage: Stage, language: str, word: str) -> None:
    one = stage.sits()
    assert one.opens(language=language).status_code == 200
    assert word in one.page
    assert "<kbd>1</kbd>" in one.page


def test_the_queue_shows_what_waits_how_long_and_what_is_the_same(stage: Stage) -> None:
    stage.doubtful("v1", {"A": 1}, {"B": 1})
    stage.doubtful("v2", {"A": 2}, {"A": 1, "B": 1})
    one = stage.sits()
    one.opens()
    for word in ("9,000원", 'A<span class="rv-or"> 또는 </span>B', "같은 고민 2건 한 번에 보기", "30분마다"):
        assert word in one.page, word
    assert one.page.index("6,000원") < one.page.index(">3,000원")


def test_products_without_a_price_and_lowered_limits_are_shown(stage: Stage) -> None:
    for n in (1, 2):
        visit = stage.doubtful(f"v{n}", {"A": 2}, why="charge")
        stage.shop.write(lambda tx, v=visit, n=n: service.dispute(
            tx, BY, v, 1, None, id=derived("d", n), at_us=stage.shop.t
        ))  # fmt: skip
        stage.shop.write(lambda tx, v=visit, n=n: service.decline(tx, BY, v, id=derived("no", n), at_us=stage.shop.t))
    one = stage.sits()
    one.opens()
    assert "가격을 정해야 할 상품 1가지" in one.page
    assert "기각" not in one.page, "two shoppers with one decline each"


# --- answering --------------------------------------------------------------------------------------------------------
def test_one_key_answers_and_leads_to_the_next_with_a_way_back(stage: Stage) -> None:
    first, second = stage.doubtful("v1", {"A": 2}, {"A": 1}), stage.doubtful("v2", {"B": 1}, {})
    one = stage.sits()
    answer = one.opens("/next")
    assert answer.headers["location"] == f"/desk/{SHOP}/visits/{first}"
    one.opens(f"/visits/{first}")
    assert "더 적음" in one.page
    stage.shop.clock.advance(s=7)
    answer = one.sends(f"/visits/{first}/answer", offer=2)
    assert answer.headers["location"] == f"/desk/{SHOP}/visits/{second}?done={first}"
    assert (stage.shop.deal().state, stage.shop.deal().data["charged_krw"], stage.told) == ("charged", 3_000, [first])
    one.opens(f"/visits/{second}?done={first}")
    assert "답했습니다. 결제 금액 3,000원." in one.page
    answer = one.sends(f"/visits/{first}/undo")
    assert answer.headers["location"] == f"/desk/{SHOP}/visits/{first}"
    assert stage.shop.deal().state == "in_review"
    one.opens(f"/visits/{first}")
    assert "이미 3,000원을 결제했습니다" in one.page


@BOTH
def test_the_last_answer_leads_back_to_the_desk_and_the_time_it_took_is_there(stage: Stage) -> None:
    visit = stage.doubtful("v1", {"A": 2}, {"A": 1})
    one = stage.sits()
    one.opens(f"/visits/{visit}")
    stage.shop.clock.advance(s=7)
    answer = one.sends(f"/visits/{visit}/answer", offer=1)
    assert answer.headers["location"] == f"/desk/{SHOP}?done={visit}"
    one.opens(f"?done={visit}")
    assert "8.0초" in one.page
    assert "최근 1건의 중앙값 · 목표 15초" in one.page
    (fact,) = stage.shop.read(lambda tx: journal.read(tx, BY, kinds={"walkout.reviewed"}))
    assert (fact.took_us, fact.actor_key) == (8_000_000, "operator")


@pytest.mark.parametrize(
    ("form", "took_us"), [({"active_ms": 5_000}, 5_000_000), ({"active_ms": 10**6}, 91_000_000), ({}, 60_000_000)]
)
def test_idle_time_is_cut_and_never_more_than_went_by_is_counted(
    stage: Stage, form: dict[str, int], took_us: int
) -> None:
    visit = stage.doubtful("v1", {"A": 2}, {"A": 1})
    one = stage.sits()
    one.opens(f"/visits/{visit}")
    stage.shop.clock.advance(s=90)
    one.sends(f"/visits/{visit}/answer", offer=1, **form)
    (fact,) = stage.shop.read(lambda tx: journal.read(tx, BY, kinds={"walkout.reviewed"}))
    assert fact.took_us == took_us


def test_the_same_form_twice_answers_once(stage: Stage) -> None:
    visit = stage.doubtful("v1", {"A": 2}, {"A": 1})
    one = stage.sits()
    one.opens(f"/visits/{visit}")
    assert one.sends(f"/visits/{visit}/answer", offer=1).status_code == 303
    assert one.sends(f"/visits/{visit}/answer", offer=1).status_code == 303
    assert stage.shop.facts().count("reviewed") == 1
    assert one.sends(f"/visits/{visit}/answer", offer=2).status_code == 422, "the key was used for another answer"


@BOTH
def test_two_people_do_not_answer_the_same_visit(stage: Stage) -> None:
    visit = stage.doubtful("v1", {"A": 2}, {"A": 1})
    one, two = stage.sits(), stage.sits()
    one.opens(f"/visits/{visit}")
    two.opens(f"/visits/{visit}")
    assert "다른 사람이" in two.page
    assert 'name="offer"' not in two.page
    assert two.opens("/next").headers["location"] == f"/desk/{SHOP}", "nothing else is free"
    two.opens()
    assert two.sends(f"/visits/{visit}/answer", offer=1, idempotency_key="k").status_code == 409
    stage.shop.clock.advance(us=review_claims.CLAIM_US)
    two.opens(f"/visits/{visit}")
    assert two.sends(f"/visits/{visit}/answer", offer=1).status_code == 303


def test_going_on_without_an_answer_lets_others_look(stage: Stage) -> None:
    visit, other = stage.doubtful("v1", {"A": 2}, {"A": 1}), stage.doubtful("v2", {"B": 1}, {})
    one, two = stage.sits(), stage.sits()
    one.opens(f"/visits/{visit}")
    two.opens(f"/next?after={visit}")
    two.opens(f"/visits/{visit}")
    assert "다른 사람이" in two.page, "somebody else's going on changes nothing"
    assert one.opens(f"/next?after={visit}").headers["location"] == f"/desk/{SHOP}/visits/{other}"
    two.opens(f"/visits/{visit}")
    assert 'name="offer"' in two.page


def test_what_was_carried_can_be_written_down(stage: Stage) -> None:
    visit = stage.doubtful("v1", {"A": 2, "W": 1}, {"A": 1})
    one = stage.sits()
    one.opens(f"/visits/{visit}/edit")
    for word in ("무게(g)", "상품 더하기", 'value="100"'):
        assert word in one.page, word
    rows = {"product": ["A", "W", "B"], "qty": ["1", "1", "2"], "grams": ["", "", ""]}
    answer = one.sends(f"/visits/{visit}/edit", **rows)
    assert answer.status_code == 422
    assert "무게(g)를 적어야" in answer.text
    one.opens(f"/visits/{visit}/edit")
    answer = one.sends(f"/visits/{visit}/edit", **(rows | {"grams": ["", "250", ""]}))
    assert answer.status_code == 303
    assert stage.shop.deal().data["charged_krw"] == 3_000 + 2_250 + 2_200


@BOTH
def test_a_dispute_is_found_right_or_wrong(stage: Stage) -> None:
    visits = [stage.doubtful(f"v{n}", {"A": 2}, why="charge") for n in (1, 2)]
    for n, visit in enumerate(visits):
        stage.shop.write(lambda tx, v=visit, n=n: service.dispute(
            tx, BY, v, 1, None, id=derived("d", n), at_us=stage.shop.t, reason="wrong"
        ))  # fmt: skip
    one = stage.sits()
    one.opens("")
    assert one.page.count("“맞지 않아요”") == 2
    assert "확신하지 못함" not in one.page, "that is why a visit is reviewed, not why a line is disputed"
    for visit, right, state in zip(visits, (1, 0), ("refunded", "charged"), strict=True):
        one.opens(f"/visits/{visit}")
        assert "손님의 말이 맞나요?" in one.page
        assert "“맞지 않아요”" in one.page
        assert one.sends(f"/visits/{visit}/dispute", right=right).status_code == 303
        assert stage.shop.deal(f"v{visits.index(visit) + 1}").state == state


def test_two_disputed_lines_of_a_visit_are_shown_and_decided_one_after_the_other(stage: Stage) -> None:
    visit = stage.doubtful("v1", {"A": 2, "B": 5}, why="charge")
    for line in (1, 2):
        stage.shop.write(lambda tx, line=line: service.dispute(
            tx, BY, visit, line, None, id=derived("d", line), at_us=stage.shop.t, reason="wrong"
        ))  # fmt: skip
    one, other = stage.sits(), stage.sits()
    one.opens(f"/visits/{visit}")
    assert "이의가 1건 더 있습니다" in one.page
    assert 'name="claimed" value="1"' in one.page
    where = f"/visits/{visit}/dispute"
    assert one.sends(where, right=0, claimed=1).status_code == 303
    other.opens(f"/visits/{visit}")
    assert "건 더 있습니다" not in other.page
    assert other.sends(where, right=1, claimed=1).status_code == 409, "that one is decided"
    assert stage.shop.deal("v1").state == "disputed"
    assert other.sends(where, right=1, claimed=2).status_code == 303
    assert stage.shop.deal("v1").state == "refunded"


def test_what_a_dispute_took_is_counted_like_a_review_and_its_answer_is_final(stage: Stage) -> None:
    visits = [stage.doubtful(f"v{n}", {"A": 2}, why="charge") for n in (1, 2)]
    for n, visit in enumerate(visits):
        stage.shop.write(lambda tx, v=visit, n=n: service.dispute(
            tx, BY, v, 1, None, id=derived("d", n), at_us=stage.shop.t, reason="wrong"
        ))  # fmt: skip
    one = stage.sits()
    for visit, right, took_ms in zip(visits, (1, 0), (4_000, 9_000), strict=True):
        one.opens(f"/visits/{visit}")
        assert "이의의 답은 되돌릴 수 없습니다" in one.page
        stage.shop.clock.advance(s=30)
        one.sends(f"/visits/{visit}/dispute", right=right, active_ms=took_ms)
        assert stage.desk.done(visit).can_undo is False
    facts = stage.shop.read(lambda tx: journal.read(tx, BY, kinds={"walkout.refunded", "walkout.declined"}))
    assert [fact.took_us for fact in facts] == [4_000_000, 9_000_000]
    board = stage.desk.board()
    assert (board.median_s, board.answers) == (6.5, 2)


@BOTH
def test_similar_doubts_are_answered_in_one_go_each_through_its_own_deal(stage: Stage) -> None:
    first = stage.doubtful("v1", {"A": 1}, {"B": 1})
    second = stage.doubtful("v2", {"B": 1, "W": 1}, {"A": 1, "W": 1})
    third = stage.doubtful("v3", {"A": 1}, {})
    key = next(w.doubt.key for w in stage.desk.board().waiting if w.doubt and w.deal.id == first)
    one = stage.sits()
    one.opens(f"/similar/{key}")
    assert "2건이 같은 두 가지 사이에서" in one.page
    answer = one.sends(f"/similar/{key}", visit=[str(first), str(second), str(third)], side=["", "", ""], every="other")
    assert answer.headers["location"] == f"/desk/{SHOP}?many=2"
    deals = [stage.shop.deal(f"v{n}") for n in (1, 2, 3)]
    assert [deal.state for deal in deals] == ["charged", "charged", "in_review"]
    assert [deal.data["carried"] for deal in deals[:2]] == [{"B": 1}, {"B": 1, "W": 1}]
    one.opens("?many=2")
    assert "2건에 답했습니다." in one.page


def test_similar_doubts_can_be_answered_one_by_one_and_skipped(stage: Stage) -> None:
    first, second = stage.doubtful("v1", {"A": 1}, {"B": 1}), stage.doubtful("v2", {"A": 1}, {"B": 1})
    key = next(w.doubt.key for w in stage.desk.board().waiting if w.doubt)
    one = stage.sits()
    one.opens(f"/similar/{key}")
    one.sends(f"/similar/{key}", visit=[str(first), str(second)], side=["one", ""])
    assert [stage.shop.deal(f"v{n}").state for n in (1, 2)] == ["charged", "in_review"]


def test_the_moments_in_doubt_are_drawn_from_the_log(stage: Stage) -> None:
    at_us = stage.shop.t - 5_000_000
    stage.senses(from_us=at_us - 8_000_000, to_us=at_us + 6_000_000, at_us=at_us)
    visit = stage.doubtful("v1", {"A": 1}, {})
    one = stage.sits()
    one.opens(f"/visits/{visit}")
    for word in (
        "<strong>-100 g</strong>",
        'class="trace t0"',
        'class="way mine"',
        'class="cell meant"',
        "저울판 1-1-1",
    ):
        assert word in one.page, word
    assert "폐기되어" not in one.page
    one.opens(f"/visits/{visit}", language="en")
    assert "took 1 × A" in one.page


def test_a_doubt_without_a_move_is_drawn_with_its_reason_in_both_languages(stage: Stage) -> None:
    at_us = stage.shop.t - 5_000_000
    stage.senses(from_us=at_us - 8_000_000, to_us=at_us + 6_000_000, at_us=at_us)
    noted = (Noted("missed", 0.9, at_us / 1e6, "FA", "1-1-1"), Noted("met", 0.5, at_us / 1e6 + 1.0, at=(0.5, -1.0)))
    stage.shop.says(came(), left(), receipt({}, "review", noted=noted))
    one = stage.sits()
    one.opens(f"/visits/{stage.shop.id()}")
    for word in ("저울이 알아챌 수 없는 곳에서 손이 멈춤", "두 사람의 손이 맞닿음", "의심의 64 %", 'class="trace t0"'):
        assert word in one.page, word
    assert one.page.count('<figure class="rv-weights">') == 1, "hands that met were at no plate"
    assert '<circle class="spot"' in one.page
    assert "확신하지 못함: 저울이" in one.page
    one.opens(f"/visits/{stage.shop.id()}", language="en")
    assert "A hand stopped where the plates cannot notice a take" in one.page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_doubt_has_its_words(language: str) -> None:
    said = [TEXTS.say(language, f"review.noted.{kind}") for kind in KINDS]
    assert len({*said}) == len(KINDS)


def test_evidence_that_was_destroyed_is_said_to_be(stage: Stage) -> None:
    visit = stage.doubtful("v1", {"A": 2}, {"A": 1})
    one = stage.sits()
    one.opens(f"/visits/{visit}")
    assert "보관 기간이 지나 폐기되어" in one.page


def test_a_visit_that_no_longer_waits_says_so(stage: Stage) -> None:
    stage.shop.says(came(), moved(), left(), receipt({"A": 1}))
    one = stage.sits()
    assert one.opens(f"/visits/{stage.shop.id()}").status_code == 404
    stage.shop.later(HOUR_US)
    assert "더 이상 기다리고 있지 않습니다" in one.page


# --- tasks ------------------------------------------------------------------------------------------------------------
@BOTH
def test_what_lies_in_the_wrong_place_is_put_back_and_that_can_be_undone(stage: Stage) -> None:
    stage.shop.says(came(), moved("pick", "A"), moved("put_back", "A", id="m2", t=1.0, facing="FB"))
    stage.shop.clock.set(stage.shop.t)
    (task,) = stage.shop.read(lambda tx: tasks.find(tx, BY, SHOP))
    one = stage.sits()
    one.opens()
    assert "FB 칸에 놓인 A를 제자리(FA)로 옮겨 주세요." in one.page
    answer = one.sends(f"/tasks/{task.id}", state="done")
    assert answer.headers["location"] == f"/desk/{SHOP}?task={task.id}"
    one.opens(f"?task={task.id}", language="en")
    assert "Noted as done." in one.page
    assert "to look at in the shop" not in one.page
    one.sends(f"/tasks/{task.id}", state="open")
    one.opens(language="en")
    assert "1 thing to look at in the shop" in one.page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ko", ("C에 가격이 없어 2개가", "FB 칸의 1-1-2 저울판이 3.0 g씩 떨려요. 다른 저울판은 보통 0.6 g")),
        (
            "en",
            ("C has no price: 2 pieces left", "Plate 1-1-2 (facing FB) trembles by 3.0 g, the shop's others by 0.6 g"),
        ),
    ],
)
def test_every_kind_of_task_is_put_into_words(stage: Stage, language: str, words: tuple[str, ...]) -> None:
    shop, details = stage.shop, {"grams": 3.0, "usual_g": 0.6, "home": "FB"}
    for kind in get_args(tasks.Kind):
        more = {"pieces": 2} if kind == "price" else details
        asked = {"product": "C", "facing": "1-1-2" if kind == "plate" else "FB", "details": more, "at_us": shop.t}
        shop.write(lambda tx, kind=kind, asked=asked: tasks.raise_task(tx, SHOP, kind, **asked))
    one = stage.sits()
    assert one.opens(language=language).status_code == 200
    for word in words:
        assert word.replace("'", "&#39;") in one.page, word


@pytest.mark.parametrize(
    ("language", "moment", "look", "weigh"),
    [
        ("ko", "알려진 상품이 아닌 250 g을 집음", "1-1-4 자리에 무엇이 있는지", "FA 칸의 A는 무게가 없어요"),
        (
            "en",
            "took something of 250 g that is no known product",
            "Look what lies at 1-1-4",
            "A in facing FA has no weight",
        ),
    ],
)
def test_what_nothing_explains_and_what_nobody_weighed_are_put_into_words(
    stage: Stage, language: str, moment: str, look: str, weigh: str
) -> None:
    shop, document = stage.shop, layout()
    document["products"][0] |= {"weight_g": None, "weight_sd_g": None}
    shop.write(lambda tx: errands.to_weigh(tx, SHOP, document, shop.t))
    at_us = shop.t + 2 * SECOND_US
    stage.senses(from_us=at_us - 10 * SECOND_US, to_us=at_us + 8 * SECOND_US, at_us=at_us)
    shop.says(came(), unknown(-250.0, t=at_us / 1e6), left(), receipt({}, "review"))
    shop.clock.set(shop.t)
    one = stage.sits()
    one.opens(language=language)
    assert look in one.page
    assert weigh in one.page
    one.opens(f"/visits/{shop.id()}", language=language)
    assert moment in one.page
    assert "1-1-4" in one.page
    assert 'class="trace t0"' in one.page, "the plate has no facing, and is drawn all the same"
