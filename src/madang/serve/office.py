"""What an operator does from the command line: through the shop that is open on the database, or directly."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import msgspec

from madang.db import open_database
from madang.db.sqlite import FileLock
from madang.kernel import Invalid, MadangError, SystemClock, Unavailable, Uuid7
from madang.kernel.settings import Settings
from madang.serve import checkin, keys, premises
from madang.serve.checkin import CheckedIn
from madang.serve.door import CREDENTIALS
from madang.walkout import newlog
from madang.walkout.shop import SENSORLOG

TIMEOUT_S = 10
_straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def issue_credential(settings: Settings, credential: str, *, person: str | None, top_up_krw: int) -> CheckedIn:
    """Issue an entry code. An embedded database belongs to the process that serves it, so that process is asked."""
    id, key = Uuid7(SystemClock()).new(), _person(person)
    by, at_us = checkin.operator(settings.neighbourhood), SystemClock().now_us()
    try:
        with open_database(settings.database_url) as db:
            return db.write(
                lambda tx: checkin.check_in(tx, by, credential, id=id, at_us=at_us, person=key, top_up_krw=top_up_krw),
                neighbourhood=settings.neighbourhood,
            )
    except Unavailable as fault:
        told = keys.address(Path(settings.home))
        if fault.code != "db.in_use" or not told.exists():
            raise
        asked = {"credential": credential, "person": person, "top_up_krw": top_up_krw}
        return _ask(told.read_text(encoding="utf-8"), keys.operator_key(Path(settings.home)), id, asked)


def new_log(settings: Settings, shop: str) -> int | None:
    """Begin a shop's sensor log anew where the old one cannot be gone on with: the position, or None where it can.

    Raises ``db.in_use`` while the shop is open, and ``serve.no_shop``.
    """
    by, at_us = checkin.operator(settings.neighbourhood), SystemClock().now_us()
    with contextlib.ExitStack() as ends:
        db = ends.enter_context(open_database(settings.database_url))
        db.read(lambda tx: premises.known(tx, by, shop), neighbourhood=settings.neighbourhood)
        folder = Path(settings.home) / "shops" / shop
        folder.joinpath(SENSORLOG).mkdir(parents=True, exist_ok=True)
        ends.callback(FileLock(folder / SENSORLOG).release)
        return newlog.begin(db, by, shop, folder, at_us=at_us)


def _ask(url: str, key: str, id: UUID, asked: Mapping[str, object]) -> CheckedIn:
    """Send it to the shop that is open, which answers with the person or with its own error."""
    headers = {
        "Authorization": f"Bearer {key}",
        "Idempotency-Key": str(id),
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    request = urllib.request.Request(url + CREDENTIALS, json.dumps(asked).encode(), headers)  # noqa: S310
    try:
        with _straight.open(request, timeout=TIMEOUT_S) as answer:
            return msgspec.json.decode(answer.read(), type=CheckedIn)
    except urllib.error.HTTPError as refusal:
        raise _told(refusal.read()) from None
    except OSError as fault:
        raise Unavailable(
            "serve.no_answer",
            ko=f"열려 있는 가게({url})가 답하지 않습니다.",
            en=f"The shop that is open ({url}) does not answer: {fault}.",
            next_ko="가게가 열려 있는지 보고 다시 하세요. 같은 코드는 두 번 발급되지 않습니다.",
            next_en="See that it runs and try again: a code is not issued twice.",
        ) from fault


def _told(body: bytes) -> MadangError:
    """The error that the other process answered with."""
    said = msgspec.json.decode(body)
    return Invalid(said["code"], ko=said["messages"]["ko"], en=said["messages"]["en"])


def _person(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise Invalid(
            "serve.bad_person",
            ko=f"'{text}'은(는) 회원 키가 아닙니다.",
            en=f"'{text}' is not a person's key.",
            next_ko="입장 코드를 발급할 때 나온 키를 쓰거나, --person 없이 새로 만드세요.",
            next_en="Use the key an earlier code was issued with, or leave --person out for a new person.",
        ) from None
