"""Telling people by e-mail what became of theirs: an order, a key, a role, where their money goes.

``tell`` puts a row and an outside job into the transaction of what happened; both hold opaque keys only. The address,
the person's language and the words are read when the mail is made, outside any transaction, so that nobody is written
to who has been forgotten since. The same id is one mail; it carries the id as its Message-ID, so that a server which is
handed it twice (we died between handing in and writing that down) can tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import jobs
from madang.db import Database, Page, Tx, keyset
from madang.jobs import Job, Retry
from madang.kernel import Actor, MadangError, Role, system
from madang.kernel.clock import MINUTE_US
from madang.members import access, letters, mail, records, service
from madang.members.declared import declare_field
from madang.members.mail import Post
from madang.members.tables import mails

KIND = "members.notice"
LANGUAGE = declare_field(
    "language", purpose_ko="메일을 쓸 언어", purpose_en="The language of mails", basis="contract", keep_d=0
)
LANGUAGES = ("ko", "en")

State = Literal["waiting", "sent", "failed", "no_address", "no_server"]
STATES: tuple[State, ...] = ("waiting", "sent", "failed", "no_address", "no_server")
Values = Callable[[Tx, str, str], dict[str, Any]]
"""``(tx, about, language)`` -> what a letter's text names; it holds no personal data but the reader's own."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as it is kept: to whom (a person's key), what it tells and about what; never its words or its address."""

    id: UUID
    person: UUID
    what: str
    about: str
    state: str
    made_us: int
    ended_us: int | None


@dataclass(frozen=True, slots=True)
class Mailing:
    """What sending needs: ``post`` None where the neighbourhood has no mail server; ``base`` begins every link."""

    db: Database
    post: Post | None
    base: str


_served: dict[str, Mailing] = {}
_values: dict[str, Values] = {}


def serve(neighbourhood: str, mailing: Mailing) -> None:
    """From now on this process sends the neighbourhood's mails."""
    _served[neighbourhood] = mailing


def declare_letter(what: str, values: Values | None = None) -> str:
    """A kind of mail: its words are the texts ``mail.<what>_subject`` and ``_text``, ``values`` is what they name."""
    assert what not in _values, f"the letter {what} is declared twice"
    _values[what] = values or (lambda _tx, _about, _language: {})
    return what


def letters_declared() -> list[str]:
    return sorted(_values)


def tell(tx: Tx, *, id: UUID, person: UUID, what: str, about: str = "", at_us: int) -> None:
    """Have somebody told by mail, once for each id. ``about`` is the opaque key of what it is about."""
    assert what in _values, f"nobody declared the letter {what}"
    if tx.rows(_KNOWN, {"n": tx.neighbourhood, "id": id}):
        return
    row = {"id": id, "person": person, "what": what, "about": about, "state": "waiting", "made_us": at_us}
    records.add(tx, mails, **row, ended_us=None)
    jobs.send(tx, id=id, kind=KIND, payload={"mail": str(id)}, at_us=at_us)


def find(tx: Tx, by: Actor, *, state: str = "", cursor: str | None = None, limit: int = 50) -> Page[Mail]:
    """What was sent and what failed, newest first: for operators."""
    by.need(Role.OPERATOR)
    asked = sa.select(*_COLUMNS).where(mails.c.neighbourhood == tx.neighbourhood)
    if state:
        asked = asked.where(mails.c.state == state)
    page = keyset(tx, asked, order=[mails.c.made_us, mails.c.id], cursor=cursor, limit=limit, descending=True)
    return Page([_mail(row) for row in page.rows], page.next)


def counts(tx: Tx, by: Actor) -> dict[str, int]:
    """How many mails there are in each state."""
    by.need(Role.OPERATOR)
    asked = sa.select(mails.c.state, sa.func.count()).where(mails.c.neighbourhood == tx.neighbourhood)
    return {str(state): int(count) for state, count in tx.rows(asked.group_by(mails.c.state))}


def sent_about(tx: Tx, by: Actor, about: str) -> int:
    """How many mails about a thing were sent."""
    by.need(Role.OPERATOR)
    mine = sa.and_(mails.c.neighbourhood == tx.neighbourhood, mails.c.about == about, mails.c.state == "sent")
    return int(tx.rows(sa.select(sa.func.count()).where(mine))[0][0])


def again(tx: Tx, by: Actor, id: UUID, *, new: UUID, at_us: int) -> None:
    """Try a mail once more that was not sent; ``new`` is the id of the attempt. Nothing where it was sent."""
    by.need(Role.OPERATOR)
    [found] = tx.rows(_KNOWN, {"n": tx.neighbourhood, "id": id}) or [("",)]
    if found[0] not in ("failed", "no_address", "no_server"):
        return
    _end(tx, id, "waiting", None)
    jobs.send(tx, id=new, kind=KIND, payload={"mail": str(id)}, at_us=at_us)


def speaks(tx: Tx, person: UUID, language: str, *, at_us: int) -> None:
    """Somebody reads our pages in this language: mails to them are written in it."""
    by = system(tx.neighbourhood, "members/mailing")
    if language in LANGUAGES and service.fields(tx, by, person).get(LANGUAGE.name) != language:
        service.set_fields(tx, by, person, {LANGUAGE.name: language}, at_us=at_us)


def _sent(tx: Tx, job: Job, state: str) -> None:
    _end(tx, UUID(job.payload["mail"]), state, job.now_us)


def _gave_up(tx: Tx, job: Job) -> None:
    _end(tx, UUID(job.payload["mail"]), "failed", job.now_us)


@jobs.outside(KIND, retry=Retry(attempts_max=8, longest_us=10 * MINUTE_US), settle=_sent, gave_up=_gave_up)
def _send(job: Job) -> State:
    mailing = _served.get(job.neighbourhood)
    if mailing is None or mailing.post is None:
        return "no_server"
    id, base = UUID(job.payload["mail"]), mailing.base
    letter = mailing.db.read(lambda tx: _letter(tx, id, base), neighbourhood=job.neighbourhood)
    if letter is None:
        return "no_address"
    post = mailing.post
    mail.hand_in(post.server, mail.message_of(letter, post.sender, id=id, at_us=job.due_us))
    return "sent"


def _letter(tx: Tx, id: UUID, base: str) -> mail.Letter | None:
    """The mail's words in its reader's language; None where we have no address of theirs (any more)."""
    found = tx.rows(_ASKED, {"n": tx.neighbourhood, "id": id})
    if not found:  # its reader has been forgotten
        return None
    person, what, about = found[0]
    try:
        access.present(tx, person)
        kept = service.fields(tx, system(tx.neighbourhood, "members/mailing"), person)
    except MadangError:
        return None
    to, language = kept.get("email", ""), kept.get(LANGUAGE.name, LANGUAGES[0])
    if not to:
        return None
    return letters.notice(what, to, language, base, _values[what](tx, about, language))


def _end(tx: Tx, id: UUID, state: str, ended_us: int | None) -> None:
    tx.many(_CHANGE, [{"n": tx.neighbourhood, "id_": id, "state_": state, "ended_us_": ended_us}])


def _mail(row: tuple[Any, ...]) -> Mail:
    return Mail(**dict(zip(("id", "person", "what", "about", "state", "made_us", "ended_us"), row, strict=True)))


_COLUMNS = (mails.c.id, mails.c.person, mails.c.what, mails.c.about, mails.c.state, mails.c.made_us, mails.c.ended_us)
_ONE = sa.and_(mails.c.neighbourhood == sa.bindparam("n"), mails.c.id == sa.bindparam("id"))
_KNOWN = sa.select(mails.c.state).where(_ONE)
_ASKED = sa.select(mails.c.person, mails.c.what, mails.c.about).where(_ONE)
_CHANGE = (
    sa.update(mails)
    .where(mails.c.neighbourhood == sa.bindparam("n"), mails.c.id == sa.bindparam("id_"))
    .values(state=sa.bindparam("state_"), ended_us=sa.bindparam("ended_us_"))
)
