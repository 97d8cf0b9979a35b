"""When personal data was, or may have been, leaked, tampered with or damaged: who must be told, by when.

개인정보 보호법 §34, decree §39 and §40: those concerned are told within 72 hours of knowing, and so is the authority
(개인정보보호위원회 or KISA) where 1,000 people or more, sensitive data, or an intrusion are concerned. Since 2026-09-11
the mere possibility of a leak has to be told too, and tampering and damage count like a leak. The clock starts with the
report; a timer puts on record that nobody has said in time that it was done.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from madang import jobs, journal
from madang.db import Tx
from madang.jobs import Job
from madang.kernel import Actor, Role, derived, system
from madang.kernel.clock import HOUR_US
from madang.members import facts, mailed, mailing, records

TELL_US = 72 * HOUR_US
AUTHORITY_PEOPLE = 1000
OVERDUE = "members.incident_overdue"

What = Literal["leaked", "tampered", "damaged"]


@dataclass(frozen=True, slots=True)
class Incident:
    """``due_us``: by then everybody concerned has been told; ``authority``: it must be told too."""

    id: UUID
    due_us: int
    authority: bool


def report(
    tx: Tx, by: Actor, *, id: UUID, what: What, possible: bool, people: Collection[UUID], intrusion: bool, at_us: int
) -> Incident:
    """Somebody has found out, or suspects: whoever is concerned and has an address here is told by mail at once. The
    same ``id`` again is the same report."""
    by.need(Role.OPERATOR)
    authority = intrusion or len(set(people)) >= AUTHORITY_PEOPLE
    there = journal.read(tx, by, subject=f"incident:{id}", kinds=["members.incident_reported"], limit=1)
    if there:
        return Incident(id, there[0].body.due_us, authority)
    due_us = at_us + TELL_US
    body = facts.IncidentReported(what=what, possible=possible, people=len(set(people)), due_us=due_us)
    journal.append(tx, by, body, id=id, at_us=at_us, subject=f"incident:{id}")
    for person in sorted(set(people)):
        mailing.tell(
            tx, id=derived("members.incident_mail", id, person), person=person, what=mailed.INCIDENTS[what],
            about=str(id), at_us=at_us,
        )  # fmt: skip
    jobs.set_timer(tx, id=id, due_us=due_us, kind=OVERDUE, payload={})
    return Incident(id, due_us, authority)


def notified(tx: Tx, by: Actor, id: UUID, *, authority: bool, fact: UUID, at_us: int) -> None:
    """Those concerned have been told, and the authority where ``authority``."""
    by.need(Role.OPERATOR)
    jobs.cancel_timer(tx, id=id, at_us=at_us)
    said = facts.IncidentNotified(authority=authority)
    journal.append(tx, by, said, id=fact, at_us=at_us, subject=f"incident:{id}")


@dataclass(frozen=True, slots=True)
class Reported:
    """An incident as its page shows it. ``mails_sent`` of those concerned have had a mail; ``authority``: it must be
    told for their number alone; ``notified_us`` is None while nobody has said that it was done."""

    id: UUID
    what: str
    possible: bool
    people: int
    reported_us: int
    due_us: int
    authority: bool
    mails_sent: int
    notified_us: int | None = None
    authority_told: bool = False


def reported(tx: Tx, by: Actor, *, limit: int = 50) -> list[Reported]:
    """What was reported, newest first."""
    by.need(Role.OPERATOR)
    kinds = ["members.incident_reported", "members.incident_notified"]
    made: list[Reported] = []
    told: dict[str, tuple[int, bool]] = {}
    for fact in journal.trail(tx, by, kinds=kinds, limit=limit):
        if fact.kind == kinds[1]:
            first, authority = told.get(fact.subject, (fact.at_us, False))
            told[fact.subject] = (min(first, fact.at_us), authority or fact.body.authority)
            continue
        body, id = fact.body, UUID(fact.subject.partition(":")[2])
        when, authority = told.get(fact.subject, (None, False))
        made.append(
            Reported(
                id=id, what=body.what, possible=body.possible, people=body.people, reported_us=fact.at_us,
                due_us=body.due_us, authority=body.people >= AUTHORITY_PEOPLE, notified_us=when,
                authority_told=authority, mails_sent=mailing.sent_about(tx, by, str(id)),
            )
        )  # fmt: skip
    return made


def everybody(tx: Tx, by: Actor) -> list[UUID]:
    """Everybody whose data is here: where nobody can tell whose was touched, all are told."""
    by.need(Role.OPERATOR)
    p = records.people
    there = sa.select(p.c.key).where(records.mine(tx, p), p.c.erased_at_us.is_(None)).order_by(p.c.key)
    return [key for (key,) in tx.rows(there)]


@jobs.handler(OVERDUE)
def _overdue(tx: Tx, job: Job) -> None:
    by = system(tx.neighbourhood, "members/incidents")
    overdue = derived("members.incident_overdue", job.id)
    journal.append(tx, by, facts.IncidentOverdue(), id=overdue, at_us=job.now_us, subject=f"incident:{job.id}")
