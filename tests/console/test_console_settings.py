"""A shop's settings: read from a form in the reader's words, dated, and taken back."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from tests.asking import Client
from tests.storefront.street import TERMS, N, Street

from madang.console import settings_form
from madang.console.settings_pages import SettingsDesk, add
from madang.console.views import Views
from madang.db import Database
from madang.kernel import Actor, Kind, ManualClock, Role, Uuid7
from madang.storefront import profile
from madang.storefront.terms import terms_of
from madang.ui import Asking, Identity, Pages, access
from madang.web import Shopfront, create_app

HTML = {"Accept": "text/html"}
OP = Actor(Kind.PERSON, "op", N, frozenset({Role.OPERATOR}))
ELSEWHERE = Actor(Kind.PERSON, "joon", N, frozenset({Role.STAFF}), frozenset({"s2"}))
WHO = {
    "business": "온새상회", "representative": "김온새", "registration": "120-81-47521", "address": "성미산로 12",
    "phone": "02-123-4567", "open.0": "09:00", "close.0": "21:00",
}  # fmt: skip
SELLS = {
    "open": "yes", "delivers": "yes", "fee_krw": "3,500", "lead_min": "30", "days_ahead": "3", "fetch_at": ["s1", "h1"],
    "w0.way": "pickup", "w0.from": "10:00", "w0.until": "12:00", "w0.max": "5", "w0.day": ["0", "6"],
}  # fmt: skip


class Office:
    def __init__(self, street: Street) -> None:
        self.street, self.me = street, OP
        routes = APIRouter(prefix="/console", dependencies=[access.role(Role.OPERATOR, Role.STAFF)])
        add(routes, SettingsDesk(street.db, N, street.clock), Views(Pages()))

        def known(_asking: Asking) -> Identity | None:
            return Identity(self.me, lambda _shop: self.me, bound="b")

        app = create_app(Shopfront(neighbourhood=N, clock=street.clock, more=[routes], identify=known))
        self.client = Client(app)
        self.client.keeps("madang_session", "b")

    def send(self, what: str, form: dict[str, object]) -> str:
        self.street.clock.advance(s=2)
        answer = self.client.post(f"/console/settings/s1/{what}", data=form, headers=HTML)
        return self.get(answer.headers["location"]) if answer.status_code == 303 else answer.text

    def get(self, path: str) -> str:
        answer = self.client.get(path, headers=HTML)
        assert answer.status_code == 200, answer.text[:400]
        return answer.text


@pytest.fixture
def office(db: Database, clock: ManualClock, ids: Uuid7) -> Office:
    return Office(Street(db, clock, ids).open(TERMS))


def test_terms_are_set_by_a_form_and_taken_back_to_what_they_were(office: Office) -> None:
    assert "온라인 판매 설정을 저장했습니다" in office.send("terms", SELLS)
    new = office.street.read(lambda tx: terms_of(tx, "s1"))
    assert (new.fee_krw, new.fetch_at, new.windows[0].weekdays, new.days_ahead) == (3_500, ("s1", "h1"), (0, 6), 3)
    past = office.street.read(lambda tx: profile.history(tx, OP, "s1", profile.What.TERMS))
    assert len(past) == 2, "what held before the first change is kept with it"
    assert "되돌렸습니다" in office.send("back", {"what": "terms", "from_us": str(past[-1].from_us)})
    assert office.street.read(lambda tx: terms_of(tx, "s1")) == TERMS


def test_what_cannot_be_is_said_beside_its_field_and_nothing_typed_is_lost(office: Office) -> None:
    text = office.send("terms", SELLS | {"fee_krw": "삼천", "w0.until": "09:00", "min_order_krw": "12000"})
    assert "0 이상의 숫자로 적으세요" in text
    assert "요일과 시각을 확인하세요" in text
    assert 'value="12000"' in text
    text = office.send("profile", WHO | {"registration": "120-81-47522", "phone": "전화", "address": ""})
    for told in ("사업자등록번호가 아닙니다", "전화번호를 확인하세요", "꼭 적어야 합니다", 'value="온새상회"'):
        assert told in text
    assert office.street.read(lambda tx: profile.profile_of(tx, "s1")) is None
    assert office.street.read(lambda tx: terms_of(tx, "s1")) == TERMS


def test_the_particulars_hold_from_now_on(office: Office) -> None:
    assert "가게 정보를 저장했습니다" in office.send("profile", WHO)
    kept = office.street.read(lambda tx: profile.profile_of(tx, "s1"))
    assert kept is not None
    assert (kept.registration, kept.hours[0].until_min) == ("1208147521", 21 * 60)
    for lang in ("ko", "en"):
        assert "온새상회" in office.get(f"/console/settings/s1?lang={lang}")
    assert "/console/settings/s2" in office.get("/console/settings")


def test_who_serves_in_another_shop_changes_nothing_here(office: Office) -> None:
    office.me = ELSEWHERE
    assert office.client.get("/console/settings/s1").status_code == 403
    office.street.clock.advance(s=2)
    assert office.client.post("/console/settings/s1/terms", data=SELLS).status_code == 403


@pytest.mark.parametrize(
    ("text", "at"), [("09:30", 570), ("24:00", 1440), ("24:01", None), ("9", None), ("09:60", None), ("", None)]
)
def test_times_of_day_are_read(text: str, at: int | None) -> None:
    assert settings_form.minutes(text) == at
