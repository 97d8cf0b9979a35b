"""One-time links: through a real mail server, once, to whoever reads the mailbox, and saying nothing of who is here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.databases import BOTH, SQLITE
from tests.members.sink import Sink
from tests.members.town import Browser, Town, code

from madang import jobs, members
from madang.db import Database
from madang.jobs.records import outbox
from madang.kernel import Invalid, ManualClock, Role
from madang.members import addresses, letters, mail
from madang.members.mail import Post, Server

pytestmark = SQLITE

ADDRESS = "mina@example.com"


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path) as made:
        yield made


@pytest.fixture
def town(db: Database, clock: ManualClock, sink: Sink) -> Town:
    def post(keyring: mail.Keyring) -> Post:
        return Post(mail.server_of(sink.url), "마당 <hello@shop.example>", keyring, letters.letter)

    return Town(db, clock, post=post)


def sent(town: Town) -> None:
    jobs.run_due(town.db, town.clock, neighbourhood="n1")


def link(sink: Sink) -> str:
    """The way to the page of the newest mail's link."""
    text = sink.letters[-1].get_content()
    found = re.search(r"http://localhost(/account/link/[\w-]+)", text)
    assert found, text
    return found[1]


def asks(browser: Browser, sink: Sink, address: str = ADDRESS) -> str:
    answer = browser.sends("/account/link", email=address)
    assert answer.headers["location"] == "/account/sign-in?sent=1"
    sent(browser.town)
    return link(sink)


AGREED = {"agreed": "true", "of_age": "true"}


@BOTH
def test_a_link_lets_somebody_new_join_and_later_come_back(town: Town, sink: Sink) -> None:
    mina = town.visitor()
    where = asks(mina, sink, " Mina@Example.com ")
    assert sink.letters[0]["To"] == ADDRESS
    assert sink.secured == [True]
    assert "가입할까요?" in mina.opens(where).text
    assert mina.sends(where, nickname="미나", **AGREED).headers["location"] == "/account"
    person = mina.person
    assert ADDRESS in mina.opens("/account").text
    mina.sends("/account/sign-out")
    other = town.visitor()
    again = asks(other, sink)
    assert "로그인할까요?" in other.opens(again).text
    other.sends(again)
    assert other.person == person
    assert town.facts(person) == [
        "joined",
        "consented",
        "address_confirmed",
        "signed_in",
        "fields_set",  # the language their mails are to be in
        "sessions_ended",
        "signed_in",
    ]


def test_a_link_is_good_once_and_for_fifteen_minutes_and_the_newest_only(town: Town, sink: Sink) -> None:
    mina = town.visitor()
    first = asks(mina, sink)
    second = asks(mina, sink)
    assert code(mina.opens(first)) == "members.link_over"
    assert mina.opens(second).status_code == mina.opens(second).status_code == 200  # mail scanners open links too
    mina.sends(second, **AGREED)
    assert code(mina.sends(second, **AGREED)) == "members.link_over"
    third = asks(mina, sink)
    town.clock.advance(s=15 * 60)
    assert code(mina.sends(third)) == "members.link_over"


@BOTH
def test_asking_says_nothing_of_who_is_a_member_and_neither_do_the_tables(town: Town, sink: Sink) -> None:
    mina = town.visitor()
    mina.sends(asks(mina, sink), **AGREED)
    stranger = town.visitor()
    one, other = (stranger.sends("/account/link", email=address) for address in (ADDRESS, "nobody@example.com"))
    assert (one.status_code, one.headers["location"]) == (other.status_code, other.headers["location"])
    assert one.text == other.text
    kept = town.db.read(lambda tx: repr(tx.rows(sa.select(outbox.c.payload))), neighbourhood="n1")
    assert "example.com" not in kept
    assert "/account/link" not in kept


def test_mail_that_a_busy_server_turned_away_is_sent_later(town: Town, sink: Sink) -> None:
    sink.refuses = 2
    town.visitor().sends("/account/link", email=ADDRESS)
    for _ in range(3):
        sent(town)
        town.clock.advance(s=20)
    assert len(sink.letters) == 1


def test_letters_are_limited_for_each_mailbox(town: Town, sink: Sink) -> None:
    for _ in range(5):
        asks(town.visitor(), sink)
    assert code(town.visitor().sends("/account/link", email=ADDRESS)) == "guard.too_many"


def test_a_member_adds_an_address_and_only_in_their_own_browser(town: Town, sink: Sink) -> None:
    mina = town.member()
    mina.sends("/account/email", email=ADDRESS)
    sent(town)
    stranger = town.member()
    assert code(stranger.sends(link(sink))) == "members.other_account"
    assert mina.sends(link(sink)).headers["location"] == "/account?told=address"
    assert mina.sends("/account/keys/1/remove").status_code == 303
    assert code(mina.sends("/account/email/remove")) == "members.last_way_in"


def test_an_address_is_one_persons_way_in(town: Town, sink: Sink) -> None:
    mina, jun = town.visitor(), town.member()
    mina.sends(asks(mina, sink), **AGREED)
    jun.sends("/account/email", email=ADDRESS)
    sent(town)
    assert code(jun.sends(link(sink))) == "members.address_taken"


def test_a_forgotten_member_s_address_is_free_again(town: Town, sink: Sink) -> None:
    mina = town.visitor()
    mina.sends(asks(mina, sink), **AGREED)
    person = mina.person
    town.write(members.erase, person, at_us=town.clock.now_us())
    assert not mina.is_in()
    other = town.visitor()
    assert "가입할까요?" in other.opens(asks(other, sink)).text


def test_without_a_mail_server_no_link_is_offered(db: Database, clock: ManualClock) -> None:
    visitor = Town(db, clock).visitor()
    assert "/account/link" not in visitor.opens("/account/sign-in").text
    assert code(visitor.sends("/account/link", email=ADDRESS)) == "members.no_mail_way"


WRONG = ["", "mina", "mina@", "a b@c.de", "mina@example", "x" * 250 + "@e.de", "a@b.de,c@d.de"]


@pytest.mark.parametrize("given", WRONG)
def test_what_is_no_address_is_told_so(given: str) -> None:
    with pytest.raises(Invalid, match="bad_address"):
        addresses.normal(given)


def test_a_server_s_address_says_how_it_is_spoken_to() -> None:
    assert mail.server_of("smtps://u:p@mx.example") == Server("mx.example", 465, "tls", "u", "p")
    assert mail.server_of("smtp://mx.example").security == "starttls"
    assert mail.server_of("smtp://mx.example?tls=none").security == "starttls", "not in the clear over a network"
    assert mail.server_of("smtp://localhost:25?tls=none").security == "none"
    for wrong in ("http://mx.example", "smtp://", "smtp://mx:port"):
        with pytest.raises(Invalid):
            mail.server_of(wrong)


def test_links_never_lead_to_a_host_that_only_the_request_names(db: Database, clock: ManualClock, sink: Sink) -> None:
    def post(keyring: mail.Keyring) -> Post:
        return Post(mail.server_of(sink.url), "a@b.example", keyring, letters.letter)

    town = Town(db, clock, post=post, public_url="")
    asked = town.visitor().client.post(
        "/account/link", data={"email": ADDRESS}, headers={"Host": "evil.example", "Accept": "text/html"}
    )
    assert code(asked) == "members.no_public_url"


def test_an_operator_s_key_makes_an_operator_and_guessing_it_is_limited(town: Town) -> None:
    mina = town.member()
    assert code(mina.sends("/account/claim", key="guess")) == "members.wrong_operator_key"
    mina.sends("/account/claim", key="a key that only the operator has")
    assert Role.OPERATOR in town.db.read(lambda tx: members.actor_of(tx, mina.person), neighbourhood="n1").roles
