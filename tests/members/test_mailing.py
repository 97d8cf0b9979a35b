"""Mails: who is told of what, in their language, once, whatever crashes; and what the operator sees of it."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID

import pytest
from tests.members.sink import Sink
from tests.storefront.street import BY, N, Street

from madang import jobs, members
from madang.db import Database, Tx, open_database
from madang.kernel import Actor, Kind, ManualClock, Role, Uuid7, derived
from madang.kernel.clock import DAY_US, HOUR_US, MINUTE_US
from madang.kernel.errors import Forbidden
from madang.members import bank, incidents, letters, mail, mailing
from madang.members.addresses import Keyring
from madang.members.mail import Post, server_of
from madang.serve import mails
from madang.storefront.model import Wish
from madang.ui import TEXTS

MAYOR = Actor(Kind.PERSON, str(derived("mayor")), N, frozenset({Role.OPERATOR}))
MINA = derived("mina")


class Office:
    """A street whose Mina has an address; ``letters`` are what the server was handed."""

    def __init__(self, street: Street, server: str, folder: Path) -> None:
        self.street, self.folder = street, folder
        self.post = Post(server_of(server), "마당 <hello@shop.example>", Keyring(b"k" * 32, N), letters.letter)
        self.serves(self.post)

    def serves(self, post: Post | None) -> None:
        mailing.serve(N, mailing.Mailing(self.street.db, post, "https://shop.example"))

    def knows(self, **fields: str) -> None:
        at_us = self.street.now
        self.street.write(lambda tx: members.set_fields(tx, BY, MINA, fields, at_us=at_us))

    def looks(self) -> None:
        """The facts are read and what is in the outbox is sent."""
        mails.look(self.street.db, N)
        jobs.run_due(self.street.db, self.street.clock, neighbourhood=N)

    def sent(self) -> list[tuple[str, str, str]]:
        """Subject, plain text and HTML of each mail that lies in the folder, oldest first."""
        found = []
        for file in sorted(self.folder.glob("*.eml"), key=lambda one: one.stat().st_mtime_ns):
            made = message_from_bytes(file.read_bytes(), policy=policy.default)
            text, html = made.get_body(("plain",)), made.get_body(("html",))
            assert text is not None
            assert html is not None
            found.append((str(made["Subject"]), text.get_content(), html.get_content()))
        return found

    def states(self) -> list[str]:
        return [one.state for one in self.street.read(lambda tx: mailing.find(tx, MAYOR)).rows]


@pytest.fixture
def street(db: Database, clock: ManualClock, ids: Uuid7) -> Street:
    return Street(db, clock, ids).open()


@pytest.fixture
def office(street: Street, tmp_path: Path) -> Iterator[Office]:
    folder = tmp_path / "mails"
    made = Office(street, f"folder:{folder}", folder)
    mails.look(street.db, N)  # what happened before is behind us
    yield made
    mailing._served.pop(N, None)


def test_a_buyer_is_told_of_an_order_in_their_language_at_every_step_that_is_news(office: Office) -> None:
    office.knows(email="mina@example.org", language="en")
    street = office.street
    order = street.buy({"RAMEN": 2, "RICE": 1})
    for step in ("pack", "make_ready", "hand_over"):
        street.step(order, step)
    street.ask_back(order, [Wish(line=1, amount=1)])
    street.step(order, "take_back", sellable=True)
    office.looks()
    told = office.sent()
    assert sorted(subject for subject, _, _ in told) == sorted(
        ["Your order is paid", "You can fetch your order", "We have your request to return or exchange",
         "What you sent back is refunded"]
    )  # fmt: skip
    [(_, text, html)] = [one for one in told if one[0] == "Your order is paid"]
    assert "- Shin Ramyun × 2 · ₩2,000" in text
    assert f"https://shop.example/orders/{order}" in text
    assert f'<a href="https://shop.example/orders/{order}">' in html
    assert "<script" not in html
    assert office.states() == ["sent"] * 4
    office.looks()
    assert len(office.sent()) == 4


def test_a_mail_is_one_however_often_its_worker_dies(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.knows(email="mina@example.org")
    office.street.buy({"RAMEN": 1})
    handed, hand_in = list[str](), mail.hand_in

    def dies(server: mail.Server, message: mail.EmailMessage) -> None:
        hand_in(server, message)
        handed.append(str(message["Message-ID"]))
        if len(handed) < 3:
            raise ConnectionResetError("the line is cut after it was taken")

    monkeypatch.setattr(mail, "hand_in", dies)
    office.looks()
    for _ in range(3):
        office.street.clock.advance(us=MINUTE_US)
        office.looks()
    assert len(handed) == 3
    assert len(set(handed)) == 1, "a server that is handed it again can tell"
    [(subject, text, _)] = office.sent()
    assert subject == "주문이 결제되었습니다"
    assert "신라면 × 1" in text
    assert office.states() == ["sent"]


def test_what_cannot_be_sent_is_seen_and_can_be_tried_again(office: Office) -> None:
    street = office.street
    street.buy({"RAMEN": 1})
    office.looks()
    assert (office.states(), office.sent()) == (["no_address"], [])
    office.serves(None)
    street.buy({"RAMEN": 1})
    office.looks()
    assert sorted(office.states()) == ["no_address", "no_server"]
    office.serves(office.post)
    office.knows(email="mina@example.org")
    for one in street.read(lambda tx: mailing.find(tx, MAYOR)).rows:
        new = street.ids.new()
        street.write(lambda tx, one=one, new=new: mailing.again(tx, MAYOR, one.id, new=new, at_us=street.now))  # type: ignore[misc]
    office.looks()
    assert office.states() == ["sent", "sent"]
    assert len(office.sent()) == 2
    with pytest.raises(Forbidden):
        street.read(lambda tx: mailing.find(tx, street.mina))


def test_a_server_that_turns_everything_away_is_given_up(street: Street, tmp_path: Path) -> None:
    with Sink(tmp_path, refuses=100) as sink:
        office = Office(street, sink.url, tmp_path / "none")
        mails.look(street.db, N)
        office.knows(email="mina@example.org")
        street.buy({"RAMEN": 1})
        for _ in range(10):
            office.looks()
            street.clock.advance(us=HOUR_US)
        assert office.states() == ["failed"]
        sink.refuses = 0
        street.buy({"RAMEN": 1})
        office.looks()
        [letter] = sink.letters
        assert letter["To"] == "mina@example.org"
        assert letter.get_content_type() == "multipart/alternative"
    mailing._served.pop(N, None)


def test_somebody_is_told_of_what_others_could_have_done_in_their_name(office: Office) -> None:
    office.knows(email="mina@example.org")
    street, at_us = office.street, office.street.now
    proved = Actor(Kind.PERSON, str(MINA), N, frozenset({Role.SHOPPER}), proved_us=at_us)
    account = bank.BankAccount(bank="088", number="110123456789", holder="민아")
    street.write(lambda tx: members.give_role(tx, BY, MINA, Role.INTEGRATOR, at_us=at_us))
    street.write(lambda tx: bank.set_bank_account(tx, proved, MINA, account, at_us=at_us))
    id = UUID(int=5)
    report = {"what": "leaked", "possible": True, "people": [MINA], "intrusion": False, "at_us": at_us}
    for _ in range(2):
        street.write(lambda tx: incidents.report(tx, MAYOR, id=id, **report))  # type: ignore[arg-type]
    office.looks()
    told = {subject: text for subject, text, _ in office.sent()}
    assert set(told) == {"새 역할을 받으셨습니다", "정산 받을 계좌가 바뀌었습니다", "개인정보에 관한 중요한 안내"}
    assert "110123456789" not in "".join(told.values())


def test_nobody_who_was_forgotten_is_written_to(office: Office) -> None:
    office.knows(email="mina@example.org")
    street = office.street
    order = street.buy({"RAMEN": 1})
    mails.look(street.db, N)
    street.write(lambda tx: members.erase(tx, BY, MINA, at_us=street.now))
    office.looks()
    assert (office.sent(), office.states()) == ([], ["no_address"])
    assert order


def test_a_neighbourhood_that_sends_mails_from_now_on_tells_nobody_of_its_past(sqlite_url: str, tmp_path: Path) -> None:
    clock = ManualClock()
    with open_database(sqlite_url, clock=clock, migrate=False, durable=False) as db:
        street = Street(db, clock, Uuid7(clock)).open()
        street.buy({"RAMEN": 1})
        mails.begin(db, N)
        office = Office(street, f"folder:{tmp_path}", tmp_path)
        office.knows(email="mina@example.org")
        office.looks()
        assert office.states() == []
        street.buy({"RAMEN": 1})
        office.looks()
        assert office.states() == ["sent"]
    mailing._served.pop(N, None)


def test_every_letter_has_words_in_both_languages_and_no_subject_names_anything() -> None:
    assert len(mailing.letters_declared()) > 12
    for what in mailing.letters_declared():
        for language in ("ko", "en"):
            assert "{" not in TEXTS.say(language, f"mail.{what}_subject")
            assert f"mail.{what}_text" in TEXTS.keys(language)


def test_who_works_in_a_shop_and_the_buyer_are_told_of_an_order_that_is_late(office: Office) -> None:
    office.knows(email="mina@example.org", language="en")
    street, worker = office.street, derived("worker")

    def hire(tx: Tx) -> None:
        members.add_person(tx, BY, key=worker, fields={"email": "worker@example.org"}, at_us=street.now)
        members.give_role(tx, BY, worker, Role.STAFF, shop="s1", at_us=street.now)

    street.write(hire)
    order = street.buy({"RAMEN": 1})
    street.clock.advance(us=20 * DAY_US)
    jobs.run_due(street.db, street.clock, neighbourhood=N)
    office.looks()
    told = {subject for subject, text, _ in office.sent() if f"/orders/{order}" in text}
    assert told == {"Your order is paid", "Your order is late", "보내지 않은 주문이 있습니다"}
