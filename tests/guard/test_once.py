"""A request sent twice is done once."""

from __future__ import annotations

import threading
import uuid

import pytest

from madang import jobs
from madang.db import Database, Tx
from madang.guard import Answer, fingerprint, forget_answers, once
from madang.kernel import Actor, Invalid, Kind, Malformed
from madang.kernel.clock import DAY_US

MINA, JUN = Actor(Kind.PERSON, "p1", "n1"), Actor(Kind.PERSON, "p2", "n1")
REQUEST = fingerprint("POST", "/receipts/1/dispute", b"line=2")


def post(db: Database, key: str = "k1", *, by: Actor = MINA, request: bytes = REQUEST, fail: bool = False) -> Answer:
    """A request whose change is one message in the outbox."""
    change = uuid.uuid4()

    def use_case(tx: Tx) -> Answer:
        def act() -> Answer:
            jobs.send(tx, id=change, kind="none", payload={}, at_us=1)
            if fail:
                raise RuntimeError("broken")
            return Answer(303, str(change).encode(), "text/html", "/receipts/1")

        return once(tx, by, key=key, request=request, at_us=5, act=act)

    return db.write(use_case, neighbourhood=by.neighbourhood)


def changes(db: Database) -> int:
    return db.read(jobs.counts, neighbourhood="n1")["outbox"].get("waiting", 0)


def test_the_same_request_under_the_same_key_is_done_once_and_answered_alike(db: Database) -> None:
    first, again = post(db), post(db)
    assert (first.replayed, again.replayed) == (False, True)
    assert (first.status, first.body, first.media_type, first.location) == (
        again.status,
        again.body,
        again.media_type,
        again.location,
    )
    assert changes(db) == 1


@pytest.mark.parametrize(
    "other",
    [("POST", "/receipts/1/dispute", b"line=3"), ("POST", "/receipts/2/dispute", b"line=2"), ("PUT", "/x", b"")],
)
def test_the_same_key_for_another_request_is_an_error(db: Database, other: tuple[str, str, bytes]) -> None:
    post(db)
    with pytest.raises(Invalid) as refused:
        post(db, request=fingerprint(*other))
    assert refused.value.code == "guard.key_reused"
    assert changes(db) == 1


def test_actors_do_not_share_keys(db: Database) -> None:
    post(db)
    assert not post(db, by=JUN).replayed
    assert not post(db, by=Actor(Kind.AGENT, "p1", "n1")).replayed
    assert not post(db, by=Actor(Kind.PERSON, "p1", "n2")).replayed
    assert changes(db) == 3


def test_a_failed_request_may_be_sent_again_under_its_key(db: Database) -> None:
    with pytest.raises(RuntimeError):
        post(db, fail=True)
    assert changes(db) == 0
    assert not post(db).replayed


def test_eight_clients_with_one_key_make_one_change(db: Database) -> None:
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(post(db))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 7
    assert len({answer.body for answer in answers}) == 1
    assert changes(db) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "한글", "a\nb"])
def test_a_key_nobody_can_use_is_refused(db: Database, key: str) -> None:
    with pytest.raises(Malformed):
        post(db, key)


def test_answers_are_forgotten_after_two_days(db: Database) -> None:
    post(db)
    assert db.write(lambda tx: forget_answers(tx, now_us=5 + 2 * DAY_US), neighbourhood="n1") == 0
    assert db.write(lambda tx: forget_answers(tx, now_us=6 + 2 * DAY_US), neighbourhood="n1") == 1
    assert not post(db).replayed
